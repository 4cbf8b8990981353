"""Chooses the pairs of a crowded slice that its record keeps, so that a hit song cannot flood the second bus."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from webapp.core.records import Rows

PAIRS_MAX = 2_000
PULSES_MAX = 200
SPARKS_MAX = 8


def thin(
    pairs: Rows,
    artist: NDArray[np.int64],
    plays: NDArray[np.int64],
    country: NDArray[np.int64],
    song: NDArray[np.int64],
) -> Rows:
    """Keep at most 2,000 pairs: one per artist, then per country, then per song, then the rest.

    Args:
        pairs: n rows of PAIR, sorted by id.
        artist: (n,) a number for the artist of each pair.
        plays: (n,) plays of that artist in the slice; artists with the fewest come first.
        country: (n, 2) numbers for the countries of both ends.
        song: (n,) a number for the song.

    Returns:
        The kept rows, sorted by id.
    """
    if len(pairs) <= PAIRS_MAX:
        return pairs
    kept = np.zeros(len(pairs), bool)
    room = PAIRS_MAX
    for rows in _by_priority(artist, plays, country, song, kept):
        new = rows[~kept[rows]][:room]
        kept[new] = True
        room -= len(new)
    return pairs[kept]


def could_be_kept(
    at: NDArray[np.int64],
    artist: NDArray[np.int64],
    plays: NDArray[np.int64],
    country: NDArray[np.int64],
    song: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Tell which pairs `thin` could keep, whatever their ids are. The others then need no id, which costs a hash each.

    Args:
        at: (n,) times, the first part of an id; at least one.
        artist: (n,) a number for the artist of each pair.
        plays: (n,) plays of that artist in the slice.
        country: (n, 2) numbers for the countries of both ends.
        song: (n,) a number for the song.

    Returns:
        (n,) true for the earliest of all pairs, for the earliest of each country, and for the earliest of the artists
        and songs that come early enough.
    """
    since = at - at.min()
    kept: NDArray[np.bool_] = since <= _threshold(since, PAIRS_MAX)
    for end in country.T:
        kept |= _first(since, end, len(at))
    # `thin` passes over songs that it kept for another reason, so twice as many may be reached.
    return kept | _first(since + plays * (since.max() + 1), artist, PAIRS_MAX) | _first(since, song, 2 * PAIRS_MAX)


def _first(cost: NDArray[np.int64], key: NDArray[np.int64], most: int) -> NDArray[np.bool_]:
    """Tell which rows are the cheapest of their key, ties included, for the keys that are among the `most` cheapest."""
    never = np.iinfo(np.int64).max
    cheapest = np.full(key.max() + 1, never)
    np.minimum.at(cheapest, key, cost)
    first: NDArray[np.bool_] = (cost == cheapest[key]) & (cost <= _threshold(cheapest[cheapest < never], most))
    return first


def _threshold(cost: NDArray[np.int64], most: int) -> int:
    """Return the highest cost among the `most` cheapest."""
    return int(cost.max() if len(cost) <= most else np.partition(cost, most - 1)[most - 1])


def _by_priority(
    artist: NDArray[np.int64],
    plays: NDArray[np.int64],
    country: NDArray[np.int64],
    song: NDArray[np.int64],
    kept: NDArray[np.bool_],
) -> Iterator[NDArray[np.int64]]:
    """Yield rows in the order in which `thin` keeps them; it updates `kept` between two of them."""
    first = _first_of_each(artist)
    yield first[np.argsort(plays[first], kind="stable")]
    yield np.unique(_first_of_new(country.ravel(), np.repeat(kept, 2)) // 2)
    yield _first_of_new(song, kept)
    yield np.arange(len(song))


def _first_of_each(key: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first row of each key, ascending."""
    return np.sort(np.unique(key, return_index=True)[1])


def _first_of_new(key: NDArray[np.int64], kept: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the first row of each key that no kept row has, ascending."""
    new = np.flatnonzero(~np.isin(key, key[kept]))
    return new[_first_of_each(key[new])]
