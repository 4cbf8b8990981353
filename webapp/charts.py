"""GET /playlist: the songs that brought people together, of an hour, a day or a week, to read and to take along."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec
from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask_babel import gettext
from werkzeug.exceptions import BadRequest

from webapp import frames, languages, poster
from webapp.config import QUERY
from webapp.history import History
from webapp.playlist import FORMATS, Item, Playlist
from webapp.records import Connection
from webapp.runtime import offload, unison
from webapp.security import public_base

SONGS = 50
SOON_S = 10
"""For so long a chart that has room for more songs is good; to make it is little work."""

blueprint = Blueprint("charts", __name__)


@dataclass(frozen=True, slots=True)
class Period:
    """How far a chart reaches back, and for how long it is good; seconds."""

    length_s: int
    fresh_s: int


PERIODS = {"hour": Period(3_600, 30), "day": Period(86_400, 600), "week": Period(7 * 86_400, 3_600)}
ORDERS = {"most": "Most connections", "farthest": "Farthest apart", "rarest": "Rarest"}
LENGTHS = {"hour": "the last hour", "day": "the last day", "week": "the last week"}


@dataclass(frozen=True, slots=True)
class Chart:
    """The songs of a period in each order: each one's farthest connection, and how many it has."""

    made_s: float
    songs: dict[str, list[tuple[Connection, int]]]


class Charts:
    """Makes charts and keeps them while they are good; who finds one old makes it anew, others get the old one.

    Args:
        history: what was shown.
        clock: tells the time, epoch seconds.
    """

    def __init__(self, history: History, clock: Callable[[], float]) -> None:
        self._history, self._clock = history, clock
        self._made: dict[str, Chart] = {}
        self._making = {name: threading.Lock() for name in PERIODS}

    def of(self, period: str) -> Chart:
        """Return the chart of a period."""
        chart = self._made.get(period)
        if chart is not None and self._clock() < chart.made_s + self._fresh_s(period, chart):
            return chart
        if not self._making[period].acquire(blocking=chart is None):
            assert chart is not None
            return chart
        try:
            if self._made.get(period) is chart:  # else it was made while we waited
                self._made[period] = self._make(period)
            return self._made[period]
        finally:
            self._making[period].release()

    def _fresh_s(self, period: str, chart: Chart) -> float:
        return PERIODS[period].fresh_s if len(chart.songs["most"]) == SONGS else SOON_S

    def _make(self, period: str) -> Chart:
        now_s = self._clock()
        return Chart(now_s, offload(self._history.songs, now_s - PERIODS[period].length_s, SONGS))


@blueprint.get("/playlist")
def page() -> Response:
    """Serve a chart as a page."""
    period, order = _asked()
    chart = unison().charts.of(period)
    entries = [_told(connection, times) for connection, times in chart.songs[order]]
    response = make_response(
        render_template("playlist.html", period=period, order=order, entries=entries, formats=FORMATS)
    )
    response.headers.update({"Cache-Control": "no-cache", "Vary": "Accept-Language"})
    response.content_language.add(languages.language().replace("_", "-"))
    return response


@blueprint.get("/playlist.<any(xspf, jspf, m3u):format>")
def export(format: str) -> Response:
    """Serve a chart as a file for players."""
    period, order = _asked()
    chart = unison().charts.of(period)
    title = f"Unison: {gettext(ORDERS[order])}, {gettext(LENGTHS[period])}"
    items = [_item(connection, times) for connection, times in chart.songs[order]]
    address = (public_base(request, unison().settings) or "") + url_for("charts.page", period=period, by=order)
    kind, write = FORMATS[format]
    response = Response(write(Playlist(title, address, chart.made_s, items)), content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="unison-{period}-{order}.{format}"'
    response.headers.update({"Cache-Control": "no-cache", "Vary": "Accept-Language"})
    return response


def _asked() -> tuple[str, str]:
    """Return the period and the order that are asked for."""
    period, order = request.args.get("period", "day"), request.args.get("by", "most")
    for name, value, known in (("period", period, PERIODS), ("by", order, ORDERS)):
        if value not in known:
            raise BadRequest(f"{name}={value[:40]!r}: expected one of {', '.join(known)}")
    return period, order


def _told(connection: Connection, times: int) -> dict[str, Any]:
    wire = msgspec.json.decode(frames.connection_json(connection, unison().gazetteer))
    told, links = poster.told(wire), _links(wire["track"])
    return {**told, "times": times, "source": connection.source, "track": connection.track_id, "links": links}


def _links(track: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return where the song can be searched for: what each is called, and its address."""
    query = quote(f"{track['artist']} {track['title']}", safe="")
    found = (link.partition("=") for link in unison().settings.search_links)
    return [(name, address.replace(QUERY, query)) for name, _, address in found]


def _item(connection: Connection, times: int) -> Item:
    told, track = _told(connection, times), msgspec.json.decode(connection.track)
    return Item(
        title=track["title"],
        artist=track["artist"],
        recording=track["recording"],
        url=track["url"],
        image=track["artwork_url"],
        about=f"{told['from']} – {told['to']}, {told['distance']} · × {times} · {gettext(connection.source)}",
        page=(public_base(request, unison().settings) or "") + f"/c/{connection.id}",
    )
