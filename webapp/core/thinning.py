"""Chooses the pairs of a crowded slice that its record keeps, so that a hit song cannot flood the second bus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from webapp.core.records import LENGTH_BYTES, Rows

PAIRS_MAX = 2_000
PULSES_MAX = 200
SPARKS_MAX = 8
RECORD_BYTES = 900_000
"""So large may an encoded record be: message brokers refuse larger messages, NATS those above 1 MiB."""
PULSES_BYTES = 200_000
"""Of these, what pulses may take."""


class Room:
    """How many more bytes a record has room for. Each track takes its bytes once.

    Args:
        size: bytes.
        texts: the tracks by number.
    """

    def __init__(self, size: int, texts: Sequence[bytes]) -> None:
        self._left, self._texts = size, texts
        self._held: set[int] = set()

    def holds(self, rows: Rows) -> bool:
        """Tell whether all of these rows have room."""
        return self._cost(len(rows), rows, np.unique(_tracks_of(rows)).tolist()) <= self._left

    def take(self, rows: Rows) -> int:
        """Take room for rows, from the first on; return how many have room."""
        used = np.unique(tracks := _tracks_of(rows)).tolist()
        if (cost := self._cost(len(rows), rows, used)) <= self._left:
            self._left -= cost
            self._held.update(used)
            return len(rows)
        for count, numbers in enumerate(tracks.tolist()):
            if (cost := self._cost(1, rows, set(numbers))) > self._left:
                return count
            self._left -= cost
            self._held.update(numbers)
        return len(rows)

    def _cost(self, n: int, rows: Rows, tracks: Iterable[int]) -> int:
        new = (len(self._texts[number]) + LENGTH_BYTES for number in tracks if number not in self._held)
        return n * rows.dtype.itemsize + sum(new)


def _tracks_of(rows: Rows) -> NDArray[np.uint32]:
    """Return the tracks of rows, shape (rows, 1 or 2)."""
    return np.stack([rows[name] for name in ("track", "to_track") if name in (rows.dtype.names or ())], axis=1)


def thin(
    pairs: Rows,
    artist: NDArray[np.int64],
    plays: NDArray[np.int64],
    country: NDArray[np.int64],
    song: NDArray[np.int64],
    room: Room,
) -> Rows:
    """Keep at most 2,000 pairs that have room: one per artist, then per country, then per song, then the rest.

    Args:
        pairs: n rows of PAIR, sorted by id.
        artist: (n,) a number for the artist of each pair.
        plays: (n,) plays of that artist in the slice; artists with the fewest come first.
        country: (n, 2) numbers for the countries of both ends.
        song: (n,) a number for the song.
        room: takes what is kept. The first pair that it has no room for is the end.

    Returns:
        The kept rows, sorted by id.
    """
    kept = np.zeros(len(pairs), bool)
    for rows in _by_priority(artist, plays, country, song, kept):
        new = rows[~kept[rows]][: PAIRS_MAX - np.count_nonzero(kept)]
        fitting = room.take(pairs[new])
        kept[new[:fitting]] = True
        if fitting < len(new):
            break
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
