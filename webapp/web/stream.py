"""GET /stream: which viewers are admitted, and with which filter."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from werkzeug.exceptions import ServiceUnavailable, TooManyRequests
from werkzeug.wrappers import Request

from webapp.config import Settings
from webapp.core.filters import Filter
from webapp.core.gazetteer import Gazetteer
from webapp.core.trackids import TrackAliases
from webapp.metrics import Metrics
from webapp.storage.history import History
from webapp.web import websocket
from webapp.web.clientaddress import client_address
from webapp.web.errors import http_error
from webapp.web.origincheck import check_origin
from webapp.web.viewers import Viewers

PATH = "/stream"
RETRY_AFTER_S = 5
REASONS = {400: "filter", 403: "origin", 429: "address", 503: "full"}
"""What refused handshakes are counted as, by status."""


def init_app(
    app: Flask,
    settings: Settings,
    gazetteer: Gazetteer,
    history: History,
    viewers: Viewers,
    metrics: Metrics,
    start: Callable[[], None],
) -> None:
    """Serve the stream; `start` starts the application unless it has started."""

    def admit(request: Request) -> websocket.Join:
        try:
            start()
            return admitted(request, settings, gazetteer, history.aliases, viewers)
        except Exception as error:
            if refused := http_error(error):
                metrics.handshake_refused(REASONS.get(refused.code or 0, "other"))
            raise

    websocket.route(app, PATH, admit)


def admitted(
    request: Request, settings: Settings, gazetteer: Gazetteer, aliases: TrackAliases, viewers: Viewers
) -> websocket.Join:
    """Refuse, while a plain answer can still be read: another site's page, a bad filter, no room.

    Returns:
        What gives the viewer's socket to the hub after the handshake.

    Raises:
        HTTPException: the viewer is refused.
        FilterError: the filter is not well-formed.
    """
    if not _is_framed_by_anybody(request, settings):
        check_origin(request, settings)
    wanted = Filter.parse(request.args.items(multi=True), gazetteer, aliases, ["since"])
    address = client_address(request, settings)
    if not viewers.has_room_for(wanted, address):
        raise ServiceUnavailable("too many viewers or filters right now", retry_after=RETRY_AFTER_S)
    if not viewers.addresses.has_room_for(address):
        raise TooManyRequests("too many viewers from your address right now", retry_after=RETRY_AFTER_S)
    since = request.args.get("since")
    return lambda sock, on_close: viewers.join(sock, wanted, since, address, on_close)


def _is_framed_by_anybody(request: Request, settings: Settings) -> bool:
    """Tell whether the page that asks has no origin, and any page may frame an embed.

    An embed in a sandbox without allow-same-origin has none; WordPress puts such a sandbox around what it finds.
    """
    return request.headers.get("Origin") == "null" and "*" in settings.frame_ancestors
