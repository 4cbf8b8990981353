"""Pictures of a moment, for whoever passes its link on, and codes to be scanned."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_date, format_time
from flask import Blueprint, Response, request
from markupsafe import Markup
from werkzeug.exceptions import BadRequest, NotFound

from webapp.config import Settings
from webapp.core.filters import Filter
from webapp.core.gazetteer import Gazetteer
from webapp.core.records import Connection
from webapp.graphics.cards import ArcEnd, CardText
from webapp.graphics.palette import song_pair
from webapp.graphics.qrcodes import MAX_ADDRESS
from webapp.graphics.renderer import Job
from webapp.storage.history import History
from webapp.web import connectiontext, regional
from webapp.web.hosts import public_base
from webapp.web.imageresponses import ImageResponses
from webapp.web.localtimes import local_times, short_name
from webapp.web.momentlookup import Moments

KEPT = "public, max-age=3600"
"""What an operator hides is gone from caches elsewhere within an hour."""
NO_ADDRESS = "a code needs this server's address, which is unknown under this host name; set UNISON_PUBLIC_URL"


def create_blueprint(
    settings: Settings, gazetteer: Gazetteer, history: History, moments: Moments, images: ImageResponses
) -> Blueprint:
    """Serve pictures of moments, and codes."""
    blueprint = Blueprint("momentimages", __name__)

    @blueprint.get("/c/<id>/card.png")
    def card(id: str) -> Response:
        """Serve the picture that a link to a moment unfolds to."""
        return images.response(Job("card", moment=card_text(moments.get(id), gazetteer)), KEPT)

    @blueprint.get("/c/<id>/story.png")
    def story(id: str) -> Response:
        """Serve the picture of a moment that fills a phone; without a code where the server's address is not known."""
        found, base = moments.get(id), public_base(request, settings)
        address = f"{base}/c/{id}" if base else ""
        return images.response(Job("story", moment=card_text(found, gazetteer, address)), KEPT)

    @blueprint.get("/c/<id>/code.svg")
    @blueprint.get("/c/<id>/code.png")
    def moment_code(id: str) -> Response:
        """Serve the code that leads to a moment's page."""
        return images.response(_code(f"/c/{moments.get(id).id}", settings), KEPT)

    @blueprint.get("/code.svg")
    @blueprint.get("/code.png")
    def code() -> Response:
        """Serve the code of the globe with its filter; of an embed with `embed=1`; of `/connect` with `connect=1`."""
        query = list(request.args.items(multi=True))
        if request.args.get("embed") == "1":
            path = _with("/embed", [pair for pair in query if pair[0] != "embed"])
        elif query == [("connect", "1")] and settings.connect:
            path = "/connect"
        else:
            Filter.parse(query, gazetteer, history.aliases, ["lang"])
            path = _with("/", query)
        return images.response(_code(path, settings), KEPT)

    return blueprint


def _with(path: str, query: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _code(path: str, settings: Settings) -> Job:
    """Return what draws the code of a page of ours, in the format that is asked for."""
    base = public_base(request, settings)
    if base is None:
        raise NotFound(NO_ADDRESS)
    if len(base + path) > MAX_ADDRESS:
        raise BadRequest(
            f"an address of {len(base + path)} characters is too long for a code; at most {MAX_ADDRESS} are not"
        )
    return Job(request.path.rpartition("/")[2], address=base + path)


def card_text(connection: Connection, gazetteer: Gazetteer, address: str = "") -> CardText:
    """Return a moment in words, in the form that `?lang=` asks for, else in English: the same for every visitor."""
    shown, form = connectiontext.wire_form(connection, gazetteer), regional.of_address()
    with regional.speaking(form):
        words, when = connectiontext.in_words(shown, form), datetime.fromtimestamp(connection.at_ms / 1000, UTC)
        day, time = format_date(when, "long", form.locale), format_time(when, "medium", locale=form.locale)
        source = [] if connection.source == "live" else [connectiontext.source_text(connection.source)]
        return CardText(
            title=words["title"],
            artist=words["artist"],
            pair=song_pair(connection.track_id),
            start=_end(shown["from"], words["from"]),
            end=_end(shown["to"], words["to"]),
            facts=f"{plain(words['distance'])} · {plain(words['apart'])}",
            when=" · ".join([day, f"{time} UTC", *source]),
            at_s=connection.at_ms / 1000,
            motto=plain(words["motto"]),
            address=address,
            track=connection.track_id,
            times=plain(local_times(shown, form.locale)),
        )


def _end(city: Mapping[str, Any], place: str) -> ArcEnd:
    return ArcEnd(short_name(city), plain(place), city["lon"], city["lat"])


def plain(words: str) -> str:
    """Return what a page would show of words that were escaped for one."""
    return Markup(words).unescape()
