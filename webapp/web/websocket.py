"""A websocket's upgrade: who is admitted, the handshake, and the socket's way to the hub.

`_admitted` decides, whatever the server. Under gunicorn a WSGI middleware asks it and answers the handshake: Flask's
dispatch and simple-websocket's handshake, 0.5 ms by itself, would cost more than all else of a join. Under any other
server Flask-Sock's route does both, as it knows where each server has its socket.

This relies on the following; tests/unit/test_websocket.py notices a change.

- gunicorn hands over its socket as `gunicorn.socket`, takes a StopIteration for the end of a connection, as Flask-Sock
  knows, and closes its descriptor without a shutdown, so that a duplicate lives on.
- simple-websocket's `Server` has its socket as `sock`, and reads it in a thread of `thread_class` only.
- Flask-Sock ignores that the socket is shut down when it says goodbye at the end of a handler.
"""

from __future__ import annotations

import base64
import os
import threading
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import sha1
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, g
from flask import request as current_request
from flask_sock import Sock
from gevent import monkey
from werkzeug.routing import WebsocketMismatch
from werkzeug.wrappers import Request, Response

from webapp.web.errors import error_answer
from webapp.web.requestbodies import drain

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Join = Callable[[Any, Callable[[], None]], None]
"""Gives a socket, unpatched and non-blocking, to the hub, with what to call once the hub has closed it."""
Admit = Callable[[Request], Join]
"""Admits a well-formed request; raises an HTTPException to refuse it."""

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # of RFC 6455, 1.3
_NOT_OFFERED = ("HTTP_SEC_WEBSOCKET_EXTENSIONS", "HTTP_SEC_WEBSOCKET_PROTOCOL")
"""Headers that simple-websocket does not see: it would agree on compression, which the hub's frames do not have."""
_SAID = {
    405: {"Allow": "GET, HEAD"},
    426: {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"},
}
"""Headers of refusals, by status."""
_Socket: Any = monkey.get_original("socket", "socket")  # a patched one has watchers of its own


class _NoReader(threading.Thread):
    """In place of simple-websocket's reading thread: only the hub reads the socket."""

    def start(self) -> None:
        """Do not."""


def route(app: Flask, path: str, admit: Admit) -> None:
    """Serve websockets at a path of an app."""
    app.wsgi_app = _under_gunicorn(app.wsgi_app, path, admit)  # type: ignore[assignment, method-assign]  # as documented
    app.config["SOCK_SERVER_OPTIONS"] = {"thread_class": _NoReader}
    app.register_blueprint(_elsewhere(path, admit))


def _under_gunicorn(others: WSGIApplication, path: str, admit: Admit) -> WSGIApplication:
    def answered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        sock = environ.get("gunicorn.socket")
        if sock is None or environ.get("PATH_INFO") != path:
            return others(environ, start_response)
        request = Request(environ, populate_request=False)
        join = _admitted(request, admit)
        if isinstance(join, Response):
            return drain(request, join)(environ, start_response)
        sock.sendall(_switching_protocols(environ["HTTP_SEC_WEBSOCKET_KEY"]))
        join(_detached(sock), _nothing)
        raise StopIteration

    return answered


def _elsewhere(path: str, admit: Admit) -> Blueprint:
    blueprint = Blueprint("websocket", __name__)

    @blueprint.before_request
    def ask() -> Response | None:
        for header in _NOT_OFFERED:
            current_request.environ.pop(header, None)
        g.join = _admitted(current_request, admit)
        return g.join if isinstance(g.join, Response) else None

    @Sock().route(path, bp=blueprint)  # type: ignore[untyped-decorator]  # Flask-Sock is not typed
    def serve(ws: Any) -> None:
        """Wait until the hub has closed the socket: some servers shut it down once the handler returns."""
        closed = threading.Event()
        g.join(_detached(ws.sock), closed.set)
        closed.wait()

    @blueprint.app_errorhandler(WebsocketMismatch)
    def not_a_websocket(_: Exception) -> Response:
        """Tell a plain GET what this address is; werkzeug's router turns it away before `ask` could."""
        return _refusal(current_request.environ) or Response(status=400)

    @blueprint.errorhandler(ConnectionError)
    def client_left(_: Exception) -> Response:
        return Response(status=400)

    return blueprint


def _admitted(request: Request, admit: Admit) -> Join | Response:
    try:
        return _refusal(request.environ) or admit(request)
    except Exception as error:
        return error_answer(error)


def _switching_protocols(key: str) -> bytes:
    """Return the answer that accepts a handshake (RFC 6455, 4.2.2): no extension, no subprotocol."""
    accept = base64.b64encode(sha1((key.strip() + _GUID).encode()).digest())
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    return head + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"


def _detached(sock: Any) -> Any:
    """Return a socket of the hub's own on the same connection: unpatched and non-blocking."""
    own = _Socket(fileno=os.dup(sock.fileno()))
    own.setblocking(False)
    return own


def _nothing() -> None:
    pass


def _refusal(environ: WSGIEnvironment) -> Response | None:
    """Return the answer to a request that cannot become a websocket; None if it can."""
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        return _refuse(405, "a websocket needs a GET request")
    if environ.get("HTTP_UPGRADE", "").lower() != "websocket":
        return _refuse(426, "this address is a websocket; connect with ws:// or wss://")
    if "upgrade" not in map(str.strip, environ.get("HTTP_CONNECTION", "").lower().split(",")):
        return _refuse(400, "Connection: Upgrade is missing; a websocket needs it")
    if environ.get("HTTP_SEC_WEBSOCKET_VERSION") != "13":
        return _refuse(426, "this websocket version is not supported; use version 13")
    if environ["REQUEST_METHOD"] != "GET" or environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
        return _refuse(400, "a websocket needs a GET request of HTTP/1.1")
    if not _is_key(environ.get("HTTP_SEC_WEBSOCKET_KEY", "")):
        return _refuse(400, "Sec-WebSocket-Key must be 16 bytes in base64")
    if not _is_host(environ.get("HTTP_HOST", "")):
        return _refuse(400, "Host must be a host name")
    return None


def _refuse(status: int, sentence: str) -> Response:
    return Response(sentence + "\n", status, _SAID.get(status), mimetype="text/plain")


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key.strip(), validate=True)) == 16
    except (Base64Error, ValueError):
        return False


@lru_cache(maxsize=64)
def _is_host(host: str) -> bool:
    try:
        return bool(host.encode("ascii").decode("idna"))
    except UnicodeError:
        return False
