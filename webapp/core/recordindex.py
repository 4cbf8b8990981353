"""Indexes the rows of a record, once for all filters, so that a filter costs only what it finds."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache, reduce
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from webapp.core.filters import Filter, FilterName
from webapp.core.gazetteer import Gazetteer
from webapp.core.records import Rows, SliceRecord, wire_artist_key, wire_track_id

Kind = Literal["pairs", "pulses", "sparks"]
Numbers = NDArray[np.int64]
Numbered = tuple[Mapping[Hashable, int], Numbers]
"""A dense number for each value, and the number of each track or city."""

_NONE = np.empty(0, np.int64)


class RecordIndex:
    """Finds the rows of one record by artist, track, country and city; of a row with two ends, either may match."""

    def __init__(self, record: SliceRecord, gazetteer: Gazetteer) -> None:
        self._record, self._gazetteer = record, gazetteer
        self._columns: dict[tuple[Kind, FilterName], _Column] = {}

    @cached_property
    def ids(self) -> Sequence[bytes]:
        """The id of each of the record's tracks."""
        return [wire_track_id(track) for track in self._record.tracks]

    @property
    def songs(self) -> Numbers:
        """A number for each of the record's tracks, equal for equal ids."""
        return self._tracks[1]

    def passing(self, kind: Kind, wanted: Filter) -> Numbers:
        """Return the rows of a kind that pass a filter, ascending."""
        if not wanted:
            return np.arange(len(getattr(self._record, kind)))
        found = (self._rows(kind, name, value) for name, value in wanted.conditions)
        return reduce(lambda one, other: np.intersect1d(one, other, assume_unique=True), found)

    def keys(self, name: FilterName) -> Numbers:
        """Return the `key` of each artist, track, country or city that pairs have, ascending."""
        numbers, numbered = self._numbered(name)
        used = np.unique(numbered[_keys(self._record.pairs, name)])
        if name in ("country", "city"):
            return used
        values = list(numbers)
        return np.sort(np.fromiter((hash(values[number]) for number in used.tolist()), np.int64, len(used)))

    def _rows(self, kind: Kind, name: FilterName, value: Hashable) -> Numbers:
        """Return the rows of a kind, ascending, with this artist (key), track (id), country (code) or city (id)."""
        numbers, numbered = self._numbered(name)
        number = numbers.get(value)
        if number is None:
            return _NONE
        if (kind, name) not in self._columns:
            self._columns[kind, name] = _Column(numbered[_keys(getattr(self._record, kind), name)])
        return self._columns[kind, name].rows(number)

    def _numbered(self, name: FilterName) -> Numbered:
        if name == "artist":
            return self._artists
        return self._tracks if name == "track" else _places(self._gazetteer, name)

    @cached_property
    def _tracks(self) -> Numbered:
        return _dense(self.ids)

    @cached_property
    def _artists(self) -> Numbered:
        return _dense(map(wire_artist_key, self._record.tracks))


class _Column:
    """Rows in the order of their keys; `keys` has the shape (rows, keys of a row)."""

    def __init__(self, keys: Numbers) -> None:
        flat = keys.ravel()
        order = np.argsort(flat, kind="stable")
        self._keys, self._rows = flat[order], order // keys.shape[1]
        self._present = set(flat.tolist())

    def rows(self, key: int) -> Numbers:
        """Return the rows that have the key, ascending."""
        if key not in self._present:
            return _NONE
        first, end = self._keys.searchsorted((key, key + 1))
        return np.unique(self._rows[first:end])


def key(name: FilterName, value: Hashable, gazetteer: Gazetteer) -> int:
    """Return a number that stands for a filter's value in this process; -1 for a place that is unknown."""
    return _places(gazetteer, name)[0].get(value, -1) if name in ("country", "city") else hash(value)


def _keys(rows: Rows, name: FilterName) -> Numbers:
    """Return the tracks or cities of rows, shape (rows, 1 or 2)."""
    if name in ("artist", "track"):
        columns = ["track", "to_track"] if name == "track" and "to_track" in (rows.dtype.names or ()) else ["track"]
    else:
        columns = ["city"] if "city" in (rows.dtype.names or ()) else ["from_city", "to_city"]
    return np.stack([rows[column].astype(np.int64) for column in columns], axis=1)


def _dense(values: Iterable[Hashable]) -> Numbered:
    numbers: dict[Hashable, int] = {}
    return numbers, np.array([numbers.setdefault(value, len(numbers)) for value in values], np.int64)


@lru_cache(maxsize=4)
def _places(gazetteer: Gazetteer, name: FilterName) -> Numbered:
    values = gazetteer.codes[gazetteer.country] if name == "country" else gazetteer.geoname_id
    return _dense(values.tolist())


@lru_cache(maxsize=48)  # more than the records of 10 s, which every new filter starts with
def index_of(record: SliceRecord, gazetteer: Gazetteer) -> RecordIndex:
    """Return a record's index."""
    return RecordIndex(record, gazetteer)
