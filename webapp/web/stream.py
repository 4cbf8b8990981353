"""GET /stream: who may watch what, and the way to the hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.exceptions import BadRequest, HTTPException, ServiceUnavailable, TooManyRequests
from werkzeug.wrappers import Request

from webapp.config import Settings
from webapp.core.filters import Filter, FilterError
from webapp.web import websocket
from webapp.web.clientaddress import client_address
from webapp.web.origincheck import check_origin

if TYPE_CHECKING:
    from webapp.app import Unison

PATH = "/stream"
RETRY_AFTER_S = 5
REASONS = {400: "filter", 403: "origin", 429: "address", 503: "full"}
"""What refused handshakes are counted as, by status."""


def init_app(app: Flask) -> None:
    """Serve the stream."""
    unison: Unison = app.extensions["unison"]
    websocket.route(app, PATH, lambda request: _admitted(unison, request))


def _admitted(app: Unison, request: Request) -> websocket.Join:
    try:
        return admit(app, request)
    except HTTPException as error:
        app.metrics.handshake_refused(REASONS.get(error.code or 0, "other"))
        raise


def admit(app: Unison, request: Request) -> websocket.Join:
    """Refuse, while a plain answer can still be read: another site's page, a bad filter, no room.

    Returns:
        What gives the viewer's socket to the hub after the handshake.

    Raises:
        HTTPException: the viewer may not come in.
    """
    app.start()
    if not _is_framed_by_anybody(request, app.settings):
        check_origin(request, app.settings)
    try:
        wanted = Filter.parse(request.args.items(multi=True), app.gazetteer, others=["since"])
    except FilterError as error:
        raise BadRequest(str(error)) from None
    address = client_address(request, app.settings)
    if not app.viewers.has_room_for(wanted, address):
        raise ServiceUnavailable("too many viewers or filters at the moment", retry_after=RETRY_AFTER_S)
    if not app.viewers.addresses.has_room_for(address):
        raise TooManyRequests("too many viewers from your address at the moment", retry_after=RETRY_AFTER_S)
    since = request.args.get("since")
    return lambda sock, on_close: app.viewers.join(sock, wanted, since, address, on_close)


def _is_framed_by_anybody(request: Request, settings: Settings) -> bool:
    """Tell whether a page without an origin asks, where any page may frame an embed.

    So is our own in a sandbox without allow-same-origin, as WordPress puts around what it finds by itself.
    """
    return request.headers.get("Origin") == "null" and "*" in settings.frame_ancestors
