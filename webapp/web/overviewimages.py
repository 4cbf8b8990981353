"""Pictures of the globe and of the playlist, for the links to them that people pass on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from babel.dates import format_date, format_time
from flask import Blueprint, Response, request
from flask_babel import force_locale, get_locale, gettext
from werkzeug.exceptions import BadRequest

from webapp.core.filters import Filter, FilterError
from webapp.core.records import Connection, id_floor
from webapp.graphics.overviewcards import MAX_ARCS, Arc, Overview
from webapp.graphics.palette import song_pair
from webapp.graphics.renderer import Job
from webapp.storage.periods import PERIODS
from webapp.web import playlist
from webapp.web.languages import chosen
from webapp.web.momentimages import plain, served
from webapp.web.pagefilter import named
from webapp.web.runtime import offload, unison

STEP_S = 60
"""A picture shows what was there at the last whole minute, so that it is drawn once for all who ask."""
KEPT = "public, max-age=300"

blueprint = Blueprint("overviewimages", __name__)


@blueprint.get("/card.png")
def globe_card() -> Response:
    """Serve the picture of the globe with the query's filter."""
    app = unison()
    try:
        wanted = Filter.parse(request.args.items(multi=True), app.gazetteer, others=["lang"])
    except FilterError as error:
        raise BadRequest(str(error)) from error
    at_s = app.now() // STEP_S * STEP_S
    found = offload(app.history.latest, wanted, MAX_ARCS, id_floor(at_s))
    return _served(lambda: _of_globe(wanted, found, at_s))


@blueprint.get("/playlist/card.png")
def playlist_card() -> Response:
    """Serve the picture of a chart."""
    period, order = playlist.asked()
    chart = unison().charts.get(period)
    found = [connection for connection, _ in chart.sums[order][:MAX_ARCS]]
    return _served(lambda: _of_playlist(period, order, found, chart.at_s // STEP_S * STEP_S))


def _served(tell: Callable[[], Overview]) -> Response:
    with force_locale(chosen(request.args.get("lang"), ()).replace("-", "_")):
        return served(Job("overview", overview=tell()), KEPT)


def _of_globe(wanted: Filter, found: Sequence[Connection], at_s: float) -> Overview:
    motto = plain(gettext("Two strangers, one song, the same second."))
    about = plain(gettext("A live globe of strangers who press play on the same song in the same second."))
    title = " · ".join(result.label for result in named(wanted) if result.label)
    return Overview(
        title=title or motto,
        subtitle=motto if title else about,
        about=_about(at_s, found),
        at_s=at_s,
        arcs=tuple(map(_arc, found)),
        centre=wanted.center(unison().gazetteer),
    )


def _of_playlist(period: str, order: str, found: Sequence[Connection], at_s: float) -> Overview:
    return Overview(
        title=plain(gettext("What brought people together")),
        subtitle=f"{plain(gettext(playlist.ORDERS[order]))} · {plain(gettext(PERIODS[period].name))}",
        about=_about(at_s, found),
        at_s=at_s,
        arcs=tuple(map(_arc, found)),
    )


def _about(at_s: float, found: Iterable[Connection]) -> str:
    """Return the time of a picture, and the source of what it shows where that is not people's own plays."""
    when = datetime.fromtimestamp(at_s, UTC)
    day, time = format_date(when, "long", get_locale()), format_time(when, "short", locale=get_locale())
    sources = sorted({connection.source for connection in found} - {"live"})
    return " · ".join([f"{day}, {time} UTC", *map(gettext, sources)])


def _arc(connection: Connection) -> Arc:
    gazetteer = unison().gazetteer
    start, end = gazetteer[connection.from_city], gazetteer[connection.to_city]
    return Arc((start.lon, start.lat), (end.lon, end.lat), song_pair(connection.track_id))
