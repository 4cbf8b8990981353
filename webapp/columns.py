"""Small tools for columns of plays: sort, group and leave out rows, faster than numpy's general ways."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]
Times = npt.NDArray[np.int64]
Groups = npt.NDArray[np.uint32]
Cities = npt.NDArray[np.uint16]

DIGIT_BITS = 16  # numpy sorts 16-bit integers by radix, ten times as fast as it sorts 64-bit ones
LISTENER_BITS = 8  # the least that go into the sorted key; plays that tie in it are sorted once more


def sort_west_to_east(group: Groups, city: Cities, listener: Hashes, at: Times) -> Rows:
    """Return the rows in order of (group, city, listener, at); all columns are of shape (n,)."""
    key = _sort_key(group, city, listener)
    by = _radix_argsort(key)
    key = key.take(by)
    tie = key[1:] == key[:-1]
    if tie.any():
        tied = np.flatnonzero(np.append(tie, False) | np.append(False, tie))
        some = by[tied]
        by[tied] = some[np.lexsort((at[some], listener[some], key[tied]))]
    return by


def _sort_key(group: Groups, city: Cities, listener: Hashes) -> Hashes:
    """Pack group, city and the listener's leading bits into as few whole digits as hold them."""
    city_bits = int(city.max(initial=0)).bit_length()
    place_bits = int(group.max(initial=0)).bit_length() + city_bits
    spare_bits = -(place_bits + LISTENER_BITS) % DIGIT_BITS + LISTENER_BITS
    key = group.astype(np.uint64) << np.uint64(city_bits)
    key |= city
    key <<= np.uint64(spare_bits)
    key |= listener >> np.uint64(64 - spare_bits)
    return key


def _radix_argsort(key: Hashes) -> Rows:
    by: Rows = np.argsort(key.astype(np.uint16), kind="stable")
    for shift in range(DIGIT_BITS, int(key.max(initial=0)).bit_length(), DIGIT_BITS):
        digit = (key >> np.uint64(shift)).astype(np.uint16)
        by = by.take(np.argsort(digit.take(by), kind="stable"))
    return by


def run_starts(linked: Mask, n: int) -> Rows:
    """Return where runs start among n rows; linked[i], shape (n - 1,), joins row i + 1 to row i."""
    return np.flatnonzero(np.append(np.ones(min(n, 1), bool), ~linked))


def places_in_runs(linked: Mask, n: int) -> tuple[Rows, Rows]:
    """Return for each of n rows its place in its run, from 0, and the size of that run."""
    start = run_starts(linked, n)
    size = np.diff(start, append=n)
    return np.arange(n) - np.repeat(start, size), np.repeat(size, size)


def others(n: int, *rows: Rows) -> Rows:
    """Return the rows of 0 to n - 1 that are in none of the given."""
    mask = np.ones(n, bool)
    for some in rows:
        mask[some] = False
    return np.flatnonzero(mask)


def _slots(key: Hashes, bits: int, turn: int) -> Rows:
    """Slots of keys, which are random in all bits, in a table of 2 ** bits; each turn uses other bits."""
    return ((key << np.uint64(21 * turn)) >> np.uint64(64 - bits)).view(np.int64)


def sieve(wanted: Hashes) -> Callable[[Hashes], Rows]:
    """Return a function that gives the rows of the keys that may be in wanted.

    It gives all that are and one in a hundred of those that are not.
    """
    bits, tables = len(wanted).bit_length() + 3, []
    for turn in (0, 1):
        table = np.zeros(1 << bits, bool)
        table[_slots(wanted, bits, turn)] = True
        tables.append(table)

    def meets(key: Hashes) -> Rows:
        rows = np.flatnonzero(tables[0].take(_slots(key, bits, 0)))
        return rows[tables[1][_slots(key[rows], bits, 1)]]

    return meets


def recurring(key: Hashes) -> Rows:
    """Return the rows whose key may occur more than once: all that do, and few others."""
    rows = np.arange(len(key))
    for turn in (0, 1, 2):
        bits, mine = len(rows).bit_length() + 1, np.arange(len(rows), dtype=np.int32)
        slot = _slots(key.take(rows), bits, turn)
        last, hit = np.empty(1 << bits, np.int32), np.zeros(1 << bits, bool)
        last[slot] = mine
        hit[slot.take(np.flatnonzero(last.take(slot) != mine))] = True
        rows = rows.take(np.flatnonzero(hit.take(slot)))
    return rows
