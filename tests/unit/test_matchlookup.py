"""Whom a press met: told to both and to nobody else, and known when it is said to be."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.making import CAIRO, LYON, OSAKA, PARIS, RECIFE, SECRET, T0, batch, listener, records, track
from webapp.core import matchlookup
from webapp.core.matchlookup import Press, known_by_ms
from webapp.core.plays import track_id
from webapp.core.records import Connection, SliceRecord
from webapp.core.slices import Slicer
from webapp.gazetteerdata import load_gazetteer

GAZETTEER = load_gazetteer()
WINDOW_MS = 1_000
SONG, OTHER = track(), track("Copper Sky")
HERE = Press(track_id("Marisol Vey", "Night Bus Home"), listener("a"), T0 + 100)
ELSEWHERE = Press("0" * 16, 0, T0 + 101)
places = st.sampled_from((OSAKA, RECIFE, PARIS, LYON, CAIRO))
moments = st.lists(st.integers(0, 2_500), min_size=2, max_size=14, unique=True)


def met(record: SliceRecord, press: Press) -> Connection | None:
    """The connection of one press, looked for beside another that met nobody."""
    return matchlookup.find_connections(record, [ELSEWHERE, press], GAZETTEER).get(press)


def found(kept: list[SliceRecord], press: Press) -> list[tuple[str, int, int]]:
    """What the records tell a press: of what, how far apart, and the end of the slice that it stands in."""
    connections = [(each, record) for record in kept if (each := met(record, press))]
    pulses = [
        (pulse.apart_ms, record.end_ms)
        for record in kept
        for pulse in matchlookup.find_pulses(record, [press, ELSEWHERE]).values()
    ]
    return [(each.id, each.apart_ms, record.end_ms) for each, record in connections] + [
        ("pulse", apart, end_ms) for apart, end_ms in pulses
    ]


@given(moments, st.data())
def test_both_of_a_pair_are_told_of_it_and_in_time(at: list[int], data: st.DataObject) -> None:
    plays = [(f"listener {ms}", data.draw(places), ms, SONG) for ms in at]
    kept = records(GAZETTEER, plays, until_ms=6_000)
    ids, pulses = Counter[str](), 0
    for who, _, ms, _ in plays:
        press = Press(HERE.track, listener(who), T0 + ms)
        connected, pulsed, _ = known_by_ms(press, WINDOW_MS)
        told = found(kept, press)
        assert len(told) <= 1
        for id, _, end_ms in told:
            assert end_ms <= (pulsed if id == "pulse" else connected)
            ids[id] += id != "pulse"
            pulses += id == "pulse"
    assert {id: n for id, n in ids.items() if n} == {
        f"{each.id}": 2
        for record in kept
        for each in [met(record, press_of(pair, record)) for pair in record.pairs]
        if each
    }
    assert pulses == 2 * sum(len(record.pulses) for record in kept)


def press_of(pair: object, record: SliceRecord) -> Press:
    """The later press of a pair."""
    return Press(HERE.track, int(pair["to_listener"]), int(pair["at"]))  # type: ignore[index]


def test_another_song_listener_moment_or_source_is_not_it() -> None:
    kept = records(GAZETTEER, [("a", PARIS, 100, SONG), ("b", OSAKA, 140, SONG)])
    assert [apart for _, apart, _ in found(kept, HERE)] == [40]
    for other in (
        Press(track_id("Marisol Vey", "Copper Sky"), HERE.listener, HERE.at_ms),
        Press(HERE.track, listener("c"), HERE.at_ms),
        Press(HERE.track, HERE.listener, HERE.at_ms + 1),
    ):
        assert found(kept, other) == []
    made_up = records(GAZETTEER, [("a", PARIS, 100, SONG, "synthetic"), ("b", OSAKA, 140, SONG, "synthetic")])
    assert found(made_up, HERE) == []
    assert [apart for _, apart, _ in found(made_up, msgspec.structs.replace(HERE, source="synthetic"))] == [40]


def test_two_songs_of_one_moment_are_told_apart() -> None:
    kept = records(GAZETTEER, [(who, city, 100, song) for who, city, song in (
        ("a", PARIS, SONG), ("b", OSAKA, SONG), ("a", PARIS, OTHER), ("c", PARIS, OTHER)
    )])  # fmt: skip
    (told,) = found(kept, HERE)
    assert told[0] != "pulse"
    (other,) = found(kept, Press(track_id("Marisol Vey", "Copper Sky"), HERE.listener, HERE.at_ms))
    assert other[:2] == ("pulse", 0)


def test_whom_a_press_meets_without_an_exact_time_is_known_later() -> None:
    for apart_ms in (-900, 1_500, 5_900):
        kept = inexact_records(OSAKA, apart_ms)
        (connection,) = [each for record in kept if (each := met(record, HERE))]
        (end_ms,) = [record.end_ms for record in kept if met(record, HERE)]
        assert (connection.within_s, end_ms <= known_by_ms(HERE, WINDOW_MS).inexact) == (
            -(-(abs(apart_ms) + 5_000) // 1_000),
            True,
        )


def inexact_records(city: int, apart_ms: int) -> list[SliceRecord]:
    """The records of a press, and of a play in a city so much later, whose time may be wrong by 5 s."""
    plays = batch(GAZETTEER, [("a", PARIS, 100, SONG), ("b", city, 100 + apart_ms, SONG)])
    slicer = Slicer(GAZETTEER, SECRET, WINDOW_MS, T0 - 1_000)
    slicer.add(replace(plays, precision=np.array([0, 5_000], np.uint16)))
    return [record for ms in range(T0, T0 + 30_000, 5_000) for record in slicer.close(ms, ms)]
