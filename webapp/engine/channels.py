"""All channels: the frame of every record for each distinct filter, and what a viewer needs to come in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import gevent

from webapp.core import frames
from webapp.core.filters import Filter
from webapp.core.gazetteer import Gazetteer
from webapp.core.moderation import NO_RULES, Rules
from webapp.core.records import SliceRecord
from webapp.core.rollingcounts import Entry, RollingCounts
from webapp.core.trackids import NO_ALIASES, TrackAliases
from webapp.engine import wsframes
from webapp.engine.bus import Bus
from webapp.engine.channel import Channel, FrameMaker, ShownFrame
from webapp.engine.fairshares import FairShares
from webapp.engine.hub import Hub
from webapp.engine.leadstory import LeadStory
from webapp.engine.resume import FellBehind, ResumeRing, decode_record
from webapp.engine.viewer import Viewer
from webapp.storage.history import History


class TooManyFilters(Exception):  # noqa: N818 - it says what is so, not that something is wrong
    """As many distinct filters as the settings allow are being watched already."""


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
        self._rules, self._ruled_from = NO_RULES, 0
        self._everyone = Channel(Filter(), self._maker(Filter()), records.last)
        self._everyone.live.set()
        self._by_filter = {Filter(): self._everyone}
        self._shares = FairShares[Filter](filters_max)
        self._ring = ResumeRing(records, self._maker, self._keep_rebuilt)
        self._newest_ms = 0
        self._lead = LeadStory(gazetteer, lambda message: hub.send(self._everyone.subscribers, message))
        self._aliases = NO_ALIASES
        self.tally = RollingCounts()
        records.subscribe(self._receive)

    @property
    def seq(self) -> int:
        """Number of the newest frame."""
        return self._everyone.seq

    @property
    def since(self) -> int:
        """Number of the record since which time only went on; the clock was set back before it."""
        return self._ring.since

    @property
    def filters(self) -> int:
        """Distinct filters being watched, the empty one aside."""
        return len(self._by_filter) - 1

    def is_live(self, wanted: Filter) -> bool:
        """Return whether a filter has its frames already, so that a viewer with it can join at once."""
        return wanted in self._by_filter and self._by_filter[wanted].live.is_set()

    def has_room_for(self, wanted: Filter, owner: bytes | None) -> bool:
        """Tell whether a viewer with this filter can come in; `owner` is who asks for it, or None."""
        return wanted in self._by_filter or self._shares.has_room_for(owner)

    def _maker(self, wanted: Filter) -> FrameMaker:
        return FrameMaker(wanted, self._shown_per_s, self._gazetteer, self._rules)

    # A record: the frame for everyone first, which is also what history calls shown to everyone.

    def _receive(self, seq: int, message: bytes) -> None:
        record = decode_record(message)
        if record.end_ms <= self._newest_ms:
            self._begin_anew(seq)
        self._newest_ms = record.end_ms
        groups = defaultdict[bytes, list[set[Viewer]]](list)  # nothing passes many a filter: one frame for all of these
        for channel in list(self._by_filter.values()):
            if channel.live.is_set():
                groups[self._advance(channel, seq, record)].append(channel.subscribers)
        for payload, subscribers in groups.items():
            self._hub.send_frame(subscribers, wsframes.text_frame(payload))
        self._lead.tell_if_due()

    def tell_delay(self) -> None:
        """Tell all viewers that there are no records at present."""
        groups = [channel.subscribers for channel in self._by_filter.values() if channel.live.is_set()]
        self._hub.send_frame(groups, wsframes.text_frame(frames.delayed(self.seq, self._clock())))

    def _begin_anew(self, seq: int) -> None:
        """The clock was set back: what came before this record cannot be made again, as its 10 s come twice."""
        self._ring.restart(seq)
        self.tally.begin_anew()
        self._lead.begin_anew()
        for channel in self._by_filter.values():
            channel.begin_anew(self._maker(channel.filter))

    def _advance(self, channel: Channel, seq: int, record: SliceRecord) -> bytes:
        """Make the next frame of a channel, keep what it shows, and return it."""
        is_new = seq > channel.seq
        shown = channel.advance(seq, record)
        if channel is self._everyone and is_new:
            self._keep_everyones(seq, record, shown)
        else:
            self._keep_rebuilt(channel.filter, seq, shown)
        return shown.payload

    def _keep_rebuilt(self, wanted: Filter, seq: int, shown: ShownFrame) -> None:
        """Keep what only a filter shows, or only those who come back since other things are hidden."""
        if shown.connections and (wanted or seq <= self._ruled_from):
            self._history.record_filtered(self._records.stream, seq, shown.connections)

    def _keep_everyones(self, seq: int, record: SliceRecord, shown: ShownFrame) -> None:
        if not self._history.from_log:
            counts = frames.encode(frames.counts(record, len(shown.connections), None))
            pulses = frames.encode(frames.pulses(record, shown.chosen.pulses, self._gazetteer))
            self._history.record(self._records.stream, seq, record.end_ms, shown.connections, counts, pulses)
        self.tally.add(Entry(record.end_ms, record.counts, len(shown.connections)))
        self._lead.take_in(record, shown.connections, self._rules)

    # What is hidden: each channel begins its 10 s again, and shows nothing new until it is through.

    def use_rules(self, rules: Rules) -> None:
        """Hide by these rules from now on, also in frames that are made again; call it on the event loop."""
        before, self._rules = self._rules, rules
        if rules.version == before.version:
            return
        self._ruled_from = self._records.last
        self._ring.begin_era()
        stale = [channel for channel in self._by_filter.values() if channel.live.is_set()]
        for channel in stale:
            channel.live.clear()
        gevent.spawn(self._make_anew, stale)

    def _make_anew(self, channels: Sequence[Channel]) -> None:
        """Bring one channel after the other up to date; the first is that of everyone."""
        for channel in channels:
            self._catch_up(channel)
        self._lead.hide(self._rules)

    # A viewer: hello, the frames that it missed, then live, with nothing between left out or said twice.

    def join(
        self, socket: Any, wanted: Filter, since: str | None, owner: bytes | None, on_close: Callable[[], None]
    ) -> Viewer:
        """Give a viewer's socket to the hub, with hello and what it missed to be written first.

        Raises:
            TooManyFilters: there is no room for another filter.
            FellBehind: what was missed can no longer be given without a gap.
        """
        channel = self._channel(wanted, owner)
        channel.joining += 1
        try:
            opening = self._opening(channel, since)
            if self._by_filter.get(wanted) is not channel:  # it had to go meanwhile
                raise TooManyFilters
            return self._hub.join(socket, channel.subscribers, iter(opening), lambda: self._left(channel, on_close))
        finally:
            channel.joining -= 1
            self._close_if_empty(channel)

    def _left(self, channel: Channel, on_close: Callable[[], None]) -> None:
        self._close_if_empty(channel)
        on_close()

    def _close_if_empty(self, channel: Channel) -> None:
        if not channel.filter or channel.subscribers or channel.joining:
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
        self._dismiss(self._by_filter[next(self._shares.givers(owner))])

    def _dismiss(self, channel: Channel) -> None:
        self._forget(channel)
        self._send_away(channel)

    def _send_away(self, channel: Channel) -> None:
        for viewer in list(channel.subscribers):
            self._hub.dismiss(viewer)

    def dismiss_aliases(self, aliases: TrackAliases) -> None:
        """Send viewers away who came with an earlier id of a track while its alias was unknown; they reconnect."""
        if aliases is self._aliases:
            return
        self._aliases = aliases
        for channel in list(self._by_filter.values()):
            track = channel.filter.track
            if track is not None and aliases.current(track) != track:
                self._dismiss(channel)

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
        """Replay the 10 s of the next frame; when the last read finds nothing new, the channel is live."""
        era = -1
        while era != self._ring.era:
            era = self._ring.era
            channel.begin_anew(self._maker(channel.filter))
            if channel.seq + 1 < self._ring.first:  # its viewers are owed frames that can no longer be made
                self._send_away(channel)
            if self._records.last >= self._ring.first:
                self._replay(channel, max(min(channel.seq + 1, self._records.last), self._ring.first))
        channel.live.set()

    def _replay(self, channel: Channel, since: int) -> None:
        """Make the frames from the 10 s of a record on, and send those that viewers did not get yet."""
        for seq, record in self._ring.from_period_of(since):
            is_new = seq > channel.seq
            payload = self._advance(channel, seq, record)
            if is_new:
                self._hub.send(channel.subscribers, payload)

    def _opening(self, channel: Channel, since: str | None) -> list[bytes]:
        """Return hello and what follows it; begin again if other things were hidden meanwhile."""
        self._ring.wait_for(since)
        while True:
            channel.live.wait()
            rules = self._rules
            try:
                opening = self._opening_of(channel, since)
            except FellBehind:
                if rules is self._rules:
                    raise
            else:
                if rules is self._rules:
                    return opening

    def _opening_of(self, channel: Channel, since: str | None) -> list[bytes]:
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
        leads = [] if channel.filter else [self._lead.message]
        return [hello, *leads, *(payload for _, payload in self._ring.frames_after(channel, seq))]

    def _beginning(self, channel: Channel, since: str | None) -> tuple[int, list[bytes], int | None]:
        """Return hello's seq, recent connections and gap."""
        asked = self._ring.seq_of(since)
        if asked is not None and self._ring.can_resume(asked):
            return asked, [], 0
        seq, recent = channel.recent(lambda upto: self._recent(channel.filter, upto))
        return seq, recent, None if since is None else -1 if asked is None else seq - asked

    def _recent(self, wanted: Filter, seq: int) -> list[bytes]:
        """Return the newest recorded connections as JSON, newest first."""
        found = self._offload(self._history.latest, wanted, frames.RECENT, upto=(self._records.stream, seq))
        return [frames.connection_json(connection, self._gazetteer) for connection in found]
