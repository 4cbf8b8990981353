"""The messages of both logs: cities go in by their GeoNames ids, for another node may number them otherwise."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from tests.unit.log_world import busy_log, message, records_of
from tests.unit.making import CAIRO, LYON, OSAKA, PARIS, RECIFE, T0, Play, records, track
from webapp.core.gazetteer import Gazetteer
from webapp.core.marks import FORGET_MS, Marks
from webapp.core.playlog import LogMessage
from webapp.core.recordlog import RecordMessage, city_ids
from webapp.core.records import SliceRecord
from webapp.core.versioned import MessageError
from webapp.gazetteerdata import load_gazetteer

SOME: list[Play] = [
    ("ana", OSAKA, 0, track()),
    ("ben", RECIFE, 10, track()),
    ("cai", LYON, 20, track("B")),
    ("dea", LYON, 30, track("B")),
]


class Elsewhere:
    """A gazetteer of another build: the same cities by other numbers, without one of them."""

    def __init__(self, without: int) -> None:
        gazetteer = load_gazetteer()
        self.geoname_id = gazetteer.geoname_id[::-1][gazetteer.geoname_id[::-1] != without]

    def by_ids(self, ids: np.ndarray) -> np.ndarray:
        return np.array([next(iter(np.flatnonzero(self.geoname_id == id)), -1) for id in ids.tolist()], np.int32)


def elsewhere(without: int = 0) -> Gazetteer:
    return Elsewhere(without)  # type: ignore[return-value]


def test_a_message_has_its_plays_in_the_cities_of_another_gazetteer() -> None:
    there, (plays,) = elsewhere(), LogMessage.decode(message("a", 40, *SOME).encode()).batches
    batch, unknown = plays.plays(there)
    assert (there.geoname_id[batch.city].tolist(), unknown) == ([OSAKA, RECIFE, LYON, LYON], 0)
    batch, unknown = plays.plays(elsewhere(without=LYON))
    assert ([len(batch), batch.track.tolist()], unknown) == ([2, [0, 0]], 2)


def test_a_tick_has_no_plays() -> None:
    tick = LogMessage.decode(LogMessage("a", T0).encode())
    assert (tick.node, tick.mark_ms, tick.gone, tick.batches) == ("a", T0, False, ())


@pytest.mark.parametrize("damage", ["short", "data", "cities"])
def test_a_damaged_message_is_refused(damage: str) -> None:
    whole = message("a", 40, *SOME)
    read: partial[Any]
    if damage == "short":
        read = partial(LogMessage.decode, whole.encode()[:-9])
    else:
        (batch,) = whole.batches
        read = partial(batch._replace(**{damage: getattr(batch, damage)[:-4]}).plays, load_gazetteer())
    with pytest.raises(MessageError, match="damaged"):
        read()


def slice_records(plays: list[Play]) -> list[SliceRecord]:
    return [record for record in records(load_gazetteer(), plays) if len(record.pairs) or len(record.pulses)]


def as_message(record: SliceRecord) -> RecordMessage:
    return RecordMessage("1", (), b"", record.encode(), city_ids(record, load_gazetteer()))


def places(record: SliceRecord, gazetteer: Gazetteer) -> list[int]:
    """Return the GeoNames ids of all cities of a record."""
    ids = gazetteer.geoname_id
    columns = [record.pairs["from_city"], record.pairs["to_city"], record.pulses["city"], record.sparks["city"]]
    return [int(id) for column in (*columns, record.crowd_cities["city"]) for id in ids[column]]


def test_a_record_is_the_same_bytes_for_who_numbers_cities_alike() -> None:
    for record in slice_records(SOME):
        assert as_message(record).slice_record(load_gazetteer()) == record.encode()


def test_a_record_has_the_same_cities_in_another_gazetteer() -> None:
    there = elsewhere()
    crowded: list[Play] = [(f"x{n}", city, n, track()) for n in range(6) for city in (PARIS, CAIRO, OSAKA)]
    for record in slice_records([*SOME, *crowded]):
        moved = SliceRecord.decode(as_message(record).slice_record(there))
        assert places(moved, there) == places(record, load_gazetteer())
        assert (moved.tracks, moved.counts, moved.end_ms) == (record.tracks, record.counts, record.end_ms)


def test_a_record_lacks_the_rows_of_cities_that_a_gazetteer_lacks() -> None:
    record = slice_records(SOME)[0]
    moved = SliceRecord.decode(as_message(record).slice_record(elsewhere(without=RECIFE)))
    assert (len(record.pairs), len(moved.pairs), moved.counts) == (1, 0, record.counts)


def test_records_are_read_as_they_were_written() -> None:
    for made in records_of(busy_log(2)):
        assert RecordMessage.decode(made.encode()) == made
    with pytest.raises(MessageError, match="record of version 07 in the log; this program reads version 1"):
        RecordMessage.decode(b"\x07" + made.encode()[1:])
    with pytest.raises(MessageError, match="damaged record of 20 bytes"):
        RecordMessage.decode(made.encode()[:20])


def test_a_silent_node_is_forgotten_in_the_end() -> None:
    marks = Marks({})
    for now_ms in range(0, FORGET_MS + 10_000, 500):
        marks.take(T0 + now_ms, "a", T0 + now_ms)
        if now_ms < 1_000:
            marks.take(T0 + now_ms, "b", T0 + now_ms)
        if now_ms == 60_000:
            assert marks.silent == ["b"]
    assert list(marks.nodes) == ["a"]


def test_the_watermark_never_goes_back() -> None:
    marks = Marks({})
    seen = []
    for log_ms, node, mark_ms in [(0, "a", 0), (10, "a", 10), (20, "b", -1_000), (30, "a", 5), (1_500, "b", 1_500)]:
        marks.take(T0 + log_ms, node, T0 + mark_ms)
        seen.append(marks.watermark_ms - T0)
    assert seen == [0, 10, 10, 10, 10]
