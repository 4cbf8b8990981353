from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.history_world import EVERYTHING, NOON_MS, connection, ids, new_history, table, temporary_history
from webapp.storage.history import FILE_NAME, History
from webapp.storage.schema import MIGRATIONS, HistoryError

DAY_MS = 86_400_000
NOW_S = NOON_MS / 1000


def _prune_all(history: History) -> None:
    while history.prune(NOW_S):
        pass


def _sharing(most: int, folder: Path) -> History:
    history = new_history(folder, days=1)
    history._shared_max = most
    return history


def test_what_was_shared_outlives_pruning_and_what_was_not_does_not() -> None:
    with temporary_history(days=1) as history:
        shared, other, filtered = (connection(-2 * DAY_MS + n, track=n) for n in range(3))
        history.record("s", 1, NOON_MS, [shared, other], b"{}", b"[]")
        history.record_filtered("s", 2, [filtered])
        history.share(shared)  # at once, while it is not yet written
        history.flush()
        history.share(filtered)
        _prune_all(history)
        assert history.latest(EVERYTHING, 9) == []
        assert [history.get(each.id) for each in (shared, other, filtered)] == [shared, None, filtered]
        assert table(history, "SELECT count(*) FROM tracks") == [(0,)]


def test_sharing_again_changes_nothing_and_what_is_not_recorded_is_kept_too(tmp_path: Path) -> None:
    history = _sharing(3, tmp_path)
    found = [connection(n) for n in range(2)]
    history.record("s", 1, NOON_MS, found, b"{}", b"[]")
    for each in (found[0], found[1], found[0], connection(99)):
        history.share(each)
    assert history.get(connection(99).id) == connection(99)
    history.close()
    assert table(history, "SELECT id FROM shared ORDER BY number") == [(c.id,) for c in (*found, connection(99))]


@pytest.mark.parametrize(("most", "left"), [(2, [3, 4]), (0, [])])
def test_beyond_the_bound_what_was_shared_first_goes(tmp_path: Path, most: int, left: list[int]) -> None:
    history = _sharing(most, tmp_path)
    found = [connection(n) for n in range(5)]
    history.record("s", 1, NOON_MS, found, b"{}", b"[]")
    for each in reversed(found[:2]):  # the order of sharing counts, not that of the ids
        history.share(each)
    for each in found[2:]:
        history.share(each)
    history.close()
    assert table(history, "SELECT id FROM shared ORDER BY number") == [(found[n].id,) for n in left]


def test_what_pruning_has_passed_is_forgotten_whatever_was_shared_before_it() -> None:
    with temporary_history(days=1) as history:
        old = [connection(-3 * DAY_MS + n, track=n) for n in range(3)]
        new = connection(0)
        history.record("s", 1, NOON_MS, [*old, new], b"{}", b"[]")
        history.share(old[0])
        _prune_all(history)
        assert history.get(old[0].id) == old[0]
        assert history.is_expired(old[1].id)
        assert history.is_expired(connection(-1).id)  # older than the oldest that is there
        assert not history.is_expired(connection(1).id)


def test_it_is_remembered_how_far_pruning_came_when_nothing_is_left() -> None:
    with temporary_history(days=1) as history:
        gone = connection(-2 * DAY_MS)
        history.record("s", 1, NOON_MS, [gone], b"{}", b"[]")
        history.flush()
        assert not history.is_expired(connection(-2 * DAY_MS, tail=1).id)
        _prune_all(history)
        assert history.oldest_id() is None
        assert history.is_expired(gone.id)
        assert not history.is_expired(connection(0).id)


def test_a_filters_connection_that_is_older_hides_nothing_that_pruning_took() -> None:
    with temporary_history(max_rows=20) as history:
        fresh = connection(-1000)
        everyones = [connection(-900 + n) for n in range(25)]
        history.record_filtered("s", 1, [fresh])
        history.record("s", 2, NOON_MS, everyones, b"{}", b"[]")
        history.flush()
        _prune_all(history)
        assert history.oldest_id() == fresh.id
        assert history.get(everyones[0].id) is None
        assert history.is_expired(everyones[0].id)


def test_a_history_of_the_first_version_is_brought_on_with_all_that_it_keeps(tmp_path: Path) -> None:
    history = new_history(tmp_path)
    history.record("s", 1, NOON_MS, [connection()], b"{}", b"[]")
    history.close()
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as db:
        db.executescript(
            "DROP TABLE shared; DROP TABLE pruned; DROP TABLE periods; DROP TABLE sums;"
            " DROP TABLE pair_sums; DROP TABLE song_sums; DROP TABLE aliases; DROP TABLE quarter_sums;"
            " DROP INDEX connections_to_track; ALTER TABLE connections DROP COLUMN to_track_id;"
            " ALTER TABLE connections DROP COLUMN within_s;"
            " PRAGMA user_version = 1"
        )
    history = new_history(tmp_path)
    assert history.problem == "the history is being upgraded to a new version"
    history.flush()
    assert history.problem is None
    history.share(connection())
    assert ids(history.latest(EVERYTHING, 5)) == [connection().id]
    history.close()
    assert table(history, "SELECT id FROM shared") == [(connection().id,)]
    assert table(history, "PRAGMA user_version") == [(len(MIGRATIONS),)]


def test_where_the_file_cannot_be_written_sharing_says_so(tmp_path: Path) -> None:
    history = new_history(tmp_path)
    assert history._writer is not None
    history._writer.execute("PRAGMA busy_timeout = 50")
    history.record("s", 1, NOON_MS, [connection()], b"{}", b"[]")
    with closing(sqlite3.connect(history.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(HistoryError, match="cannot be saved at the moment"):
            history.share(connection())
    history.share(connection())
    history.close()
    assert table(history, "SELECT id FROM shared") == [(connection().id,)]


def test_what_could_not_be_written_is_not_said_to_be_shared() -> None:
    with temporary_history() as history:
        history.record("s", 1, NOON_MS, [connection(0, tail) for tail in range(1000)], b"{}", b"[]")
        assert history._writer is not None
        (pages,) = history._writer.execute("PRAGMA page_count").fetchone()
        history._writer.execute(f"PRAGMA max_page_count = {pages}")  # as on a full disk
        with pytest.raises(HistoryError, match="disk is full"):
            history.share(replace(connection(), track=b'"%s"' % (b"x" * 10_000)))
        history._writer.execute("PRAGMA max_page_count = 1073741823")
        history.share(connection())
        assert table(history, "SELECT id FROM shared") == [(connection().id,)]
