import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.history_world import (
    CITIES,
    EVERYTHING,
    GAZETTEER,
    NOON_MS,
    TRACKS,
    connection,
    new_history,
    table,
    temporary_history,
)
from webapp.core.filters import Filter
from webapp.core.plays import track_id
from webapp.core.records import Connection
from webapp.core.songs import artist_key
from webapp.storage import queries
from webapp.storage.history import History
from webapp.storage.schema import connect

STREAMS = ("first", "second")

connections = st.builds(
    lambda at_ms, tail, track, ends: connection(at_ms, tail, track, *ends),
    st.integers(0, 1999),  # ahead of the clock by less than `MAX_AHEAD_S`, beyond which a connection is hidden
    st.integers(0, 2**64 - 1),
    st.integers(0, len(TRACKS) - 1),
    st.permutations(range(len(CITIES))).map(lambda order: order[:2]),
)
filters = st.builds(
    Filter,
    artist=st.sampled_from([None, None, *{artist_key(artist) for artist, _ in TRACKS}, "nobody"]),
    track=st.sampled_from([None, None, *(track_id(*track) for track in TRACKS)]),
    country=st.sampled_from([None, None, "JP", "BR", "FR", "IS"]),
    city=st.sampled_from([None, None, *GAZETTEER.geoname_id[CITIES].tolist()]),
)


@dataclass(frozen=True)
class Kept:
    connection: Connection
    stream: str
    seq: int


@dataclass
class Oracle:
    """What a history should hold: a plain list, filtered and sorted anew for each question."""

    kept: list[Kept] = field(default_factory=list)
    everyones: set[str] = field(default_factory=set)

    def record(self, found: list[Connection], stream: str, seq: int, everyone: bool) -> None:
        known = {kept.connection.id for kept in self.kept}
        self.kept += [Kept(c, stream, seq) for c in found if c.id not in known]
        self.everyones |= {c.id for c in found if everyone}

    def latest(self, wanted: Filter, limit: int, before: str | None, upto: tuple[str, int] | None) -> list[Connection]:
        found = [kept.connection for kept in self.kept if _passes(kept.connection, wanted)
                 and (upto is None or kept.stream != upto[0] or kept.seq <= upto[1])]  # fmt: skip
        found = [c for c in found if before is None or c.id < before]
        return sorted(found, key=lambda c: c.id, reverse=True)[:limit]


def _passes(found: Connection, wanted: Filter) -> bool:
    cities = [GAZETTEER[found.from_city], GAZETTEER[found.to_city]]
    return not (
        (wanted.artist is not None and wanted.artist != found.artist)
        or (wanted.track is not None and wanted.track != found.track_id)
        or (wanted.country is not None and all(wanted.country != city.country_code for city in cities))
        or (wanted.city is not None and all(wanted.city != city.geoname_id for city in cities))
    )


def _do(history: History, oracle: Oracle, world: list[list[Connection]], data: st.DataObject) -> History:
    """Do one thing that a server does, drawn at random, to both."""
    what = data.draw(st.sampled_from(["everyone", "filter", "filter", "flush", "restart"]))
    if what == "flush":
        history.flush()
    elif what == "restart":
        history.close()
        history = new_history(history.path.parent)
    else:
        number = data.draw(st.integers(0, len(world) - 1))
        shown = data.draw(st.lists(st.sampled_from(world[number]), unique=True)) if world[number] else []
        stream, seq = STREAMS[number % 2], number // 2
        if what == "everyone":
            history.record(stream, seq, NOON_MS, shown, b"{}", b"[]")
        else:
            history.record_filtered(stream, seq, shown)
        oracle.record(shown, stream, seq, what == "everyone")
    return history


@given(st.lists(st.lists(connections, max_size=4), min_size=1, max_size=6), st.data())
@settings(max_examples=100)
def test_it_answers_as_a_plain_list_would_whether_written_or_not_and_after_restarts(
    world: list[list[Connection]], data: st.DataObject
) -> None:
    flat = {c.id: c for record in world for c in record}
    world = [[c for c in record if flat[c.id] is c] for record in world]
    oracle = Oracle()
    with TemporaryDirectory() as folder:
        history = new_history(Path(folder))
        try:
            for _ in range(data.draw(st.integers(1, 12))):
                history = _do(history, oracle, world, data)
                wanted, limit = data.draw(filters), data.draw(st.integers(1, 6))
                before = data.draw(st.none() | st.sampled_from(sorted(flat) or ["0" * 23]))
                upto = data.draw(st.none() | st.tuples(st.sampled_from([*STREAMS, "third"]), st.integers(0, 3)))
                assert history.latest(wanted, limit, before, upto) == oracle.latest(wanted, limit, before, upto)
                assert history.oldest_id() == min((k.connection.id for k in oracle.kept), default=None)
            assert all(history.get(kept.connection.id) == kept.connection for kept in oracle.kept)
        finally:  # Hypothesis ends an example in the middle when it draws too much
            history.close()
        flags = table(history, "SELECT id, name, seq, everyone FROM connections JOIN streams USING (stream)")
        assert {row[:3] for row in flags} == {(k.connection.id, k.stream, k.seq) for k in oracle.kept}
        assert {row[0] for row in flags if row[3]} == oracle.everyones
        assert table(history, "SELECT everyone, filtered FROM sizes") == [
            (len(oracle.everyones), len(oracle.kept) - len(oracle.everyones))
        ]


def test_a_connection_can_be_read_before_it_is_written(tmp_path: Path) -> None:
    history, shown = new_history(tmp_path), connection()
    history.record("s", 1, NOON_MS, [shown], b"{}", b"[]")
    assert history.pending == 2
    assert table(history, "SELECT * FROM connections") == []
    assert history.get(shown.id) == shown
    assert history.latest(EVERYTHING, 1) == [shown]
    assert history.latest(EVERYTHING, 1, before=shown.id) == []
    history.close()


def test_a_flush_that_waited_while_the_history_was_closed_does_not_open_it_again(tmp_path: Path) -> None:
    history, passed, closed = new_history(tmp_path), threading.Event(), threading.Event()
    lock = history._write_lock

    class Gate:
        """The history's lock, which one flush gets only once the history is closed."""

        def __enter__(self) -> None:
            if threading.current_thread() is late:
                passed.set()
                assert closed.wait(10)
            lock.acquire()

        def __exit__(self, *_: object) -> None:
            lock.release()

    history._write_lock = Gate()
    late = threading.Thread(target=history.flush)
    late.start()
    assert passed.wait(10)
    history.close()
    closed.set()
    late.join()
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith("-wal")] == []


def test_what_a_filter_showed_first_becomes_everyones_and_stays_one_row(tmp_path: Path) -> None:
    history, shown = new_history(tmp_path), connection()
    history.record_filtered("s", 1, [shown])
    history.flush()
    history.record("s", 1, NOON_MS, [shown], b"{}", b"[]")
    history.record_filtered("s", 1, [shown])
    history.close()
    assert table(history, "SELECT id, everyone FROM connections") == [(shown.id, 1)]


def test_what_several_filters_showed_counts_once_towards_the_limit(tmp_path: Path) -> None:
    history, older, newer = new_history(tmp_path), connection(0), connection(1)
    for _ in range(3):
        history.record_filtered("s", 1, [older, newer])
    assert history.latest(EVERYTHING, 2) == [newer, older]
    history.close()


def test_a_connection_within_one_country_counts_once_towards_the_limit(tmp_path: Path) -> None:
    history, found = new_history(tmp_path), [connection(number, start=0, end=2) for number in range(3)]
    history.record("s", 1, NOON_MS, found, b"{}", b"[]")
    history.flush()
    assert history.latest(Filter(country="JP"), 2) == [found[2], found[1]]
    history.close()


def test_a_new_stream_begins_with_all_that_earlier_ones_recorded(tmp_path: Path) -> None:
    history, earlier = new_history(tmp_path), connection(0)
    history.record("earlier", 1_000, NOON_MS, [earlier], b"{}", b"[]")
    history.flush()
    assert history.latest(EVERYTHING, 2, upto=("new", 0)) == [earlier]
    history.record("new", 1, NOON_MS, [connection(1)], b"{}", b"[]")
    for _ in ("not written yet", "written"):
        assert history.latest(EVERYTHING, 2, upto=("new", 0)) == [earlier]
        assert history.latest(EVERYTHING, 2, upto=("new", 1)) == [connection(1), earlier]
        history.flush()
    history.close()


def test_a_record_keeps_its_counts_and_pulses_once(tmp_path: Path) -> None:
    history = new_history(tmp_path)
    for _ in range(2):  # as a bus may deliver it
        history.record("s", 7, NOON_MS, [], b'{"plays":3}', b'[{"apart_ms":40}]')
        history.flush()
    history.close()
    assert table(history, "SELECT name, seq, at_ms, counts, pulses FROM records JOIN streams USING (stream)") == [
        ("s", 7, NOON_MS, '{"plays":3}', '[{"apart_ms":40}]')
    ]


def test_a_track_is_kept_once_for_all_its_connections(tmp_path: Path) -> None:
    history = new_history(tmp_path)
    for batch in range(2):
        history.record("s", batch, NOON_MS, [connection(batch, tail, track=2) for tail in range(5)], b"{}", b"[]")
        history.flush()
    assert len(history.latest(Filter(artist="ちあきなおみ"), 20)) == 10
    history.close()
    assert len(table(history, "SELECT * FROM tracks")) == 1


def test_two_spellings_of_a_track_are_found_under_one_id_and_each_stays_as_it_was(tmp_path: Path) -> None:
    history, one = new_history(tmp_path), connection(0)
    other = replace(connection(1), track=one.track.replace(b'"recording":null', b'"recording":"isrc:x"'))
    history.record("s", 1, NOON_MS, [one, other], b"{}", b"[]")
    history.flush()
    assert history.latest(Filter(track=one.track_id), 5) == [other, one]
    history.close()


def test_nothing_recorded_can_be_missed_while_it_is_being_written(tmp_path: Path) -> None:
    history, done = new_history(tmp_path), threading.Event()

    def flush() -> None:
        while not done.is_set():
            history.flush()

    flusher = threading.Thread(target=flush)
    flusher.start()
    try:
        for number in range(300):
            shown = connection(number)
            history.record("s", number, NOON_MS, [shown], b"{}", b"[]")
            for _ in range(5):
                assert history.get(shown.id) == shown
                assert history.latest(EVERYTHING, 1) == [shown]
    finally:
        done.set()
        flusher.join()
        history.close()


@pytest.mark.parametrize(
    "wanted",
    [
        EVERYTHING,
        Filter(artist="bjork"),
        Filter(track=track_id("Björk", "Jóga")),
        Filter(country="JP"),
        Filter(city=int(GAZETTEER.geoname_id[CITIES[0]])),
        Filter(artist="bjork", country="JP"),
        Filter(track=track_id("Björk", "Jóga"), city=int(GAZETTEER.geoname_id[CITIES[0]])),
        Filter(country="JP", city=int(GAZETTEER.geoname_id[CITIES[1]])),
    ],
)
def test_the_newest_are_read_off_an_index_without_sorting(wanted: Filter, tmp_path: Path) -> None:
    history = new_history(tmp_path)
    history.record("s", 1, NOON_MS, [connection(number) for number in range(3)], b"{}", b"[]")
    history.flush()
    statements: list[str] = []
    db = connect(history.path)
    db.set_trace_callback(statements.append)
    queries.latest(db, wanted, 2, connection(9).id, ("s", 5), GAZETTEER)
    db.set_trace_callback(None)
    plan = [row[3] for statement in statements for row in db.execute(f"EXPLAIN QUERY PLAN {statement}")]
    assert plan
    assert not [step for step in plan if "TEMP B-TREE" in step or step.startswith(("SCAN c", "SCAN t"))], plan
    db.close()
    history.close()


def test_the_newest_of_a_filter_come_at_once_from_a_long_history() -> None:
    with temporary_history(max_rows=100_000) as history:
        rare = connection(0, 0, track=3, start=0, end=4)
        common = [connection(1 + number // 50, number, track=number % 2) for number in range(20_000)]
        history.record("s", 1, NOON_MS, [rare, *common], b"{}", b"[]")
        history.flush()
        for wanted, first in (
            (EVERYTHING, common[-1]),
            (Filter(artist="bjork"), common[-1]),
            (Filter(country="JP"), common[-1]),
            (Filter(artist="bjork", country="JP"), common[-1]),
            (Filter(artist="felakuti", country="JP"), rare),
            (Filter(country="NG", city=int(GAZETTEER.geoname_id[CITIES[0]])), rare),
            (Filter(artist="felakuti", track=common[0].track_id), None),
        ):
            found, thousands = _read_counting(history, wanted)
            assert (found[0] if found else None) == first
            assert thousands < 30, wanted  # to read all rows takes 120 or more


def _read_counting(history: History, wanted: Filter) -> tuple[list[Connection], int]:
    """Read a page; return how many thousands of SQLite's instructions that took: no busy machine changes it."""
    db, thousands = connect(history.path), 0

    def count() -> int:
        nonlocal thousands
        thousands += 1
        return 0

    db.set_progress_handler(count, 1000)
    found = queries.latest(db, wanted, 20, None, None, GAZETTEER, max_counted=500)
    db.close()
    return found, thousands
