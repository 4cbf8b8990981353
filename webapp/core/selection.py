"""Chooses the pairs of a record that a person is shown: for each filter a few a second, the far and the new first.

A frame is a pure function of the filter, of the version of what is hidden, and of the records of its aligned 10 s, in
order. It uses integers only, so that every node and every CPU makes the same bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.core.filters import Filter
from webapp.core.gazetteer import Gazetteer
from webapp.core.moderation import NO_RULES, Rules
from webapp.core.plays import SLICE_MS
from webapp.core.recordindex import Kind, RecordIndex, index_of
from webapp.core.records import Rows, SliceRecord

LATELY_MS = 10_000
SECOND_MS = 1_000
SLICES_A_SECOND = SECOND_MS // SLICE_MS

# A pair's score is its distance in km, plus and minus these.
ACROSS_COUNTRIES = 6_000
CITY_LATELY = 5_000
TRACK_LATELY = 8_000
LISTENER_LATELY = 8_000

INEXACT = 1_000_000
"""More than all others together: a pair whose distance in time is not known ranks below all whose is."""

_CHOSEN = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Chosen:
    """Rows of a record that a frame shows, and how many pairs passed the filter.

    `crowd` are the rows of the cities of the most played song; None if that is not shown.
    """

    pairs: list[int]
    pulses: list[int]
    sparks: list[int]
    matching: int
    crowd: list[int] | None = None


class Selection:
    """Chooses for one filter, record by record. It remembers what was shown in the current aligned 10 s.

    Args:
        wanted: the filter.
        shown_per_s: pairs shown a second; 0 shows all.
        gazetteer: the cities, with their countries.
        rules: what is hidden, before it is chosen from.
    """

    def __init__(self, wanted: Filter, shown_per_s: int, gazetteer: Gazetteer, rules: Rules = NO_RULES) -> None:
        self.filter, self._shown_per_s, self._gazetteer = wanted, shown_per_s, gazetteer
        self._rules = rules
        self._period = self._second = -1

    def choose(self, record: SliceRecord, index: RecordIndex | None = None) -> Chosen:
        """Choose from the next record. Within an aligned 10 s, give it every record, in order.

        Its index is kept for other filters, unless one is given.
        """
        index = index or index_of(record, self._gazetteer)
        pairs, matching = self.choose_pairs(record, index)
        return Chosen(
            pairs,
            self._first("pulses", record, index),
            [] if self.filter.names_place else self._first("sparks", record, index),
            matching,
            self._crowd(record),
        )

    def choose_pairs(self, record: SliceRecord, index: RecordIndex) -> tuple[list[int], int]:
        """Choose pairs alone; return their rows, and how many passed. A record without any may be left out."""
        self._forget_before(record.start_ms)
        pairs = self._passing("pairs", record, index)
        return self._choose_pairs(record, index, pairs) if len(pairs) else [], len(pairs)

    def _crowd(self, record: SliceRecord) -> list[int] | None:
        if self.filter or not len(record.crowd) or self._rules.hides_track(record.tracks[record.crowd["track"][0]]):
            return None
        ids = self._gazetteer.geoname_id[record.crowd_cities["city"]].tolist()
        return [row for row, id in enumerate(ids) if id not in self._rules.cities]

    def _passing(self, kind: Kind, record: SliceRecord, index: RecordIndex) -> NDArray[np.int64]:
        return self._rules.visible(record, kind, index.passing(kind, self.filter), self._gazetteer)

    def _forget_before(self, start_ms: int) -> None:
        if start_ms // LATELY_MS != self._period:
            self._period = start_ms // LATELY_MS
            self._cities: Counter[int] = Counter()
            self._tracks: Counter[bytes] = Counter()
            self._listeners: Counter[int] = Counter()
        if start_ms // SECOND_MS != self._second:
            self._second = start_ms // SECOND_MS
            self._shown = 0
            self._kinds_shown: set[str] = set()

    def _choose_pairs(self, record: SliceRecord, index: RecordIndex, candidates: NDArray[np.int64]) -> list[int]:
        if not self._shown_per_s:
            return [int(row) for row in candidates]
        quarter = record.start_ms % SECOND_MS // SLICE_MS + 1
        room = quarter * self._shown_per_s // SLICES_A_SECOND - self._shown
        chosen = candidates[self._best(record.pairs[candidates], index, room)] if room > 0 else candidates[:0]
        self._shown += len(chosen)
        return sorted(chosen.tolist())

    def _best(self, rows: Rows, index: RecordIndex, room: int) -> list[int]:
        """Return the best rows, one after the other: each lowers the scores of those that resemble it."""
        if len(rows) <= room:
            for pair in rows:
                self._remember(pair, index.ids)
            return list(range(len(rows)))
        songs = index.songs[rows["track"]]
        scores, best = self._scores(rows, index.ids), list[int]()
        while len(best) < room:
            ties = np.flatnonzero(scores == scores.max())
            row = int(ties[np.argmin(rows["tail"][ties])])
            best.append(row)
            self._remember(rows[row], index.ids)
            scores -= _likeness(rows, rows[row]) + TRACK_LATELY * (songs == songs[row])
            scores[best] = _CHOSEN
        return best

    def _scores(self, rows: Rows, ids: Sequence[bytes]) -> NDArray[np.int64]:
        country, shown = self._gazetteer.country, np.zeros(len(self._gazetteer), np.int64)
        shown[list(self._cities)] = list(self._cities.values())
        scores = rows["km"].astype(np.int64) - INEXACT * (rows["within_s"] > 0)
        scores -= TRACK_LATELY * np.array([self._tracks[ids[track]] for track in rows["track"].tolist()], np.int64)
        scores += ACROSS_COUNTRIES * (country[rows["from_city"]] != country[rows["to_city"]])
        for place, listener in (("from_city", "from_listener"), ("to_city", "to_listener")):
            scores -= CITY_LATELY * shown[rows[place]]
            scores -= LISTENER_LATELY * np.array([self._listeners.get(key, 0) for key in rows[listener].tolist()])
        return scores

    def _remember(self, pair: np.void, ids: Sequence[bytes]) -> None:
        self._cities.update((int(pair["from_city"]), int(pair["to_city"])))
        self._listeners.update((int(pair["from_listener"]), int(pair["to_listener"])))
        self._tracks[ids[pair["track"]]] += 1

    def _first(self, kind: Kind, record: SliceRecord, index: RecordIndex) -> list[int]:
        """Return the first row that passes, unless this second has shown one of its kind."""
        passing: list[int] = [] if kind in self._kinds_shown else self._passing(kind, record, index)[:1].tolist()
        if passing:
            self._kinds_shown.add(kind)
        return passing


def _likeness(rows: Rows, pair: np.void) -> NDArray[np.int64]:
    """Return by how much a pair that was shown lowers the score of each row: for shared cities and listeners."""
    less = np.zeros(len(rows), np.int64)
    for mine in ("from", "to"):
        for theirs in ("from", "to"):
            less += CITY_LATELY * (rows[f"{mine}_city"] == pair[f"{theirs}_city"])
            less += LISTENER_LATELY * (rows[f"{mine}_listener"] == pair[f"{theirs}_listener"])
    return less
