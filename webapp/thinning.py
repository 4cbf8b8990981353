"""Which pairs of a crowded slice go on, so that a hit cannot flood the second bus. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from webapp.records import Rows

PAIRS_MAX = 2_000
PULSES_MAX = 200
SPARKS_MAX = 8


def thin(pairs: Rows, artist: NDArray[np.int64], plays: NDArray[np.int64], country: NDArray[np.int64]) -> Rows:
    """Keep at most 2,000 pairs: one per artist, then per country, then per track, then the rest.

    Args:
        pairs: n rows of PAIR, sorted by id.
        artist: (n,) a number for the artist of each pair.
        plays: (n,) plays of that artist in the slice; artists with the fewest come first.
        country: (n, 2) numbers for the countries of both ends.

    Returns:
        The kept rows, sorted by id still.
    """
    if len(pairs) <= PAIRS_MAX:
        return pairs
    kept = np.zeros(len(pairs), bool)
    room = PAIRS_MAX
    for wave in _waves(pairs, artist, plays, country, kept):
        new = wave[~kept[wave]][:room]
        kept[new] = True
        room -= len(new)
    return pairs[kept]


def may_stay(
    at: NDArray[np.int64], artist: NDArray[np.int64], country: NDArray[np.int64], track: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell which pairs `thin` may keep, whatever their ids: so that the others need none, which cost a hash each.

    Args:
        at: (n,) times, the first part of an id.
        artist: (n,) a number for the artist of each pair.
        country: (n, 2) numbers for the countries of both ends.
        track: (n,) a number for the track.

    Returns:
        (n,) true for the earliest of each artist, country and track, and for the earliest of all.
    """
    if len(at) <= PAIRS_MAX:
        return np.ones(len(at), bool)
    stays: NDArray[np.bool_] = at <= np.partition(at, PAIRS_MAX - 1)[PAIRS_MAX - 1]
    for key in (artist, track, country[:, 0], country[:, 1]):
        first = np.full(key.max() + 1, at.max())
        np.minimum.at(first, key, at)
        stays |= at == first[key]
    return stays


def _waves(
    pairs: Rows,
    artist: NDArray[np.int64],
    plays: NDArray[np.int64],
    country: NDArray[np.int64],
    kept: NDArray[np.bool_],
) -> Iterator[NDArray[np.int64]]:
    """Yield rows in the order in which they are to be kept; each wave sees in `kept` what the earlier ones left."""
    first = _first_of_each(artist)
    yield first[np.argsort(plays[first], kind="stable")]
    yield np.unique(_first_of_new(country.ravel(), np.repeat(kept, 2)) // 2)
    yield _first_of_new(pairs["track"].astype(np.int64), kept)
    yield np.arange(len(pairs))


def _first_of_each(key: NDArray[np.int64]) -> NDArray[np.int64]:
    """Row of the first of each key, in the order of rows."""
    return np.sort(np.unique(key, return_index=True)[1])


def _first_of_new(key: NDArray[np.int64], kept: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Row of the first of each key that no kept row has, in the order of rows."""
    new = np.flatnonzero(~np.isin(key, key[kept]))
    return new[_first_of_each(key[new])]
