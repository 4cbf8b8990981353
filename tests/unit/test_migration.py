"""What an earlier version stored opens with this one. The data folder was made by a server of that version."""

from __future__ import annotations

import errno
import json
import logging
import os
import shutil
import sqlite3
from collections import namedtuple
from contextlib import closing
from pathlib import Path

import pytest

from tests.earlier import CONNECTIONS, END_S, EVERYONES, unpack
from tests.unit.history_world import EVERYTHING, GAZETTEER, ids
from webapp.core.plays import track_id
from webapp.core.records import Connection
from webapp.storage import periodtotals
from webapp.storage.datadir import DataDir
from webapp.storage.history import FILE_NAME, History
from webapp.storage.schema import MIGRATIONS

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder as version 2 left it."""
    return unpack(tmp_path)


def opened(folder: Path) -> History:
    history = History(folder / FILE_NAME, GAZETTEER, days=30, max_rows=1_000_000, clock=lambda: END_S)
    history.open()
    return history


def spelling(connection: Connection) -> tuple[str, str]:
    """Return artist and title of a connection's track."""
    track = json.loads(connection.track)
    return track["artist"], track["title"]


def rows(file: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as db:
        return db.execute(query).fetchall()


def test_what_is_stored_opens_after_an_upgrade(folder: Path) -> None:
    kept = {"connections": "id, stream, seq, everyone, source, at_ms, apart_ms, km, track, from_city, to_city",
            "tracks": "track, last_id", "records": "stream, seq, at_ms, counts", "streams": "*",
            "shared": "number, id, source, at_ms, apart_ms, km, from_city, to_city", "sizes": "*",
            "pruned": "*"}  # fmt: skip
    before = {name: rows(folder / FILE_NAME, f"SELECT {what} FROM {name} ORDER BY 1") for name, what in kept.items()}
    history = opened(folder)
    history.flush()
    assert history.problem is None
    listed = history.latest(EVERYTHING, 1000)
    assert len(listed) == CONNECTIONS
    assert ids(listed) == [row[0] for row in reversed(before["connections"])]
    assert all(history.get(str(row[1])) for row in before["shared"])
    assert all(track_id(*spelling(connection)) == connection.track_id for connection in listed)
    while history.update_sums():
        pass
    sums = history.read(lambda db: periodtotals.totals(db, "week", 20))
    assert sums is not None
    assert [times for _, times in sums["sources"]] == [EVERYONES]
    history.close()
    after = {name: rows(folder / FILE_NAME, f"SELECT {what} FROM {name} ORDER BY 1") for name, what in kept.items()}
    assert after == before
    assert rows(folder / FILE_NAME, "PRAGMA user_version") == [(len(MIGRATIONS),)]
    assert rows(folder / FILE_NAME, "PRAGMA auto_vacuum") == [(2,)]
    with DataDir(folder) as data_dir:
        assert len(data_dir.secret()) == 32


def test_a_copy_is_kept_before_each_migration_and_only_the_last_one(folder: Path) -> None:
    before = (folder / FILE_NAME).read_bytes()
    (folder / f"{FILE_NAME}.version-1").write_bytes(b"the copy of an earlier upgrade")
    (folder / f"{FILE_NAME}.new").write_bytes(b"what an upgrade left that was cut off")
    history = opened(folder)
    history.flush()
    history.close()
    assert [file.name for file in folder.glob(f"{FILE_NAME}?*")] == [f"{FILE_NAME}.version-2"]
    assert (folder / f"{FILE_NAME}.version-2").read_bytes() == before


def test_without_room_for_it_an_upgrade_waits_and_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = opened(folder)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9, 1000))
        history.flush()
        assert history.problem is not None
        assert "takes 0 MB; 0 MB are free; make space, and the upgrade continues by itself" in history.problem
        assert rows(folder / FILE_NAME, "PRAGMA user_version") == [(2,)]
    history.flush()
    assert history.problem is None
    assert len(history.latest(EVERYTHING, 1000)) == CONNECTIONS
    history.close()


def test_a_history_that_another_program_uses_is_upgraded_after_that(folder: Path) -> None:
    with closing(sqlite3.connect(folder / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM tracks").fetchone()
        history = opened(folder)
        history.flush()
        assert history.problem is not None
        assert history.problem.endswith("must be upgraded, but another program has it open; close that")
        assert rows(folder / FILE_NAME, "PRAGMA user_version") == [(2,)]
        assert not (folder / f"{FILE_NAME}.new").exists()
    history.flush()
    assert history.problem is None
    history.close()


def test_a_file_system_without_links_keeps_a_copy_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    before = (folder / FILE_NAME).read_bytes()
    monkeypatch.setattr(os, "link", unsupported)
    history = opened(folder)
    history.flush()
    assert (history.problem, len(history.latest(EVERYTHING, 1000))) == (None, CONNECTIONS)
    history.close()
    assert (folder / f"{FILE_NAME}.version-2").read_bytes() == before


def test_an_upgrade_is_logged_with_the_name_of_the_copy(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    history = opened(folder)
    history.flush()
    history.close()
    assert f"the history was upgraded from version 2 to {len(MIGRATIONS)}; the old file is" in caplog.text
