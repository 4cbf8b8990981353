"""The hash of a slicer's state: the same for whoever remembers the same, another one for any other memory."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.log_world import CITIES, SONGS, a_play
from tests.unit.making import OSAKA, RECIFE, SECRET, T0, Play, batch, track
from webapp.core.gazetteer import Gazetteer
from webapp.core.plays import PlayBatch
from webapp.core.precision import UNKNOWN
from webapp.core.slices import Slicer
from webapp.core.statehash import state_hash
from webapp.gazetteerdata import load_gazetteer


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return load_gazetteer()


def plays_of(chance: random.Random, n: int) -> list[Play]:
    return [a_play(chance, chance.randrange(3_000)) for _ in range(n)]


def imprecise(made: PlayBatch, chance: random.Random) -> PlayBatch:
    """Some of the plays arrived without a time."""
    precision = np.array([chance.choice([0, 0, UNKNOWN]) for _ in range(len(made))], np.uint16)
    return replace(made, precision=precision)


def slicer_of(gazetteer: Gazetteer, batches: list[PlayBatch], close_ms: int, *, k: int = 0) -> Slicer:
    slicer = Slicer(gazetteer, SECRET, 1_000, T0, k)
    for each in batches:
        slicer.add(each)
    for _ in slicer.close(T0 + close_ms, T0 + close_ms + 500):
        pass
    return slicer


def hashed(slicer: Slicer, gazetteer: Gazetteer) -> bytes:
    return state_hash(slicer.state, gazetteer.geoname_id, 1_000)


@settings(max_examples=20)
@given(seed=st.integers(0, 1 << 32), k=st.sampled_from([0, 3]))
def test_order_and_batches_and_numbers_change_nothing(seed: int, k: int) -> None:
    gazetteer, chance = load_gazetteer(), random.Random(seed)
    whole = imprecise(batch(gazetteer, plays_of(chance, 60)), chance)
    rows = np.array(chance.sample(range(60), 60))
    parts = [whole.take(some) for some in np.array_split(rows, chance.randrange(1, 9))]
    parts = [replace(part, **renumbered(part, chance)) for part in parts]
    close_ms = chance.choice([0, 1_000, 2_250])
    one, other = slicer_of(gazetteer, [whole], close_ms, k=k), slicer_of(gazetteer, parts, close_ms, k=k)
    assert hashed(one, gazetteer) == hashed(other, gazetteer)
    restored = Slicer(gazetteer, SECRET, 1_000, T0, k)
    restored.restore(other.snapshot())
    assert hashed(restored, gazetteer) == hashed(one, gazetteer)


def renumbered(part: PlayBatch, chance: random.Random) -> dict[str, Any]:
    """Number the tracks of a batch in another way."""
    order = chance.sample(range(len(part.tracks)), len(part.tracks))
    place = {number: i for i, number in enumerate(order)}
    track = np.array([place[number] for number in part.track.tolist()], np.uint32)
    return {"track": track, "tracks": tuple(part.tracks[number] for number in order)}


@settings(max_examples=30)
@given(
    seed=st.integers(0, 1 << 32),
    what=st.sampled_from(["at", "city", "listener", "track", "source", "precision", "none"]),
    close_ms=st.sampled_from([0, 1_000]),
)
def test_any_other_play_gives_another_hash(seed: int, what: str, close_ms: int) -> None:
    gazetteer, chance = load_gazetteer(), random.Random(seed)
    whole = batch(
        gazetteer, plays_of(chance, 20) + [(f"of {song!r}", city, 999, song) for song in SONGS for city in CITIES]
    )
    row = int(np.argmax(whole.at >= T0 + 990))
    if what == "none":
        changed = whole.take(np.delete(np.arange(len(whole)), row))
    else:
        column = getattr(whole, what).copy()
        column[row] = (column[row] + 1) % len(whole.tracks) if what == "track" else column[row] ^ 1
        changed = replace(whole, **{what: column})
    assert hashed(slicer_of(gazetteer, [whole], close_ms), gazetteer) != hashed(
        slicer_of(gazetteer, [changed], close_ms), gazetteer
    )


def test_what_is_forgotten_leaves_no_trace(gazetteer: Gazetteer) -> None:
    before = batch(gazetteer, [("ana", OSAKA, 0, track("Old")), ("ben", RECIFE, 10, track("Old"))])
    after = batch(gazetteer, [("cai", OSAKA, 29_990, SONGS[0])])
    with_past, without = slicer_of(gazetteer, [before, after], 0), slicer_of(gazetteer, [after], 0)
    assert hashed(with_past, gazetteer) != hashed(without, gazetteer)
    for slicer in (with_past, without):
        for end_ms in range(250, 30_250, 250):
            list(slicer.close(T0 + end_ms, T0 + end_ms))
    assert hashed(with_past, gazetteer) == hashed(without, gazetteer)
