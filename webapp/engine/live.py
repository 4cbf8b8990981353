"""The live part of the application: plays are matched, and what is found goes to the history and to all viewers."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from webapp.config import Settings
from webapp.core import frames
from webapp.core.gazetteer import Gazetteer
from webapp.engine.bus import MemoryBus
from webapp.engine.channels import Channels
from webapp.engine.clock import Clock
from webapp.engine.hub import Hub
from webapp.engine.matchingprocess import MatchingProcess
from webapp.engine.offload import offload
from webapp.engine.pipeline import Pipeline
from webapp.engine.resume import RESUME_BYTES, RESUME_S, decode_record
from webapp.metrics import Metrics
from webapp.storage.history import History

FINISH_S = 8.0
"""How long the slices that are open at the end may take to close."""
GOODBYE_S = 5.0
"""How long viewers may take to read their goodbye."""


class Live:
    """The buses, and what reads and writes them.

    Args:
        settings: the server's.
        gazetteer: the cities.
        history: keeps what was shown.
        secret: returns the key of the connection ids, once matching starts.
        clock: tells the time.
        metrics: counts slices and records.

    Attributes:
        clock: tells the time.
        window_s: how far apart two presses may lie to be together.
        records: the bus of slice records.
        matching: closes slices, in a process of its own.
        pipeline: from plays to records.
        hub: the viewers' sockets.
        channels: from records to frames.
    """

    def __init__(
        self,
        settings: Settings,
        gazetteer: Gazetteer,
        history: History,
        secret: Callable[[], bytes],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self.clock, self.window_s, self._lateness_s = clock, settings.window_s, settings.lateness_s
        window_ms, lateness_ms = round(settings.window_s * 1000), round(settings.lateness_s * 1000)
        plays = MemoryBus(time.monotonic)
        self.records = MemoryBus(time.monotonic, RESUME_S, RESUME_BYTES)
        self.matching = MatchingProcess(secret, window_ms, lateness_ms, settings.listeners_to_name_a_city)
        self.pipeline = Pipeline(plays, self.records, self.matching, clock, settings.lateness_s, metrics.closed)
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

    def start(self) -> None:
        """Begin with the plays of now. Call it on the event loop."""
        self.matching.start(round((self.clock.now() - self._lateness_s) * 1000))
        self.pipeline.start()
        self.hub.start()

    def finish(self) -> None:
        """Take no more plays, and close all slices. Call it on the event loop."""
        self.pipeline.finish(FINISH_S)

    def dismiss_viewers(self) -> None:
        """Say goodbye to all viewers. Call it on the event loop."""
        spread_ms = 1_000 + self.hub.viewers  # a thousand may come back each second
        self.hub.close(lambda: frames.bye(random.randint(500, 500 + spread_ms)), wait_s=GOODBYE_S)

    def stop(self) -> None:
        """End the process that matches."""
        self.matching.stop()
