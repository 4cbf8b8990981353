"""GET /openapi.json, what the HTTP interface takes and answers, for programs; and /docs/api, the same for people."""

from __future__ import annotations

from functools import lru_cache

import msgspec
from flask import Blueprint, Response, render_template, request
from markupsafe import Markup

from webapp.config import Settings
from webapp.metrics import own_version
from webapp.openapi.document import PAGE, PATH, Server, document
from webapp.openapi.page import Page
from webapp.web.assets import packed
from webapp.web.errors import JSON
from webapp.web.hosts import public_base
from webapp.web.ingestauth import has_tokens

KEPT = "public, max-age=300"


def create_blueprint(settings: Settings) -> Blueprint:
    """Serve the document and its page."""
    blueprint = Blueprint("openapi", __name__)

    @lru_cache(maxsize=4)
    def made(base: str) -> tuple[bytes, Page]:
        told = document(server_of(settings, base))
        return msgspec.json.encode(told), Page(told)

    @blueprint.get(PATH)
    def whole() -> Response:
        """Serve the document; pages of other sites may read it."""
        body, _ = made(_base(settings))
        response = Response(body, content_type=JSON)
        response.headers.update({"Cache-Control": KEPT, "Access-Control-Allow-Origin": "*"})
        return packed(response)

    @blueprint.get(PAGE)
    def page() -> Response:
        """Serve the page."""
        _, shown = made(_base(settings))
        response = Response(render_template("apidocs.html", page=shown, html=Markup, version=own_version()))
        response.headers["Cache-Control"] = "no-cache"
        return packed(response)

    return blueprint


def server_of(settings: Settings, base: str) -> Server:
    """Return what the document says of a server; `base` is its address, "" if that is not known."""
    return Server(
        version=own_version(),
        base=base,
        wants_tokens=has_tokens(settings) or not settings.open_ingest,
        has_operators_token=bool(settings.admin_token or settings.admin_token_file),
    )


def _base(settings: Settings) -> str:
    return public_base(request, settings) or ""
