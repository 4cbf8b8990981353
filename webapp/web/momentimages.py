"""Pictures of a moment, for whoever passes its link on, and codes to be scanned."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import msgspec
from babel.dates import format_date, format_time
from babel.units import format_unit
from flask import Blueprint, Response, request
from flask_babel import force_locale, get_locale, gettext
from markupsafe import Markup
from werkzeug.exceptions import BadRequest, NotFound, ServiceUnavailable, TooManyRequests

from webapp.core.filters import Filter, FilterError
from webapp.core.records import Connection
from webapp.graphics.cards import VERSION, ArcEnd, CardText
from webapp.graphics.imagecache import TooManyImages
from webapp.graphics.palette import song_pair
from webapp.graphics.qrcodes import MAX_ADDRESS
from webapp.graphics.renderer import Job
from webapp.web import connectiontext
from webapp.web.clientaddress import client_address
from webapp.web.hosts import public_base
from webapp.web.languages import chosen, say
from webapp.web.moments import moment
from webapp.web.ratelimits import Rate
from webapp.web.runtime import unison

PNG, SVG = "image/png", "image/svg+xml"
KEPT = "public, max-age=86400"
AGAIN_S = 2
NO_ADDRESS = (
    "a code holds this server's address, which it does not know by the name it was asked for; set UNISON_PUBLIC_URL"
)

blueprint = Blueprint("momentimages", __name__)

IMAGES = Rate(burst=60, per_s=1.0)
"""Images that are drawn, for one address. Images that are kept do not count."""
IMAGES_OF_ALL = Rate(burst=200, per_s=50.0)


@blueprint.get("/c/<id>/card.png")
def card(id: str) -> Response:
    """Serve the picture that a link to a moment unfolds to."""
    return served(Job("card", moment=card_text(moment(id))))


@blueprint.get("/c/<id>/story.png")
def story(id: str) -> Response:
    """Serve the picture of a moment that fills a phone; without a code where the server's address is not known."""
    found, base = moment(id), public_base(request, unison().settings)
    return served(Job("story", moment=card_text(found, f"{base}/c/{id}" if base else "")))


@blueprint.get("/c/<id>/code.svg")
@blueprint.get("/c/<id>/code.png")
def moment_code(id: str) -> Response:
    """Serve the code that leads to a moment's page."""
    return _code(f"/c/{moment(id).id}")


@blueprint.get("/code.svg")
@blueprint.get("/code.png")
def code() -> Response:
    """Serve the code of the globe with the query's filter, or with `embed=1` that of the embed with the other names."""
    query = list(request.args.items(multi=True))
    if request.args.get("embed") == "1":
        return _code(_with("/embed", [pair for pair in query if pair[0] != "embed"]))
    try:
        Filter.parse(query, unison().gazetteer, others=["lang"])
    except FilterError as error:
        raise BadRequest(str(error)) from error
    return _code(_with("/", query))


def _with(path: str, query: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _code(path: str) -> Response:
    base = public_base(request, unison().settings)
    if base is None:
        raise NotFound(NO_ADDRESS)
    if len(base + path) > MAX_ADDRESS:
        raise BadRequest(
            f"an address of {len(base + path)} characters is too long for a code; at most {MAX_ADDRESS} are not"
        )
    return served(Job(request.path.rpartition("/")[2], address=base + path))


def served(job: Job, cache_control: str = KEPT) -> Response:
    """Return a picture; a browser that has it is told so, without its being drawn."""
    key = blake2b(msgspec.msgpack.encode((VERSION, job)), digest_size=16).hexdigest()
    response = Response(content_type=SVG if job.kind.endswith(".svg") else PNG)
    response.headers["Cache-Control"] = cache_control
    response.set_etag(key)
    response.make_conditional(request)
    if response.status_code == HTTPStatus.OK:
        response.data = _draw(key, job)
    return response


def _draw(key: str, job: Job) -> bytes:
    app = unison()
    cache = app.codes if job.address else app.album
    if (picture := cache.get(key)) is not None:
        return picture
    if wait_s := app.pictures.spend(client_address(request, app.settings)):
        raise TooManyRequests("too many pictures are being asked for; come again", retry_after=wait_s)
    try:
        return cache.get_or_draw(key, lambda: app.drawing.render(job))
    except TooManyImages as error:
        raise ServiceUnavailable("too many pictures are being drawn; come again", retry_after=AGAIN_S) from error
    except OSError as error:
        raise ServiceUnavailable("the picture could not be drawn; come again", retry_after=AGAIN_S) from error


def card_text(connection: Connection, address: str = "") -> CardText:
    """Return a moment in words, English unless `?lang=` names another of our languages: the same for every visitor."""
    shown = connectiontext.wire_form(connection)
    with force_locale(chosen(request.args.get("lang"), ()).replace("-", "_")):
        words, when = connectiontext.in_words(shown), datetime.fromtimestamp(connection.at_ms / 1000, UTC)
        distance = format_unit(connection.km, "length-kilometer", length="short", locale=get_locale())
        day, time = format_date(when, "long", get_locale()), format_time(when, "medium", locale=get_locale())
        source = (
            [] if connection.source == "live" else [gettext(connection.source)]
        )  # made-up plays never pass for life
        return CardText(
            title=words["title"],
            artist=words["artist"],
            pair=song_pair(connection.track_id),
            start=_end(shown["from"], words["from"]),
            end=_end(shown["to"], words["to"]),
            facts=f"{distance} · {plain(words['apart'])}",
            when=" · ".join([day, f"{time} UTC", *source]),
            at_s=connection.at_ms / 1000,
            motto=plain(say("Two strangers, one song, the same second.")),
            address=address,
        )


def _end(city: Mapping[str, Any], place: str) -> ArcEnd:
    return ArcEnd(city["city"], plain(place), city["lon"], city["lat"])


def plain(words: str) -> str:
    """Return what a page would show of words that were escaped for one."""
    return Markup(words).unescape()
