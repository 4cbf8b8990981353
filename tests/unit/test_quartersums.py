"""The sums by quarter hour are what a plain count of all that everyone was shown finds, whatever happened since."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.earlier import unpack
from tests.unit.history_world import CITIES, GAZETTEER, NOON_MS, connection, table, temporary_history
from tests.unit.songids_world import BEGINS_MS, END_MS, opened
from webapp.core.moderation import NO_RULES, Rule, Rules
from webapp.core.records import Connection, connection_id
from webapp.storage import quartersums
from webapp.storage.history import FILE_NAME, History
from webapp.storage.quartersums import KEPT_S, QUARTER_S, Totals, quarter_of

NOON_S = NOON_MS // 1_000
HOUR_S = 3_600
IDS = [GAZETTEER[city].geoname_id for city in CITIES]
OSAKA, RECIFE, TOKYO, *_ = IDS


def made(at_s: int, track: int, ends: list[int], km: int) -> Connection:
    """Return a connection; its id says all of it, so that one id is one connection."""
    tail = 1_000 * km + 100 * ends[0] + 10 * ends[1] + track
    return replace(connection(1_000 * at_s, tail, track, *ends[:2]), km=km)


shown = st.builds(
    made, st.integers(-30 * HOUR_S, HOUR_S), st.integers(0, 3), st.permutations(range(5)),
    st.sampled_from([0, 7, 16_897, 20_037]),
)  # fmt: skip
happens = st.one_of(
    st.lists(st.tuples(shown, st.booleans()), min_size=1, max_size=12),
    st.sampled_from(["prune", "prune with the clock ahead", "reopen", "again"]),
)


def totals(
    history: History, since_s: int, city: int | None = None, *, until_s: int = NOON_S + HOUR_S, rules: Rules = NO_RULES
) -> Totals:
    quarters = range(quarter_of(since_s), quarter_of(until_s) + 1, QUARTER_S)
    found = history.read(lambda db: quartersums.totals(db, quarters, city, "s", GAZETTEER, rules))
    assert found is not None
    return found


def ends(each: Connection) -> list[int]:
    return [each.from_city, each.to_city]


def plain_count(everyones: Sequence[Connection], since_s: int, city: int | None) -> tuple[int, list[str], str | None]:
    """Count like a child: the oracle."""
    index = None if city is None else GAZETTEER.by_id(city)
    found = [c for c in everyones if c.at_ms // 1_000 >= since_s and (index is None or index in ends(c))]
    met = {GAZETTEER[end].country_code for c in found for end in ends(c) if end != index}
    farthest = max(found, key=lambda c: (c.km, c.id), default=None)
    return len(found), sorted(met), None if farthest is None else farthest.id


def told(found: Totals) -> tuple[int, list[str], str | None]:
    return found.meetings, found.countries, None if found.farthest is None else found.farthest.id


@settings(max_examples=50)
@given(st.lists(happens, max_size=8), st.integers(-25 * 4, 0))
def test_sums_equal_a_plain_count_whatever_comes_and_goes(events: list[object], quarters_ago: int) -> None:
    everyones, since_s = dict[str, Connection](), quarter_of(NOON_S) + quarters_ago * QUARTER_S
    with temporary_history() as history:
        for number, event in enumerate(events):
            if event == "prune":
                history.prune(NOON_S)
            elif event == "prune with the clock ahead":
                history.prune(NOON_S + HOUR_S)
            elif event == "reopen":
                history.close()
                history.open()
            elif event == "again":
                history.record("s", number, NOON_MS, [*everyones.values()], b"{}", b"[]")
            else:
                assert isinstance(event, list)
                everyones |= {each.id: each for each, is_everyones in event if is_everyones}
                history.record_filtered("s", number, [each for each, _ in event])
                history.record(
                    "s", number, NOON_MS, [each for each, is_everyones in event if is_everyones], b"{}", b"[]"
                )
            history.flush()
        assert history.problem is None
        for city in (None, *IDS):
            assert told(totals(history, since_s, city)) == plain_count([*everyones.values()], since_s, city)


def keep(history: History, *found: Connection, seq: int = 1, stream: str = "s") -> None:
    history.record(stream, seq, NOON_MS, found, b"{}", b"[]")
    history.flush()


def test_what_comes_twice_or_first_under_a_filter_counts_once() -> None:
    with temporary_history() as history:
        history.record_filtered("s", 1, [connection()])
        history.flush()
        assert totals(history, NOON_S - HOUR_S).meetings == 0
        keep(history, connection(), connection(1))
        keep(history, connection(), seq=2)
        assert totals(history, NOON_S - HOUR_S) == Totals(2, ["BR", "JP"], connection(1), 2)


def test_a_city_counts_the_countries_of_the_other_ends() -> None:
    with temporary_history() as history:
        keep(history, connection(0, start=0, end=2), connection(1, start=3, end=0))  # Osaka, with Tokyo and Lyon
        assert totals(history, NOON_S - HOUR_S, OSAKA).countries == ["FR", "JP"]
        assert totals(history, NOON_S - HOUR_S, TOKYO).countries == ["JP"]
        assert totals(history, NOON_S - HOUR_S, RECIFE) == Totals(seq=1)


def test_the_newest_frame_that_is_counted_is_the_streams_own() -> None:
    with temporary_history() as history:
        assert totals(history, NOON_S).seq == 0
        keep(history, connection(), seq=90, stream="an earlier one")
        assert totals(history, NOON_S).seq == 0
        keep(history, seq=4)
        keep(history, connection(1), seq=5)
        history.record("s", 6, NOON_MS, [connection(2)], b"{}", b"[]")  # not written yet
        assert (totals(history, NOON_S).seq, totals(history, NOON_S - HOUR_S).meetings) == (5, 2)


def hiding(kind: str, value: str) -> Rules:
    return Rules(frozenset({Rule(kind, value)}))  # type: ignore[arg-type]


def test_what_is_hidden_is_counted_but_never_the_farthest() -> None:
    far, near = replace(connection(0), km=19_000), replace(connection(1, track=3, start=2, end=3), km=9_000)
    with temporary_history() as history:
        keep(history, far, near)
        city = hiding("city", str(OSAKA))
        for rules in (hiding("song", far.track_id), hiding("artist", "bjork"), hiding("word", "joga"), city):
            assert totals(history, NOON_S - HOUR_S, rules=rules) == Totals(2, ["BR", "FR", "JP"], near, 1)
            assert totals(history, NOON_S - HOUR_S, RECIFE, rules=rules) == Totals(1, ["JP"], None, 1)
        assert totals(history, NOON_S - HOUR_S, OSAKA, rules=hiding("city", str(OSAKA))) == Totals(seq=1)


def test_a_deleted_connection_stays_counted_and_the_next_one_is_the_farthest() -> None:
    far, near = replace(connection(0, start=0, end=1), km=19_000), replace(connection(1, start=2, end=3), km=9_000)
    with temporary_history(max_rows=1) as history:
        keep(history, far, near)
        assert totals(history, NOON_S - HOUR_S).farthest == far
        assert history.prune(NOON_S)
        assert totals(history, NOON_S - HOUR_S) == Totals(2, ["BR", "FR", "JP"], near, 1)
        assert totals(history, NOON_S - HOUR_S, OSAKA) == Totals(1, ["BR"], None, 1)


def test_what_came_while_the_clock_was_ahead_counts_once_it_is_that_time() -> None:
    with temporary_history() as history:
        keep(history, connection(1_000 * 5 * HOUR_S), connection())
        assert totals(history, NOON_S - HOUR_S, until_s=NOON_S).meetings == 1
        assert totals(history, NOON_S - HOUR_S, until_s=NOON_S + 5 * HOUR_S).meetings == 2


def quarters(history: History) -> int:
    found = history.read(lambda db: db.execute("SELECT count(DISTINCT quarter) FROM quarter_sums").fetchone()[0])
    assert found is not None
    return int(found)


def test_quarter_hours_are_kept_for_a_day_of_25_hours_and_deleted_in_steps() -> None:
    with temporary_history() as history:
        keep(history, *(connection(-1_000 * QUARTER_S * number, number) for number in range(200)))
        history.prune(NOON_S)
        assert quarters(history) == KEPT_S // QUARTER_S + 1
        assert totals(history, NOON_S - 25 * HOUR_S).meetings == 25 * 4 + 1
        assert history._writer is not None
        quartersums.forget(history._writer, NOON_S + QUARTER_S, max_rows=2)
        assert history.read(lambda db: db.execute("SELECT count(*) FROM quarter_sums").fetchone())[0] % 5 == 3  # type: ignore[index]
        quartersums.forget(history._writer, None)
        assert quarters(history) == KEPT_S // QUARTER_S + 1, "while the time is not known, nothing is deleted"


def test_one_row_each_is_read_of_a_city_and_a_quarter_hour() -> None:
    plan = "EXPLAIN QUERY PLAN " + quartersums._MEETINGS
    with temporary_history() as history:
        found = history.read(lambda db: db.execute(plan, {"quarters": "[0]", "city": 1}).fetchall())
    assert found is not None
    assert any("PRIMARY KEY (quarter=? AND city=?)" in str(step) for step in found), found


# Version 6 of the file: what the code before kept is counted.


def shifted(folder: Path, *hours: int) -> None:
    """Have a folder's connections also so many hours earlier."""
    with closing(sqlite3.connect(folder / FILE_NAME, isolation_level=None)) as db:
        columns = [name for _, name, *_ in db.execute("PRAGMA table_info(connections)")]
        rest = ", ".join(name for name in columns if name not in ("id", "at_ms"))
        found = db.execute("SELECT id, at_ms FROM connections").fetchall()
        for number, (id, at_ms) in enumerate((*each,) for each in found):
            for earlier in hours:
                at = at_ms - 3_600_000 * earlier
                db.execute(f"INSERT INTO connections (id, at_ms, {rest}) SELECT ?, ?, {rest} FROM connections"
                           " WHERE id = ?", (connection_id(at, number), at, id))  # fmt: skip


PLAIN: dict[str, Callable[[str], str]] = {
    "meetings": lambda where: f"SELECT count(*) FROM connections WHERE {where}",
    "countries": lambda where: (
        f"SELECT count(*) FROM (SELECT from_country FROM connections WHERE {where} UNION SELECT to_country"
        f" FROM connections WHERE {where})"
    ),
}


def test_an_upgrade_counts_the_last_26_hours_of_a_folder_of_version_5(tmp_path: Path) -> None:
    folder = unpack(tmp_path / "data", 5)
    shifted(folder, 2, 25, 27)
    history = opened(folder)
    last_s = quarter_of(END_MS / 1_000)
    assert (table(history, "SELECT min(quarter), max(quarter) FROM quarter_sums")) == [
        (quarter_of(BEGINS_MS / 1_000) - 25 * HOUR_S, last_s)
    ]
    for hours in (0, 2, 25):
        since_s = last_s - hours * HOUR_S
        where = f"everyone = 1 AND at_ms >= {1_000 * since_s}"
        found = totals(history, since_s, until_s=last_s)
        (meetings,), (countries,) = (table(history, query(where))[0] for query in PLAIN.values())
        assert (found.meetings, len(found.countries)) == (meetings, countries)
        farthest = table(history, f"SELECT id FROM connections WHERE {where} ORDER BY km DESC, id DESC LIMIT 1")
        assert found.farthest is not None
        assert [(found.farthest.id,)] == farthest
    assert (folder / f"{FILE_NAME}.version-5").exists()
    history.close()


def test_an_upgrade_of_an_empty_history_counts_nothing(tmp_path: Path) -> None:
    folder = unpack(tmp_path / "data", 5)
    with closing(sqlite3.connect(folder / FILE_NAME, isolation_level=None)) as db:
        db.execute("DELETE FROM connections")
    history = opened(folder)
    assert table(history, "SELECT count(*) FROM quarter_sums") == [(0,)]
    history.close()
