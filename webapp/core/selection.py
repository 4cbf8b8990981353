"""Which of a record's pairs a person is shown: for each filter a few a second, the far and the new first.

A frame is a function of the filter and the records of its aligned 10 s, in order; integers only, so that every node
and every CPU comes to the same bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.core.filters import Filter
from webapp.core.gazetteer import Gazetteer
from webapp.core.plays import SLICE_MS
from webapp.core.recordindex import Kind, RecordIndex, index_of
from webapp.core.records import Rows, SliceRecord

LATELY_MS = 10_000
SECOND_MS = 1_000
SLICES_A_SECOND = SECOND_MS // SLICE_MS

# What a pair is worth, in km: the distance itself, and what is added or taken away for each of these.
ACROSS_COUNTRIES = 6_000
CITY_LATELY = 5_000
TRACK_LATELY = 8_000
LISTENER_LATELY = 8_000

_TAKEN = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Chosen:
    """Rows of a record that a frame shows, and how many pairs passed the filter."""

    pairs: list[int]
    pulses: list[int]
    sparks: list[int]
    matching: int


class Selection:
    """Chooses for one filter, record by record; it remembers the current aligned 10 s and nothing else.

    Args:
        wanted: the filter.
        shown_per_s: pairs shown a second; 0 shows all.
        gazetteer: for the countries of the ends.
    """

    def __init__(self, wanted: Filter, shown_per_s: int, gazetteer: Gazetteer) -> None:
        self.filter, self._shown_per_s, self._gazetteer = wanted, shown_per_s, gazetteer
        self._period = self._second = -1

    def choose(self, record: SliceRecord) -> Chosen:
        """Choose from the next record; records come in order, none left out within an aligned 10 s."""
        self._turn_to(record.start_ms)
        index = index_of(record, self._gazetteer)
        pairs = index.passing("pairs", self.filter)
        return Chosen(
            self._choose_pairs(record, index, pairs) if len(pairs) else [],
            self._first("pulses", index),
            [] if self.filter.names_place else self._first("sparks", index),
            len(pairs),
        )

    def _turn_to(self, start_ms: int) -> None:
        if start_ms // LATELY_MS != self._period:
            self._period = start_ms // LATELY_MS
            self._cities: Counter[int] = Counter()
            self._tracks: Counter[bytes] = Counter()
            self._listeners: Counter[int] = Counter()
        if start_ms // SECOND_MS != self._second:
            self._second = start_ms // SECOND_MS
            self._shown = 0
            self._had: set[str] = set()

    def _choose_pairs(self, record: SliceRecord, index: RecordIndex, candidates: NDArray[np.int64]) -> list[int]:
        if not self._shown_per_s:
            return [int(row) for row in candidates]
        part = record.start_ms % SECOND_MS // SLICE_MS + 1
        room = part * self._shown_per_s // SLICES_A_SECOND - self._shown
        chosen = candidates[self._best(record.pairs[candidates], index, room)] if room > 0 else candidates[:0]
        self._shown += len(chosen)
        return sorted(chosen.tolist())

    def _best(self, rows: Rows, index: RecordIndex, room: int) -> list[int]:
        """Return the best of rows, one after the other: each that is shown makes those that resemble it worth less."""
        if len(rows) <= room:
            for pair in rows:
                self._remember(pair, index.ids)
            return list(range(len(rows)))
        songs = index.songs[rows["track"]]
        worth, best = self._worth(rows, index.ids), list[int]()
        while len(best) < room:
            ties = np.flatnonzero(worth == worth.max())
            row = int(ties[np.argmin(rows["tail"][ties])])
            best.append(row)
            self._remember(rows[row], index.ids)
            worth -= _likeness(rows, rows[row]) + TRACK_LATELY * (songs == songs[row])
            worth[best] = _TAKEN
        return best

    def _worth(self, rows: Rows, ids: Sequence[bytes]) -> NDArray[np.int64]:
        country, city = self._gazetteer.country, np.zeros(len(self._gazetteer), np.int64)
        city[list(self._cities)] = list(self._cities.values())
        worth = rows["km"].astype(np.int64)
        worth -= TRACK_LATELY * np.array([self._tracks[ids[track]] for track in rows["track"].tolist()], np.int64)
        worth += ACROSS_COUNTRIES * (country[rows["from_city"]] != country[rows["to_city"]])
        for place, listener in (("from_city", "from_listener"), ("to_city", "to_listener")):
            worth -= CITY_LATELY * city[rows[place]]
            worth -= LISTENER_LATELY * np.array([self._listeners.get(key, 0) for key in rows[listener].tolist()])
        return worth

    def _remember(self, pair: np.void, ids: Sequence[bytes]) -> None:
        self._cities.update((int(pair["from_city"]), int(pair["to_city"])))
        self._listeners.update((int(pair["from_listener"]), int(pair["to_listener"])))
        self._tracks[ids[pair["track"]]] += 1

    def _first(self, kind: Kind, index: RecordIndex) -> list[int]:
        """Return the first row that passes, unless one of its kind was shown in this second."""
        passing: list[int] = [] if kind in self._had else index.passing(kind, self.filter)[:1].tolist()
        if passing:
            self._had.add(kind)
        return passing


def _likeness(rows: Rows, pair: np.void) -> NDArray[np.int64]:
    """Return what each row is worth less once a pair was shown, for the cities and listeners that they share."""
    less = np.zeros(len(rows), np.int64)
    for mine in ("from", "to"):
        for theirs in ("from", "to"):
            less += CITY_LATELY * (rows[f"{mine}_city"] == pair[f"{theirs}_city"])
            less += LISTENER_LATELY * (rows[f"{mine}_listener"] == pair[f"{theirs}_listener"])
    return less
