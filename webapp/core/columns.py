"""Small tools for columns of plays: sort, group and leave out rows, faster than numpy's general ways."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]
Times = npt.NDArray[np.int64]
Halves = npt.NDArray[np.uint32]
Groups = npt.NDArray[np.uint32]
Cities = npt.NDArray[np.uint16]

LONG_AGO = np.int64(-(1 << 62))
"""Before any play: epoch milliseconds."""

_LONG = 1_000


def numbers_in(column: npt.NDArray[np.int64]) -> Rows:
    """Return the distinct numbers of a column, small ones from 0 on, in order; of a long one without sorting it."""
    return np.unique(column) if len(column) < _LONG else np.flatnonzero(np.bincount(column))


def sort_west_to_east(group: Groups, city: Cities, listener: Hashes, at: Times) -> Rows:
    """Return the rows in order of (group, city, listener, at); all columns are of shape (n,).

    Numpy sorts plain 64-bit integers several times as fast as it finds the order of such; so group, city, as much of
    the listener as there is room for and the row are packed into one, and plays that tie in it are sorted once more.
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
    """Return where runs start among n rows; linked[i], shape (n - 1,), joins row i + 1 to row i."""
    return np.concatenate((np.zeros(min(n, 1), np.int64), np.flatnonzero(~linked) + 1))


def run_sizes(start: Rows, n: int) -> Rows:
    """Return the sizes of the runs that start there, the last of which ends at n."""
    return np.append(start[1:], n)[: len(start)] - start


def halves(linked: Mask, n: int) -> tuple[Rows, Rows]:
    """Return the rows of each run's first half and their counterparts in its second half; an odd middle stays out."""
    start = run_starts(linked, n)
    size = run_sizes(start, n)
    half = size >> 1
    ends = np.cumsum(half)
    first = np.arange(ends[-1] if len(ends) else 0) + np.repeat(start - ends + half, half)
    return first, first + np.repeat(size - half, half)


def couples(linked: Mask, n: int) -> Rows:
    """Return the first row of each couple: the first and second of a run, its third and fourth, and so on."""
    start = run_starts(linked, n)
    place = np.arange(n) - np.repeat(start, run_sizes(start, n))
    return np.flatnonzero((place[:-1] % 2 == 0) & linked)


def others(n: int, *rows: Rows) -> Rows:
    """Return the rows of 0 to n - 1 that are in none of the given."""
    mask = np.ones(n, bool)
    for some in rows:
        mask[some] = False
    return np.flatnonzero(mask)


def sieve(wanted: Hashes) -> Callable[[Hashes], Rows]:
    """Return a function that gives the rows of the keys that may be in wanted.

    It gives all that are and about one in a hundred of those that are not. Keys are random in all bits.
    """
    tables = [(shift, _table(wanted, shift, bits)) for shift, bits in ((0, 5), (32, 4))]

    def meets(key: Hashes) -> Rows:
        (_, first), (shift, second) = tables
        rows = np.flatnonzero(first.take(_slots(key, 0, len(first))))
        return rows.compress(second.take(_slots(key.take(rows), shift, len(second))))

    return meets


def _table(wanted: Hashes | Halves, shift: int, spare_bits: int) -> Mask:
    table = np.zeros(1 << len(wanted).bit_length() + spare_bits - 1, bool)
    table[_slots(wanted, shift, len(table))] = True
    return table


def _slots(key: Hashes | Halves, shift: int, size: int) -> Rows:
    """Slots of keys in a table whose size is a power of two; each shift looks at other bits."""
    return (key >> np.uint64(shift) & np.uint64(size - 1)).view(np.int64)


def recurring(key: Hashes) -> Rows:
    """Return the rows whose key may occur more than once: all that do, and few others. Keys are random in all bits."""
    half = (key >> np.uint64(32)).astype(np.uint32)
    in_order = np.sort(half)
    twice = in_order[1:].compress(in_order[1:] == in_order[:-1])
    if not len(twice):
        return np.empty(0, np.int64)
    table = _table(twice, 0, 8)
    rows = np.flatnonzero(table.take(_slots(half, 0, len(table))))
    return rows.compress(np.isin(half.take(rows), twice))
