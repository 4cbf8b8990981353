"""A server on what the version before song keys stored: old links, old ids in filters, and what is played now."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.conftest import lasting
from tests.earlier import unpack
from tests.serving import Server, ask, get_json, get_text, post_plays, stream
from tests.waiting import until
from webapp.core.plays import track_id
from webapp.graphics.qrcodes import code_svg
from webapp.storage.history import FILE_NAME

OLD, NEW = "3ao419m7j9a3ec3d", track_id("Marisol Vey", "Someone's Half-Light")
SPELLINGS = ("sl82eatuj8rgkhlm", "rlg0pi1j2om628od", OLD)
UNKNOWN = "0" * 16
BEGINS_S, OSAKA, RECIFE = 1_790_000_000, 1853909, 3390760


@pytest.fixture(scope="module")
def moments(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The ids of all connections, each with its track's old id."""
    folder = unpack(tmp_path_factory.mktemp("before"), 3)
    with closing(sqlite3.connect(folder / FILE_NAME)) as db:
        return dict(db.execute("SELECT c.id, t.track_id FROM connections c JOIN tracks t ON t.track = c.track"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("earlier")
    unpack(folder / "data", 3)
    with lasting(folder, UNISON_HISTORY_DAYS="36500") as server:
        until(lambda: ask(server, "/readyz").json["status"] == "ok", 30, lambda: ask(server, "/readyz").text)
        yield server


def test_pages_of_old_moments_answer(server: Server, moments: dict[str, str]) -> None:
    for id in list(moments)[::20]:
        assert ask(server, f"/c/{id}").status == 200
        assert ask(server, f"/oembed?url={server.url}/c/{id}").status == 200


def test_an_old_id_finds_what_all_spellings_connected(server: Server, moments: dict[str, str]) -> None:
    expected = sorted((id for id, track in moments.items() if track in SPELLINGS), reverse=True)
    for id in (OLD, NEW):
        found = get_json(server, f"/api/connections?limit=200&track={id}")["connections"]
        kept = [connection for connection in found if connection["id"] in moments]
        assert [connection["id"] for connection in kept] == expected
        assert {connection["track"]["id"] for connection in kept} == {NEW}
    past = get_json(server, f"/api/past?from={BEGINS_S}&seconds=60&track={OLD}")["frames"]
    assert sorted((c["id"] for frame in past for c in frame["connections"]), reverse=True) == expected


@pytest.mark.parametrize("path", ["/embed?", "/embed?feed=1&"])
def test_an_embed_with_an_old_id_asks_for_the_song(server: Server, path: str) -> None:
    page = get_text(server, f"{path}track={OLD}")
    (told,) = re.findall(r'<script type="application/json" id="embed">(.+?)</script>', page)
    query = urlencode({"limit": 5, **json.loads(told)["filters"]})
    found = get_json(server, f"/api/connections?{query}")["connections"]
    assert [connection["track"]["id"] for connection in found] == [NEW] * 5


def test_the_picture_of_an_old_id_is_the_song_s(server: Server) -> None:
    # The picture has the time, in steps: the step may change once.
    before, old, after, unknown = (ask(server, f"/card.png?track={id}") for id in (NEW, OLD, NEW, UNKNOWN))
    assert old.headers["ETag"] in (before.headers["ETag"], after.headers["ETag"])
    assert old.body in (before.body, after.body)
    assert old.body != unknown.body


def test_the_code_of_an_old_id_leads_to_its_page(server: Server) -> None:
    assert get_text(server, f"/code.svg?track={OLD}") == code_svg(f"{server.url}/?track={OLD}")


def test_the_page_of_an_old_id_names_the_song_and_lists_its_moments(server: Server, moments: dict[str, str]) -> None:
    page = get_text(server, f"/?track={OLD}")
    assert f'"filter": {{"track": "{NEW}"}}' in page
    assert page.count("Marisol Vey") > 3
    feed = get_text(server, f"/moments.atom?track={OLD}")
    assert feed.count("<entry>") >= sum(track in SPELLINGS for track in moments.values())


def test_a_viewer_with_an_old_id_sees_the_song_live(server: Server) -> None:
    with stream(server, 20, track=OLD) as viewer:
        assert {connection["track"]["id"] for connection in viewer.hello["recent"]} == {NEW}
        at = time.time() - 0.1
        track = {"title": "someone's half light [Explicit]", "artist": "Marisol Vey"}
        post_plays(server, [{"track": track, "listener": f"{city}", "place": {"geoname_id": city}, "pressed_at": at}
                            for city in (OSAKA, RECIFE)])  # fmt: skip
        shown = viewer.until(lambda frame: bool(frame["connections"]), 20)
    assert shown["connections"][0]["track"]["id"] == NEW
