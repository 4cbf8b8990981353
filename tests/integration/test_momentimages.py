"""The pictures of a moment and the codes, from a real server: right, small, cached, bounded."""

import io
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import zxingcpp
from PIL import Image

from tests.serving import Server, ask
from tests.unit.history_world import connection, existing_data_dir
from webapp.core.records import Connection
from webapp.graphics.imagecache import MAX_WAITING
from webapp.web.imageresponses import IMAGES

KB = 1000
SIZES = {"card.png": (1200, 630), "story.png": (1080, 1920)}


def codes_in(png: bytes) -> list[str]:
    """Return what a reader that is none of ours reads in a picture."""
    return [found.text for found in zxingcpp.read_barcodes(Image.open(io.BytesIO(png)).convert("L"))]


@pytest.fixture(scope="module")
def kept() -> list[Connection]:
    return [connection(n, n, track=n % 4, start=n % 5, end=(n + 1) % 5) for n in range(40)]


@pytest.fixture(scope="module")
def server(kept: list[Connection], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = existing_data_dir(tmp_path_factory.mktemp("pictures") / "data", kept)
    server = Server(
        folder, {"UNISON_HISTORY_DAYS": "100000", "UNISON_TRUSTED_PROXIES": "127.0.0.1", "UNISON_CONNECT": "1"}
    )
    yield server
    server.kill()


@pytest.mark.parametrize("name", SIZES)
def test_a_moment_has_a_picture_of_its_size_that_is_small(server: Server, kept: list[Connection], name: str) -> None:
    answer = ask(server, f"/c/{kept[2].id}/{name}")
    assert (answer.status, answer.kind) == (200, "image/png")
    assert Image.open(io.BytesIO(answer.body)).size == SIZES[name]
    assert len(answer.body) < 300 * KB
    assert "max-age" in answer.headers["Cache-Control"]


def test_a_browser_that_has_the_picture_is_told_so(server: Server, kept: list[Connection]) -> None:
    first = ask(server, f"/c/{kept[0].id}/card.png")
    again = ask(server, f"/c/{kept[0].id}/card.png", If_None_Match=first.headers["ETag"])
    other = ask(server, f"/c/{kept[1].id}/card.png", If_None_Match=first.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert (other.status, other.body != first.body) == (200, True)


def test_no_answer_is_an_empty_picture(server: Server, kept: list[Connection]) -> None:
    etag = ask(server, f"/c/{kept[0].id}/card.png").headers["ETag"]
    answer = ask(server, f"/c/{kept[0].id}/card.png", If_None_Match=etag, If_Match=etag)
    assert answer.status == 304 or answer.body.startswith(b"\x89PNG")


def test_the_words_are_in_the_language_that_the_address_names(server: Server, kept: list[Connection]) -> None:
    plain, german, none = (ask(server, f"/c/{kept[0].id}/card.png{query}") for query in ("", "?lang=de", "?lang=xx"))
    assert german.body != plain.body
    assert none.body == plain.body
    elsewhere = ask(server, f"/c/{kept[0].id}/card.png", Accept_Language="de")
    assert elsewhere.headers["ETag"] == plain.headers["ETag"]


@pytest.mark.parametrize("name", ["card.png", "story.png", "code.svg", "code.png"])
@pytest.mark.parametrize(
    ("id", "status"), [("v" * 23, 404), ("0" * 23, 410), ("nonsense", 404), ("%00", 404), ("w" * 23, 404)]
)
def test_an_id_that_is_none_or_too_old_is_said_to_be(server: Server, id: str, status: int, name: str) -> None:
    assert ask(server, f"/c/{id}/{name}").status == status


@pytest.mark.parametrize("name", ["story.png", "code.png"])
def test_a_code_leads_to_the_moment(server: Server, kept: list[Connection], name: str) -> None:
    assert codes_in(ask(server, f"/c/{kept[3].id}/{name}").body) == [f"{server.url}/c/{kept[3].id}"]


@pytest.mark.parametrize(
    ("query", "path", "meant"),
    [
        ("", "/", {}),
        ("?country=BR", "/", {"country": ["BR"]}),
        ("?artist=%E3%81%A1%E3%81%82%E3%81%8D", "/", {"artist": ["ちあき"]}),
        ("?connect=1", "/connect", {}),
        ("?embed=1&theme=light&country=JP", "/embed", {"theme": ["light"], "country": ["JP"]}),
    ],
)
def test_a_code_leads_to_the_globe_a_filter_an_embed_or_the_page_to_connect_a_player(
    server: Server, query: str, path: str, meant: dict[str, list[str]]
) -> None:
    (address,) = codes_in(ask(server, f"/code.png{query}").body)
    parts = urlsplit(address)
    assert (f"{parts.scheme}://{parts.netloc}", parts.path) == (server.url, path)
    assert parse_qs(parts.query) == meant


def test_a_code_is_a_drawing_too(server: Server) -> None:
    answer = ask(server, "/code.svg?country=BR")
    assert answer.kind == "image/svg+xml"
    assert answer.body.startswith(b"<svg ")


@pytest.mark.parametrize(
    "query", ["?country=Atlantis", "?colour=red", "?connect=1&country=BR", "?embed=1&theme=" + "x" * 600]
)
def test_a_code_for_what_the_globe_does_not_know_or_no_code_holds_is_refused(server: Server, query: str) -> None:
    answer = ask(server, f"/code.svg{query}")
    assert answer.status == 400
    assert answer.error


def test_where_the_address_is_not_known_there_is_no_code(server: Server, kept: list[Connection]) -> None:
    code = ask(server, "/code.svg", Host="192.0.2.9")
    assert code.status == 404
    assert "UNISON_PUBLIC_URL" in code.error
    story = ask(server, f"/c/{kept[3].id}/story.png", Host="192.0.2.9")
    assert story.status == 200
    assert codes_in(story.body) == []


def test_many_at_once_are_refused_and_not_queued_and_others_do_not_wait(server: Server, kept: list[Connection]) -> None:
    paths = [f"/c/{each.id}/story.png?lang=es" for each in kept[: 4 * MAX_WAITING]]
    with ThreadPoolExecutor(len(paths)) as pool:
        asked = [pool.submit(ask, server, path) for path in paths]
        assert ask(server, "/healthz").status == 200
        assert not all(each.done() for each in asked)
        answers = [each.result() for each in asked]
    refused = [answer for answer in answers if answer.status == 503]
    assert {answer.status for answer in answers} == {200, 503}
    assert len(answers) - len(refused) >= MAX_WAITING
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
    assert ask(server, f"/c/{kept[39].id}/card.png").status == 200


def test_nobody_has_pictures_without_end_drawn_but_may_have_again_what_is_kept(server: Server) -> None:
    def status(number: int, address: str = "203.0.113.9") -> int:
        return ask(server, f"/code.svg?artist=Number+{number}", X_Forwarded_For=address).status

    assert {status(number) for number in range(IMAGES.burst)} == {200}
    refused = next(number for number in range(IMAGES.burst, 4 * IMAGES.burst) if status(number) == 429)
    assert status(0) == 200
    assert status(refused, "203.0.113.10") == 200


@pytest.mark.parametrize(("number", "signum"), [(21, signal.SIGKILL), (22, signal.SIGSTOP)])
def test_a_child_that_is_lost_is_replaced_and_its_picture_is_drawn_by_another(
    server: Server, kept: list[Connection], number: int, signum: signal.Signals
) -> None:
    assert ask(server, f"/c/{kept[20].id}/card.png", X_Forwarded_For=f"203.0.113.{number}").status == 200
    for pid in _children(server.process.pid):
        if b"webapp.graphics.renderer" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signum)
    assert ask(server, f"/c/{kept[number].id}/card.png", X_Forwarded_For=f"203.0.113.{number}").status == 200


def _children(pid: int) -> list[int]:
    own = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [each for child in own for each in (child, *_children(child))]
