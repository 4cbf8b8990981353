"""Version 4 of the history: rows that an upgrade does not expect, and the aliases of tracks."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.earlier import unpack
from tests.unit.history_world import EVERYTHING, NOON_MS, connection, ids, temporary_history
from tests.unit.songids_world import (
    CONNECTIONS,
    COPPER,
    HALF_LIGHT,
    SPELLINGS,
    filtered,
    opened,
    rows,
)
from webapp.core.filters import Filter
from webapp.core.trackids import TrackAliases
from webapp.storage.history import FILE_NAME
from webapp.storage.keys import key


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder as version 3 left it."""
    return unpack(tmp_path, 3)


def test_an_alias_of_the_later_spelling_goes_with_the_last_connection_and_copy_it_is_in() -> None:
    joined, old, today = replace(connection(), to_track_id="v" * 16), "0" * 16, "v" * 16
    with temporary_history() as history:
        history.record("s", 1, NOON_MS, [joined, connection(1, track=1)], b"{}", b"[]")
        history.share(joined)
        with closing(sqlite3.connect(history.path)) as db:
            db.execute("INSERT INTO aliases VALUES (?, ?, ?)", (old, today, key(today)))
            db.commit()
        history._max_rows = 1
        while history.prune():
            pass
        assert ids(history.latest(EVERYTHING, 5)) == [connection(1).id]
        assert rows(history.path, "SELECT old FROM aliases") == [(old,)]
        history._shared_max = 0
        history.share(connection(1))
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
        history.share(joined)
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
