"""Sorts, groups and selects rows of columns of plays, faster than numpy's general functions."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]
Times = npt.NDArray[np.int64]
HalfHashes = npt.NDArray[np.uint32]
Groups = npt.NDArray[np.uint32]
Cities = npt.NDArray[np.uint16]
Numbers = npt.NDArray[np.int64]

LONG_AGO = np.int64(-(1 << 62))
"""Before any play: epoch milliseconds."""

_LONG = 1_000  # rows from which counting is faster than sorting


class Plays(NamedTuple):
    """Columns of plays, each of shape (n,), one row a play.

    Attributes:
        group: A dense number for each (source, track).
        city: Index into the gazetteer, which is ordered by (lon, geoname_id).
        listener: A keyed hash of the opaque id, all bits random.
        at: When the listener pressed play, epoch milliseconds.
        row: The track's number in the low 32 bits; within a song, ascending in the order of the tracks' bytes.
    """

    group: Groups
    city: Cities
    listener: Hashes
    at: Times
    row: Rows

    def take(self, rows: Rows) -> "Plays":
        """Return the given rows, in their order."""
        group, city, listener, at, row = self
        return Plays(group.take(rows), city.take(rows), listener.take(rows), at.take(rows), row.take(rows))

    def joined(self, *more: "Plays") -> "Plays":
        """Return these plays followed by more."""
        return Plays(
            np.concatenate((self.group, *(each.group for each in more))),
            np.concatenate((self.city, *(each.city for each in more))),
            np.concatenate((self.listener, *(each.listener for each in more))),
            np.concatenate((self.at, *(each.at for each in more))),
            np.concatenate((self.row, *(each.row for each in more))),
        )


NO_PLAYS = Plays(
    np.empty(0, np.uint32), np.empty(0, np.uint16), np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.int64)
)


def distinct(column: npt.NDArray[np.int64]) -> Rows:
    """Return the distinct numbers of a column, ascending; they must be small and not negative."""
    return np.unique(column) if len(column) < _LONG else np.flatnonzero(np.bincount(column))


def sort_west_to_east(group: Groups, city: Cities, listener: Hashes, at: Times) -> Rows:
    """Return the rows in order of (group, city, listener, at); all columns are of shape (n,).

    Numpy's sort of 64-bit integers is several times as fast as its argsort. So one integer holds group, city, the
    leading bits of the listener and the row. Plays that are equal in these, the row aside, are sorted once more.
    """
    row_bits, city_bits = len(group).bit_length(), int(city.max(initial=0)).bit_length()
    spare_bits = 64 - row_bits - city_bits - int(group.max(initial=0)).bit_length()
    if spare_bits < 1:
        return np.lexsort((at, listener, city, group))
    key = group.astype(np.uint64) << np.uint64(city_bits)
    key |= city
    key <<= np.uint64(spare_bits)
    key |= listener >> np.uint64(64 - spare_bits)
    key <<= np.uint64(row_bits)
    key |= np.arange(len(group), dtype=np.uint64)
    key.sort()
    by = (key & np.uint64((1 << row_bits) - 1)).view(np.int64)
    key >>= np.uint64(row_bits)
    return _with_ties_sorted(by, key, listener, at)


def _with_ties_sorted(by: Rows, key: Hashes, listener: Hashes, at: Times) -> Rows:
    tie = key[1:] == key[:-1]
    if tie.any():
        tied = np.flatnonzero(np.append(tie, False) | np.append(False, tie))
        some = by[tied]
        by[tied] = some[np.lexsort((at[some], listener[some], key[tied]))]
    return by


def run_starts(linked: Mask, n: int) -> Rows:
    """Return the first row of each run among n rows; linked[i], shape (n - 1,), joins row i + 1 to row i."""
    return np.concatenate((np.zeros(min(n, 1), np.int64), np.flatnonzero(~linked) + 1))


def run_sizes(start: Rows, n: int) -> Rows:
    """Return the sizes of the runs that start at these rows; the last run ends at n."""
    return np.append(start[1:], n)[: len(start)] - start


def pair_halves(linked: Mask, n: int) -> tuple[Rows, Rows]:
    """Pair each row in the first half of a run with its counterpart in the second half; an odd middle is left out."""
    start = run_starts(linked, n)
    size = run_sizes(start, n)
    half = size >> 1
    ends = np.cumsum(half)
    first = np.arange(ends[-1] if len(ends) else 0) + np.repeat(start - ends + half, half)
    return first, first + np.repeat(size - half, half)


def pair_neighbours(linked: Mask, n: int) -> Rows:
    """Pair the first and second row of each run, the third and fourth, and so on; return the first row of each pair."""
    start = run_starts(linked, n)
    place = np.arange(n) - np.repeat(start, run_sizes(start, n))
    return np.flatnonzero((place[:-1] % 2 == 0) & linked)


def complement(n: int, *rows: Rows) -> Rows:
    """Return the rows of 0 to n - 1 that are not among the given ones."""
    mask = np.ones(n, bool)
    for some in rows:
        mask[some] = False
    return np.flatnonzero(mask)


def bloom_filter(members: Hashes) -> Callable[[Hashes], Rows]:
    """Return a function that returns the rows of the keys that may be members: a Bloom filter of two tables.

    It misses none, and about one in a hundred others passes. Keys are random in all bits.
    """
    tables = [(shift, _table(members, shift, bits)) for shift, bits in ((0, 5), (32, 4))]

    def possible_members(key: Hashes) -> Rows:
        (_, first), (shift, second) = tables
        rows = np.flatnonzero(first.take(_slots(key, 0, len(first))))
        return rows.compress(second.take(_slots(key.take(rows), shift, len(second))))

    return possible_members


def _table(members: Hashes | HalfHashes, shift: int, spare_bits: int) -> Mask:
    table = np.zeros(1 << len(members).bit_length() + spare_bits - 1, bool)
    table[_slots(members, shift, len(table))] = True
    return table


def _slots(key: Hashes | HalfHashes, shift: int, size: int) -> Rows:
    """Return the slots of keys in a table whose size is a power of two; each shift uses other bits of the key."""
    return (key >> np.uint64(shift) & np.uint64(size - 1)).view(np.int64)


def possible_duplicates(key: Hashes) -> Rows:
    """Return all rows whose key occurs more than once, and few others. Keys are random in all bits."""
    half = (key >> np.uint64(32)).astype(np.uint32)
    in_order = np.sort(half)
    twice = in_order[1:].compress(in_order[1:] == in_order[:-1])
    if not len(twice):
        return np.empty(0, np.int64)
    table = _table(twice, 0, 8)
    rows = np.flatnonzero(table.take(_slots(half, 0, len(table))))
    return rows.compress(np.isin(half.take(rows), twice))
