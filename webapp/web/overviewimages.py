"""Pictures of the globe and of the playlist, for the links to them that people pass on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from babel.dates import format_date, format_time
from flask import Blueprint, Response, request
from flask_babel import get_locale, gettext

from webapp.core.filters import Filter
from webapp.core.gazetteer import Gazetteer
from webapp.core.records import Connection, id_floor
from webapp.core.search import RecentTracks
from webapp.engine.clock import Clock
from webapp.engine.offload import offload
from webapp.graphics.overviewcards import MAX_ARCS, Arc, Overview
from webapp.graphics.palette import song_pair
from webapp.graphics.renderer import Job
from webapp.storage.history import History
from webapp.storage.periods import PERIODS, PeriodCache
from webapp.web import playlist, regional
from webapp.web.connectiontext import source_text
from webapp.web.imageresponses import ImageResponses
from webapp.web.momentimages import plain
from webapp.web.pagefilter import named

STEP_S = 60
"""A picture shows what was there at the last whole minute, so that it is drawn once for all who ask."""
KEPT = "public, max-age=300"


def create_blueprint(
    gazetteer: Gazetteer,
    history: History,
    tracks: RecentTracks,
    charts: PeriodCache[playlist.Chart],
    clock: Clock,
    images: ImageResponses,
) -> Blueprint:
    """Serve the pictures of overviews."""
    blueprint = Blueprint("overviewimages", __name__)

    @blueprint.get("/card.png")
    def globe_card() -> Response:
        """Serve the picture of the globe with the query's filter."""
        wanted = Filter.parse(request.args.items(multi=True), gazetteer, history.aliases, ["lang"])
        at_s = clock.now() // STEP_S * STEP_S
        found = offload(history.latest, wanted, MAX_ARCS, id_floor(at_s))
        with regional.speaking(regional.of_address()):
            title = " · ".join(result.label for result in named(wanted, tracks, gazetteer) if result.label)
            overview = _of_globe(title, _arcs(found, gazetteer), _about(at_s, found), at_s, wanted.center(gazetteer))
        return images.response(Job("overview", overview=overview), KEPT)

    @blueprint.get("/playlist/card.png")
    def playlist_card() -> Response:
        """Serve the picture of a chart."""
        period, order = playlist.asked()
        chart = charts.get(period)
        found = [connection for connection, _ in chart.sums.orders[order][:MAX_ARCS]]
        at_s = chart.at_s // STEP_S * STEP_S
        with regional.speaking(regional.of_address()):
            overview = _of_playlist(period, order, _arcs(found, gazetteer), _about(at_s, found), at_s)
        return images.response(Job("overview", overview=overview), KEPT)

    return blueprint


def _of_globe(
    title: str, arcs: tuple[Arc, ...], about: str, at_s: float, centre: tuple[float, float] | None
) -> Overview:
    motto = plain(gettext("Two strangers, one song, the same second."))
    whole = plain(gettext("A live globe of strangers who press play on the same song in the same second."))
    return Overview(
        title=title or motto,
        subtitle=motto if title else whole,
        about=about,
        at_s=at_s,
        arcs=arcs,
        centre=centre,
    )


def _of_playlist(period: str, order: str, arcs: tuple[Arc, ...], about: str, at_s: float) -> Overview:
    return Overview(
        title=plain(gettext("Playlist: songs that brought people together")),
        subtitle=f"{plain(gettext(playlist.ORDERS[order]))} · {plain(gettext(PERIODS[period].name))}",
        about=about,
        at_s=at_s,
        arcs=arcs,
    )


def _about(at_s: float, found: Iterable[Connection]) -> str:
    """Return the time of a picture, and the source of what it shows where that is not people's own plays."""
    when = datetime.fromtimestamp(at_s, UTC)
    day, time = format_date(when, "long", get_locale()), format_time(when, "short", locale=get_locale())
    sources = sorted({connection.source for connection in found} - {"live"})
    return " · ".join([f"{day}, {time} UTC", *map(source_text, sources)])


def _arcs(found: Sequence[Connection], gazetteer: Gazetteer) -> tuple[Arc, ...]:
    return tuple(_arc(connection, gazetteer) for connection in found)


def _arc(connection: Connection, gazetteer: Gazetteer) -> Arc:
    start, end = gazetteer[connection.from_city], gazetteer[connection.to_city]
    return Arc((start.lon, start.lat), (end.lon, end.lat), song_pair(connection.track_id))
