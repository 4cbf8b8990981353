import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from tests.unit.history_world import EVERYTHING, GAZETTEER, NOON_MS, connection, ids, new_history, table
from webapp.storage.history import FILE_NAME, History
from webapp.storage.schema import MIGRATIONS, HistoryError
from webapp.storage.writebuffer import BATCH_ROWS, MAX_PENDING_ROWS


@contextmanager
def full_disk(history: History) -> Iterator[None]:
    """Have SQLite refuse to let the file grow, with the error that a full disk gives."""
    db = history._writer
    assert db is not None
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {pages}")
    yield
    db.execute("PRAGMA max_page_count = 1073741823")


@contextmanager
def locked(history: History, wait_s: float = 0.05) -> Iterator[None]:
    """Hold the file's lock as another program might; the history waits for it so long."""
    assert history._writer is not None
    history._writer.execute(f"PRAGMA busy_timeout = {round(wait_s * 1000)}")
    with closing(sqlite3.connect(history.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


@pytest.mark.parametrize("trouble", [full_disk, locked])
def test_trouble_is_told_keeps_the_batch_readable_and_ends_by_itself(
    trouble: Callable[[History], AbstractContextManager[None]], tmp_path: Path
) -> None:
    history = new_history(tmp_path)
    shown = [connection(number, tail) for number in range(10) for tail in range(100)]
    history.record("s", 1, NOON_MS, shown[:1], b"{}", b"[]")
    history.flush()
    assert history.problem is None
    with trouble(history):
        history.record("s", 2, NOON_MS, shown[1:], b"{}", b"[]")
        history.flush()
        assert history.problem in (
            "the history cannot be written: database or disk is full",
            "the history cannot be written: database is locked",
        )
        assert history.pending == len(shown)
        assert history.latest(EVERYTHING, 2_000) == sorted(shown, key=lambda c: c.id, reverse=True)
    history.flush()
    assert (history.problem, history.pending, history.dropped) == (None, 0, 0)
    history.close()
    assert len(table(history, "SELECT id FROM connections")) == len(shown)


def test_the_stream_is_not_held_up_by_a_write_that_waits(tmp_path: Path) -> None:
    history, waiting = new_history(tmp_path), threading.Event()
    history.record("s", 1, NOON_MS, [connection(1)], b"{}", b"[]")
    flusher = threading.Thread(target=history.flush)
    with locked(history, wait_s=60):
        assert history._writer is not None
        history._writer.set_trace_callback(lambda _: waiting.set())
        flusher.start()
        waiting.wait()
        history.record("s", 2, NOON_MS, [connection(2)], b"{}", b"[]")
        assert ids(history.latest(EVERYTHING, 5)) == [connection(2).id, connection(1).id]
        assert flusher.is_alive()
    flusher.join()
    history.close()


def test_pruning_a_locked_file_is_told_and_tried_again(tmp_path: Path) -> None:
    history = new_history(tmp_path, max_rows=0)
    history.record("s", 1, NOON_MS, [connection()], b"{}", b"[]")
    history.flush()
    with locked(history):
        assert history.prune() == 0
        assert history.problem == "the history cannot be pruned: database is locked"
    history.flush()
    assert history.problem is None
    assert history.prune() > 0
    assert history.latest(EVERYTHING, 1) == []
    history.close()


def test_beyond_its_bound_the_batch_loses_its_oldest_records_and_counts_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    history = new_history(tmp_path)
    shown = [connection(number) for number in range(MAX_PENDING_ROWS // 3)]
    with locked(history):
        for seq in range(5):
            history.record("s", seq, NOON_MS, shown, b"{}", b"[]")
        history.flush()
    lost = 3 * (len(shown) + 1)
    assert (history.pending, history.dropped) == (2 * (len(shown) + 1), lost)
    assert f"lost {lost} rows of the history: they waited too long to be written" in caplog.text
    history.flush()
    history.close()
    assert table(history, "SELECT seq FROM records ORDER BY seq") == [(3,), (4,)]


def test_a_batch_that_nobody_writes_is_bounded_too(tmp_path: Path) -> None:
    history = History(tmp_path / FILE_NAME, GAZETTEER, days=1, max_rows=1)
    shown = [connection(number) for number in range(999)]
    for seq in range(MAX_PENDING_ROWS // 1000 + 9):
        history.record("s", seq, NOON_MS, shown, b"{}", b"[]")
    assert (history.pending, history.dropped) == (MAX_PENDING_ROWS, 9_000)
    assert ids(history.latest(EVERYTHING, 1)) == [connection(998).id]


def test_a_large_batch_is_written_whole_in_several_short_transactions(tmp_path: Path) -> None:
    history = new_history(tmp_path)
    for seq in range(50):
        shown = [connection(seq, number) for number in range(BATCH_ROWS // 10 - 1)]
        history.record("s", seq, NOON_MS, shown, b"{}", b"[]")
    statements: list[str] = []
    assert history._writer is not None
    history._writer.set_trace_callback(statements.append)
    history.flush()
    assert 4 <= statements.count("COMMIT") <= 5  # five times BATCH_ROWS
    assert history.pending == 0
    history.close()
    assert table(history, "SELECT count(*) FROM records") == [(50,)]
    assert table(history, "SELECT count(*) FROM connections") == [(5 * BATCH_ROWS - 50,)]


def test_a_row_that_can_never_be_written_does_not_hold_up_those_after_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    history = new_history(tmp_path)
    history.record("s", 2**70, NOON_MS, [], b"{}", b"[]")
    history.flush()
    history.record("s", 1, NOON_MS, [connection()], b"{}", b"[]")
    history.flush()
    assert (history.pending, history.dropped, history.problem) == (0, 1, None)
    assert "cannot be written" in caplog.text
    history.close()
    assert len(table(history, "SELECT id FROM connections")) == 1


def test_trouble_is_logged_once_when_it_begins_and_once_when_it_ends(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    history = new_history(tmp_path)
    with full_disk(history):
        for seq in range(3):
            history.record("s", seq, NOON_MS, [connection(seq, tail) for tail in range(300)], b"{}", b"[]")
            history.flush()
    history.flush()
    history.close()
    assert [record.getMessage().split(" (")[0] for record in caplog.records] == [
        "the history cannot be written: database or disk is full",
        "the history works again",
    ]


def test_a_closed_history_still_takes_and_shows_the_batch(tmp_path: Path) -> None:
    history = new_history(tmp_path)
    history.close()
    history.record("s", 1, NOON_MS, [connection()], b"{}", b"[]")
    history.flush()
    assert (history.prune(), history.problem) == (0, None)
    assert history.latest(EVERYTHING, 5) == [connection()]


def test_a_file_that_became_unreadable_leaves_the_batch_and_says_so(tmp_path: Path) -> None:
    history = new_history(tmp_path)
    history.record("s", 1, NOON_MS, [connection(0)], b"{}", b"[]")
    history.flush()
    with closing(sqlite3.connect(history.path)) as other:
        other.execute("ALTER TABLE connections RENAME TO gone")
    history.record("s", 2, NOON_MS, [connection(1)], b"{}", b"[]")
    assert history.latest(EVERYTHING, 5) == [connection(1)]
    assert history.get(connection(0).id) is None
    assert history.oldest_id() == connection(1).id
    assert history.problem == "the history cannot be read: no such table: connections"
    with closing(sqlite3.connect(history.path)) as other:
        other.execute("ALTER TABLE gone RENAME TO connections")
    history.flush()
    assert history.problem is None
    assert ids(history.latest(EVERYTHING, 5)) == [connection(1).id, connection(0).id]
    history.close()


def test_a_newer_unisons_file_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    new_history(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(HistoryError, match=r"has version 99, written by a newer Unison; this one reads up to version"):
        new_history(tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (99,)


def test_a_new_file_has_the_newest_version(tmp_path: Path) -> None:
    history = new_history(tmp_path)
    history.close()
    assert table(history, "PRAGMA user_version") == [(len(MIGRATIONS),)]


def test_a_folder_that_is_not_there_is_trouble_that_ends_when_it_is(tmp_path: Path) -> None:
    history = new_history(tmp_path / "missing")
    assert history.problem == "the history cannot be opened: unable to open database file"
    history.record("s", 1, NOON_MS, [connection()], b"{}", b"[]")
    history.flush()
    assert ids(history.latest(EVERYTHING, 5)) == [connection().id]
    (tmp_path / "missing").mkdir()
    history.flush()
    assert history.pending == 0
    history.close()
    assert len(table(history, "SELECT id FROM connections")) == 1


def test_a_city_that_left_the_gazetteer_costs_its_connections_alone(tmp_path: Path) -> None:
    history = new_history(tmp_path)
    history.record("s", 1, NOON_MS, [connection(number) for number in range(5)], b"{}", b"[]")
    history.close()
    with closing(sqlite3.connect(history.path, isolation_level=None)) as db:
        db.execute("UPDATE connections SET to_city = -5 WHERE id = ?", (connection(4).id,))
    history.open()
    assert ids(history.latest(EVERYTHING, 2)) == [connection(3).id, connection(2).id]
    history.close()
