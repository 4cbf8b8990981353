import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.history_world import EVERYTHING, NOON_MS, connection, ids, table, temporary_history
from webapp.core.records import connection_id, id_floor
from webapp.storage import pruning
from webapp.storage.history import History

DAY_MS = 86_400_000
NOW_S = NOON_MS / 1000

shown = st.tuples(st.integers(-4 * DAY_MS, 0), st.booleans())


def _kept(rows: list[tuple[str, bool]], days: float, max_rows: int) -> set[str]:
    """Say what should be left, one row after another by the plain words of the rules."""
    left = sorted(row for row in rows if row[0] >= id_floor(NOW_S - days * 86400))
    while sum(not everyone for _, everyone in left) > max_rows // 10:
        left.remove(next(row for row in left if not row[1]))
    while len(left) > max_rows:
        stale = [row for row in left if not row[1] and row[0] < id_floor(NOW_S - 86400)]
        left.remove((stale or [row for row in left if row[1]])[0])
    return {id for id, _ in left}


def _prune_all(history: History) -> None:
    while history.prune(NOW_S):
        pass


@given(st.lists(shown, unique_by=lambda row: row[0], max_size=60), st.sampled_from([0, 1, 2.5, 30]), st.integers(0, 50))
@settings(max_examples=60)
def test_the_old_go_then_what_only_filters_showed_then_the_rest(
    rows: list[tuple[int, bool]], days: float, max_rows: int
) -> None:
    with temporary_history(days, max_rows) as history:
        for at_ms, everyone in rows:
            if everyone:
                history.record(
                    "s", at_ms + 10 * DAY_MS, NOON_MS + at_ms, [connection(at_ms, track=at_ms % 4)], b"{}", b"[]"
                )
            else:
                history.record_filtered("s", 0, [connection(at_ms, track=at_ms % 4)])
        history.flush()
        _prune_all(history)
        expected = _kept([(connection(at_ms).id, everyone) for at_ms, everyone in rows], days, max_rows)
        assert set(ids(history.latest(EVERYTHING, 100))) == expected
        assert table(history, "SELECT everyone, filtered, records FROM sizes") == table(
            history,
            "SELECT (SELECT count(*) FROM connections WHERE everyone = 1),"
            " (SELECT count(*) FROM connections WHERE everyone = 0), (SELECT count(*) FROM records)",
        )
        times = sorted(NOON_MS + at_ms for at_ms, everyone in rows if everyone and at_ms >= -days * DAY_MS)
        assert table(history, "SELECT at_ms FROM records ORDER BY at_ms") == [
            (at_ms,) for at_ms in times[max(0, len(times) - max_rows) :]
        ]


def test_a_filters_fresh_connection_outlives_what_everyone_was_shown_and_its_stale_one_does_not() -> None:
    with temporary_history(max_rows=20) as history:
        everyones = [connection(-3 * DAY_MS + number) for number in range(20)]
        stale, fresh = connection(-DAY_MS - 1), connection(-DAY_MS)
        history.record("s", 1, NOON_MS, everyones, b"{}", b"[]")
        history.record_filtered("s", 2, [stale, fresh])
        history.flush()
        _prune_all(history)
        assert ids(history.latest(EVERYTHING, 50)) == ids([fresh, *reversed(everyones[1:])])


def test_a_track_goes_with_the_last_of_its_connections() -> None:
    with temporary_history(days=1) as history:
        old, mixed, new = ((-2 * DAY_MS, 0), (-2 * DAY_MS, 1), (0, 2))
        found = [connection(at_ms, track=track) for at_ms, track in (old, mixed, new, (-1, 1), (-DAY_MS - 5, 1))]
        for seq, each in enumerate(found):
            history.record("s", seq, NOON_MS, [each], b"{}", b"[]")
            history.flush()
        _prune_all(history)
        assert ids(history.latest(EVERYTHING, 9)) == [found[2].id, found[3].id]
        assert set(table(history, "SELECT track_id FROM tracks")) == {(c.track_id,) for c in found[1:3]}


@pytest.mark.parametrize("days", [math.inf, 1e300])
def test_forever_is_a_number_of_days(days: float) -> None:
    with temporary_history(days=days) as history:
        history.record("s", 1, NOON_MS, [connection(-1000 * DAY_MS)], b"{}", b"[]")
        history.flush()
        assert history.prune(NOW_S) == 0


def test_a_call_forgets_a_bounded_number_and_the_next_goes_on() -> None:
    with temporary_history(max_rows=0) as history:
        for seq in range(25):
            history.record("s", seq, NOON_MS, [connection(seq, tail) for tail in range(1000)], b"{}", b"[]")
        history.flush()
        first = history.prune(NOW_S)
        assert 19_000 <= first <= 21_000
        _prune_all(history)
        assert history.latest(EVERYTHING, 1) == []


def test_the_smallest_id_of_a_time_lies_between_the_ids_before_and_after() -> None:
    floor = id_floor(NOW_S)
    assert connection_id(NOON_MS - 1, 2**64 - 1) < floor == connection_id(NOON_MS, 0)
    assert id_floor(-1e12) == "0" * 23


def test_the_room_of_what_was_pruned_goes_back_to_the_disk() -> None:
    with temporary_history(max_rows=0) as history:
        history.record("s", 1, NOON_MS, [connection(n, n) for n in range(3000)], b"{}", b"[]")
        history.flush()
        (full,) = table(history, "PRAGMA page_count")
        _prune_all(history)
        assert history._writer is not None
        for _ in range(20):
            pruning.shrink(history._writer, spare=10, max_pages=50)
        (left,) = table(history, "PRAGMA page_count")
        assert (int(str(full[0])) > 200, int(str(left[0])) < 80) == (True, True)


def test_by_a_clock_that_may_be_wrong_what_is_too_much_goes_and_nothing_for_its_age() -> None:
    with temporary_history(days=1, max_rows=3, prune_clock=lambda: None) as history:
        for day in range(5):
            at_ms = -day * DAY_MS
            history.record("s", day, NOON_MS + at_ms, [connection(at_ms)], b"{}", b"[]")
        history.flush()
        history.prune()
        assert ids(history.latest(EVERYTHING, 10)) == [connection(-day * DAY_MS).id for day in range(3)]


def test_what_was_recorded_by_a_clock_that_was_ahead_is_listed_once_its_time_has_come() -> None:
    with temporary_history() as history:
        for at_ms in (0, DAY_MS):
            history.record("s", at_ms, NOON_MS + at_ms, [connection(at_ms)], b"{}", b"[]")
        for _ in range(2):
            assert ids(history.latest(EVERYTHING, 10)) == [connection(0).id]
            assert history.get(connection(DAY_MS).id)
            history.flush()
