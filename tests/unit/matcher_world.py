"""Random plays of few tracks, cities and listeners, and a driver that matches them slice by slice."""

import hashlib
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from hypothesis import settings
from hypothesis import strategies as st

from tests.unit.matcher_oracle import SLICE_MS, Pair, Play, bound_ms, bytes_of, longest_ms, slice_of
from webapp.core.columns import Plays
from webapp.core.inexact import Inexact
from webapp.core.matcher import Matcher, Pairs
from webapp.core.plays import SOURCES
from webapp.core.precision import CLASSED, EXACT

WINDOWS = [0, 50, 250, 300, 1000, 1250, 2500]
GEONAME_ID = [44, 22, 66, 11, 55, 33]  # by city index, from west to east
thorough = settings(max_examples=40)


@dataclass(frozen=True)
class Brought:
    """The result of closing one slice, as plays."""

    connections: list[Pair]
    pulses: list[Pair]
    singles: list[Play]
    together: int
    echoes: int
    equal: int
    within_s: list[int]


Number = Callable[[int], int]


def listener(number: int) -> int:
    """Return a 64-bit hash; pairs of numbers differ only in the last bit, to catch code that compares fewer bits."""
    digest = hashlib.blake2b(str(number // 2).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") & ~1 | number & 1


STEPS = [(1, 300), (25, 30), (50, 60), (250, 12), (125, 24)]  # time steps: ms, and their number


EXACT_ONLY = [EXACT]
MIXED = [EXACT, EXACT, 700, 3_000, CLASSED, CLASSED + 1, CLASSED + 3]
"""Precisions: exact, native with a spread, and of three classes."""


def few(sources: list[int], recordings: int, precisions: list[int] = EXACT_ONLY) -> st.SearchStrategy[list[Play]]:
    """Return a strategy for up to 12 plays of three songs."""
    play = st.builds(
        Play,
        group=st.integers(0, 2),
        city=st.integers(0, 2),
        listener=st.integers(0, 4).map(listener),
        at=st.integers(0, 60).map(lambda n: 50 * n),
        words=st.integers(0, 1),
        source=st.sampled_from(sources),
        recording=st.integers(0, recordings),
        precision=st.sampled_from(precisions),
    )
    return st.lists(play, max_size=12)


@st.composite
def crowds(draw: st.DrawFn, recordings: int = 0, precisions: list[int] = EXACT_ONLY) -> list[Play]:
    """Return up to 60 plays from a random seed: Hypothesis is slow with long lists and keeps most of them short."""
    chance = random.Random(draw(st.integers(0, 1 << 32)))
    groups, cities, listeners = chance.choice([1, 1, 3]), chance.choice([2, 3, 6]), chance.choice([5, 25, 60])
    step, steps = chance.choice(STEPS)
    sources = chance.choice([1, 1, 2])
    return [
        Play(
            chance.randrange(groups),
            min(chance.randrange(cities), chance.randrange(cities)),
            listener(chance.randrange(listeners)),
            chance.randrange(steps) * step,
            chance.randrange(2),
            chance.randrange(sources),
            chance.randrange(recordings + 1),
            chance.choice(precisions),
        )
        for _ in range(chance.choice([12, 25, 40, 60]))
    ]


def worlds_of_keys() -> st.SearchStrategy[tuple[list[Play], int]]:
    """Return a strategy for plays of a few tracks without recordings, cities and listeners, and a window."""
    return st.tuples(few([0], 0) | crowds() | crowds(), st.sampled_from(WINDOWS))


def worlds() -> st.SearchStrategy[tuple[list[Play], int]]:
    """Return a strategy for plays of a few tracks, some with recordings, cities and listeners, and a window."""
    joined = st.tuples(few([0, 0, 0, 1], 2) | crowds(1) | crowds(2) | crowds(4), st.sampled_from(WINDOWS))
    return worlds_of_keys() | joined | mixed_worlds()


def mixed_worlds() -> st.SearchStrategy[tuple[list[Play], int]]:
    """Return a strategy for exact and inexact plays, some with recordings, and a window."""
    plays = few([0], 0, MIXED) | crowds(0, MIXED) | crowds(2, MIXED) | crowds(0, [EXACT, CLASSED + 1])
    return st.tuples(plays, st.sampled_from([0, 300, 1000]))


def slices_of(plays: Sequence[Play], window_ms: int) -> int:
    """Return the number of slices until the last play has no more effect."""
    return max((slice_of(play) for play in plays), default=0) + 2 * window_ms // SLICE_MS + 3


def whole(plays: Sequence[Play], window_ms: int) -> int:
    """Return the number of slices until the last play has no more effect at all."""
    reach_ms = longest_ms(window_ms) if any(play.precision for play in plays) else window_ms
    return max((slice_of(play) for play in plays), default=0) + 2 * reach_ms // SLICE_MS + 3


def drive(
    plays: Sequence[Play],
    window_ms: int,
    *,
    number: Number = int,
    arrival: random.Random | None = None,
    slices: int | None = None,
) -> list[Brought]:
    """Close the slices one by one; `number` maps the groups to numbers, `arrival` shuffles each slice."""
    matcher = Matcher(window_ms, np.array(GEONAME_ID))
    out, known = [], {}
    for slice_ in range(slices or slices_of(plays, window_ms)):
        new = [play for play in plays if slice_of(play) == slice_]
        by_words = sorted(range(len(new)), key=lambda i: (*bytes_of(new[i]), new[i]))
        row = {i: 1000 * slice_ + place for place, i in enumerate(by_words)}
        if arrival:
            arrival.shuffle(by_words)
        known.update({row[i]: new[i] for i in by_words})
        exact, inexact = ([i for i in by_words if bool(new[i].precision) is kind] for kind in (False, True))
        columns, fresh = (_columns([new[i] for i in some], [row[i] for i in some], number) for some in (exact, inexact))
        precision = np.array([new[i].precision for i in inexact], np.uint16)
        found = matcher.close((slice_ + 1) * SLICE_MS, columns, _recordings(known), Inexact(fresh, precision))
        out.append(
            Brought(
                _pairs(found.connections, known),
                _pairs(found.pulses, known),
                _plays(found.singles.plays, known),
                found.together,
                found.echoes,
                len(found.duplicates) + len(inexact) - len(found.inexact.at),
                found.connections.within_s.tolist(),
            )
        )
    return out


def _columns(plays: Sequence[Play], rows: Sequence[int], number: Number) -> Plays:
    return Plays(
        np.array([len(SOURCES) * number(play.group) + play.source for play in plays], np.uint32),
        np.array([play.city for play in plays], np.uint16),
        np.array([play.listener for play in plays], np.uint64),
        np.array([play.at for play in plays], np.int64),
        np.array(rows, np.int64),
    )


def _recordings(known: dict[int, Play]) -> npt.NDArray[np.int64] | None:
    """Return the recording of each row's play, if several songs have it so far."""
    songs = defaultdict[int, set[int]](set)
    for play in known.values():
        songs[play.recording].add(play.group)
    shared = {recording for recording, groups in songs.items() if recording and len(groups) > 1}
    if not shared:
        return None
    numbers = np.zeros(max(known) + 1, np.int64)
    for row, play in known.items():
        numbers[row] = play.recording if play.recording in shared else 0
    return numbers


def _plays(plays: Plays, known: dict[int, Play]) -> list[Play]:
    """Return the plays of rows, and check that the columns still belong together."""
    out = [known[row] for row in plays.row.tolist()]
    columns = plays.city.tolist(), plays.listener.tolist(), plays.at.tolist()
    assert [(play.city, play.listener, play.at) for play in out] == list(zip(*columns, strict=True))
    return out


def _pairs(pairs: Pairs, known: dict[int, Play]) -> list[Pair]:
    return list(zip(_plays(pairs.earlier, known), _plays(pairs.later, known), strict=True))


def within_s(pair: Pair, window_ms: int) -> int:
    """Return what a pair says of its distance: 0 if both plays are exact."""
    a, b = pair
    added_ms = bound_ms(a, b, window_ms) - window_ms
    return -(-(b.at - a.at + added_ms) // 1000) if added_ms else 0
