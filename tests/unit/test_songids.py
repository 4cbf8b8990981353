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

import pytest

from tests.earlier import unpack
from tests.unit.history_world import EVERYTHING, GAZETTEER, NOON_MS, connection, ids
from tests.unit.songids_world import (
    BEGINS_MS,
    CONNECTIONS,
    COPPER,
    END_MS,
    HALF_LIGHT,
    NIGHT_BUS,
    SPELLINGS,
    filtered,
    opened,
    rows,
)
from webapp.core.filters import Filter
from webapp.core.plays import SOURCES, track_id
from webapp.core.records import Connection
from webapp.core.songs import artist_key
from webapp.storage import periodtotals, songids
from webapp.storage.history import FILE_NAME, History
from webapp.storage.migration import upgrade

_OLD = "FROM connections c JOIN tracks t ON t.track = c.track"


def dump(folder: Path) -> list[str]:
    """Return all that the file holds."""
    with closing(sqlite3.connect(folder / FILE_NAME)) as db:
        return [*db.iterdump(), str(db.execute("PRAGMA user_version").fetchone())]


def everyones(history: History) -> list[Connection]:
    """Return the connections that everyone was shown."""
    frames = history.past(BEGINS_MS - 1, END_MS, EVERYTHING)
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
    history.share(connection())
    assert rows(history.path, "SELECT old FROM aliases") == []
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
