"""The tracks of the last slices, each under a dense number: what columns carry instead of texts."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from webapp.core.columns import numbers_in
from webapp.core.records import folded_artist, wire_track_id

_NUMBER_BITS = 32
_FREE, _NEVER, _UNKNOWN = np.iinfo(np.int64).max, 0, 0

Numbers = NDArray[np.int64]


class TracksState(msgspec.Struct, frozen=True, array_like=True):
    """All tracks that have a number.

    Attributes:
        texts: the tracks by number, empty where the number is free.
        free: the free numbers, in the order in which they were given back.
        group: see `Tracks`.
        used: the slice in which each was last used.
    """

    texts: list[bytes]
    free: list[int]
    group: Numbers
    used: Numbers


class Tracks(dict[bytes, int]):
    """Numbers of tracks as wire JSON; those of idle tracks are given out again.

    Attributes:
        texts: the tracks by number.
        group: shape (at least the numbers given out,): tracks of one id, which are one song however it is written, have
            one group.
    """

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[bytes] = []
        self.group: Numbers = np.zeros(0, np.int64)
        self._used: Numbers = np.zeros(0, np.int64)  # when last, as a slice
        self._artist: Numbers = np.zeros(0, np.int64)
        self._by_id: dict[bytes, int] = {}
        self._free: list[int] = []

    @property
    def state(self) -> TracksState:
        """All of them with their numbers; set it to go on from there."""
        return TracksState(self.texts, self._free, self.group, self._used)

    @state.setter
    def state(self, state: TracksState) -> None:
        self.texts, self._free = state.texts, state.free
        self.group, self._used = state.group.copy(), state.used.copy()
        self._artist = np.full(len(self.group), _UNKNOWN)  # Python hashes text another way in each process
        self.clear()
        self.update((text, number) for number, text in enumerate(self.texts) if text)
        self._by_id = {wire_track_id(text): int(self.group[number]) for text, number in self.items()}

    def numbers(self, texts: Sequence[bytes], slice_: int) -> Numbers:
        """Return a number for each of texts, shape (texts,), and note that it is used until this slice."""
        numbers = np.fromiter(map(self.__getitem__, texts), np.int64, len(texts))
        both = np.concatenate((numbers, self.group[numbers]))  # the first track of a group lends it its number
        self._used[both] = np.maximum(self._used[both], slice_)
        return numbers

    def forget(self, slice_: int) -> None:
        """Give back the numbers that were last used before this slice."""
        for number in np.flatnonzero(self._used < slice_).tolist():
            text = self.texts[number]
            del self[text]
            if self._by_id.get(wire_track_id(text)) == number:
                del self._by_id[wire_track_id(text)]
            self.texts[number] = b""
            self._used[number] = _FREE
            self._free.append(number)

    def artists(self, numbers: Numbers) -> Numbers:
        """Return a number, any int64, for the artist of each of these: one for all that are compared as one."""
        for number in numbers[self._artist[numbers] == _UNKNOWN].tolist():
            self._artist[number] = hash(folded_artist(self.texts[number])) or ~_UNKNOWN
        return self._artist[numbers]

    def rows(self, numbers: Numbers) -> Numbers:
        """Return what the matcher is to know plays' tracks by: within a group, in the order of their bytes."""
        distinct = numbers_in(numbers)
        groups, sizes = np.unique(self.group[distinct], return_counts=True)
        if len(groups) == len(distinct):
            return numbers
        order = np.zeros(len(self.texts), np.int64)
        several = distinct[np.isin(self.group[distinct], groups[sizes > 1])]
        for place, number in enumerate(sorted(several.tolist(), key=self.texts.__getitem__)):
            order[number] = place
        return numbers + (order[numbers] << _NUMBER_BITS)

    def __missing__(self, text: bytes) -> int:
        number = self._free.pop() if self._free else len(self.texts)
        if number == len(self.texts):
            self.texts.append(text)
            self._make_room(number + 1)
        self.texts[number] = text
        self._used[number], self._artist[number] = _NEVER, _UNKNOWN
        self.group[number] = self._by_id.setdefault(wire_track_id(text), number)
        self[text] = number
        return number

    def _make_room(self, tracks: int) -> None:
        if tracks > len(self.group):
            more = np.full(tracks, _FREE)
            self.group, self._used = np.append(self.group, more), np.append(self._used, more)
            self._artist = np.append(self._artist, more)


def numbers_of(rows: Numbers) -> Numbers:
    """Return the numbers of the tracks that the matcher knows by these rows."""
    return rows & ((1 << _NUMBER_BITS) - 1)
