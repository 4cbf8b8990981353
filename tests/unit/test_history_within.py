"""Version 5 of the history: connections whose times are not exact. Version 4 had none."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tests.earlier import unpack
from tests.unit.history_world import EVERYTHING, GAZETTEER, NOON_MS, connection, new_history, temporary_history
from tests.unit.songids_world import BEGINS_MS, END_MS, opened, rows
from webapp.core.frames import connection_json
from webapp.core.plays import SOURCES
from webapp.core.records import Connection
from webapp.storage import pastframes
from webapp.storage.backup import create_backup, restore_backup
from webapp.storage.history import FILE_NAME, History
from webapp.storage.schema import MIGRATIONS

EXACT, INEXACT = connection(0, 1), replace(connection(0, 2), within_s=3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder as version 4 left it."""
    return unpack(tmp_path / "data", 4)


def past(history: History, begins_ms: int, end_ms: int) -> list[pastframes.PastFrame]:
    """Return the frames of a period."""
    found = history.past(begins_ms, end_ms, EVERYTHING)
    assert found is not None
    return found


def test_a_connection_within_some_seconds_is_read_as_it_was_written() -> None:
    with temporary_history() as history:
        history.record("s", 1, NOON_MS, [EXACT, INEXACT], b"{}", b"[]")
        assert history.latest(EVERYTHING, 5) == [INEXACT, EXACT], "from the buffer"
        history.flush()
        assert history.latest(EVERYTHING, 5) == [INEXACT, EXACT], "from the file"
        assert history.get(INEXACT.id) == INEXACT


def test_a_past_frame_has_it_as_the_stream_had() -> None:
    with temporary_history() as history:
        history.record("s", 1, NOON_MS + 250, [EXACT, INEXACT], b"{}", b"[]")
        history.flush()
        (frame,) = past(history, NOON_MS, NOON_MS + 250)
        told = json.loads(msgspec.json.encode(pastframes.message(frame, EVERYTHING, GAZETTEER)))
    assert told["connections"] == [json.loads(connection_json(each, GAZETTEER)) for each in (EXACT, INEXACT)]
    assert [(each["apart_ms"], each.get("within_s")) for each in told["connections"]] == [(40, None), (None, 3)]


def test_a_shared_moment_keeps_it_when_its_connection_is_deleted(tmp_path: Path) -> None:
    history = new_history(tmp_path)
    history.record("s", 1, NOON_MS, [INEXACT], b"{}", b"[]")
    history.share(INEXACT)
    history.close()
    with closing(sqlite3.connect(history.path, isolation_level=None)) as db:
        db.execute("DELETE FROM connections")
    history = new_history(tmp_path)
    assert history.get(INEXACT.id) == INEXACT
    history.close()


def test_what_version_4_kept_is_exact(folder: Path) -> None:
    query = "SELECT id, source, at_ms, apart_ms, km, to_track_id FROM connections ORDER BY id"
    before = rows(folder / FILE_NAME, query)
    shared = rows(folder / FILE_NAME, "SELECT id FROM shared")
    history = opened(folder)
    found = history.latest(EVERYTHING, 1_000)
    assert [history.get(str(id)) for (id,) in shared] == [each for (id,) in shared for each in found if each.id == id]
    assert [_row(each) for each in reversed(found)] == before
    assert {each.within_s for each in found} == {0}
    assert len(past(history, BEGINS_MS, END_MS)) == 120
    history.close()
    assert rows(folder / FILE_NAME, "PRAGMA user_version") == [(len(MIGRATIONS),)]
    assert rows(folder / f"{FILE_NAME}.version-4", "PRAGMA user_version") == [(4,)]


def test_a_backup_of_version_4_can_be_restored(folder: Path, tmp_path: Path) -> None:
    create_backup(folder, tmp_path / "backup", lambda *_: None)
    restored = tmp_path / "restored"
    restored.mkdir()
    restore_backup(tmp_path / "backup", restored, lambda *_: None)
    history = opened(restored)
    assert len(history.latest(EVERYTHING, 1_000)) == 76
    history.close()


def _row(found: Connection) -> tuple[object, ...]:
    to_track_id = None if found.to_track_id == found.track_id else found.to_track_id
    return found.id, SOURCES.index(found.source), found.at_ms, found.apart_ms, found.km, to_track_id
