"""The resume ring: slice records of the last minute, and frames made of them again for viewers who were away.

A frame is a pure function of a filter, of what is hidden, and of the records of its aligned 10 s, so a frame made again
equals the one that others got, byte for byte, unless what is hidden has changed since.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import takewhile

import gevent

from webapp.core.cache import Cache
from webapp.core.filters import Filter
from webapp.core.plays import SLICE_MS
from webapp.core.records import SliceRecord
from webapp.core.selection import LATELY_MS
from webapp.engine.bus import Bus
from webapp.engine.channel import Channel, Frame, FrameMaker, ShownFrame, period

RESUME_S, RESUME_BYTES = 70, 64 << 20
"""Viewers can resume within so many seconds: the ring of records keeps these, and so many bytes at most."""
RECORDS_A_PERIOD = LATELY_MS // SLICE_MS
REBUILT_BYTES = 16 << 20
WAIT_S, STEP_S = 5.0, 0.05
"""How long a viewer waits for a record that another server had before this one."""

decode_record = lru_cache(maxsize=RECORDS_A_PERIOD + 8)(SliceRecord.decode)
"""Decodes a record once for all who read it in its 10 s; being the same record, it is indexed once, too."""


class FellBehind(Exception):  # noqa: N818 - it says what is so
    """Records left the ring before a viewer's frames could be made of them."""


class ResumeRing:
    """The records that can be read again, and the frames made of them.

    Args:
        records: the bus of slice records.
        maker: returns what makes a filter's frames, from the beginning of an aligned 10 s.
        keep: takes what a filter shows of a record, which is the same each time.

    Attributes:
        since: number of the record since which time only went on; the clock was set back before it.
        era: grows when frames that were made are void, because the clock was set back or other things are hidden.
    """

    def __init__(
        self,
        records: Bus,
        maker: Callable[[Filter], FrameMaker],
        keep: Callable[[Filter, int, ShownFrame], None],
    ) -> None:
        self._records, self._maker, self._keep = records, maker, keep
        # For others who come back at the same time.
        self._rebuilt: Cache[tuple[Filter, int], list[Frame]] = Cache(REBUILT_BYTES, _size)
        self.since, self.era = 1, 0

    @property
    def first(self) -> int:
        """Number of the oldest record that can be read again, and since which time only went on."""
        return max(self._records.first, self.since)

    def restart(self, seq: int) -> None:
        """Begin with this record: the clock was set back, so the 10 s before it come twice."""
        self.since = seq
        self.begin_era()

    def begin_era(self) -> None:
        """Forget the frames that were made, and give up those that are being made."""
        self.era += 1
        self._rebuilt.clear()

    def seq_of(self, since: str | None) -> int | None:
        """Return the seq of `<stream>:<seq>`, or None if it is malformed, another stream's, or ahead of ours."""
        seq = self._seq_in_stream(since)
        return seq if seq is not None and seq <= self._records.last else None

    def _seq_in_stream(self, since: str | None) -> int | None:
        match = re.fullmatch(r"(?s)(.*):([0-9]{1,15})", since or "")
        return int(match[2]) if match and match[1] == self._records.stream else None

    def wait_for(self, since: str | None) -> None:
        """Wait until the record is here that a viewer had from another server; not for long, nor for one far ahead."""
        seq, until_s = self._seq_in_stream(since), time.monotonic() + WAIT_S
        while seq and 0 < seq - self._records.last <= RECORDS_A_PERIOD and time.monotonic() < until_s:
            gevent.sleep(STEP_S)

    def can_resume(self, seq: int) -> bool:
        """Tell whether every frame above `seq` can be made again: its 10 s must be wholly in the ring."""
        first = self.first
        if seq == self._records.last:
            return True
        if seq + 1 < first:
            return False
        return first == self.since or period(self._record(seq + 1)) > period(self._record(first))

    def frames_after(self, channel: Channel, after: int) -> list[Frame]:
        """Return the frames above `after` up to the channel's newest; nothing yields after the newest is read.

        Raises:
            FellBehind: there are more than can be made again.
        """
        result: list[Frame] = []
        while (kept := channel.kept(after)) is None:
            made = [frame for frame in self._rebuild(channel.filter, after + 1) if frame[0] > after]
            if not made or [seq for seq, _ in made] != list(range(after + 1, after + 1 + len(made))):
                raise FellBehind
            result += made
            after += len(made)
        return result + kept

    def _rebuild(self, wanted: Filter, seq: int) -> list[Frame]:
        """Make the frames of the aligned 10 s of `seq`, all of whose records must be in the ring, once more."""
        if not self.can_resume(seq - 1):
            raise FellBehind
        key = wanted, period(self._record(seq))
        if (kept := self._rebuilt.get(key)) is not None:
            return kept
        maker, made, era = self._maker(wanted), [], self.era
        for number, record in takewhile(lambda item: period(item[1]) == key[1], self.from_period_of(seq)):
            shown = maker.make(number, record)
            made.append((number, shown.payload))
            self._keep(wanted, number, shown)
        if era == self.era:
            self._rebuilt.keep(key, made)
        return made

    def _record(self, seq: int) -> SliceRecord:
        return decode_record(next(self._records.read(seq - 1))[1])

    def from_period_of(self, seq: int) -> Iterator[tuple[int, SliceRecord]]:
        """Yield the records from the beginning of the 10 s of `seq` to the newest, and to the loop between them."""
        wanted, era = period(self._record(seq)), self.era
        for number, message in self._records.read(max(seq - RECORDS_A_PERIOD, self.first) - 1):
            if era != self.era:
                return
            record = decode_record(message)
            if period(record) >= wanted:
                yield number, record
                gevent.sleep(0)


def _size(made: Iterable[Frame]) -> int:
    return sum(len(payload) for _, payload in made)
