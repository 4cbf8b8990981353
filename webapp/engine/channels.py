"""All channels: the frame of every record for each distinct filter, and what a viewer needs to come in."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import takewhile
from typing import Any

import gevent

from webapp.core import frames
from webapp.core.cache import Cache
from webapp.core.gazetteer import Gazetteer
from webapp.core.plays import SLICE_MS
from webapp.core.records import SliceRecord
from webapp.core.rollingcounts import Entry, RollingCounts
from webapp.core.selection import LATELY_MS, Filter
from webapp.engine import wsframes
from webapp.engine.bus import Bus
from webapp.engine.channel import Channel, Frame, FrameMaker, ShownFrame, period
from webapp.engine.fairshares import FairShares
from webapp.engine.hub import Audience, Hub
from webapp.engine.viewer import Viewer
from webapp.storage.history import History

RESUME_S, RESUME_BYTES = 70, 64 << 20
"""Viewers can resume within so many seconds: the ring of records keeps these, and so many bytes at most."""
RECORDS_A_PERIOD = LATELY_MS // SLICE_MS
REBUILT_BYTES = 16 << 20

_decoded = lru_cache(maxsize=RECORDS_A_PERIOD + 8)(SliceRecord.decode)
"""Decodes a record once for all filters that begin in its 10 s; being the same record, it is indexed once, too."""


class TooManyFilters(Exception):  # noqa: N818 - it says what is so, not that something is wrong
    """As many distinct filters as the settings allow are being watched already."""


class FellBehind(Exception):  # noqa: N818 - it says what is so
    """Records left the ring before a viewer's frames could be made of them."""


class Channels:
    """All channels: fed by the records' bus, feeding the hub and the history.

    Args:
        records: the bus of slice records; what it can be read again for can be resumed.
        hub: writes to viewers.
        history: keeps what was shown.
        gazetteer: the cities.
        clock: tells the time, epoch seconds.
        shown_per_s: connections shown a second, per filter; 0 shows all.
        filters_max: distinct filters at once.
        window_s: the matching window, told to viewers.
        offload: calls a function off the event loop and returns what it returns.

    Attributes:
        since: number of the record since which time only went on; the clock was set back before it.
    """

    def __init__(
        self,
        records: Bus,
        hub: Hub,
        history: History,
        gazetteer: Gazetteer,
        *,
        clock: Callable[[], float],
        shown_per_s: int,
        filters_max: int,
        window_s: float,
        offload: Callable[..., Any],
    ) -> None:
        self._records, self._hub, self._history, self._gazetteer = records, hub, history, gazetteer
        self._clock, self._shown_per_s = clock, shown_per_s
        self._window_s, self._offload = window_s, offload
        self._everyone = Channel(Filter(), self._maker(Filter()), records.last)
        self._everyone.live.set()
        self._by_filter = {Filter(): self._everyone}
        self._shares = FairShares[Filter](filters_max)
        # For others who come back at the same time.
        self._rebuilt: Cache[tuple[Filter, int], list[Frame]] = Cache(REBUILT_BYTES, _size)
        self._newest_ms, self.since = 0, 1
        self.tally = RollingCounts()
        records.subscribe(self._receive)

    @property
    def seq(self) -> int:
        """Number of the newest frame."""
        return self._everyone.seq

    @property
    def filters(self) -> int:
        """Distinct filters being watched, the empty one aside."""
        return len(self._by_filter) - 1

    def has_room_for(self, wanted: Filter, owner: bytes | None) -> bool:
        """Tell whether a viewer with this filter can come in; `owner` is who asks for it, or None."""
        return wanted in self._by_filter or self._shares.has_room_for(owner)

    def _maker(self, wanted: Filter) -> FrameMaker:
        return FrameMaker(wanted, self._shown_per_s, self._gazetteer)

    # A record: the frame for everyone first, which is also what history calls shown to everyone.

    def _receive(self, seq: int, message: bytes) -> None:
        record = _decoded(message)
        if record.end_ms <= self._newest_ms:
            self._begin_anew(seq)
        self._newest_ms = record.end_ms
        audiences = defaultdict[bytes, list[Audience]](list)  # nothing passes many a filter: one frame for all of these
        for channel in list(self._by_filter.values()):
            if channel.live.is_set():
                shown = channel.advance(seq, record)
                audiences[shown.payload].append(channel.audience)
                self._keep_filtered(channel.filter, seq, shown)
                if channel is self._everyone:
                    self._keep_everyones(seq, record, shown)
        for payload, those in audiences.items():
            self._hub.send_frame(those, wsframes.text_frame(payload))

    def _begin_anew(self, seq: int) -> None:
        """The clock was set back: what came before this record cannot be made again, as its 10 s come twice."""
        self.since = seq
        self._rebuilt.clear()
        self.tally.begin_anew()
        for channel in self._by_filter.values():
            channel.begin_anew(self._maker(channel.filter))

    @property
    def _first(self) -> int:
        """Number of the oldest record that can be read again, and since which time only went on."""
        return max(self._records.first, self.since)

    def _keep_filtered(self, wanted: Filter, seq: int, shown: ShownFrame) -> None:
        if wanted and shown.connections:
            self._history.record_filtered(self._records.stream, seq, shown.connections)

    def _keep_everyones(self, seq: int, record: SliceRecord, shown: ShownFrame) -> None:
        counts = frames.encode(frames.counts(record, len(shown.connections), None))
        pulses = frames.encode(frames.pulses(record, shown.chosen.pulses, self._gazetteer))
        self._history.record(self._records.stream, seq, record.end_ms, shown.connections, counts, pulses)
        self.tally.add(Entry(record.end_ms, record.counts, len(shown.connections)))

    # A viewer: hello, the frames that it missed, then live, with nothing between left out or said twice.

    def join(
        self, socket: Any, wanted: Filter, since: str | None, owner: bytes | None, on_gone: Callable[[], None]
    ) -> Viewer:
        """Give a viewer's socket to the hub, with hello and what it missed to be written first.

        Raises:
            TooManyFilters: there is no room for another filter.
            Outrun: what was missed can no longer be given without a gap.
        """
        channel = self._channel(wanted, owner)
        channel.joining += 1
        try:
            channel.live.wait()
            opening = self._opening(channel, since)
            if self._by_filter.get(wanted) is not channel:  # it had to go meanwhile
                raise TooManyFilters
            return self._hub.join(socket, channel.audience, iter(opening), lambda: self._left(channel, on_gone))
        finally:
            channel.joining -= 1
            self._close_if_empty(channel)

    def _left(self, channel: Channel, on_gone: Callable[[], None]) -> None:
        self._close_if_empty(channel)
        on_gone()

    def _close_if_empty(self, channel: Channel) -> None:
        if not channel.filter or channel.audience.viewers or channel.joining:
            return
        if self._by_filter.get(channel.filter) is channel:  # by now the filter may have another, with other viewers
            self._forget(channel)

    def _forget(self, channel: Channel) -> None:
        del self._by_filter[channel.filter]
        self._shares.release(channel.filter)

    def _make_room(self, owner: bytes | None) -> None:
        """Send the viewers of a filter away where there is no room for another."""
        if self._shares.taken < self._shares.whole:
            return
        channel = self._by_filter[next(self._shares.givers(owner))]
        self._forget(channel)
        for viewer in list(channel.audience.viewers):
            self._hub.dismiss(viewer)

    def _channel(self, wanted: Filter, owner: bytes | None) -> Channel:
        if not self.has_room_for(wanted, owner):
            raise TooManyFilters
        if wanted not in self._by_filter:
            self._make_room(owner)
            self._shares.claim(owner, wanted)
            channel = self._by_filter[wanted] = Channel(wanted, self._maker(wanted), self._records.last)
            gevent.spawn(self._catch_up, channel)
        return self._by_filter[wanted]

    def _catch_up(self, channel: Channel) -> None:
        """Replay the current aligned 10 s; when the last read finds nothing new, the channel is live."""
        while True:
            since = self.since
            if self._records.last >= self._first:
                for seq, record in self._from_period_of(self._records.last):
                    self._keep_filtered(channel.filter, seq, channel.advance(seq, record))
            if since == self.since:
                break
        channel.live.set()

    def _opening(self, channel: Channel, since: str | None) -> list[bytes]:
        seq, recent, gap = self._beginning(channel, since)
        hello = frames.hello(
            stream=self._records.stream,
            seq=seq,
            now_s=self._clock(),
            window_s=self._window_s,
            plays_by_source=self.tally.minute.plays_by_source,
            recent=recent,
            gap=gap,
        )
        return [hello, *(payload for _, payload in self._frames_after(channel, seq))]

    def _beginning(self, channel: Channel, since: str | None) -> tuple[int, list[bytes], int | None]:
        """Return hello's seq, recent connections and gap."""
        asked = self._asked(since)
        if asked is not None and self._can_resume(asked):
            return asked, [], 0
        seq, recent = channel.recent(lambda upto: self._recent(channel.filter, upto))
        return seq, recent, None if since is None else -1 if asked is None else seq - asked

    def _recent(self, wanted: Filter, seq: int) -> list[bytes]:
        """Return the newest recorded connections as JSON, newest first."""
        found = self._offload(self._history.latest, wanted, frames.RECENT, upto=(self._records.stream, seq))
        return [frames.connection_json(connection, self._gazetteer) for connection in found]

    def _asked(self, since: str | None) -> int | None:
        """Return the seq of `<stream>:<seq>`, or None if it is malformed, another stream's, or ahead of ours."""
        match = re.fullmatch(r"(?s)(.*):([0-9]{1,15})", since or "")
        if not match or match[1] != self._records.stream or int(match[2]) > self._records.last:
            return None
        return int(match[2])

    def _can_resume(self, asked: int) -> bool:
        """Tell whether every frame above `asked` can be made again: its 10 s must be wholly in the ring."""
        first = self._first
        if asked == self._records.last:
            return True
        if asked + 1 < first:
            return False
        return first == self.since or period(self._record(asked + 1)) > period(self._record(first))

    def _frames_after(self, channel: Channel, after: int) -> list[Frame]:
        """Return the frames above `after` up to the channel's newest; nothing yields after the newest is read."""
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
        if not self._can_resume(seq - 1):
            raise FellBehind
        key = wanted, period(self._record(seq))
        if (kept := self._rebuilt.get(key)) is not None:
            return kept
        maker, made, since = self._maker(wanted), [], self.since
        for number, record in takewhile(lambda item: period(item[1]) == key[1], self._from_period_of(seq)):
            shown = maker.make(number, record)
            made.append((number, shown.payload))
            self._keep_filtered(wanted, number, shown)
        if since == self.since:  # else the clock was set meanwhile, and these 10 s come once more
            self._rebuilt.keep(key, made)
        return made

    def _record(self, seq: int) -> SliceRecord:
        return _decoded(next(self._records.read(seq - 1))[1])

    def _from_period_of(self, seq: int) -> Iterator[tuple[int, SliceRecord]]:
        """Yield the records from the beginning of the 10 s of `seq` to the newest, and to the loop between them."""
        wanted, since = period(self._record(seq)), self.since
        for number, message in self._records.read(max(seq - RECORDS_A_PERIOD, self._first) - 1):
            if since != self.since:
                return
            record = _decoded(message)
            if period(record) >= wanted:
                yield number, record
                gevent.sleep(0)


def _size(made: Iterable[Frame]) -> int:
    return sum(len(payload) for _, payload in made)
