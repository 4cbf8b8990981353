"""The live part of the application: plays are matched, and what is found goes to the history and to all viewers."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Self

from webapp.bus.credentials import access
from webapp.bus.messages import Start
from webapp.config import Settings
from webapp.core import frames
from webapp.core.fold import FoldRules
from webapp.core.gazetteer import Gazetteer
from webapp.engine.bus import Bus, MemoryBus
from webapp.engine.busnode import BusNode
from webapp.engine.channels import Channels
from webapp.engine.clock import Clock
from webapp.engine.hub import Hub
from webapp.engine.intake import Intake
from webapp.engine.lastminute import LastMinute
from webapp.engine.matchingprocess import MatchingProcess
from webapp.engine.offload import offload
from webapp.engine.pipeline import Pipeline
from webapp.engine.recorder import Recorder
from webapp.engine.recordlookup import RecordLookup
from webapp.engine.resume import RESUME_BYTES, RESUME_S, decode_record
from webapp.engine.sharedstate import SharedState
from webapp.metrics import Metrics
from webapp.storage.history import SUMS_INTERVAL_S, History

FINISH_S = 8.0
"""How long the slices that are open at the end may take to close."""
GOODBYE_S = 5.0
"""How long viewers may take to read their goodbye."""


def fold_rules(settings: Settings) -> FoldRules:
    """Return what all servers of a bus must match by, as these settings have it."""
    window_ms, lateness_ms = round(settings.window_s * 1000), round(settings.lateness_s * 1000)
    return FoldRules(window_ms, lateness_ms, settings.listeners_to_name_a_city)


class OwnIntake(Pipeline):
    """The intake of a server that matches by itself, in a process of its own."""

    def __init__(self, settings: Settings, secret: Callable[[], bytes], records: Bus, clock: Clock, metrics: Metrics):
        window_ms, self._late_ms = round(settings.window_s * 1000), round(settings.lateness_s * 1000)
        self._process = MatchingProcess(secret, window_ms, self._late_ms, settings.listeners_to_name_a_city)
        plays = MemoryBus(time.monotonic)
        super().__init__(plays, records, self._process, clock, settings.lateness_s, metrics.closed)
        self.lost, self.processes = self._process.lost, [self._process.child]
        self.problems: list[str] = []
        self.troubles: list[str] = []
        self.steps = [self.step]

    def start(self) -> Self:
        """Begin with the plays of now."""
        self._process.start(round(self._clock.now() * 1000) - self._late_ms)
        return super().start()

    def stop(self) -> None:
        """End the process that matches."""
        self._process.stop()


class Live:
    """The buses, and what reads and writes them.

    Args:
        settings: the server's.
        gazetteer: the cities.
        history: keeps what was shown.
        secret: returns the key of the connection ids, once matching starts.
        clock: tells the time.
        metrics: counts slices and records.
        shared: gets what servers of one bus share; None if this one needs nothing of it.

    Attributes:
        clock: tells the time.
        window_s: how far apart two presses may lie to be together.
        records: the bus of slice records.
        intake: takes plays in, and has them matched.
        hub: the viewers' sockets.
        channels: from records to frames.
        recorder: writes the history of a server of several; None for a server alone.
        lookup: finds connections in the records of several servers; None for a server alone.
    """

    def __init__(
        self,
        settings: Settings,
        gazetteer: Gazetteer,
        history: History,
        secret: Callable[[], bytes],
        clock: Clock,
        metrics: Metrics,
        shared: SharedState | None = None,
    ) -> None:
        self.clock, self.window_s = clock, settings.window_s
        self.records = MemoryBus(time.monotonic, RESUME_S, RESUME_BYTES)
        self._settings, self._secret, self._history, self._shared = settings, secret, history, shared
        self.recorder: Recorder | None = None
        self.lookup: RecordLookup | None = None
        self.intake: Intake = (
            self._bus_intake(gazetteer, clock)
            if settings.bus
            else OwnIntake(settings, secret, self.records, clock, metrics)
        )
        self.hub = Hub(bye=lambda: frames.bye(random.randint(2_000, 10_000)))
        self.channels = Channels(
            self.records,
            self.hub,
            history,
            gazetteer,
            clock=clock.now,
            shown_per_s=settings.shown_per_s,
            filters_max=settings.filters_max,
            window_s=settings.window_s,
            offload=offload,
        )
        self.records.subscribe(lambda _, message: metrics.record(decode_record(message).counts))

    def _bus_intake(self, gazetteer: Gazetteer, clock: Clock) -> BusNode:
        """Return the intake of a server of several; if visitors come to it, make what reads the log for them."""
        settings, history = self._settings, self._history
        node = BusNode(
            self._bus_start,
            self.records,
            clock,
            settings.lateness_s,
            self._begin_stream,
            lambda: self.channels.tell_delay(),
            shared=self._shared,
            matches="match" in settings.roles,
        )
        if settings.shows:
            lately = history.lately = LastMinute(self.records, gazetteer, settings.shown_per_s)
            self.recorder = Recorder(history, self.records, gazetteer, settings.shown_per_s, node.read)
            window_ms = round(settings.window_s * 1000)
            self.lookup = RecordLookup(lately, history, gazetteer, window_ms, node.read, self.recorder)
        return node

    @property
    def steps(self) -> Sequence[Callable[[], None]]:
        """What runs again and again, each in a greenlet."""
        return [*self.intake.steps, *([self.recorder.step] if self.recorder else [])]

    @property
    def warnings(self) -> list[str]:
        """Sentences for the operator."""
        return self.intake.troubles + (self.recorder.warnings if self.recorder else [])

    @property
    def recorded_s(self) -> float | None:
        """By which time the history of a server of several sums up and forgets, epoch seconds; None for the clock's.

        It is that of the newest record, so that all servers come to the same; sums move on every few seconds.
        """
        if self.recorder is None or self.recorder.now_s is None:
            return None
        return self.recorder.now_s // SUMS_INTERVAL_S * SUMS_INTERVAL_S

    def _bus_start(self) -> Start:
        """Return what the processes of a server of several are told."""
        settings = self._settings
        return Start(
            access(settings),
            settings.node_name,
            self._secret(),
            fold_rules(settings),
            settings.shown_per_s,
            settings.writes,
            settings.shows,
            "match" in settings.roles,
            (self.records.stream, self.records.last),
            shares=self._shared is not None,
        )

    def _begin_stream(self, oldest: int) -> None:
        if self.recorder:
            self.recorder.begin(oldest)

    def start(self) -> None:
        """Begin. Call it on the event loop.

        Raises:
            BusError: this server cannot take part in the bus.
            MissingRecords: the bus no longer has the records that follow the history.
        """
        self.intake.start()
        self.hub.start()

    def finish(self) -> None:
        """Take no more plays, and close all slices. Call it on the event loop."""
        self.intake.finish(FINISH_S)

    def dismiss_viewers(self) -> None:
        """Say goodbye to all viewers. Call it on the event loop."""
        spread_ms = 1_000 + self.hub.viewers  # a thousand may come back each second
        self.hub.close(lambda: frames.bye(random.randint(500, 500 + spread_ms)), wait_s=GOODBYE_S)

    def stop(self) -> None:
        """End the processes that match. Call it on the event loop."""
        self.intake.stop()
