"""A history that is damaged, another program's, moved or deleted: a new one begins, and nothing is thrown away."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.unit.history_world import EVERYTHING, GAZETTEER, NOON_MS, connection, ids, new_history, table
from webapp.storage.history import FILE_NAME, History

PAGE = 4096
ROWS = 400

Damage = Callable[[Path], None]


def garbage_header(file: Path) -> None:
    overwrite(file, 0, 100)


def garbage_everywhere(file: Path) -> None:
    overwrite(file, 0, file.stat().st_size)


def garbage_in_pages(file: Path) -> None:
    """Leave the first page, which says what the file is, and spoil all others."""
    overwrite(file, PAGE, file.stat().st_size - PAGE)


def garbage_in_the_log(file: Path) -> None:
    overwrite(file, PAGE, file.stat().st_size - PAGE)
    log = file.with_name(f"{FILE_NAME}-wal")
    overwrite(log, 0, log.stat().st_size)


def truncated(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2 // PAGE * PAGE)


def another_programs(file: Path) -> None:
    other = file.with_name("other")
    with closing(sqlite3.connect(other)) as db:
        db.execute("CREATE TABLE theirs (x)")
    other.replace(file)


def same_version_without_tables(file: Path) -> None:
    with closing(sqlite3.connect(file)) as db:
        db.executescript("PRAGMA writable_schema = 1; DELETE FROM sqlite_master WHERE name = 'records'")


def no_database(file: Path) -> None:
    file.write_bytes(b"no database, but somebody's " * 200)


def overwrite(file: Path, start: int, size: int) -> None:
    with file.open("rb+") as out:
        out.seek(start)
        out.write(b"\xa5garbage" * (size // 8))


def filled(folder: Path) -> History:
    history = new_history(folder)
    history.record("s", 1, NOON_MS, [connection(n) for n in range(ROWS)], b"{}", b"[]")
    history.flush()
    return history


def state(history: History) -> tuple[str | None, int, int]:
    """What is wrong, and how many rows wait or are lost."""
    return history.problem, history.pending, history.dropped


WELL = (None, 0, 0)


def aside(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob(f"{FILE_NAME}.damaged-*Z*") if not file.name.endswith(("-wal", "-shm")))


AT_START = [
    garbage_header, garbage_everywhere, garbage_in_pages, truncated, another_programs, no_database,
    same_version_without_tables,
]  # fmt: skip


@pytest.mark.parametrize("damage", AT_START)
def test_a_damaged_history_at_start_is_set_aside_whole_and_a_new_one_begins(damage: Damage, tmp_path: Path) -> None:
    filled(tmp_path).close()
    damage(tmp_path / FILE_NAME)
    before = (tmp_path / FILE_NAME).read_bytes()
    history = new_history(tmp_path)
    (kept,) = aside(tmp_path)
    assert kept.read_bytes()[PAGE:] == before[PAGE:]
    assert history.damaged == [kept.name]
    history.record("s", 2, NOON_MS, [connection(-1)], b"{}", b"[]")
    history.flush()
    assert state(history) == WELL
    assert ids(history.latest(EVERYTHING, 5)) == [connection(-1).id]
    history.close()


def checkpointed(history: History) -> History:
    """Have all rows in the file itself, and none in the log beside it."""
    assert history._writer is not None
    history._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return history


@pytest.mark.parametrize(
    "damage", [garbage_header, garbage_everywhere, garbage_in_pages, garbage_in_the_log, truncated]
)
def test_a_history_that_is_damaged_while_it_is_used_is_set_aside_and_a_new_one_begins(
    damage: Damage, tmp_path: Path
) -> None:
    history = filled(tmp_path) if damage is garbage_in_the_log else checkpointed(filled(tmp_path))
    damage(tmp_path / FILE_NAME)
    for number in range(1, 10):  # as a server does: rows are written, and somebody reads
        history.record("s", 1 + number, NOON_MS, [connection(-number)], b"{}", b"[]")
        history.flush()
        history.prune()
        history.update_sums()
        assert connection(-number).id in ids(history.latest(EVERYTHING, 1000)) or history.problem
        history.get(connection(ROWS - number).id)
    assert state(history) == WELL
    assert history.damaged == [file.name for file in aside(tmp_path)]
    assert len(history.damaged) == 1
    history.close()
    assert table(history, "PRAGMA integrity_check") == [("ok",)]
    assert (connection(-9).id,) in table(history, "SELECT id FROM connections")


@pytest.mark.parametrize("gone", [[""], ["-wal"], ["", "-wal", "-shm"]], ids=["file", "log", "all"])
def test_a_history_that_is_deleted_while_it_is_used_begins_anew(gone: list[str], tmp_path: Path) -> None:
    history = filled(tmp_path)
    for end in gone:
        (tmp_path / f"{FILE_NAME}{end}").unlink()
    assert len(history.latest(EVERYTHING, 1000)) in (0, ROWS)
    history.record("s", 2, NOON_MS, [connection(-1)], b"{}", b"[]")
    history.flush()
    assert state(history) == WELL
    assert ids(history.latest(EVERYTHING, 1000))[-1] == connection(-1).id
    history.close()
    assert table(history, "PRAGMA integrity_check") == [("ok",)]
    assert (connection(-1).id,) in table(history, "SELECT id FROM connections")
    assert aside(tmp_path) == []


def test_a_history_in_whose_place_another_was_put_is_used_from_then_on(tmp_path: Path) -> None:
    history = filled(tmp_path)
    (tmp_path / "other").mkdir()
    other = new_history(tmp_path / "other")
    other.record("s", 1, NOON_MS, [connection(-5)], b"{}", b"[]")
    other.close()
    with suppress(FileNotFoundError):
        (tmp_path / f"{FILE_NAME}-wal").unlink()
    (tmp_path / "other" / FILE_NAME).replace(tmp_path / FILE_NAME)
    history.record("s", 2, NOON_MS, [connection(-1)], b"{}", b"[]")
    history.flush()
    assert ids(history.latest(EVERYTHING, 1000)) == ids([connection(-1), connection(-5)])
    history.close()


@pytest.mark.parametrize("end", ["-wal", "-shm"])
def test_a_log_of_garbage_costs_nothing_that_is_in_the_file(end: str, tmp_path: Path) -> None:
    filled(tmp_path).close()
    (tmp_path / f"{FILE_NAME}{end}").write_bytes(b"\xa5garbage" * 10_000)
    history = new_history(tmp_path)
    history.record("s", 2, NOON_MS, [connection(-1)], b"{}", b"[]")
    history.flush()
    assert history.problem is None
    assert len(history.latest(EVERYTHING, 1000)) == ROWS + 1
    history.close()


def test_after_three_damaged_histories_no_more_are_set_aside_and_none_is_deleted(tmp_path: Path) -> None:
    for number in range(5):
        no_database(tmp_path / FILE_NAME)
        history = new_history(tmp_path)
        assert len(aside(tmp_path)) == min(number + 1, 3)
        history.close()
    assert (tmp_path / FILE_NAME).exists()
    history.open()
    history.record("s", 1, NOON_MS, [connection()], b"{}", b"[]")
    history.flush()
    assert history.problem is not None
    assert "3 damaged ones were set aside before; move them elsewhere" in history.problem
    assert (history.pending, ids(history.latest(EVERYTHING, 1))) == (2, [connection().id])
    aside(tmp_path)[0].unlink()  # as an operator would
    history.flush()
    assert state(history) == WELL
    history.close()


def test_a_reader_that_was_wrong_about_damage_costs_nothing(tmp_path: Path) -> None:
    history = filled(tmp_path)

    def misread(db: sqlite3.Connection) -> None:
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    assert history.read(misread) is None
    assert history.problem == "the history cannot be read: database disk image is malformed"
    history.flush()
    assert (state(history), history.damaged) == (WELL, [])
    assert len(history.latest(EVERYTHING, 1000)) == ROWS
    history.close()


def test_without_a_file_descriptor_to_spare_what_is_kept_is_still_read(tmp_path: Path) -> None:
    history = filled(tmp_path)
    with no_descriptors():
        assert len(history.latest(EVERYTHING, 1000)) == ROWS
        history.record("s", 2, NOON_MS, [connection(-1)], b"{}", b"[]")
        history.flush()
        assert state(history) == WELL
    history.close()


class no_descriptors:  # noqa: N801 - reads as what it does
    """Take all file descriptors that this process may have."""

    def __enter__(self) -> None:
        self._taken: list[int] = []
        with suppress(OSError):
            while True:
                self._taken.append(os.open(os.devnull, os.O_RDONLY))

    def __exit__(self, *_: object) -> None:
        for fd in self._taken:
            os.close(fd)


def test_trouble_when_it_is_opened_is_told_and_tried_again(tmp_path: Path) -> None:
    history = History(tmp_path / FILE_NAME, GAZETTEER, days=30, max_rows=1000)
    with no_descriptors():
        history.open()
        assert history.problem is not None
        history.record("s", 1, NOON_MS, [connection()], b"{}", b"[]")
        history.flush()
    history.flush()
    assert state(history) == WELL
    history.close()


def test_a_file_that_could_not_be_written_when_it_was_opened_is_opened_anew(tmp_path: Path) -> None:
    filled(tmp_path).close()
    history = new_history(tmp_path)
    database = history._database
    assert database.writer is not None
    database.writer.execute("PRAGMA query_only = 1")  # as SQLite opens a file that may only be read
    history.record("s", 2, NOON_MS, [connection(-1)], b"{}", b"[]")
    history.flush()
    assert history.problem == "the history cannot be written: attempt to write a readonly database"
    assert len(history.latest(EVERYTHING, 1000)) == ROWS + 1
    history.flush()
    assert state(history) == WELL
    history.close()


def test_a_folder_that_is_deleted_while_it_is_used_is_trouble_until_it_is_there_again(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    history = filled(folder)
    shutil.rmtree(folder)
    history.record("s", 2, NOON_MS, [connection(-1)], b"{}", b"[]")
    history.flush()
    assert history.problem == "the history cannot be written: unable to open database file"
    assert ids(history.latest(EVERYTHING, 1000)) == [connection(-1).id]
    folder.mkdir()
    history.flush()
    assert state(history) == WELL
    history.close()
    assert table(history, "SELECT id FROM connections") == [(connection(-1).id,)]
