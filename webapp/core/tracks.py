"""Numbers the tracks of the last slices, so that columns carry numbers instead of texts."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from webapp.core.columns import distinct
from webapp.core.recordings import TRACK_BITS
from webapp.core.records import wire_artist_key, wire_recording, wire_track_id

_FREE, _NEVER, _UNKNOWN = np.iinfo(np.int64).max, 0, 0

Numbers = NDArray[np.int64]


class TracksState(msgspec.Struct, frozen=True, array_like=True):
    """All tracks that have a number.

    Attributes:
        texts: the tracks by number, empty for free numbers.
        free: the free numbers, in the order in which they became free.
        group: see `Tracks`.
        used: the slice in which each number was last used.
    """

    texts: list[bytes]
    free: list[int]
    group: Numbers
    used: Numbers


class Tracks(dict[bytes, int]):
    """Numbers of tracks as wire JSON. The numbers of idle tracks are reused.

    Attributes:
        texts: the tracks by number.
        group: shape (numbers or more,): a number for each track id. Tracks with one id are one song, however it is
            written.
    """

    # A group, or a recording, has the number of its first track.

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[bytes] = []
        self.group: Numbers = np.zeros(0, np.int64)
        self._used: Numbers = np.zeros(0, np.int64)  # in which slice last
        self._artist: Numbers = np.zeros(0, np.int64)
        self._by_id: dict[bytes, int] = {}
        self._recording: Numbers = np.zeros(0, np.int64)  # a track without one has its own number here
        self._by_recording: dict[str, int] = {}
        self._shared = set[int]()  # the recordings that several groups have
        self._free: list[int] = []

    @property
    def state(self) -> TracksState:
        """All tracks with their numbers. Setting it restores them."""
        return TracksState(self.texts, self._free, self.group, self._used)

    @state.setter
    def state(self, state: TracksState) -> None:
        self.texts, self._free = state.texts, state.free
        self.group, self._used = state.group.copy(), state.used.copy()
        self._artist = np.full(len(self.group), _UNKNOWN)  # hashes differ from process to process
        self.clear()
        self.update((text, number) for number, text in enumerate(self.texts) if text)
        self._by_id = {wire_track_id(text): int(self.group[number]) for text, number in self.items()}
        self._recording = np.arange(len(self.group))
        self._by_recording, self._shared = {}, set()
        for text, number in self.items():
            self._join(number, wire_recording(text))
        np.maximum.at(self._used, self._recording[list(self.values())], self._used[list(self.values())])

    def numbers(self, texts: Sequence[bytes], slice_: int) -> Numbers:
        """Return a number for each text, shape (texts,), and note that this slice uses it."""
        numbers = np.fromiter(map(self.__getitem__, texts), np.int64, len(texts))
        all_ = np.concatenate((numbers, self.group[numbers], self._recording[numbers]))
        self._used[all_] = np.maximum(self._used[all_], slice_)
        return numbers

    def forget(self, slice_: int) -> None:
        """Free the numbers that were last used before this slice."""
        for number in np.flatnonzero(self._used < slice_).tolist():
            text = self.texts[number]
            del self[text]
            if self._by_id.get(wire_track_id(text)) == number:
                del self._by_id[wire_track_id(text)]
            if self._by_recording.get(recording := wire_recording(text) or "") == number:
                del self._by_recording[recording]
                self._shared.discard(number)
            self.texts[number] = b""
            self._used[number] = _FREE
            self._free.append(number)

    def artists(self, numbers: Numbers) -> Numbers:
        """Return an int64 for the artist of each track; it is equal for artists with equal keys."""
        for number in numbers[self._artist[numbers] == _UNKNOWN].tolist():
            self._artist[number] = hash(wire_artist_key(self.texts[number])) or ~_UNKNOWN
        return self._artist[numbers]

    def recordings(self) -> Numbers | None:
        """Return for each number one above 0 for its recording, or 0 if no other group has it; None if all are 0."""
        if not self._shared:
            return None
        shared = np.zeros(len(self._recording), bool)
        shared[list(self._shared)] = True
        return np.where(shared[self._recording], self._recording + 1, 0)

    def rows(self, numbers: Numbers, recordings: Numbers | None) -> Numbers:
        """Return rows for the matcher: within a song, ascending in the order of the tracks' bytes.

        Args:
            numbers: of tracks.
            recordings: what `recordings` returns.
        """
        used = distinct(numbers)
        groups, sizes = np.unique(self.group[used], return_counts=True)
        if len(groups) == len(used) and recordings is None:
            return numbers
        order = np.zeros(len(self.texts), np.int64)
        some = np.isin(self.group[used], groups[sizes > 1])
        several = used[some if recordings is None else some | (recordings[used] > 0)]
        for place, number in enumerate(sorted(several.tolist(), key=self.texts.__getitem__)):
            order[number] = place
        return numbers + (order[numbers] << TRACK_BITS)

    def __missing__(self, text: bytes) -> int:
        number = self._free.pop() if self._free else len(self.texts)
        if number == len(self.texts):
            self.texts.append(text)
            self._make_room(number + 1)
        self.texts[number] = text
        self._used[number], self._artist[number] = _NEVER, _UNKNOWN
        self.group[number] = self._by_id.setdefault(wire_track_id(text), number)
        self[text] = number
        self._join(number, wire_recording(text))
        return number

    def _join(self, number: int, recording: str | None) -> None:
        """Note a track's recording, and whether it joins the track's group to another one."""
        first = number if recording is None else self._by_recording.setdefault(recording, number)
        self._recording[number] = first
        if self.group[first] != self.group[number]:
            self._shared.add(first)

    def _make_room(self, tracks: int) -> None:
        if tracks > len(self.group):
            more = np.full(tracks, _FREE)
            self.group, self._used = np.append(self.group, more), np.append(self._used, more)
            self._artist = np.append(self._artist, more)
            self._recording = np.append(self._recording, np.zeros(tracks, np.int64))
