"""The page of the globe, and what browsers and crawlers look for beside it."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import quote, urlencode

from flask import Blueprint, Flask, Response, current_app, render_template, request
from flask.blueprints import BlueprintSetupState
from msgspec import to_builtins

from webapp.core import frames
from webapp.core.filters import FILTER_NAMES, Filter
from webapp.graphics.cards import CARD
from webapp.resources import TEMPLATES
from webapp.scene import scene
from webapp.web import languages, linkpreview, pagefilter
from webapp.web.assets import SERVED, assets
from webapp.web.connectiontext import in_words, wire_form
from webapp.web.oembed import discovery
from webapp.web.responses import page_response
from webapp.web.runtime import offload, unison

blueprint = Blueprint("pages", __name__, template_folder=str(TEMPLATES))


@blueprint.record_once
def _set_up(state: BlueprintSetupState) -> None:
    state.app.jinja_env.globals["card_size"] = CARD
    languages.init_app(cast(Flask, state.app))


@blueprint.app_template_global()
def language_url(tag: str) -> str:
    """Where the page is in another language, all else in the address as it is."""
    query = {**request.args.to_dict(flat=False), "lang": [tag]}
    return f"{quote(request.script_root + request.path)}?{urlencode(query, doseq=True)}"


def _latest(wanted: Filter | None) -> list[dict[str, Any]]:
    """Return the latest connections that pass a filter, newest first, as the template shows them; None passes nothing.

    They are as many as a viewer is greeted with, so that the list stays as it is when the stream comes.
    """
    if wanted is None:
        return []
    app = unison()
    return [in_words(wire_form(connection)) for connection in offload(app.history.latest, wanted, frames.RECENT)]


@blueprint.get("/")
def index() -> Response:
    """Serve the page."""
    wanted = pagefilter.wanted()
    html = render_template(
        "index.html",
        scene=scene(wanted.center(unison().gazetteer) if wanted else None),
        latest=_latest(wanted),
        filters=to_builtins(pagefilter.named(wanted)),
        links=linkpreview.links("/", "/card.png", *FILTER_NAMES) if wanted is not None else None,
        found=discovery(),
        visitor_plays="unison" in current_app.extensions and unison().settings.visitor_plays,
    )
    return page_response(html)


@blueprint.get("/favicon.ico")
def favicon() -> Response:
    """Serve the icon to browsers that do not read the page's link to it."""
    response = Response(assets(current_app).body("icon.svg", "identity"), content_type=SERVED[".svg"])
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Ask crawlers for the page only, not for the stream and the data."""
    root = request.script_root
    return Response(
        f"User-agent: *\nDisallow: {root}/api/\nDisallow: {root}/stream\n", content_type="text/plain; charset=utf-8"
    )
