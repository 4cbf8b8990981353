"""A server under a path of somebody's host, behind a proxy that takes the path off, and behind one that does not."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import feedparser  # type: ignore[import-untyped]
import pytest

from tests.conftest import lasting
from tests.serving import Answer, Server, ask, clean_environment, console_script, post, stream, wait_until_written

PREFIX = "/music/globe"
PUBLIC = f"https://host.example{PREFIX}"
PLAYS = [
    {"track": {"title": "Slow Lighthouse", "artist": "Marisol Vey"}, "listener": who, "place": {"geoname_id": place}}
    for who, place in [("a", 1853909), ("b", 3390760)]
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    env = {"UNISON_PUBLIC_URL": f"{PUBLIC}/", "UNISON_OPEN_INGEST": "1", "UNISON_VISITOR_PLAYS": "1"}
    with lasting(tmp_path_factory.mktemp("prefix"), **env) as server:
        yield server


class Under:
    """The server as who asks for paths with the prefix has it."""

    def __init__(self, server: Server) -> None:
        self.url = server.url + PREFIX


@pytest.fixture(scope="module")
def moment(server: Server) -> str:
    """The id of a moment; the play and the stream went by the prefix."""
    with stream(Under(server)) as viewer:
        post(Under(server), "/api/plays", json.dumps(PLAYS).encode(), {"Content-Type": "application/json"})
        (found,) = viewer.connections(1)
    wait_until_written(server)
    return str(found["id"])


LINK = re.compile(r"""(?:href|src|content|action|data-base)="([^"]*)"|url\("?([^")]+)"?\)|"start_url": "([^"]*)\"""")
IMPORT = re.compile(r"""(?:from |import\(?)["']([^"']+)["']""")


def links(page: str, answer: Answer) -> Iterator[str]:
    """Yield the addresses on this host that an answer has, absolute, as a browser reads them."""
    text = answer.body.decode("utf-8", "replace")
    found = [next(filter(None, each), "") for each in LINK.findall(text)]
    if "javascript" in answer.kind:
        found = IMPORT.findall(text)
    elif "/openapi.json" in page:
        found = [each["url"] for each in answer.json["servers"]]  # its paths are below these
    elif answer.kind.startswith(("application/json", "application/jspf")):
        found = re.findall(r'"(https?://[^"\\]+|/[^" \\]*)"', text) + re.findall(r'src=\\"([^"\\]+)', text)
    elif "xml" in answer.kind or "mpegurl" in answer.kind:
        found += [part for part in re.split(r"[<>\s]", text) if part.startswith("http")]
    for each in found:
        address = urljoin(page, unescape(each))
        if re.match(r"(https?:)?//|/|\?|\.|\w+\.\w+$", unescape(each)) and urlsplit(address).netloc == "host.example":
            yield address.partition("#")[0]


def crawled(server: Server, begin: list[str], *, stripped: bool) -> dict[str, list[str]]:
    """Ask for pages and all that they lead to; returns what leaves the prefix or is not there, by who links to it."""
    wrong: dict[str, list[str]] = {}
    seen, waiting = {page.partition("?")[0] for page in begin}, list(begin)
    while waiting:
        page = waiting.pop()
        path = page.removeprefix(PUBLIC if stripped else "https://host.example")
        answer = ask(server, path, Host="host.example")
        if answer.status != (404 if "/nowhere" in page else 200):
            wrong.setdefault(page, []).append(f"{answer.status}")
        for link in links(page, answer):
            if link != PUBLIC and not link.startswith(f"{PUBLIC}/"):
                wrong.setdefault(page, []).append(link)
            elif link != PUBLIC and link.partition("?")[0] not in seen:
                seen.add(link.partition("?")[0])
                waiting.append(link)
    assert len(seen) > 100
    return wrong


PAGES = ["/", "/embed?accent=ff5e8a&feed=1", "/embed/builder", "/playlist", "/stats", "/embed.js", "/nowhere"]


@pytest.mark.parametrize("stripped", [True, False])
def test_no_page_and_nothing_that_it_leads_to_leaves_the_path(server: Server, moment: str, stripped: bool) -> None:
    begin = [PUBLIC + path for path in [*PAGES, f"/c/{moment}", f"/embed?moment={moment}", "/moments.atom"]]
    begin += [f"{PUBLIC}/playlist.{form}" for form in ("xspf", "jspf", "m3u")]
    begin += [f"{PUBLIC}/oembed?url={quote(PUBLIC + path, safe='')}" for path in ("/", "/embed", f"/c/{moment}")]
    assert crawled(server, begin, stripped=stripped) == {}


def test_status_and_error_pages_stay_under_the_path(server: Server) -> None:
    for path in ("/status", "/nowhere", "/c/00000000000000000000000"):
        answer = ask(server, PREFIX + path, Accept="text/html")
        assert answer.kind.startswith("text/html")
        for link in links(PUBLIC + path, answer):
            assert link.startswith(f"{PUBLIC}/"), path


def test_every_api_works_with_the_path_and_without_it(server: Server, moment: str) -> None:
    for root in ("", PREFIX):
        for path in ("/api/stats", "/api/connections", "/healthz", "/readyz", "/metrics", "/play/token", "/robots.txt"):
            assert ask(server, root + path).status == 200, root + path
        assert ask(server, f"{root}/healthz", Host="rebound.example").status == 200
        assert ask(server, f"{root}/api/stats", Host="rebound.example").status == 421
        assert ask(server, f"{root}/api/stats").headers["Access-Control-Allow-Origin"] == "*"
        assert ask(server, f"{root}/c/{moment}/share", "POST").status == 204
    assert f"Disallow: {PREFIX}/api/" in ask(server, f"{PREFIX}/robots.txt").text


def test_absolute_addresses_have_the_path_once(server: Server, moment: str) -> None:
    found = ask(server, f"/oembed?url={quote(f'{PUBLIC}/c/{moment}', safe='')}").json
    assert found["provider_url"] == f"{PUBLIC}/"
    assert f'src="{PUBLIC}/embed?moment={moment}"' in found["html"]
    assert found["thumbnail_url"] == f"{PUBLIC}/c/{moment}/card.png"
    for elsewhere in ("https://host.example/", f"https://host.example/c/{moment}", f"{PUBLIC}-other/", f"{PUBLIC}x"):
        assert ask(server, f"/oembed?url={quote(elsewhere, safe='')}").status == 404
    page = ask(server, f"{PREFIX}/c/{moment}").text
    assert f'<meta property="og:url" content="{PUBLIC}/c/{moment}">' in page
    (entry,) = feedparser.parse(ask(server, f"{PREFIX}/moments.atom").body).entries
    assert entry.link == f"{PUBLIC}/c/{moment}"
    tracks: list[dict[str, Any]] = ask(server, f"{PREFIX}/playlist.jspf").json["playlist"]["track"]
    assert [track["info"] for track in tracks] == [f"{PUBLIC}/c/{moment}"]
    assert ask(server, f"{PREFIX}/playlist.jspf").json["playlist"]["info"].startswith(f"{PUBLIC}/playlist?")


def test_the_path_without_its_slash_leads_to_it_with_one(server: Server) -> None:
    ask(server, f"{PREFIX}/?country=BR", Host="host.example")  # such as is kept for a moment
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", f"{PREFIX}?country=BR", headers={"Host": "host.example"})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"]) == (308, f"{PREFIX}/?country=BR")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    connection.close()


def test_a_path_that_begins_like_a_page_of_ours_is_refused(tmp_path: Path) -> None:
    env = clean_environment(UNISON_PUBLIC_URL="https://host.example/embed")
    command = [console_script(), "serve", "--port", "0", "--data-dir", str(tmp_path / "data")]
    ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode != 0
    assert "expected a path that does not begin with /embed" in ended.stderr
    assert "Traceback" not in ended.stderr
