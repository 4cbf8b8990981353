"""The kept sums are what SQL finds when it counts all the rows, whatever happened to them."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.history_world import GAZETTEER, NOON_MS, connection, temporary_history
from tests.waiting import until
from webapp.core.records import id_floor
from webapp.storage import periodtotals
from webapp.storage.history import History
from webapp.storage.periods import PERIODS
from webapp.storage.periodsums import start_id, target_start_id

NOON_S = NOON_MS / 1000
HOUR_S = 3600

ROWS = "FROM connections WHERE id >= ? AND everyone = 1"
COUNTED = {
    "sources": f"SELECT source, count(*) {ROWS} GROUP BY 1 ORDER BY 1",
    "pairs": f"SELECT min(from_city, to_city), max(from_city, to_city), count(*) {ROWS} GROUP BY 1, 2"
    " ORDER BY 3 DESC, 1, 2",
    "countries": f"""SELECT country, count(*) FROM (SELECT id, from_country AS country {ROWS}
        UNION SELECT id, to_country {ROWS}) GROUP BY 1 ORDER BY 2 DESC, 1""",
    "distances": f"SELECT km / 1000 * 1000, count(*) {ROWS} GROUP BY 1 ORDER BY 1",
    "hours": f"SELECT at_ms / 3600000 % 24, count(*) {ROWS} GROUP BY 1 ORDER BY 1",
}
SONGS = f"SELECT count(*), max(km) {ROWS} GROUP BY song, source"

# What can happen: connections come (for everyone or for a filter alone), time passes or jumps, rows are pruned.
come = st.builds(
    lambda at_s, tail, track, ends, km, everyone: (
        replace(connection(at_s * 1000, tail, track, *ends), km=km), everyone,
    ),
    st.integers(-9 * 24 * HOUR_S, HOUR_S), st.integers(0, 3), st.integers(0, 3),
    st.permutations(range(5)).map(lambda order: order[:2]), st.integers(0, 20_037), st.booleans(),
)  # fmt: skip
happens = st.one_of(
    st.lists(come, min_size=1, max_size=12).map(lambda rows: ("come", rows)),
    st.integers(-3 * 24 * HOUR_S, 10 * 24 * HOUR_S).map(lambda s: ("clock", s)),
    st.sampled_from([("prune", None), ("share", None), ("begin anew", None)]),
)


def differences(db: sqlite3.Connection) -> list[str]:
    """Return which sums are not what the rows say."""
    wrong = []
    for period in PERIODS:
        begins, kept = start_id(db, period), periodtotals.totals(db, period, 1000)
        for name, query in COUNTED.items():
            if kept[name] != db.execute(query, (begins,) * query.count("?")).fetchall():
                wrong.append(f"{name} of the {period}")
        songs = periodtotals.songs(db, period, 1000, GAZETTEER)
        expected = sorted(db.execute(SONGS, (begins,)).fetchall())
        wrong += [order for order in periodtotals.SONG_ORDERS if sorted((n, c.km) for c, n in songs[order]) != expected]
    return wrong


def count_few(history: History, now_s: float) -> int:
    """Count little at a time, so that few rows take many calls."""
    return history.update_sums(now_s, max_steps=1, step_rows=3)


def settle(history: History, now_s: float) -> None:
    """Have the sums count up to a time, however little is missing."""
    history.sums_are_complete = False
    while count_few(history, now_s):
        history.sums_are_complete = False


@settings(max_examples=75)
@given(st.lists(happens, max_size=12), st.integers(1, 40))
def test_sums_equal_those_of_the_rows_whatever_comes_and_goes(events: list[tuple[str, object]], max_rows: int) -> None:
    with temporary_history(max_rows=max_rows) as history:
        now_s = NOON_S
        for number, (event, detail) in enumerate(events):
            if event == "come":
                for found, everyone in detail:  # type: ignore[attr-defined]
                    if everyone:
                        history.record("s", number, NOON_MS, [found], b"{}", b"[]")
                    else:
                        history.record_filtered("s", number, [found])
                history.flush()
            elif event == "clock":
                now_s = NOON_S + detail  # type: ignore[operator]
            elif event == "prune":
                history.prune(now_s)
            elif event == "share" and (oldest := history.get(history.oldest_id() or "")):
                history.share(oldest)
            elif event == "begin anew":
                forget_sums(history)
            count_few(history, now_s)
            assert history.read(differences) == []
        settle(history, now_s)
        assert history.problem is None
        assert history.read(differences) == []
        assert history.read(beginnings) == {period: target_start_id(period, now_s) for period in PERIODS}


@pytest.mark.parametrize("together", [True, False])
def test_of_a_songs_equally_far_connections_the_newest_stands_for_it(together: bool) -> None:
    with temporary_history() as history:
        found = [connection(at_ms) for at_ms in (20, 30, 10, 5)]
        for number, each in enumerate(found):
            history.record("s", number, NOON_MS, [each], b"{}", b"[]")
            if not together:
                history.flush()
        history.flush()
        songs = history.read(lambda db: periodtotals.songs(db, "day", 9, GAZETTEER))
        assert songs is not None
        assert [each.id for each, _ in songs["most"]] == [found[1].id]


def beginnings(db: sqlite3.Connection) -> dict[str, str]:
    """Return from which id on connections are in the sums of each period."""
    return {period: start_id(db, period) for period in PERIODS}


def forget_sums(history: History) -> None:
    """Have the file as one of an earlier version is after it was brought to this one."""
    assert history._writer is not None
    history.sums_are_complete = False
    history._writer.executescript(
        "DELETE FROM sums; DELETE FROM pair_sums; DELETE FROM song_sums; UPDATE periods SET begins = '~'"
    )


@contextmanager
def uncounted(rows: int) -> Iterator[History]:
    """Give a history of the last minutes with so many rows, none of which is in the sums."""
    with temporary_history(max_rows=rows) as history:
        history.record("s", 1, NOON_MS, [connection(-second, 1) for second in range(rows)], b"{}", b"[]")
        history.flush()
        forget_sums(history)
        yield history


def test_sums_say_while_they_are_made_that_they_are_not_whole() -> None:
    with uncounted(8) as history:
        whole = []
        while count_few(history, NOON_S):
            whole.append(history.read(lambda db: periodtotals.are_complete(db, "day", NOON_S)))
        assert whole == [False, False, True]


def test_a_minute_more_or_less_is_whole() -> None:
    with temporary_history() as history:
        rows = [connection(1000 * (second - HOUR_S), 1) for second in (-200, -50, 0, 50, 200)]
        history.record("s", 1, NOON_MS, rows, b"{}", b"[]")
        history.flush()
        settle(history, NOON_S)
        assert history.read(lambda db: start_id(db, "hour")) == id_floor(NOON_S - HOUR_S)
        for later_s, whole in ((-220, False), (-55, True), (0, True), (55, True), (220, False)):
            assert history.read(partial(periodtotals.are_complete, period="hour", now_s=NOON_S + later_s)) is whole


def test_counting_does_not_hold_up_the_end_of_the_server() -> None:
    begun, moved = threading.Event(), list[int]()

    def hold_until_the_end(_: str) -> None:
        begun.set()
        until(lambda: history._is_closing)

    with uncounted(8) as history:
        assert history._writer is not None
        history._writer.set_trace_callback(hold_until_the_end)
        counting = threading.Thread(target=lambda: moved.append(history.update_sums(NOON_S, step_rows=3)), daemon=True)
        counting.start()
        begun.wait()
        history.close()
        counting.join(30)
        assert moved == [3], "the step that had begun was the last"


def test_of_connections_as_far_the_newest_stands_for_a_song() -> None:
    with temporary_history() as history:
        for number in range(3):
            history.record("s", number, NOON_MS, [connection(number)], b"{}", b"[]")
            history.flush()
        found = history.read(partial(periodtotals.songs, period="day", limit=5, gazetteer=GAZETTEER))
        assert found is not None
        assert [each for each, _ in found["farthest"]] == [connection(2)]
