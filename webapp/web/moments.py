"""Moments: connections that have a page of their own, `/c/<id>`, which can be shared and is then kept longer."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from babel.dates import format_datetime
from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import ServiceUnavailable, TooManyRequests

from webapp.config import Settings
from webapp.core.filters import Filter
from webapp.core.gazetteer import Gazetteer
from webapp.core.records import Connection, id_floor
from webapp.engine.offload import offload
from webapp.scene import scene
from webapp.storage.history import History
from webapp.web import listenlinks, regional
from webapp.web.clientaddress import client_address
from webapp.web.connectiontext import in_words, place_names, wire_form
from webapp.web.hosts import public_base
from webapp.web.localtimes import local_times
from webapp.web.momentlookup import Moments
from webapp.web.origincheck import check_own_page
from webapp.web.ratelimits import Rate, RateLimits
from webapp.web.regional import Form
from webapp.web.responses import page_response

OTHERS_MOST = 12
"""What else is listed of that second."""
SHARE_S = 2
"""So long one share waits for another; then it is to come again."""
SHARES = Rate(burst=20, per_s=0.5)
"""Connections that are shared, for one address."""
SHARES_OF_ALL = Rate(burst=200, per_s=50.0)


@dataclass(frozen=True, slots=True)
class Links:
    """Absolute addresses of a moment, for other sites to read in the page's head."""

    page: str
    card: str
    oembed: str


def create_blueprint(
    settings: Settings, gazetteer: Gazetteer, history: History, moments: Moments, share_s: float = SHARE_S
) -> Blueprint:
    """Serve the pages of moments; sharing one waits so long for those shared before."""
    blueprint = Blueprint("moments", __name__)
    shares, writing = RateLimits(SHARES_OF_ALL, SHARES), threading.Lock()

    @blueprint.get("/c/<id>")
    def page(id: str) -> Response:
        """Serve the page of a moment, with what else happened in its second."""
        found = moments.get(id)
        shown, form = wire_form(found, gazetteer), regional.of_visitor()
        others = [in_words(wire_form(other, gazetteer)) for other in _others(history, found)]
        ends = [(shown[end]["geoname_id"], *place_names(shown[end])) for end in ("from", "to")]
        more = {"when": _when(found.at_ms, form), "ends": ends, "local_times": local_times(shown, form.locale)}
        links, listen = _links(settings, id), listenlinks.listen_links(shown["track"], settings)
        return page_response(
            render_template(
                "moment.html",
                moment=shown,
                told=in_words(shown, form) | more,
                others=others,
                links=links,
                listen=listen,
                scene=scene(),
            )
        )

    @blueprint.post("/c/<id>/share")
    def share(id: str) -> tuple[str, int]:
        """Keep a moment that somebody passes on from one of our pages."""
        check_own_page(request, settings, "share this moment")
        if wait_s := shares.spend(client_address(request, settings)):
            raise TooManyRequests("too many moments are being shared right now; try again", retry_after=wait_s)
        found = moments.get(id)
        if not writing.acquire(timeout=share_s):  # a slow disk may hold up one thread, not all of them
            raise ServiceUnavailable("moments cannot be saved right now; try again", retry_after=SHARE_S)
        try:
            offload(history.share, found)
        finally:
            writing.release()
        return "", 204

    return blueprint


def _others(history: History, found: Connection) -> list[Connection]:
    """Return what else is kept of the aligned second in which it happened, newest first."""
    second = found.at_ms // 1000
    listed = offload(history.latest, Filter(), OTHERS_MOST + 1, id_floor(second + 1))
    return [other for other in listed if other.id >= id_floor(second) and other.id != found.id][:OTHERS_MOST]


def _when(at_ms: int, form: Form) -> str:
    """Say when it was: the time is UTC, for the server knows no other."""
    when = datetime.fromtimestamp(at_ms / 1000, UTC)
    return f"{format_datetime(when, 'medium', locale=form.locale)} UTC"


def _links(settings: Settings, id: str) -> Links | None:
    base = public_base(request, settings)
    if base is None:
        return None
    address = f"{base}/c/{id}"
    lang = f"?lang={regional.of_address().tag}" if "lang" in request.args else ""
    return Links(address, f"{address}/card.png{lang}", f"{base}/oembed?url={quote(address, safe='')}")
