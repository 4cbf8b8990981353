"""GET /playlist: the songs that brought people together in an hour, a day or a week, to read and to export."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from flask import Blueprint, Response, render_template, request
from flask_babel import gettext
from werkzeug.exceptions import BadRequest

from webapp.config import QUERY, Settings
from webapp.core.gazetteer import Gazetteer
from webapp.core.plays import SOURCES
from webapp.core.records import Connection
from webapp.engine.offload import offload
from webapp.storage.history import History
from webapp.storage.periods import PERIODS, PeriodCache
from webapp.storage.periodtotals import are_complete, songs
from webapp.storage.songlines import Line, Song, Total, song_line, total
from webapp.web import linkpreview, listenlinks
from webapp.web.connectiontext import in_words, source_text, wire_form
from webapp.web.hosts import public_base
from webapp.web.languages import say
from webapp.web.playlistformats import FORMATS, Item, Playlist
from webapp.web.responses import page_response

SONGS = 50

LINES_S = 60
"""How long a song's line is kept."""
LINE_HEIGHT = 20
"""Of a line's drawing; a part is one wide."""

Orders = dict[str, list[tuple[Connection, int]]]
"""By order, each song's farthest connection, and how many it has."""
ORDERS = {"most": "Most connections", "farthest": "Farthest apart", "rarest": "Rarest"}


@dataclass(frozen=True, slots=True)
class Chart:
    """The songs of a period.

    Attributes:
        orders: the songs in each order.
        total: of all songs, also of those that are not listed.
        lines: when each listed song's connections were, by its track's id and source.
    """

    orders: Orders
    total: Total = Total()
    lines: Mapping[tuple[str, str], Line] = field(default_factory=dict)


class _Lines:
    """Reads the lines of songs, each at most once a minute."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[tuple[str, str], tuple[float, Line]]] = {}

    def read(self, db: sqlite3.Connection, period: str, now_s: float, orders: Orders) -> dict[tuple[str, str], Line]:
        before = self._kept.get(period, {})
        kept = {}
        for connection, times in {c.id: (c, times) for listed in orders.values() for c, times in listed}.values():
            key = connection.track_id, connection.source
            found = before.get(key)
            if found is None or abs(now_s - found[0]) > LINES_S:
                song = Song(connection.track_id, SOURCES.index(connection.source), times)
                found = now_s, song_line(db, period, now_s, song)
            kept[key] = found
        self._kept[period] = kept
        return {key: line for key, (_, line) in kept.items()}


def chart_cache(history: History, gazetteer: Gazetteer, clock: Callable[[], float]) -> PeriodCache[Chart]:
    """Return what reads charts; `clock` tells the time, epoch seconds."""
    lines = _Lines()

    def make(period: str, now_s: float) -> tuple[Chart, bool]:
        rules = history.rules

        def read(db: sqlite3.Connection) -> tuple[Chart, bool]:
            orders = songs(db, period, SONGS, gazetteer, rules)
            chart = Chart(orders, total(db, period), lines.read(db, period, now_s, orders))
            return chart, are_complete(db, period, now_s)

        return offload(history.read, read) or (Chart({order: [] for order in ORDERS}), False)

    return PeriodCache(make, clock, lambda: history.rules)


def create_blueprint(settings: Settings, gazetteer: Gazetteer, charts: PeriodCache[Chart]) -> Blueprint:
    """Serve the charts."""
    blueprint = Blueprint("playlist", __name__)

    @blueprint.get("/playlist")
    def page() -> Response:
        """Serve a chart as a page."""
        period, order = asked()
        chart = charts.get(period)
        listed = chart.sums.orders[order]
        entries = [_entry(connection, times, chart.sums, settings, gazetteer) for connection, times in listed]
        playable = any(msgspec.json.decode(connection.track)["url"] for connection, _ in listed)
        formats = [format for format in FORMATS if format != "m3u" or playable]
        shown = {"period": period, "order": order, "entries": entries, "are_complete": chart.are_complete}
        shown |= {"total": chart.sums.total, "sources": sorted({entry["source"] for entry in entries})}
        links = linkpreview.links(settings, "/playlist", "/playlist/card.png", "period", "by")
        return page_response(render_template("playlist.html", formats=formats, links=links, **shown))

    @blueprint.get("/playlist.<any(xspf, jspf, m3u):format>")
    def export(format: str) -> Response:
        """Serve a chart as a file for players."""
        period, order = asked()
        chart = charts.get(period)
        base = public_base(request, settings) or ""
        title = f"Unison: {gettext(ORDERS[order])} · {gettext(PERIODS[period].name)}"
        items = [_item(connection, times, base, gazetteer) for connection, times in chart.sums.orders[order]]
        address = f"{base}/playlist?{urlencode({'period': period, 'by': order})}"
        kind, write = FORMATS[format]
        response = Response(write(Playlist(title, address, chart.at_s, items)), content_type=kind)
        response.headers["Content-Disposition"] = f'attachment; filename="unison-{period}-{order}.{format}"'
        response.headers.update({"Cache-Control": "no-cache", "Vary": "Accept-Language"})
        return response

    return blueprint


def asked() -> tuple[str, str]:
    """Return the period and the order that are asked for."""
    period, order = request.args.get("period", "day"), request.args.get("by", "most")
    for name, value, known in (("period", period, PERIODS), ("by", order, ORDERS)):
        if value not in known:
            raise BadRequest(f"{name}={value[:40]!r}: expected one of {', '.join(known)}")
    return period, order


def _entry(
    connection: Connection, times: int, chart: Chart, settings: Settings, gazetteer: Gazetteer
) -> dict[str, Any]:
    wire = wire_form(connection, gazetteer)
    line = chart.lines.get((connection.track_id, connection.source), ())
    shown = {"times": times, "source": connection.source, "track": connection.track_id, "line": _drawn(line)}
    return {**in_words(wire), **shown, "links": _links(wire["track"], settings)}


def _drawn(line: Line) -> str:
    """Return the path of a line over the period; "" where nothing is known."""
    if not any(line):
        return ""
    most = max(line)
    return "M" + "L".join(f"{step} {LINE_HEIGHT - LINE_HEIGHT * count / most:.4g}" for step, count in enumerate(line))


def _links(track: Mapping[str, str], settings: Settings) -> list[tuple[str, str]]:
    """Return where the song can be listened to or searched for: what each link says, and its address."""
    listen = [
        (say("Listen on {name}", name=name), address) for name, address in listenlinks.listen_links(track, settings)
    ]
    query = quote(f"{track['artist']} {track['title']}", safe="")
    found = (link.partition("=") for link in settings.search_links)
    return [*listen, *((name, address.replace(QUERY, query)) for name, _, address in found)]


def _item(connection: Connection, times: int, base: str, gazetteer: Gazetteer) -> Item:
    told, track = in_words(wire_form(connection, gazetteer)), msgspec.json.decode(connection.track)
    return Item(
        title=track["title"],
        artist=track["artist"],
        recording=track["recording"],
        url=track["url"],
        image=track["artwork_url"],
        about=f"{told['from']} – {told['to']}, {told['distance']} · × {times} · {source_text(connection.source)}",
        page=f"{base}/c/{connection.id}",
    )
