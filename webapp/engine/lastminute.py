"""What a filter shows of the records of the last minute, whether or not anybody watches it.

The history of a server of several holds what everyone was shown. What only a filter shows is chosen from these records
anew. They are whole aligned 10 s, bounded in bytes, and depend on nothing but the records: so every server that has the
same newest record chooses the same.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gevent import monkey

from webapp.core import frames
from webapp.core.cache import Cache
from webapp.core.filters import Filter, FilterName
from webapp.core.gazetteer import Gazetteer
from webapp.core.moderation import Rules
from webapp.core.recordindex import Numbers, RecordIndex, index_of, key
from webapp.core.records import SliceRecord
from webapp.core.selection import LATELY_MS, Selection
from webapp.engine.bus import Bus
from webapp.engine.resume import decode_record
from webapp.storage.reading import Numbered

TENS = 6
"""Whole aligned 10 s before the current ones."""
MOST_BYTES = 64 << 20
MOST_CHOSEN = 100_000
"""Chosen connections that are kept for others who ask for the same filter."""


@dataclass(slots=True)
class _Kept:
    """A record, and which filters could find something in it."""

    seq: int
    message: bytes
    keys: dict[FilterName, Numbers] = field(default_factory=dict)


@dataclass(slots=True)
class _Ten:
    """The records of an aligned 10 s."""

    number: int
    records: list[_Kept] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        return sum(len(kept.message) for kept in self.records)


@dataclass(slots=True)
class _Chosen:
    """What was chosen of an aligned 10 s so far, up to a record."""

    selection: Selection
    seq: int = 0
    found: list[Numbered] = field(default_factory=list)


class LastMinute:
    """The records of the last minute. All threads can use it.

    Args:
        records: the bus of slice records.
        gazetteer: the cities.
        shown_per_s: connections that a filter shows in a second; 0 shows all.
        most_bytes: of the records; the oldest 10 s go first.
    """

    def __init__(self, records: Bus, gazetteer: Gazetteer, shown_per_s: int, most_bytes: int = MOST_BYTES) -> None:
        self._records, self._gazetteer = records, gazetteer
        self._shown_per_s, self._most_bytes = shown_per_s, most_bytes
        # Unpatched by gevent, because worker threads are native. The event loop takes only the first, and briefly.
        self._lock, self._choosing = (monkey.get_original("threading", "Lock")() for _ in range(2))
        self._tens: deque[_Ten] = deque()
        self._seq = self._partial = -1
        self._bytes = 0
        self._chosen: Cache[tuple[Filter, str, int, int], _Chosen] = Cache(MOST_CHOSEN, lambda one: 1 + len(one.found))
        records.subscribe(self._take_in)

    @property
    def stream(self) -> str:
        """The numbering of the records."""
        return self._records.stream

    def _take_in(self, seq: int, message: bytes) -> None:
        number = (SliceRecord.end_of(message) - 1) // LATELY_MS
        with self._lock:
            if seq != self._seq + 1:  # its 10 s may have records that are missing here
                self._tens.clear()
                self._bytes, self._partial = 0, number if seq > 1 else -1
            self._seq = seq
            if number > self._partial:
                self._add(number, _Kept(seq, message))

    def _add(self, number: int, kept: _Kept) -> None:
        if not self._tens or self._tens[-1].number != number:
            self._tens.append(_Ten(number))
        self._tens[-1].records.append(kept)
        self._bytes += len(kept.message)
        while self._tens[0].number < number - TENS or (self._bytes > self._most_bytes and len(self._tens) > 1):
            self._bytes -= self._tens.popleft().bytes

    def shown(
        self, wanted: Filter, rules: Rules, after_ms: float = 0, until_ms: float = math.inf
    ) -> Iterator[tuple[int, Sequence[Numbered]]]:
        """Yield what a filter shows of each aligned 10 s, the newest first.

        Args:
            wanted: the filter.
            rules: what is hidden.
            after_ms: 10 s that end before are left out.
            until_ms: 10 s that begin later are left out.

        Yields:
            The beginning of the 10 s, epoch milliseconds, and the connections in the order of their records. Those of
            the 10 s before are all earlier.
        """
        with self._lock:
            tens = [_Ten(ten.number, list(ten.records)) for ten in self._tens]
        for ten in reversed(tens):
            begin_ms = ten.number * LATELY_MS
            if after_ms - LATELY_MS < begin_ms <= until_ms:
                with self._choosing:
                    found = self._choose(ten, wanted, rules, is_newest=ten is tens[-1])
                yield begin_ms, found

    def _choose(self, ten: _Ten, wanted: Filter, rules: Rules, *, is_newest: bool) -> list[Numbered]:
        name = wanted, rules.version, ten.number, ten.records[0].seq
        chosen = self._chosen.get(name) or _Chosen(Selection(wanted, self._shown_per_s, self._gazetteer, rules))
        self._chosen.drop(name)  # its size changes
        for kept in ten.records:
            if kept.seq > chosen.seq and self._may_pass(kept, wanted, is_newest):
                record, index = self._indexed(kept, is_newest)
                rows, _ = chosen.selection.choose_pairs(record, index)
                chosen.found += [(kept.seq, each) for each in frames.shown(record, rows, self._gazetteer)]
        chosen.seq = max(chosen.seq, ten.records[-1].seq)
        self._chosen.keep(name, chosen)
        return [each for each in chosen.found if each[0] <= ten.records[-1].seq]

    def _may_pass(self, kept: _Kept, wanted: Filter, is_newest: bool) -> bool:
        """Tell whether a record has each value of a filter; if not, it need not be decoded."""
        for name, value in wanted.conditions:
            if name not in kept.keys:
                kept.keys[name] = self._indexed(kept, is_newest)[1].keys(name)
            keys, wanted_key = kept.keys[name], key(name, value, self._gazetteer)
            place = int(keys.searchsorted(wanted_key))
            if place == len(keys) or keys[place] != wanted_key:
                return False
        return True

    def _indexed(self, kept: _Kept, is_newest: bool) -> tuple[SliceRecord, RecordIndex]:
        """Decode and index a record; share the newest ones with those who watch them."""
        record = decode_record(kept.message) if is_newest else SliceRecord.decode(kept.message)
        return record, index_of(record, self._gazetteer) if is_newest else RecordIndex(record, self._gazetteer)

    def ending(self, after_ms: int, until_ms: int) -> list[bytes]:
        """Return those of the records, encoded, whose slice ends in a period, epoch milliseconds."""
        with self._lock:
            messages = [kept.message for ten in self._tens for kept in ten.records]
        return [message for message in messages if after_ms < SliceRecord.end_of(message) <= until_ms]
