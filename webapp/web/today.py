"""GET /api/today: what everyone was shown since a quarter hour: meetings, countries and the farthest connection."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from flask import Blueprint, Response, request
from werkzeug.exceptions import ServiceUnavailable

from webapp.core.filters import Filter
from webapp.core.frames import connection_json, place_json
from webapp.core.gazetteer import Gazetteer
from webapp.engine.offload import offload
from webapp.storage import quartersums
from webapp.storage.history import History
from webapp.storage.quartersums import QUARTER_S, Totals
from webapp.web.errors import JSON, QueryError

HOURS_MAX = 25
"""The longest day has so many: one whose clocks are set back."""
CACHE_S = 5.0
"""How long totals are kept for all who ask for the same."""
CACHE_MOST = 2_000


@dataclass(frozen=True, slots=True)
class _Kept:
    """Totals, when they were read (epoch seconds), and the version of what was hidden then."""

    totals: Totals | None
    at_s: float
    version: str


class TodayTotals:
    """Totals since a quarter hour, read once every CACHE_S for all who ask for the same.

    Args:
        history: where they are kept.
        gazetteer: the cities.
        stream: returns the numbering of frames, whose newest counted one the totals name.
        clock: returns epoch seconds.
    """

    def __init__(
        self, history: History, gazetteer: Gazetteer, stream: Callable[[], str], clock: Callable[[], float]
    ) -> None:
        self._history, self._gazetteer, self._clock = history, gazetteer, clock
        self._stream = stream
        self._kept: OrderedDict[tuple[int, int | None], _Kept] = OrderedDict()
        self._lock = threading.Lock()  # one reads at a time: each takes a few milliseconds

    @property
    def stream(self) -> str:
        """The numbering of frames."""
        return self._stream()

    def since(self, since_s: int, city: int | None = None) -> Totals | None:
        """Return the totals since a quarter hour, of all or of a city; None where the history cannot be read.

        A quarter hour that the clock has not reached is not counted: it has connections if the clock was set back.
        """
        with self._lock:
            now_s, version, key = self._clock(), self._history.rules.version, (since_s, city)
            kept = self._kept.get(key)
            if kept is None or kept.version != version or abs(now_s - kept.at_s) >= CACHE_S:
                kept = self._kept[key] = _Kept(self._read(since_s, city, now_s), now_s, version)
                self._kept.move_to_end(key)
                while len(self._kept) > CACHE_MOST:
                    self._kept.popitem(last=False)
            return kept.totals

    def _read(self, since_s: int, city: int | None, now_s: float) -> Totals | None:
        quarters = range(since_s, quartersums.quarter_of(now_s) + 1, QUARTER_S)
        found: Totals | None = offload(
            self._history.read,
            lambda db: quartersums.totals(db, quarters, city, self.stream, self._gazetteer, self._history.rules),
        )
        return found


def create_blueprint(
    gazetteer: Gazetteer, history: History, totals: TodayTotals, clock: Callable[[], float]
) -> Blueprint:
    """Serve the totals; `clock` tells the time, epoch seconds."""
    blueprint = Blueprint("today", __name__)

    @blueprint.get("/api/today")
    def figures() -> Response:
        """Return the totals since a quarter hour, and up to which frame of the stream they count."""
        pairs = list(request.args.items(multi=True))
        since_s = _since([value for name, value in pairs if name == "since"], clock())
        city = _city(pairs, gazetteer)
        found = totals.since(since_s, city)
        if found is None:
            raise ServiceUnavailable(history.problem or "the history cannot be read right now", retry_after=2)
        farthest = found.farthest and msgspec.Raw(connection_json(found.farthest, gazetteer))
        body = {
            "since": since_s,
            "city": None if city is None else place_json(gazetteer[gazetteer.by_id(city)]),
            "meetings": found.meetings,
            "countries": found.countries,
            "farthest": farthest,
            "stream": totals.stream,
            "seq": found.seq,
        }
        return Response(msgspec.json.encode(body), content_type=JSON, headers={"Cache-Control": "no-store"})

    return blueprint


def _since(values: list[str], now_s: float) -> int:
    if len(values) > 1:
        raise QueryError(f"since is given {len(values)} times; give it once")
    text, last = values[0] if values else "", quartersums.quarter_of(now_s)
    if not re.fullmatch("[0-9]{1,11}", text) or int(text) % QUARTER_S:
        raise QueryError(f"since={text[:40]!r}: expected epoch seconds, a multiple of {QUARTER_S}, such as {last}")
    if not last - HOURS_MAX * 3_600 <= int(text) <= last + QUARTER_S:
        raise QueryError(f"since={text}: expected a time at most {HOURS_MAX} hours ago, and not in the future; "
                         f"this quarter hour began at {last}")  # fmt: skip
    return int(text)


def _city(pairs: list[tuple[str, str]], gazetteer: Gazetteer) -> int | None:
    for name, value in pairs:
        if name not in ("since", "city"):
            raise QueryError(f"{name[:40]}={value[:40]!r}: {name[:40]!r} is not a parameter; expected since and city")
    return Filter.parse([pair for pair in pairs if pair[0] == "city"], gazetteer).city
