"""A slicer that is handed over: another one goes on from its snapshot, and nobody can tell by the records."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.making import CAIRO, LYON, OSAKA, PARIS, RECIFE, SECRET, T0, Play, batch, track
from webapp.core import snapshots
from webapp.core.gazetteer import Gazetteer
from webapp.core.slices import JUMP_MS, Slicer, SlicerState
from webapp.gazetteerdata import load_gazetteer

SONGS = [track(title) for title in ("Slow Lighthouse", "SLOW LIGHTHOUSE", "Paper Lanterns", "Tin Roof Rain")]
SONGS += [track(title, recording="isrc:1") for title in ("Faro Lento", "SLOW LIGHTHOUSE")]
CITIES = [OSAKA, RECIFE, PARIS, LYON, CAIRO]
LATENESS_MS = 500


def crowd(chance: random.Random, span_ms: int) -> list[Play]:
    """Plays that collide, in the order in which they arrive; some are sent twice."""
    plays: list[Play] = [
        (
            f"listener {chance.randrange(12)}",
            chance.choice(CITIES),
            chance.randrange(span_ms),
            chance.choice(SONGS),
            chance.choice(["live", "live", "replay"]),
        )
        for _ in range(chance.choice([10, 60, 200]))
    ]
    plays += chance.sample(plays, len(plays) // 10)
    return sorted(plays, key=lambda play: play[2] + chance.randrange(1_200))


class Run:
    """Slices closed step by step; at some steps another slicer takes over."""

    def __init__(self, window_ms: int, handed_over: set[int]) -> None:
        self._window_ms, self._handed_over = window_ms, handed_over
        self._gazetteer = load_gazetteer()
        self._slicer = self._new()
        self.records: list[bytes] = []

    def _new(self) -> Slicer:
        return Slicer(self._gazetteer, SECRET, self._window_ms, T0)

    def step(self, number: int, plays: list[Play], now_ms: int, *, is_set: bool = False) -> None:
        if is_set:
            self.records += [record.encode() for record in self._slicer.begin_at(now_ms - LATENESS_MS, now_ms)]
        if plays:
            self._slicer.add(batch(self._gazetteer, plays), now_ms - LATENESS_MS)
        if number in self._handed_over:
            snapshot, waiting = self._slicer.snapshot(), self._slicer.waiting
            self._slicer = self._new()
            self._slicer.restore(snapshot)
            assert self._slicer.waiting == waiting
        self.records += [record.encode() for record in self._slicer.close(now_ms - LATENESS_MS, now_ms)]


@settings(max_examples=25)
@given(
    seed=st.integers(0, 1 << 32),
    window_ms=st.sampled_from([0, 250, 1_000, 2_500]),
    handed_over=st.sets(st.integers(0, 60), min_size=1, max_size=4),
    jump=st.sampled_from([0, 0, 0, JUMP_MS + 5_000, 3_600_000, -60_000]),
)
def test_a_slicer_that_is_handed_over_at_any_point_gives_the_same_records(
    seed: int, window_ms: int, handed_over: set[int], jump: int
) -> None:
    chance = random.Random(seed)
    plays, step_ms = crowd(chance, chance.choice([3_000, 12_000])), chance.choice([50, 250, 300])
    whole, parted = Run(window_ms, set()), Run(window_ms, handed_over)
    for number in range(61):
        some, plays = plays[: (n := chance.randrange(1 + len(plays) // 5 + 1))], plays[n:]
        now_ms = T0 + LATENESS_MS + number * step_ms + (jump if number > 30 else 0)
        for run in (whole, parted):
            run.step(number, some, now_ms, is_set=number == 31 and abs(jump) > JUMP_MS + 5_000)
    assert parted.records == whole.records


def test_a_hand_over_in_a_crowd_that_is_thinned_changes_no_byte() -> None:
    chance = random.Random(5)
    songs = [track(f"song {n}", f"artist {n % 30}") for n in range(60)]
    plays: list[Play] = [
        (f"listener {n}", chance.choice(CITIES), n * 1_000 // 12_000, chance.choice(songs)) for n in range(12_000)
    ]
    whole, parted = Run(1_000, set()), Run(1_000, {1, 2, 3})
    for run in (whole, parted):
        for number in range(8):
            run.step(number, plays if number == 0 else [], T0 + LATENESS_MS + 250 * number)
    assert parted.records == whole.records


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return load_gazetteer()


def test_a_snapshot_of_another_version_is_refused(gazetteer: Gazetteer) -> None:
    slicer = Slicer(gazetteer, SECRET, 1_000, T0)
    state = snapshots.decode(slicer.snapshot(), SlicerState)
    state = SlicerState(
        state.version + 1, state.next, state.open, state.counts, state.matcher, state.tracks, state.privacy
    )
    with pytest.raises(ValueError, match=r"version 4; this program reads version 3"):
        slicer.restore(snapshots.encode(state))


def test_a_play_is_late_by_when_it_arrived_not_by_when_it_is_taken_in(gazetteer: Gazetteer) -> None:
    slicer = Slicer(gazetteer, SECRET, 1_000, T0)
    slicer.add(batch(gazetteer, [("ann", OSAKA, 100, SONGS[0]), ("bob", RECIFE, 260, SONGS[0])]), T0 + 250)
    assert slicer.waiting == 1
    records = list(slicer.close(T0 + 1_000, T0 + 9_000))
    assert (sum(record.counts.late for record in records), sum(record.counts.plays for record in records)) == (1, 1)


def test_plays_of_slices_that_are_left_out_are_lost_and_counted(gazetteer: Gazetteer) -> None:
    slicer = Slicer(gazetteer, SECRET, 1_000, T0)
    slicer.add(batch(gazetteer, [("ann", OSAKA, 100, SONGS[0]), ("bob", RECIFE, 600, SONGS[0])]))
    assert slicer.skip(T0 + 500) == 1
    records = list(slicer.close(T0 + 1_000, T0 + 1_500))
    assert (sum(record.counts.lost for record in records), sum(record.counts.plays for record in records)) == (1, 1)
