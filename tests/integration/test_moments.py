"""Moments: the pages of connections, what they say to other sites, and how they are shared and kept."""

from __future__ import annotations

import html
import math
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.plays import LAGOS, LISBON, OSAKA, RECIFE, connect_pair
from tests.serving import Answer, Server, ask, post_plays, stream, wait_until_written
from tests.unit.history_world import connection, existing_data_dir
from tests.waiting import until
from webapp.core.records import Connection
from webapp.web.moments import SHARES

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept_Language": "en"}
PORTLAND_MAINE, PORTLAND_OREGON, SINGAPORE = 4975802, 5746545, 1880252
SECOND = [connection(ms, tail=ms, track=ms % 4, start=ms % 5, end=(ms + 1) % 5) for ms in (0, 10, 250, 999)]
BEFORE, AFTER = connection(-1), connection(1000)


def visit(server: Server, path: str, method: str = "GET", **headers: str) -> Answer:
    """Send a request as a browser does."""
    return ask(server, path, method, **BROWSER | headers)


def shared(server: Server, of: Connection, **headers: str) -> Answer:
    return visit(server, f"/c/{of.id}/share", "POST", **headers)


def metas(page: str) -> dict[str, str]:
    """What the head says to other sites, by name or property."""
    found = re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)">', page)
    return {name: html.unescape(content) for name, content in found}


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of moments of a second in September."""
    folder = existing_data_dir(tmp_path_factory.mktemp("moments") / "data", [BEFORE, *SECOND, AFTER])
    server = Server(folder, {"UNISON_HISTORY_DAYS": "100000", "UNISON_TRUSTED_PROXIES": "127.0.0.1"})
    yield server
    server.kill()


def test_what_everyone_or_only_a_filter_was_shown_has_its_page_at_once(common: Server) -> None:
    pressed_at = math.floor(time.time() + 0.7) + 0.1  # in the first quarter of a second the frames have room for one
    plays = [
        {"track": {"title": "Copper Sky", "artist": artist}, "listener": f"{artist} {city}", "pressed_at": pressed_at,
         "place": {"geoname_id": city}}
        for artist, ends in (("Copper & Co", (OSAKA, RECIFE)), ("Ink", (LAGOS, LISBON)), ("Moss", (OSAKA, LAGOS)))
        for city in ends
    ]  # fmt: skip
    with ExitStack() as stack:
        everyone = stack.enter_context(stream(common))
        filtered = [stack.enter_context(stream(common, artist=name)) for name in ("Copper & Co", "Ink", "Moss")]
        post_plays(common, plays)
        found = [viewer.connections(1)[0] for viewer in filtered]
        pages = [visit(common, f"/c/{each['id']}") for each in found]
        seen = {each["id"] for frame in everyone.frames_past(pressed_at) for each in frame.get("connections", ())}
    assert [answer.status for answer in pages] == [200, 200, 200]
    assert all(html.escape(each["track"]["artist"]) in answer.text for each, answer in zip(found, pages, strict=True))
    assert {each["id"] for each in found} - seen, "a filter showed what the unfiltered frames had no room for"


@pytest.mark.parametrize(
    ("language", "said"),
    [("de", ("Osaka, Japan und Recife, Brasilien")), ("ar", "Osaka، اليابان وRecife، البرازيل")],
)
def test_countries_are_named_in_the_readers_language_and_in_english_for_programs(
    old: Server, language: str, said: str
) -> None:
    page = visit(old, f"/c/{SECOND[0].id}?lang={language}").text
    description, body = metas(page)["description"], page[page.index("<body") :]
    assert description.startswith(said)
    country = said.rpartition(" ")[2]
    assert f'<bdi class="country">{country}</bdi>' in body
    assert "Brazil<" not in body
    assert '"country": "Brazil"' in page  # the moment as it is on the wire


def test_a_city_that_shares_its_name_is_told_with_its_region_on_all_pages(serve: Callable[..., Server]) -> None:
    server = serve()
    moment = connect_pair(server, "Two Portlands", cities=(PORTLAND_MAINE, PORTLAND_OREGON))
    for title in ("Causeway", "Causeway Again"):  # pairs that met once are not listed
        connect_pair(server, title, cities=(SINGAPORE, PORTLAND_MAINE))
    connect_pair(server, "Two Portlands Again", cities=(PORTLAND_MAINE, PORTLAND_OREGON))
    wait_until_written(server)
    said = "Portland, Maine, Vereinigte Staaten und Portland, Oregon, Vereinigte Staaten"
    page = visit(server, f"/c/{moment['id']}?lang=de").text
    assert metas(page)["description"].startswith(said)
    assert '<bdi class="country">Vereinigte Staaten</bdi>' in page
    assert said in text_of(visit(server, "/playlist?lang=de").text)
    assert "Portland, Maine" in visit(server, "/playlist.xspf").text
    statistics = text_of(visit(server, "/stats?lang=de").text)
    assert "Portland, Maine Vereinigte Staaten – Portland, Oregon Vereinigte Staaten" in statistics
    assert "Singapore – Portland, Maine" in statistics or "Portland, Maine Vereinigte Staaten – Singapore" in statistics
    assert "Singapore Singapur" not in statistics
    assert visit(server, f"/c/{moment['id']}/card.png?lang=ar").status == 200


def text_of(page: str) -> str:
    """Return a page's text without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", page)).split())


def test_the_page_says_in_words_what_it_was_and_what_else_was_in_that_second(old: Server) -> None:
    page = visit(old, f"/c/{SECOND[0].id}").text
    words = " ".join(html.unescape(re.sub(r"<script.*?</script>|<[^>]+>", " ", page, flags=re.DOTALL)).split())
    for said in ("Jóga", "Björk", "Osaka Japan", "Recife Brazil", "16,897 km", "40 ms apart", "Simulated plays"):
        assert said in words
    assert "Sep 21, 2026, 2:13:20\u202fPM UTC" in page
    listed = re.findall(r'<a href="/c/(\w+)">', page)
    assert listed == [each.id for each in reversed(SECOND[1:])]
    assert f'href="/?track={SECOND[0].track_id}"' in page
    assert f'href="/?city={OSAKA}"' in page
    assert "<h1" in page
    assert "noindex" not in page


def test_units_and_words_are_the_visitors(old: Server) -> None:
    page = visit(old, f"/c/{SECOND[0].id}", Accept_Language="ar-EG").text
    assert '<html lang="ar" dir="rtl">' in page
    assert 'href="/c/' + SECOND[0].id + '?lang=de" lang="de"' in page
    wished = visit(old, f"/c/{SECOND[0].id}?lang=ja").text
    assert '<html lang="ja"' in wished
    assert f'href="/c/{SECOND[1].id}?lang=ja"' in wished
    assert "10,499 mi" in visit(old, f"/c/{SECOND[0].id}", Accept_Language="en-US").text


def test_the_head_tells_other_sites_what_it_is_with_absolute_addresses(old: Server) -> None:
    page = visit(old, f"/c/{SECOND[0].id}").text
    address = f"{old.url}/c/{SECOND[0].id}"
    told = metas(page)
    assert told["og:url"] == address
    assert f'<link rel="canonical" href="{address}">' in page
    assert told["og:image"] == told["twitter:image"] == f"{address}/card.png"
    assert (told["og:image:width"], told["og:image:height"]) == ("1200", "630")
    assert told["og:image:alt"] == "A globe with an arc from Osaka, Japan to Recife, Brazil: Jóga by Björk"
    assert told["og:title"] == "Jóga by Björk"
    assert told["twitter:card"] == "summary_large_image"
    assert told["og:description"].endswith("in the same second. 16,897 km, 40 ms apart.")
    links = dict(re.findall(r'<link rel="alternate" type="([^"]+)" href="([^"]+)"', page))
    for kind, form in (("application/json+oembed", "json"), ("text/xml+oembed", "xml")):
        at = urlsplit(html.unescape(links[kind]))
        assert f"{at.scheme}://{at.netloc}{at.path}" == f"{old.url}/oembed"
        assert parse_qs(at.query) == {"url": [address], "format": [form]}


def test_under_a_name_that_is_not_ours_the_head_has_no_absolute_address(old: Server) -> None:
    page = visit(old, f"/c/{SECOND[0].id}", Host="192.0.2.9").text
    assert "elsewhere.example" not in page
    assert "canonical" not in page
    assert "oembed" not in page


def test_a_song_with_markup_in_its_name_is_text(common: Server) -> None:
    title = "</script><b onmouseover=alert(1)>\"&'{name}"
    page = visit(common, f"/c/{connect_pair(common, title, 'A')['id']}").text
    assert "<b onmouseover" not in page
    assert metas(page)["og:title"] == f"{title} by A"


@pytest.mark.parametrize(
    "path", ["/c/", "/c/1", f"/c/{'z' * 23}", f"/c/{connection(5).id}", "/c/%00", f"/c/{'%C3%A9' * 23}"]
)
def test_an_unknown_id_is_not_found(old: Server, path: str) -> None:
    assert visit(old, path).status == 404
    assert visit(old, path.rstrip("/") + "/share", "POST").status in (404, 405)


def test_one_older_than_what_is_kept_is_gone_and_told_kindly(old: Server) -> None:
    path = f"/c/{connection(-86_400_000).id}"
    page = visit(old, path, Accept_Language="de")
    assert (page.status, page.kind) == (410, "text/html; charset=utf-8")
    assert "Dieser Moment ist nicht mehr verfügbar." in page.text
    program = visit(old, path, Accept="application/json")
    assert (program.status, program.json) == (410, {"error": "this moment has been deleted"})
    assert visit(old, f"{path}/share", "POST").status == 410


def test_crawlers_may_read_moments(old: Server) -> None:
    assert "/c" not in visit(old, "/robots.txt").text


def test_the_page_is_sent_again_only_when_it_changed(old: Server) -> None:
    first = visit(old, f"/c/{SECOND[0].id}")
    again = visit(old, f"/c/{SECOND[0].id}", If_None_Match=first.headers["ETag"])
    assert (first.status, again.status, again.text) == (200, 304, "")


def test_a_shared_moment_stays_when_the_rest_is_pruned(serve: Callable[..., Server], tmp_path: Path) -> None:
    folder = existing_data_dir(tmp_path / "left" / "data", SECOND)
    server = serve(data_dir=folder, UNISON_HISTORY_DAYS="100000", UNISON_SHARED_MAX="2")
    for each in (SECOND[0], SECOND[1], SECOND[1], SECOND[2]):  # the first gives way to the last
        assert (shared(server, each).status, shared(server, each).text) == (204, "")
    server.restart(UNISON_HISTORY_DAYS="1", UNISON_PRUNE_AFTER_S="0")
    until(lambda: visit(server, f"/c/{SECOND[3].id}").status == 410)
    assert [visit(server, f"/c/{each.id}").status for each in SECOND] == [410, 200, 200, 410]
    assert "No other connections in that second" in visit(server, f"/c/{SECOND[1].id}").text
    assert shared(server, SECOND[1]).status == 204
    assert shared(server, SECOND[3]).status == 410


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1"},
    ],
)
def test_another_sites_page_shares_nothing(old: Server, headers: dict[str, Any]) -> None:
    answer = shared(old, SECOND[0], **headers)
    assert answer.status == 403
    assert shared(old, SECOND[0], Origin=old.url, Sec_Fetch_Site="same-origin").status == 204


def test_an_address_that_shares_too_much_is_told_when_to_come_again(old: Server) -> None:
    statuses = [shared(old, SECOND[0], X_Forwarded_For="198.51.100.7").status for _ in range(SHARES.burst)]
    assert set(statuses) == {204}
    deadline = time.monotonic() + 10
    while (answer := shared(old, SECOND[0], X_Forwarded_For="198.51.100.7")).status == 204:
        assert time.monotonic() < deadline
    assert (answer.status, int(answer.headers["Retry-After"]) >= 1) == (429, True)
    assert shared(old, SECOND[0], X_Forwarded_For="198.51.100.8").status == 204
    assert "198.51.100" not in old.log


def test_only_posting_shares(old: Server) -> None:
    assert visit(old, f"/c/{SECOND[3].id}/share").status == 405
