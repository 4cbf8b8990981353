"""Numbers the tracks of the last slices, so that columns carry numbers instead of texts."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from webapp.core.columns import Numbers, distinct
from webapp.core.numbering import Numbering
from webapp.core.recordings import TRACK_BITS
from webapp.core.records import wire_artist_key, wire_recording, wire_track_id

_FREE, _NEVER, _UNKNOWN = np.iinfo(np.int64).max, 0, 0


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

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[bytes] = []
        self.group: Numbers = np.zeros(0, np.int64)
        self._used: Numbers = np.zeros(0, np.int64)  # in which slice last
        self._artist: Numbers = np.zeros(0, np.int64)
        self._recording: Numbers = np.zeros(0, np.int64)  # from 1; 0 for a track without one
        self._free: list[int] = []
        self._groups, self._recordings = Numbering[bytes](), Numbering[str]()
        self._first: dict[str, bytes] = {}  # the id of a recording's first track
        self._shared: dict[str, int] = {}  # the recordings of several songs

    @property
    def state(self) -> TracksState:
        """All tracks with their numbers. Setting it restores them."""
        return TracksState(self.texts, self._free, self.group, self._used)

    @state.setter
    def state(self, state: TracksState) -> None:
        self.texts, self._free = state.texts, state.free
        self.group, self._used = state.group.copy(), state.used.copy()
        self._artist = np.full(len(self.group), _UNKNOWN)  # hashes differ from process to process
        self._recording = np.zeros(len(self.group), np.int64)
        self.clear()
        self.update((text, number) for number, text in enumerate(self.texts) if text)
        self._groups = Numbering((wire_track_id(text), int(self.group[number])) for text, number in self.items())
        self._recordings, self._first, self._shared = Numbering(), {}, {}
        for text, number in self.items():
            self._recording[number] = self._join(text)

    def numbers(self, texts: Sequence[bytes], slice_: int) -> Numbers:
        """Return a number for each text, shape (texts,), and note that this slice uses it."""
        numbers = np.fromiter(map(self.__getitem__, texts), np.int64, len(texts))
        self.use(numbers, slice_)
        return numbers

    def use(self, numbers: Numbers, slice_: int) -> None:
        """Note that this slice uses some tracks."""
        self._used[numbers] = np.maximum(self._used[numbers], slice_)

    def forget(self, slice_: int) -> None:
        """Free the numbers that were last used before this slice."""
        for number in np.flatnonzero(self._used < slice_).tolist():
            text, self.texts[number] = self.texts[number], b""
            del self[text]
            self._groups.release(wire_track_id(text))
            if (recording := wire_recording(text)) and self._recordings.release(recording):
                del self._first[recording]
                self._shared.pop(recording, None)
            self._used[number] = _FREE
            self._free.append(number)

    def artists(self, numbers: Numbers) -> Numbers:
        """Return an int64 for the artist of each track; it is equal for artists with equal keys."""
        for number in numbers[self._artist[numbers] == _UNKNOWN].tolist():
            self._artist[number] = hash(wire_artist_key(self.texts[number])) or ~_UNKNOWN
        return self._artist[numbers]

    def recordings(self) -> Numbers | None:
        """Return for each number one above 0 for its recording, or 0 if no other song has it; None if all are 0."""
        if not self._shared:
            return None
        shared = np.zeros(self._recording.max() + 1, bool)
        shared[list(self._shared.values())] = True
        return np.where(shared[self._recording], self._recording, 0)

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
        self.group[number] = self._groups.use(wire_track_id(text))
        self._recording[number] = self._join(text)
        self[text] = number
        return number

    def _join(self, text: bytes) -> int:
        """Return the number of a track's recording from 1, 0 if it has none, and note whether it joins two songs."""
        if not (recording := wire_recording(text)):
            return 0
        number = self._recordings.use(recording) + 1
        if self._first.setdefault(recording, wire_track_id(text)) != wire_track_id(text):
            self._shared[recording] = number
        return number

    def _make_room(self, tracks: int) -> None:
        if tracks > len(self.group):
            more = np.full(tracks, _FREE)
            self.group, self._used = np.append(self.group, more), np.append(self._used, more)
            self._artist = np.append(self._artist, more)
            self._recording = np.append(self._recording, np.zeros(tracks, np.int64))
