"""Ingest: plays are parsed, and given to the matcher while there is room for them."""

from __future__ import annotations

import time
from collections.abc import Mapping

from webapp.core.playparser import ParsedPlays
from webapp.core.plays import Overloaded, Source
from webapp.engine.intake import Intake
from webapp.engine.parseworkers import ParseWorkers
from webapp.metrics import Metrics


class EndingError(RuntimeError):
    """The application is ending, or has ended."""

    def __init__(self) -> None:
        super().__init__("the server is restarting or stopping; try again in 2 s")


class Ingest:
    """Takes plays. Call it from any greenlet or thread.

    Args:
        workers: parse bodies.
        intake: has them matched.
        metrics: counts plays.
        plays_max: how many plays may wait to be matched.
    """

    def __init__(self, workers: ParseWorkers, intake: Intake, metrics: Metrics, plays_max: int) -> None:
        self.workers = workers
        self._intake, self._metrics, self._plays_max = intake, metrics, plays_max
        self._is_closed = False

    def check_room(self, n: int = 1) -> None:
        """See whether n more plays can be taken.

        Raises:
            Overloaded: too many plays are waiting.
            EndingError: the application is ending.
        """
        if self._is_closed:
            raise EndingError
        if self._intake.waiting + n > self._plays_max:
            self._metrics.refused(n)
            raise Overloaded(retry_after_s=1.0)

    def parse(self, body: bytes, source: Source, *, lines: bool = False) -> ParsedPlays:
        """Parse a body of plays; see `ParseWorkers.parse`."""
        return self.workers.parse(body, source, lines=lines)

    def parse_one(
        self, track: Mapping[str, object], listener: str, city: int | None, source: Source, precise: int
    ) -> ParsedPlays:
        """Encode a single play that arrives now; see `PlayParser.parse_one`."""
        return self.workers.parse_one(track, listener, city, source, precise)

    def submit(self, plays: ParsedPlays, began_s: float) -> int:
        """Give plays to the matcher; return how many of them come too late.

        Args:
            plays: those of one body.
            began_s: when work on them began, by `time.perf_counter`.

        Raises:
            Overloaded: too many plays are waiting; none was taken.
            EndingError: the application is ending; none was taken.
            NotTakenError: not all could be taken.
        """
        late = 0
        if plays.accepted:
            self.check_room(plays.accepted)
            late = self._intake.submit(plays.batch)
        self._metrics.ingested(plays.by_source, plays.rejected, time.perf_counter() - began_s)
        return late

    def close(self) -> None:
        """Take no more plays."""
        self._is_closed = True

    def stop(self) -> None:
        """End the processes that parse."""
        self.workers.stop()
