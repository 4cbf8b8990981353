"""The page of the globe, and what browsers and crawlers look for beside it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request
from msgspec import to_builtins

from webapp.config import Settings
from webapp.core import frames
from webapp.core.filters import FILTER_NAMES, Filter
from webapp.core.gazetteer import Gazetteer
from webapp.core.search import RecentTracks
from webapp.engine.offload import offload
from webapp.scene import scene
from webapp.storage.history import History
from webapp.web import linkpreview, listenlinks, pagefilter
from webapp.web.assets import SERVED, Assets, packed
from webapp.web.connectiontext import in_words, wire_form
from webapp.web.oembed import discovery
from webapp.web.responses import localised
from webapp.web.wall import is_wall, wall


def create_blueprint(
    settings: Settings, gazetteer: Gazetteer, history: History, tracks: RecentTracks, assets: Assets
) -> Blueprint:
    """Serve the globe's page."""
    blueprint = Blueprint("pages", __name__)

    @blueprint.get("/")
    def index() -> Response:
        """Serve the page; with a filter that the stream would refuse, a page that shows nothing."""
        wanted = pagefilter.wanted(gazetteer, history.aliases)
        html = render_template(
            "index.html",
            scene=scene(wanted.center(gazetteer) if wanted else None),
            latest=[] if wanted is None else _latest(wanted, history, gazetteer),
            is_unknown=wanted is None,
            filters=to_builtins(pagefilter.named(wanted, tracks, gazetteer)),
            links=linkpreview.links(settings, "/", "/card.png", *FILTER_NAMES) if wanted is not None else None,
            found=discovery(settings),
            visitor_plays=settings.visitor_plays,
            listen=listenlinks.templates(settings),
            wall=wall(settings) if is_wall() else None,
        )
        return packed(localised(html))

    @blueprint.get("/favicon.ico")
    def favicon() -> Response:
        """Serve the icon to browsers that do not read the page's link to it."""
        response = Response(assets.body("icon.svg", "identity"), content_type=SERVED[".svg"])
        response.headers["Cache-Control"] = "public, max-age=86400"
        return response

    @blueprint.get("/robots.txt")
    def robots() -> Response:
        """Ask crawlers for the page only, not for the stream and the data."""
        root = request.script_root
        return Response(
            f"User-agent: *\nDisallow: {root}/api/\nDisallow: {root}/stream\n", content_type="text/plain; charset=utf-8"
        )

    return blueprint


def _latest(wanted: Filter, history: History, gazetteer: Gazetteer) -> list[dict[str, Any]]:
    """Return the latest connections that pass a filter, newest first, as the template shows them.

    They are as many as a viewer is greeted with, so that the list stays as it is when the stream comes.
    """
    found = offload(history.latest, wanted, frames.RECENT)
    return [in_words(wire_form(connection, gazetteer)) for connection in found]
