"""Version 4 of the history: ids of songs instead of spellings. Its data folder was made by the commit before it."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.earlier import unpack
from tests.unit.history_world import EVERYTHING, GAZETTEER, NOON_MS, connection, ids, temporary_history
from webapp.core.filters import Filter
from webapp.core.plays import SOURCES, track_id
from webapp.core.records import Connection
from webapp.core.songs import artist_key
from webapp.core.trackids import TrackAliases
from webapp.storage import pastframes, periodtotals, songids
from webapp.storage.history import FILE_NAME, History
from webapp.storage.keys import key
from webapp.storage.migration import upgrade

SPELLINGS = ("sl82eatuj8rgkhlm", "rlg0pi1j2om628od", "3ao419m7j9a3ec3d")
"""Earlier ids of one song."""
HALF_LIGHT, NIGHT_BUS = track_id("Marisol Vey", "Someone's Half-Light"), "jsj78l7ljjc7ogsr"
COPPER = ("jiv90qokbfihsdg8", track_id("Ana", "Copper™ Sky"), track_id("Ana", "CopperTM Sky"))
"""An earlier id, and the ids of the two songs that it stood for."""
BEGINS_MS, END_MS = 1_790_000_000_000, 1_790_000_030_000
CONNECTIONS = 77

_OLD = "FROM connections c JOIN tracks t ON t.track = c.track"


def rows(file: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(file)) as db:
        return db.execute(query).fetchall()


def dump(folder: Path) -> list[str]:
    """Return all that the file holds."""
    with closing(sqlite3.connect(folder / FILE_NAME)) as db:
        return [*db.iterdump(), str(db.execute("PRAGMA user_version").fetchone())]


def opened(folder: Path, days: float = 36_500) -> History:
    history = History(folder / FILE_NAME, GAZETTEER, days=days, max_rows=1_000, clock=lambda: END_MS / 1000)
    history.open()
    history.flush()
    assert history.problem is None
    return history


def filtered(track: str, history: History) -> Filter:
    return Filter.parse([("track", track)], GAZETTEER, history.aliases)


def everyones(history: History) -> list[Connection]:
    """Return the connections that everyone was shown."""
    frames = history.read(lambda db: pastframes.read(db, BEGINS_MS - 1, END_MS, EVERYTHING, GAZETTEER))
    assert frames is not None
    return [connection for frame in frames for connection in frame.connections]


def farthest(history: History) -> set[tuple[str, str, int]]:
    """Return each song and source, and the distance of its farthest connection, km."""
    found = dict[tuple[str, str], int]()
    for c in everyones(history):
        found[c.track_id, c.source] = max(c.km, found.get((c.track_id, c.source), 0))
    return {(*song, km) for song, km in found.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder as version 3 left it."""
    return unpack(tmp_path, 3)


@pytest.fixture
def upgraded(folder: Path) -> Iterator[History]:
    history = opened(folder)
    yield history
    history.close()


def test_moments_answer_as_before(folder: Path) -> None:
    query = f"SELECT c.id, c.source, c.at_ms, c.apart_ms, c.km, c.from_city, c.to_city, t.json {_OLD}"
    before = rows(folder / FILE_NAME, query)
    history = opened(folder)
    for id, source, at_ms, apart_ms, km, start, end, text in before:
        found = history.get(id)
        assert found is not None
        assert (found.source, found.at_ms, found.apart_ms, found.km) == (SOURCES[source], at_ms, apart_ms, km)
        assert GAZETTEER.geoname_id[[found.from_city, found.to_city]].tolist() == [start, end]
        assert json.loads(found.track) | {"id": ""} == json.loads(text) | {"id": ""}
        assert found.track_id == found.to_track_id == json.loads(found.track)["id"]
    history.close()


def test_shared_moments_outlive_their_connections_with_the_new_id(folder: Path) -> None:
    with closing(sqlite3.connect(folder / FILE_NAME)) as db:
        shared = dict(db.execute("SELECT id, track_id FROM shared"))
        db.executescript("DELETE FROM connections; DELETE FROM tracks")
    history = opened(folder)
    assert history.latest(EVERYTHING, 10) == []
    for found in map(history.get, shared):
        assert found is not None
        assert found.track_id == track_id(*(json.loads(found.track)[name] for name in ("artist", "title")))
        assert found.artist == artist_key(json.loads(found.track)["artist"])
    old = set(SPELLINGS).intersection(shared.values())
    assert {filtered(id, history).track for id in old} == {HALF_LIGHT}
    history.close()


def test_each_old_id_finds_all_spellings_of_the_song(folder: Path) -> None:
    query = f"SELECT c.id {_OLD} WHERE t.track_id IN {SPELLINGS} ORDER BY c.id DESC"
    before = [id for (id,) in rows(folder / FILE_NAME, query)]
    history = opened(folder)
    for old in (*SPELLINGS, HALF_LIGHT):
        assert ids(history.latest(filtered(old, history), 1_000)) == before
    by_artist = Filter(artist=artist_key("The Marisol Vey & Bo"), track=HALF_LIGHT)
    assert ids(history.latest(by_artist, 1_000)) == before
    history.close()


def test_an_id_that_stays_has_no_alias(upgraded: History) -> None:
    assert filtered(NIGHT_BUS, upgraded).track == NIGHT_BUS
    assert len(upgraded.latest(filtered(NIGHT_BUS, upgraded), 1_000)) > 0
    assert rows(upgraded.path, f"SELECT * FROM aliases WHERE old = '{NIGHT_BUS}'") == []


def test_an_id_of_two_songs_leads_to_one_of_them(upgraded: History) -> None:
    old, *songs = COPPER
    assert filtered(old, upgraded).track in songs
    assert {c.track_id for c in upgraded.latest(EVERYTHING, 1_000)} >= set(songs)


def test_an_id_of_two_songs_that_one_of_them_keeps_has_no_alias(upgraded: History) -> None:
    kept, other = track_id("Ana", "SilverTM"), track_id("Ana", "Silver™")
    assert {c.track_id for c in upgraded.latest(EVERYTHING, 1_000)} >= {kept, other}
    assert filtered(kept, upgraded).track == kept


def test_the_playlist_counts_one_song_once(upgraded: History) -> None:
    songs = upgraded.read(lambda db: periodtotals.songs(db, "week", 100, GAZETTEER))
    assert songs is not None
    counted = [(c.track_id, c.source) for c, _ in songs["most"]]
    assert len(counted) == len(set(counted))
    times = Counter[str]()
    for met, number in songs["most"]:
        times[met.track_id] += number
    assert times == Counter(c.track_id for c in everyones(upgraded))
    assert {(c.track_id, c.source, c.km) for c, _ in songs["most"]} == farthest(upgraded)


def test_sums_and_rows_still_agree_when_connections_leave(upgraded: History) -> None:
    with closing(sqlite3.connect(upgraded.path)) as db:
        middle = db.execute("SELECT at_ms FROM connections ORDER BY id LIMIT 1 OFFSET 40").fetchone()[0]
    upgraded.update_sums(middle / 1000 + 3600)
    query = """SELECT song, source, times, km FROM song_sums WHERE period = 'hour' ORDER BY 1, 2"""
    expected = """SELECT song, source, count(*), max(km) FROM connections WHERE everyone = 1
        AND id >= (SELECT begins FROM periods WHERE period = 'hour') GROUP BY 1, 2 ORDER BY 1, 2"""
    assert rows(upgraded.path, query) == rows(upgraded.path, expected) != []


def test_pulses_of_the_past_have_the_new_ids(upgraded: History) -> None:
    texts = [text for (text,) in rows(upgraded.path, "SELECT pulses FROM records WHERE pulses <> '[]'")]
    tracks = [pulse["track"] for text in texts for pulse in json.loads(text)]
    assert len(tracks) > 5
    assert all(track["id"] == track_id(track["artist"], track["title"]) for track in tracks)


def test_aliases_go_with_the_last_connection_of_their_song(folder: Path) -> None:
    history = opened(folder)
    history.record("later", 1, END_MS, [replace(connection(END_MS - NOON_MS), track_id="x")], b"{}", b"[]")
    history.flush()
    assert len(rows(history.path, "SELECT * FROM aliases")) == len(SPELLINGS) + 2
    with closing(sqlite3.connect(history.path)) as db:
        db.execute("DELETE FROM shared WHERE track_id <> ?", (HALF_LIGHT,))
        db.commit()
    history._days = 0.0
    while history.prune(END_MS / 1000 + 1):
        pass
    assert {old for (old,) in rows(history.path, "SELECT old FROM aliases")} == set(SPELLINGS)
    history._shared_max = 0
    history.share("0" * 23)
    assert rows(history.path, "SELECT old FROM aliases") == []
    history.close()


def test_an_alias_of_the_later_spelling_goes_with_the_last_connection_and_copy_it_is_in() -> None:
    joined, old, today = replace(connection(), to_track_id="v" * 16), "0" * 16, "v" * 16
    with temporary_history() as history:
        history.record("s", 1, NOON_MS, [joined, connection(1, track=1)], b"{}", b"[]")
        history.share(joined.id)
        with closing(sqlite3.connect(history.path)) as db:
            db.execute("INSERT INTO aliases VALUES (?, ?, ?)", (old, today, key(today)))
            db.commit()
        history._max_rows = 1
        while history.prune():
            pass
        assert ids(history.latest(EVERYTHING, 5)) == [connection(1).id]
        assert rows(history.path, "SELECT old FROM aliases") == [(old,)]
        history._shared_max = 0
        history.share(connection(1).id)
        assert rows(history.path, "SELECT old FROM aliases") == []


def test_an_alias_of_the_later_spelling_goes_when_no_copy_was_shared() -> None:
    today = "v" * 16
    with temporary_history() as history:
        history.record("s", 1, NOON_MS, [replace(connection(), to_track_id=today), connection(1)], b"{}", b"[]")
        history.flush()
        with closing(sqlite3.connect(history.path)) as db:
            db.execute("INSERT INTO aliases VALUES (?, ?, ?)", ("0" * 16, today, key(today)))
            db.commit()
        history._max_rows = 1
        while history.prune():
            pass
        assert rows(history.path, "SELECT old FROM aliases") == []


@pytest.mark.parametrize("old", ["é" * 16, "0123456789abcdefg", "0123456789ABCDEF", ""])
def test_an_alias_that_no_filter_accepts_is_skipped(old: str, folder: Path) -> None:
    opened(folder).close()
    with closing(sqlite3.connect(folder / FILE_NAME)) as db:
        db.execute("INSERT INTO aliases VALUES (?, ?, 0)", (old, HALF_LIGHT))
        db.execute("INSERT INTO aliases VALUES (?, ?, 0)", ("v" * 16, old))
        db.commit()
    history = opened(folder)
    assert {filtered(id, history).track for id in SPELLINGS} == {HALF_LIGHT}
    for unknown in ("0123456789abcdef", "v" * 16):
        assert filtered(unknown, history).track == unknown
    history.close()


def test_an_interrupted_upgrade_leaves_the_old_file_and_starts_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(done: int, total: int) -> None:
        if 2 * done > total:
            raise KeyboardInterrupt

    monkeypatch.setattr(songids, "BATCH", 20)
    before = dump(folder)
    with pytest.raises(KeyboardInterrupt):
        upgrade(folder / FILE_NAME, interrupt)
    assert dump(folder) == before
    assert sorted(file.name for file in folder.iterdir()) == [FILE_NAME, "secret"]
    history = opened(folder)
    assert len(history.latest(EVERYTHING, 1_000)) == CONNECTIONS
    history.close()


def test_a_killed_upgrade_leaves_the_old_file_and_starts_again(folder: Path) -> None:
    program = """import os, pathlib, sys
from webapp.storage.migration import upgrade
upgrade(pathlib.Path(sys.argv[1]), lambda *_: os.kill(os.getpid(), 9))"""
    before = dump(folder)
    killed = subprocess.run([sys.executable, "-c", program, str(folder / FILE_NAME)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (folder / f"{FILE_NAME}.new").exists()
    assert dump(folder) == before
    history = opened(folder)
    assert len(history.latest(EVERYTHING, 1_000)) == CONNECTIONS
    history.close()
    assert sorted(file.name for file in folder.iterdir()) == [FILE_NAME, f"{FILE_NAME}.version-3", "secret"]


def test_an_empty_history_is_upgraded(folder: Path) -> None:
    with closing(sqlite3.connect(folder / FILE_NAME)) as db:
        db.executescript("".join(f"DELETE FROM {name};" for name in ("connections", "tracks", "shared", "records")))
    history = opened(folder)
    assert history.latest(EVERYTHING, 5) == []
    history.close()


def test_rows_that_cannot_be_read_do_not_stop_an_upgrade(folder: Path) -> None:
    with closing(sqlite3.connect(folder / FILE_NAME)) as db:
        db.executescript(
            "UPDATE tracks SET json = '{' WHERE track = 1; UPDATE records SET pulses = '[{}]' WHERE seq = 3"
        )
    history = opened(folder)
    assert len(history.latest(EVERYTHING, 1_000)) == CONNECTIONS
    history.close()


@pytest.mark.parametrize("column", ["json", "track_id", "artist"])
def test_text_that_is_not_utf8_does_not_stop_an_upgrade(column: str, folder: Path) -> None:
    spoilt = f"CAST(CAST({column} AS BLOB) || x'ff' AS TEXT)"
    with closing(sqlite3.connect(folder / FILE_NAME)) as db:
        track, *_ = db.execute("SELECT track FROM connections ORDER BY id").fetchone()
        db.execute(f"UPDATE tracks SET {column} = {spoilt} WHERE track = ?", (track,))
        db.execute("UPDATE records SET pulses = CAST(x'5b7bff' AS TEXT) WHERE seq = 3")
        db.commit()
    history = opened(folder)
    assert ids(history.latest(EVERYTHING, 1)) == [max(c.id for c in history.latest(EVERYTHING, 5))]
    as_bytes = f"SELECT CAST({column} AS BLOB) FROM tracks WHERE track = {track}"
    assert rows(history.path, as_bytes)[0][0].endswith(b"\xff")
    history.close()


def test_tracks_that_become_equal_become_one(folder: Path) -> None:
    with closing(sqlite3.connect(folder / FILE_NAME)) as db:
        copied = "SELECT ?, replace(json, track_id, 'v' || substr(track_id, 2)), 'v' || substr(track_id, 2), artist, ?"
        ((first, old),) = db.execute(f"SELECT track, track_id FROM tracks WHERE track_id = '{SPELLINGS[0]}'").fetchall()
        other, newest = first + 1_000, db.execute("SELECT max(id) FROM connections").fetchone()[0]
        db.execute(f"INSERT INTO tracks {copied} FROM tracks WHERE track = ?", (other, newest, first))
        db.execute("UPDATE connections SET track = ? WHERE id = ?", (other, newest))
        db.commit()
    history = opened(folder)
    assert len(history.latest(EVERYTHING, 1_000)) == CONNECTIONS
    assert rows(history.path, f"SELECT track, song FROM connections WHERE id = '{newest}'") == [
        (first, key(HALF_LIGHT))
    ]
    assert rows(history.path, f"SELECT last_id FROM tracks WHERE track = {first}") == [(newest,)]
    assert rows(history.path, f"SELECT * FROM tracks WHERE track = {other}") == []
    assert {filtered(id, history).track for id in (old, f"v{old[1:]}")} == {HALF_LIGHT}
    history.close()


def test_pulses_of_two_songs_that_had_one_id_become_those_of_two(folder: Path) -> None:
    old, *songs = COPPER
    titles = ["Copper™ Sky", "CopperTM Sky"]
    pulses = [{"source": "live", "track": {"id": old, "title": title, "artist": "Ana"}} for title in titles]
    with closing(sqlite3.connect(folder / FILE_NAME)) as db:
        db.execute("UPDATE records SET pulses = ? WHERE seq = 3", (json.dumps(pulses, separators=(",", ":")),))
        db.commit()
    history = opened(folder)
    for (text,) in rows(history.path, "SELECT pulses FROM records WHERE seq = 3"):
        assert [pulse["track"]["id"] for pulse in json.loads(text)] == songs
    history.close()


def test_progress_is_reported_in_rows_up_to_the_last(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(songids, "BATCH", 20)
    told: list[tuple[int, int]] = []
    upgrade(folder / FILE_NAME, lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert len(told) > 10
    assert {total for _, total in told} == {told[-1][0]}


def test_the_problem_of_an_upgrade_says_how_far_it_is(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    opened(folder).close()
    assert "the history is being upgraded to a new version: 9 of 214 rows are done, 4 %" in caplog.text


def test_a_connection_that_joins_two_tracks_is_found_by_either() -> None:
    joined = replace(connection(0, 1), to_track_id="0123456789abcdef")
    plain, other = connection(100, 2), connection(200, 3, track=2)
    artist, another = plain.artist, other.artist
    with temporary_history() as history:
        history.record("s", 1, NOON_MS, [joined, plain, other], b"{}", b"[]")
        for _ in range(2):  # from the buffer, then from the file
            found = {id: history.latest(Filter(track=id), 5) for id in (joined.track_id, joined.to_track_id)}
            assert found == {joined.track_id: [plain, joined], joined.to_track_id: [joined]}
            assert history.latest(Filter(track=joined.to_track_id, artist=artist), 5) == [joined]
            assert history.latest(Filter(track=joined.to_track_id, artist=another), 5) == []
            assert history.latest(Filter(track=joined.track_id, artist=another), 5) == []
            assert history.latest(Filter(track=joined.track_id, artist=artist, country="JP"), 5) == [plain, joined]
            assert history.get(joined.id) == joined
            history.flush()
        history.share(joined.id)
        history._days = 0.0
        while history.prune(NOON_MS / 1000 + 86_400):
            pass
        assert history.latest(EVERYTHING, 5) == []
        assert history.get(joined.id) == joined


def test_an_alias_is_looked_up_by_the_whole_id() -> None:
    aliases = TrackAliases([("0000000000000009", "v" * 16), ("0000000000000001", "u" * 16)])
    assert [aliases.current(id) for id in ("0000000000000001", "0000000000000009")] == ["u" * 16, "v" * 16]
    for unknown in ("0" * 16, "0000000000000002", "v" * 16):
        assert aliases.current(unknown) == unknown
    assert TrackAliases().current("0" * 16) == "0" * 16
