"""What came of visitors' presses: each record is searched once, as it comes, for those that may be in it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from webapp.core import matchlookup
from webapp.core.gazetteer import Gazetteer
from webapp.core.matchlookup import Press, Pulse
from webapp.core.nearplays import Closest, Searched
from webapp.core.plays import SLICE_MS
from webapp.core.records import Connection, SliceRecord
from webapp.engine.bus import Bus
from webapp.engine.nearmisses import NearMisses
from webapp.engine.resume import decode_record
from webapp.storage.history import History

log = logging.getLogger(__name__)

KEEP_S = 75.0
"""So long after a press one can ask what came of it: a minute is searched for a near miss, once it is closed."""


@dataclass(slots=True)
class Outcome:
    """What came of a press so far.

    Attributes:
        met: the connection that it made.
        pulse: with someone else in its city.
    """

    met: Connection | None = None
    pulse: Pulse | None = None


class PressOutcomes:
    """The presses of the last 75 seconds, and what came of them.

    The connection of a press is kept in the history, even if no viewer is shown it, so that its page opens.

    Args:
        records: the bus of slice records.
        history: keeps connections.
        gazetteer: the cities.
        window_ms: the matching window.
        clock: seconds of a clock that is never set.
    """

    def __init__(
        self,
        records: Bus,
        history: History,
        gazetteer: Gazetteer,
        window_ms: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._records, self._history, self._gazetteer = records, history, gazetteer
        self._window_ms, self._clock = window_ms, clock
        self._expected: dict[Press, Outcome] = {}
        self._outcomes: dict[Press, tuple[float, Outcome]] = {}  # the oldest first
        self._near_misses = NearMisses(records, window_ms)
        records.subscribe(self._search)

    def expect(self, press: Press) -> None:
        """Look for a press from the next record on. Call it before its play is submitted."""
        self._forget_old()
        self._outcomes.pop(press, None)  # so that the oldest stays first
        self._expected[press] = outcome = Outcome()
        self._outcomes[press] = self._clock(), outcome
        self._near_misses.expect(press)

    def of(self, press: Press) -> Outcome:
        """Return what came of a press."""
        self._forget_old()
        _, outcome = self._outcomes.get(press, (0.0, Outcome()))
        return outcome

    def closest(self, press: Press) -> tuple[Closest | None, Searched | None]:
        """Return the play closest to a press, and how far was searched, if it was."""
        self._forget_old()
        return self._near_misses.closest(press, self._hides)

    def _hides(self, track: bytes, city: int) -> bool:
        return self._history.rules.hides(track, "", int(self._gazetteer.geoname_id[city]))

    def _search(self, number: int, message: bytes) -> None:
        """Search a record. An error costs these presses their outcome, and nobody else the record."""
        try:
            self._near_misses.take_in(number, message)
            self._find_due(number, message)
        except Exception:
            log.exception("a record could not be searched for visitors' plays")

    def _find_due(self, number: int, message: bytes) -> None:
        end_ms = SliceRecord.end_of(message)
        due = {press: outcome for press, outcome in list(self._expected.items()) if press.at_ms < end_ms}
        if not due:
            return
        record = decode_record(message)
        for press, pulse in matchlookup.find_pulses(record, due).items():
            due[press].pulse = pulse
        met = matchlookup.find_connections(record, due, self._gazetteer)
        for press, connection in met.items():
            due[press].met = connection
        self._history.record_filtered(self._records.stream, number, list({c.id: c for c in met.values()}.values()))
        self._expect_no_more(press for press in due if end_ms >= self._latest_ms(press))

    def _latest_ms(self, press: Press) -> int:
        """Return the end of the last record that may hold a press."""
        return max(matchlookup.known_by_ms(press, self._window_ms)) + SLICE_MS

    def _expect_no_more(self, presses: Iterable[Press]) -> None:
        for press in presses:
            self._expected.pop(press, None)

    def _forget_old(self) -> None:
        old_s = self._clock() - KEEP_S
        while self._outcomes and next(iter(self._outcomes.values()))[0] < old_s:
            press = next(iter(self._outcomes))
            del self._outcomes[press]
            self._expected.pop(press, None)
            self._near_misses.forget(press)
