"""What a filter shows of the newest records: what whoever watches it gets, the same at every server."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.making import CAIRO, CITIES, OSAKA, T0, busy_records, track
from webapp.core import frames
from webapp.core.filters import Filter
from webapp.core.gazetteer import Gazetteer
from webapp.core.moderation import NO_RULES, Rule, Rules
from webapp.core.records import Connection, SliceRecord, wire_track_id
from webapp.core.selection import LATELY_MS, Selection
from webapp.engine.bus import MemoryBus
from webapp.engine.lastminute import TENS, LastMinute
from webapp.gazetteerdata import load_gazetteer
from webapp.storage.reading import Numbered

GAZETTEER: Gazetteer = load_gazetteer()
RECORDS = busy_records(3, 100)
NEEDED = 360
"""So many records a server reads when it starts."""
SONG = wire_track_id(track("Song 1", "Marisol Vey")).decode()
FILTERS = [
    Filter(),
    Filter(artist="marisolvey"),
    Filter(artist="nobody"),
    Filter(track=SONG),
    Filter(country="FR"),
    Filter(city=CAIRO),
    Filter(city=OSAKA, track=SONG),
    Filter(artist="marisolvey", country="BR"),
]
RULES = [NO_RULES, Rules(frozenset([Rule("word", "song 2")])), Rules(frozenset([Rule("city", str(OSAKA))]))]


def fed(upto: int, since: int = 1, most_bytes: int = 1 << 26, shown_per_s: int = 4) -> LastMinute:
    """Return what a server has that took in the records from a number on, up to another."""
    bus = MemoryBus(lambda: 0.0)
    last_minute = LastMinute(bus, GAZETTEER, shown_per_s, most_bytes)
    bus.skip_to(since - 1)
    for message in RECORDS[since - 1 : upto]:
        bus.publish(message)
    return last_minute


def all_of(last_minute: LastMinute, wanted: Filter, rules: Rules = NO_RULES) -> list[Numbered]:
    return [each for _, shown in reversed([*last_minute.shown(wanted, rules)]) for each in shown]


def watched(wanted: Filter, rules: Rules, upto: int) -> list[tuple[int, Connection]]:
    """Return what a viewer was shown who watched all the time, of the last 10 s and the six before."""
    selection, found = Selection(wanted, 4, GAZETTEER, rules), list[tuple[int, Connection]]()
    newest = SliceRecord.decode(RECORDS[upto - 1]).start_ms // LATELY_MS
    for seq, message in enumerate(RECORDS[:upto], 1):
        record = SliceRecord.decode(message)
        chosen = selection.choose(record).pairs
        if record.start_ms // LATELY_MS >= newest - TENS:
            found += [(seq, each) for each in frames.shown(record, chosen, GAZETTEER)]
    return found


def test_the_records_are_such_that_filters_show_what_everyone_is_not_shown() -> None:
    everyones = {each.id for _, each in watched(Filter(), NO_RULES, len(RECORDS))}
    assert all({each.id for _, each in watched(FILTERS[n], NO_RULES, len(RECORDS))} - everyones for n in (1, 3, 4, 5))


@settings(max_examples=40)
@given(
    upto=st.integers(1, len(RECORDS)),
    wanted=st.sampled_from(FILTERS),
    rules=st.sampled_from(RULES),
    asked=st.lists(st.tuples(st.integers(1, len(RECORDS)), st.sampled_from(FILTERS)), max_size=3),
    begins=st.integers(0, 40),
)
def test_it_is_what_viewers_were_shown_whenever_a_server_began_and_whatever_was_asked_before(
    upto: int, wanted: Filter, rules: Rules, asked: Sequence[tuple[int, Filter]], begins: int
) -> None:
    bus = MemoryBus(lambda: 0.0)
    last_minute = LastMinute(bus, GAZETTEER, 4)
    since = max(1, upto - NEEDED - begins)
    bus.skip_to(since - 1)
    questions = dict(asked)
    for seq, message in enumerate(RECORDS[since - 1 : upto], since):
        bus.publish(message)
        if seq in questions:
            all_of(last_minute, questions[seq], rules)
            all_of(last_minute, wanted, rules)
    assert all_of(last_minute, wanted, rules) == watched(wanted, rules, upto)


@pytest.mark.parametrize("most_bytes", [20_000, 60_000])
def test_beyond_its_bytes_whole_ten_seconds_go_the_same_at_every_server(most_bytes: int) -> None:
    chance = random.Random(1)
    for _ in range(20):
        upto = chance.randrange(200, len(RECORDS))
        one, other = fed(upto, most_bytes=most_bytes), fed(upto, max(1, upto - 200), most_bytes)
        kept = [begin_ms for begin_ms, _ in one.shown(Filter(), NO_RULES)]
        assert 1 <= len(kept) <= TENS
        assert kept == [begin_ms for begin_ms, _ in other.shown(Filter(), NO_RULES)]
        assert all_of(one, Filter(country="FR")) == all_of(other, Filter(country="FR"))


def test_ten_seconds_of_which_records_are_missing_are_left_out() -> None:
    bus = MemoryBus(lambda: 0.0)
    last_minute = LastMinute(bus, GAZETTEER, 4)
    bus.skip_to(9)
    for message in RECORDS[9:39]:
        bus.publish(message)
    assert all_of(last_minute, Filter()) == []
    bus.publish(RECORDS[40])
    assert [begin_ms for begin_ms, _ in last_minute.shown(Filter(), NO_RULES)] == [T0 + LATELY_MS]
    bus.skip_to(60)
    bus.publish(RECORDS[60])
    assert all_of(last_minute, Filter()) == []


def test_only_the_ten_seconds_of_a_period_are_chosen_from() -> None:
    last_minute = fed(400)
    begins = [begin_ms for begin_ms, _ in last_minute.shown(Filter(), NO_RULES, T0 + 60_000, T0 + 79_999)]
    assert begins == [T0 + 70_000, T0 + 60_000]


def test_where_all_is_shown_all_of_a_filter_is_there() -> None:
    found = all_of(fed(len(RECORDS), shown_per_s=0), Filter(city=CITIES[1]))
    records = [record for record in map(SliceRecord.decode, RECORDS) if record.start_ms >= T0 + 30_000]
    rows = [row for record in records for row in record.pairs]
    city = GAZETTEER.by_id(CITIES[1])
    assert len(found) == sum(city in (row["from_city"], row["to_city"]) for row in rows) > 100
