"""Which pairs of a crowded slice go on, so that a hit cannot flood the second bus."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from webapp.core.records import Rows

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
    at: NDArray[np.int64],
    artist: NDArray[np.int64],
    plays: NDArray[np.int64],
    country: NDArray[np.int64],
    track: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Tell which pairs `thin` may keep, whatever their ids: so that the others need none, which cost a hash each.

    Args:
        at: (n,) times, the first part of an id; at least one.
        artist: (n,) a number for the artist of each pair.
        plays: (n,) plays of that artist in the slice.
        country: (n, 2) numbers for the countries of both ends.
        track: (n,) a number for the track.

    Returns:
        (n,) true for the earliest of all, and for the earliest of each country, and of such artists and tracks as come
        early enough.
    """
    since = at - at.min()
    stays: NDArray[np.bool_] = since <= _threshold(since, PAIRS_MAX)
    for end in country.T:
        stays |= _first(since, end, len(at))
    # Tracks that were kept for another reason are passed over, so twice as many may have their turn.
    return stays | _first(since + plays * (since.max() + 1), artist, PAIRS_MAX) | _first(since, track, 2 * PAIRS_MAX)


def _first(cost: NDArray[np.int64], key: NDArray[np.int64], most: int) -> NDArray[np.bool_]:
    """Tell which rows are the cheapest of their key, those that tie too, where a key is among the `most` cheapest."""
    never = np.iinfo(np.int64).max
    cheapest = np.full(key.max() + 1, never)
    np.minimum.at(cheapest, key, cost)
    first: NDArray[np.bool_] = (cost == cheapest[key]) & (cost <= _threshold(cheapest[cheapest < never], most))
    return first


def _threshold(cost: NDArray[np.int64], most: int) -> int:
    """Return what the `most` cheapest cost at most."""
    return int(cost.max() if len(cost) <= most else np.partition(cost, most - 1)[most - 1])


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
