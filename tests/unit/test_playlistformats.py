from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import xspf_lib  # type: ignore[import-untyped]
from lxml import etree

from tests.unit.history_world import EVERYTHING, GAZETTEER, NOON_MS, connection, temporary_history
from webapp.config import SettingError, Settings
from webapp.core.records import Connection
from webapp.storage import periodtotals
from webapp.storage.history import History
from webapp.storage.periods import CACHE_S, PERIODS
from webapp.web import playlistformats
from webapp.web.playlist import chart_cache
from webapp.web.playlistformats import Item, Playlist

SCHEMA = etree.RelaxNG(etree.parse(Path(__file__).parent / "xspf.rng"))
NOON_S = NOON_MS / 1000

FULL = Item(
    title="喝采 <Live> & more",
    artist="ちあきなおみ",
    recording="mbid:8f3471b5-7e6a-48da-86a9-c1c07a0f47ae",
    url="https://example.org/a?b=1&c=2",
    image="https://example.org/a.jpg",
    about="Osaka – Recife, 16,897 km · × 2",
    page="https://unison.example.org/c/06gvqh492ncemaiql7c4g70",
)
BARE = Item("آخر قطار", "ليان", None, None, None, "Lyon – Lagos", "https://unison.example.org/c/0")
BOTH = Playlist("Unison: Rarest", "https://unison.example.org/playlist", NOON_S, [FULL, BARE])
NONE = Playlist("Unison: Rarest", "https://unison.example.org/playlist", NOON_S, [])


@pytest.mark.parametrize("written", [BOTH, NONE], ids=["songs", "none"])
def test_xspf_is_valid_by_the_schema(written: Playlist) -> None:
    SCHEMA.assertValid(etree.fromstring(playlistformats.xspf(written)))


@pytest.mark.parametrize(
    "right",
    [
        b"<track><trackNum>0</trackNum></track>",
        b"<track xml:base='https://a.example/'><location xml:base='b/'/></track>",
    ],
)
def test_the_schema_lets_pass_what_the_specification_does(right: bytes) -> None:
    SCHEMA.assertValid(etree.fromstring(_with_tracks(right)))


@pytest.mark.parametrize(
    "wrong", [b"<track><times>2</times></track>", b"<track><title>a</title><title>b</title></track>", b"<title/>"]
)
def test_the_schema_finds_what_is_wrong(wrong: bytes) -> None:
    assert not SCHEMA.validate(etree.fromstring(_with_tracks(wrong)))


def test_the_schema_wants_the_version_without_spaces() -> None:
    whole = playlistformats.xspf(NONE).replace(b'version="1"', b'version=" 1 "')
    assert not SCHEMA.validate(etree.fromstring(whole))


def _with_tracks(tracks: bytes) -> bytes:
    return playlistformats.xspf(NONE).replace(b"<trackList />", b"<trackList>" + tracks + b"</trackList>")


def test_another_library_reads_the_xspf_as_it_was_meant(tmp_path: Path) -> None:
    (tmp_path / "a.xspf").write_bytes(playlistformats.xspf(BOTH))
    read = xspf_lib.Playlist.parse(tmp_path / "a.xspf")
    first, second = read
    assert (read.title, read.creator, read.info) == (BOTH.title, "Unison", BOTH.page)
    assert (first.title, first.creator, first.annotation) == (FULL.title, FULL.artist, FULL.about)
    assert ([*first.location], first.info, first.image) == ([FULL.url], FULL.page, FULL.image)
    assert [*first.identifier] == ["https://musicbrainz.org/recording/8f3471b5-7e6a-48da-86a9-c1c07a0f47ae"]
    assert (second.title, second.creator, [*second.location]) == (BARE.title, BARE.artist, [])


def test_jspf_says_the_same() -> None:
    whole = json.loads(playlistformats.jspf(BOTH))["playlist"]
    assert whole["title"] == BOTH.title
    assert whole["track"][0]["location"] == [FULL.url]
    assert whole["track"][1] == {
        "title": "آخر قطار",
        "creator": "ليان",
        "annotation": "Lyon – Lagos",
        "info": BARE.page,
    }


def test_m3u_lists_only_songs_that_a_player_can_open() -> None:
    lines = playlistformats.m3u(BOTH).decode().splitlines()
    assert lines[0] == "#EXTM3U"
    assert lines[3:] == [
        "# 1 of 2 songs have no url and are left out; XSPF and JSPF list them",
        "#EXTINF:-1,ちあきなおみ - 喝采 <Live> & more", FULL.url,
    ]  # fmt: skip
    assert len(playlistformats.m3u(NONE).splitlines()) == 3


def test_an_isrc_is_a_urn() -> None:
    item = Item("a", "b", "isrc:JPB600312345", None, None, "", "")
    assert item.identifier == "urn:isrc:JPB600312345"


def ranked(history: History, limit: int) -> dict[str, list[tuple[Connection, int]]]:
    history.update_sums(NOON_S + PERIODS["hour"].length_s)
    found = history.read(lambda db: periodtotals.songs(db, "hour", limit, GAZETTEER))
    assert found is not None
    return found


def test_songs_are_ranked_by_connections_by_distance_and_by_rarity() -> None:
    with temporary_history() as history:
        often = [connection(at, at, track=0) for at in range(3)]
        far = [connection(5, 5, track=1, start=1, end=2), connection(6, 6, track=1)]
        once = [connection(7, 7, track=2)]
        before = [connection(-2000, 1, track=3)]
        history.record("s", 1, NOON_MS, [*before, *often, *far, *once], b"{}", b"[]")
        history.record_filtered("s", 1, [connection(9, 9, track=3)])
        history.flush()
        songs = ranked(history, 10)
        assert [(c.track_id, n) for c, n in songs["most"]] == [
            (often[0].track_id, 3), (far[0].track_id, 2), (once[0].track_id, 1),
        ]  # fmt: skip
        assert [n for _, n in songs["rarest"]] == [1, 2, 3]
        assert len(ranked(history, 2)["farthest"]) == 2
        assert len(history.latest(EVERYTHING, 10)) == 8


def test_a_songs_farthest_connection_stands_for_it() -> None:
    with temporary_history() as history:
        kms = [900, 17_000, 300]
        found = [replace(connection(at, at), km=km) for at, km in enumerate(kms)]
        history.record("s", 1, NOON_MS, found, b"{}", b"[]")
        history.flush()
        ((farthest, times),) = ranked(history, 10)["farthest"]
        assert (farthest.km, times) == (17_000, 3)


def test_a_chart_is_read_once_while_it_is_fresh() -> None:
    now = [NOON_S]
    with temporary_history() as history:
        sums = chart_cache(history, GAZETTEER, lambda: now[0])
        history.record("s", 1, NOON_MS, [connection(1, 1)], b"{}", b"[]")
        history.flush()
        first = sums.get("hour")
        history.record("s", 2, NOON_MS, [connection(2, 2)], b"{}", b"[]")
        history.flush()
        now[0] += CACHE_S - 1
        assert sums.get("hour") is first
        now[0] += 2
        assert [times for _, times in sums.get("hour").sums.orders["most"]] == [2]


def test_who_finds_a_chart_old_while_it_is_made_anew_gets_the_old_one() -> None:
    now = [NOON_S]
    with temporary_history() as history:
        sums = chart_cache(history, GAZETTEER, lambda: now[0])
        old = sums.get("hour")
        now[0] += 31
        with sums._locks["hour"]:
            assert sums.get("hour") is old


@pytest.mark.parametrize(
    "link", ["https://example.org/{query}", "A=https://example.org", "A=ftp://x/{query}", "=https://x/{query}"]
)
def test_a_search_link_needs_a_name_and_a_place_for_the_words(link: str) -> None:
    with pytest.raises(SettingError, match="UNISON_SEARCH_LINKS"):
        Settings.from_env({"UNISON_SEARCH_LINKS": link})
