"""GET /playlist: the songs that brought people together in an hour, a day or a week, to read and to export."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from flask import Blueprint, Response, render_template, request
from flask_babel import gettext
from werkzeug.exceptions import BadRequest

from webapp.config import QUERY, Settings
from webapp.core.gazetteer import Gazetteer
from webapp.core.records import Connection
from webapp.engine.offload import offload
from webapp.storage.history import History
from webapp.storage.periods import PERIODS, PeriodCache
from webapp.storage.periodtotals import are_complete, songs
from webapp.web import linkpreview
from webapp.web.connectiontext import in_words, source_text, wire_form
from webapp.web.hosts import public_base
from webapp.web.playlistformats import FORMATS, Item, Playlist
from webapp.web.responses import page_response

SONGS = 50

Orders = dict[str, list[tuple[Connection, int]]]
"""By order, each song's farthest connection, and how many it has."""
ORDERS = {"most": "Most connections", "farthest": "Farthest apart", "rarest": "Rarest"}


def chart_cache(history: History, gazetteer: Gazetteer, clock: Callable[[], float]) -> PeriodCache[Orders]:
    """Return what reads charts; `clock` tells the time, epoch seconds."""

    def make(period: str, now_s: float) -> tuple[Orders, bool]:
        rules = history.rules

        def read(db: sqlite3.Connection) -> tuple[Orders, bool]:
            return songs(db, period, SONGS, gazetteer, rules), are_complete(db, period, now_s)

        return offload(history.read, read) or ({order: [] for order in ORDERS}, False)

    return PeriodCache(make, clock, lambda: history.rules)


def create_blueprint(settings: Settings, gazetteer: Gazetteer, charts: PeriodCache[Orders]) -> Blueprint:
    """Serve the charts."""
    blueprint = Blueprint("playlist", __name__)

    @blueprint.get("/playlist")
    def page() -> Response:
        """Serve a chart as a page."""
        period, order = asked()
        chart = charts.get(period)
        entries = [_entry(connection, times, settings, gazetteer) for connection, times in chart.sums[order]]
        playable = any(msgspec.json.decode(connection.track)["url"] for connection, _ in chart.sums[order])
        formats = [format for format in FORMATS if format != "m3u" or playable]
        shown = {"period": period, "order": order, "entries": entries, "are_complete": chart.are_complete}
        links = linkpreview.links(settings, "/playlist", "/playlist/card.png", "period", "by")
        return page_response(render_template("playlist.html", formats=formats, links=links, **shown))

    @blueprint.get("/playlist.<any(xspf, jspf, m3u):format>")
    def export(format: str) -> Response:
        """Serve a chart as a file for players."""
        period, order = asked()
        chart = charts.get(period)
        base = public_base(request, settings) or ""
        title = f"Unison: {gettext(ORDERS[order])} · {gettext(PERIODS[period].name)}"
        items = [_item(connection, times, base, gazetteer) for connection, times in chart.sums[order]]
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


def _entry(connection: Connection, times: int, settings: Settings, gazetteer: Gazetteer) -> dict[str, Any]:
    wire = wire_form(connection, gazetteer)
    shown = {"times": times, "source": connection.source, "track": connection.track_id}
    return {**in_words(wire), **shown, "links": _links(wire["track"], settings)}


def _links(track: Mapping[str, str], settings: Settings) -> list[tuple[str, str]]:
    """Return where the song can be searched for: what each is called, and its address."""
    query = quote(f"{track['artist']} {track['title']}", safe="")
    found = (link.partition("=") for link in settings.search_links)
    return [(name, address.replace(QUERY, query)) for name, _, address in found]


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
