"""GET /stream: what must be refused before the handshake, the handshake, and the way to the hub."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, jsonify, request
from flask.typing import ResponseReturnValue
from flask_sock import Sock
from werkzeug.routing.exceptions import WebsocketMismatch

from webapp.admission import check_origin, client_address
from webapp.runtime import unison
from webapp.selection import Filter, FilterError
from webapp.takeover import Takeover, refusal

RETRY_AFTER_S = 5

blueprint = Blueprint("stream", __name__)
sock = Sock()


@blueprint.app_errorhandler(WebsocketMismatch)
def not_a_websocket(_: Exception) -> ResponseReturnValue:
    """Tell a plain GET what this address is; werkzeug's router turns it away before `check` could."""
    return refusal(request.environ) or ("", 400)


@blueprint.before_request
def check() -> ResponseReturnValue | None:
    """Refuse, while a plain answer can still be read: no websocket, another site's page, a bad filter, no room."""
    if refused := refusal(request.environ):
        return refused
    check_origin(request, unison().settings)
    try:
        g.filter = Filter.parse(request.args.items(multi=True), unison().gazetteer)
    except FilterError as error:
        return jsonify(error=str(error)), 400
    if not unison().has_room_for(g.filter):
        return jsonify(error="too many viewers or filters at the moment"), 503, {"Retry-After": str(RETRY_AFTER_S)}
    g.address = client_address(request, unison().settings)
    if not unison().addresses.has_room_for(g.address):
        return (
            jsonify(error="too many viewers from your address at the moment"),
            429,
            {"Retry-After": str(RETRY_AFTER_S)},
        )
    return None


@sock.route("/stream", bp=blueprint)  # type: ignore[untyped-decorator]
def stream(ws: Any) -> None:
    """Give the viewer's socket to the hub."""
    taken = Takeover(ws)
    unison().join(taken.sock, g.filter, request.args.get("since"), g.address, taken.on_gone(_nothing))
    taken.wait()


def _nothing() -> None:
    pass
