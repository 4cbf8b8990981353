"""The read side for programs: kept connections and statistics as JSON."""

import re
from collections.abc import Iterable

import msgspec
from flask import Blueprint, Response, request
from werkzeug.exceptions import ServiceUnavailable

from webapp import gauges
from webapp.core.filters import Filter
from webapp.core.frames import connection_json
from webapp.core.gazetteer import Gazetteer
from webapp.core.records import is_connection_id
from webapp.core.search import RecentTracks, checked_kind, checked_text, search
from webapp.engine.eventloop import EventLoop
from webapp.engine.live import Live
from webapp.engine.offload import offload
from webapp.storage import pastframes as kept
from webapp.storage.history import History
from webapp.web.errors import QueryError
from webapp.web.languages import country_names

DEFAULT_LIMIT = 20
LIMIT_MAX = 200
SECONDS_MAX = 60

encode = msgspec.json.encode


def create_blueprint(
    gazetteer: Gazetteer, history: History, tracks: RecentTracks, live: Live, loop: EventLoop
) -> Blueprint:
    """Serve what programs read."""
    blueprint = Blueprint("api", __name__)

    @blueprint.get("/api/connections")
    def connections() -> Response:
        """Return the newest recorded connections that pass the filter, newest first; `next` goes on as `before`."""
        pairs = list(request.args.items(multi=True))
        limit, before = _limit(_one(pairs, "limit")), _before(_one(pairs, "before"))
        wanted = Filter.parse(pairs, gazetteer, history.aliases, ["limit", "before"])
        found = offload(history.latest, wanted, limit + 1, before)
        page = [msgspec.Raw(connection_json(connection, gazetteer)) for connection in found[:limit]]
        return _json({"connections": page, "next": found[limit - 1].id if len(found) > limit else None})

    @blueprint.get("/api/past")
    def past() -> Response:
        """Return the frames that everyone was shown in some seconds, or what was recorded then and passes a filter."""
        pairs = list(request.args.items(multi=True))
        after_ms, seconds = round(_from(_one(pairs, "from")) * 1000), _seconds(_one(pairs, "seconds"))
        wanted = Filter.parse(pairs, gazetteer, history.aliases, ["from", "seconds"])
        span_ms = after_ms, after_ms + 1000 * seconds
        body = offload(_past, history, span_ms, wanted, gazetteer, live.clock.now())
        if body is None:
            raise ServiceUnavailable(history.problem or "the history cannot be read right now", retry_after=2)
        return Response(body, headers={"Cache-Control": "no-store"}, mimetype="application/json")

    @blueprint.get("/api/search")
    def find() -> Response:
        """Return the artists, songs, countries and cities that a text can mean, each with the filter for it alone.

        A country is found by its name in the visitor's language, too.
        """
        pairs = list(request.args.items(multi=True))
        text, kind = checked_text(_one(pairs, "q")), checked_kind(_one(pairs, "kind"))
        names = country_names()
        results = offload(lambda: search(text, tracks.songs(), gazetteer, kind, names, history.rules))
        return _json({"results": results})

    @blueprint.get("/api/stats")
    def stats() -> Response:
        """Return the sums of the last seconds."""
        return _json(loop.call(gauges.stats, live))

    return blueprint


def _past(
    history: History, span_ms: tuple[int, int], wanted: Filter, gazetteer: Gazetteer, now_s: float
) -> bytes | None:
    """Read frames and encode them: both take long where much was shown. None if they cannot be read."""
    found, oldest = history.past(*span_ms, wanted), history.read(kept.oldest_ms)
    if found is None:
        return None
    told = [kept.message(frame, wanted, gazetteer) for frame in found]
    return encode({"now": round(now_s, 3), "oldest": oldest and oldest / 1000, "frames": told})


def _json(value: object) -> Response:
    return Response(encode(value), headers={"Cache-Control": "no-store"}, mimetype="application/json")


def _one(pairs: Iterable[tuple[str, str]], name: str) -> str | None:
    values = [value for key, value in pairs if key == name]
    if len(values) > 1:
        raise QueryError(f"{name} is given {len(values)} times; give it once")
    return values[0] if values else None


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not re.fullmatch("[0-9]{1,9}", text) or not 1 <= int(text) <= LIMIT_MAX:
        raise QueryError(f"limit={text[:40]!r}: expected a whole number from 1 to {LIMIT_MAX}")
    return int(text)


def _from(text: str | None) -> float:
    if text is None or not re.fullmatch(r"[0-9]{1,11}(\.[0-9]{1,6})?", text):
        raise QueryError(f"from={(text or '')[:40]!r}: expected epoch seconds such as 1790000000")
    return float(text)


def _seconds(text: str | None) -> int:
    if text is None or not re.fullmatch("[0-9]{1,3}", text) or not 1 <= int(text) <= SECONDS_MAX:
        raise QueryError(f"seconds={(text or '')[:40]!r}: expected a whole number from 1 to {SECONDS_MAX}")
    return int(text)


def _before(text: str | None) -> str | None:
    if text is not None and not is_connection_id(text):
        raise QueryError(f"before={text[:40]!r}: expected the id of a connection, 23 characters of 0-9 and a-v")
    return text
