"""A websocket's handshake, after which its socket is the hub's.

Flask-Sock finds the socket under any server and keeps the server's hands off it; the handshake's answer is written
here. Under gunicorn the same is done before Flask's dispatch, which would be much of what a viewer's coming takes. What
this relies on, and where:

- Flask-Sock makes a `Server` of simple-websocket's by that name (`Sock.route`); ours takes its place, and calls its
  `close()` when the handler returns.
- simple-websocket's `Server` finds the socket and leaves the rest to its base (`Server.__init__`). Ours stands between
  the two: no reader, so that nobody but the hub reads the socket, and no second reading of what the client sent, which
  `_refusal` has checked. What a client sends before it got the handshake's answer may stay in the server's buffer;
  RFC 6455, 4.1, forbids it to.
- gunicorn takes a StopIteration for the end of a connection (`AsyncWorker.handle`), as Flask-Sock knows, and closes its
  descriptor without a shutdown (`util.close`): a duplicate lives on.
- werkzeug's server answers on the socket and shuts it down when the handler returns, so there the handler waits until
  the viewer is gone; that the hub has shut the socket down by then keeps the answer from reaching the client.
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

import flask_sock
import simple_websocket
from flask import Blueprint, Flask, g
from flask import request as current_request
from gevent import monkey
from werkzeug.routing.exceptions import WebsocketMismatch
from werkzeug.wrappers import Request, Response

from webapp.web.errors import error_answer
from webapp.web.requestbodies import drain

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # of RFC 6455, 1.3
_Socket: Any = monkey.get_original("socket", "socket")  # a patched one has watchers of its own


class _Shaken(simple_websocket.ws.Base):  # type: ignore[misc]  # simple-websocket is not typed
    """A socket on which the handshake was answered."""

    def __init__(self, sock: Any, **_: object) -> None:
        self.sock = sock
        _shake_hands(sock, self.environ)

    def close(self, reason: int | None = None, message: str | None = None) -> None:
        """Leave it open: it is the hub's."""


class _Server(simple_websocket.Server, _Shaken):  # type: ignore[misc]
    """A websocket that is found by simple-websocket and no more."""


class DetachedSocket:
    """A websocket's socket, out of the server's hands.

    Attributes:
        sock: the hub's own descriptor of it, unpatched and non-blocking.
    """

    def __init__(self, sock: Any, *, shut_after: bool) -> None:
        """Take it; `shut_after` says that the server shuts the socket down once its handler returns."""
        self.sock: Any = _Socket(fileno=os.dup(sock.fileno()))
        self.sock.setblocking(False)
        self._gone = threading.Event() if shut_after else None

    def on_gone(self, then: Callable[[], None]) -> Callable[[], None]:
        """Return what to call when the viewer is gone: `then` itself, where no thread waits for it."""
        gone = self._gone
        if gone is None:
            return then

        def call_and_release() -> None:
            try:
                then()
            finally:
                gone.set()

        return call_and_release

    def wait(self) -> None:
        """Wait until the viewer is gone, if the server would shut its socket down otherwise."""
        if self._gone is not None:
            self._gone.wait()


Enter = Callable[[DetachedSocket], None]
Admit = Callable[[Request], Enter]
"""Says of a well-formed request who is to have the socket after the handshake; raises what it is refused with."""


def route(app: Flask, path: str, admit: Admit) -> None:
    """Serve websockets at a path of an app."""
    _route_before_flask(app, path, admit)
    _route_by_flask(app, path, admit)


def _route_before_flask(app: Flask, path: str, admit: Admit) -> None:
    others = app.wsgi_app

    def answered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        sock = environ.get("gunicorn.socket")
        if sock is None or environ.get("PATH_INFO") != path:
            return others(environ, start_response)
        request = Request(environ)
        enter = _admitted(request, admit)
        if isinstance(enter, Response):
            return drain(request, enter)(environ, start_response)
        _shake_hands(sock, environ)
        enter(DetachedSocket(sock, shut_after=False))
        raise StopIteration

    app.wsgi_app = answered  # type: ignore[method-assign]  # as Flask's documentation has it


def _route_by_flask(app: Flask, path: str, admit: Admit) -> None:
    flask_sock.Server = _Server
    blueprint = Blueprint("websocket", __name__)

    @blueprint.before_request
    def ask() -> Response | None:
        g.enter = _admitted(current_request, admit)
        return g.enter if isinstance(g.enter, Response) else None

    @flask_sock.Sock().route(path, bp=blueprint)  # type: ignore[untyped-decorator]
    def enter(ws: Any) -> None:
        taken = DetachedSocket(ws.sock, shut_after=ws.mode != "gunicorn")
        g.enter(taken)
        taken.wait()

    @blueprint.app_errorhandler(WebsocketMismatch)
    def not_a_websocket(_: Exception) -> Response:
        """Tell a plain GET what this address is; werkzeug's router turns it away before `ask` could."""
        return _refusal(current_request.environ) or Response(status=400)

    @blueprint.errorhandler(ConnectionError)
    def client_left(_: Exception) -> Response:
        return Response(status=400)

    app.register_blueprint(blueprint)


def _admitted(request: Request, admit: Admit) -> Enter | Response:
    try:
        return _refusal(request.environ) or admit(request)
    except Exception as error:
        return error_answer(error)


def _shake_hands(sock: Any, environ: WSGIEnvironment) -> None:
    """Answer as RFC 6455, 4.2.2, asks for it: no extension, no subprotocol."""
    accepted = base64.b64encode(sha1((environ["HTTP_SEC_WEBSOCKET_KEY"].strip() + _GUID).encode()).digest())
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    sock.sendall(head + b"Sec-WebSocket-Accept: " + accepted + b"\r\n\r\n")


def _refusal(environ: WSGIEnvironment) -> Response | None:
    """Return the answer to a request that cannot become a websocket; None if it can."""
    if environ.get("HTTP_UPGRADE", "").lower() != "websocket":
        return _refuse(426, "this address is a websocket; connect to it with ws:// or wss://")
    if "upgrade" not in map(str.strip, environ.get("HTTP_CONNECTION", "").lower().split(",")):
        return _refuse(400, "a websocket begins with Connection: Upgrade")
    if environ.get("HTTP_SEC_WEBSOCKET_VERSION") != "13":
        return _refuse(426, "this server speaks version 13 of the websocket protocol")
    if environ["REQUEST_METHOD"] != "GET" or environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
        return _refuse(400, "a websocket begins with a GET of HTTP/1.1")
    if not _is_key(environ.get("HTTP_SEC_WEBSOCKET_KEY", "")):
        return _refuse(400, "Sec-WebSocket-Key must be 16 bytes in base64")
    if not _is_host(environ.get("HTTP_HOST", "")):
        return _refuse(400, "Host must be a host name")
    return None


def _refuse(status: int, sentence: str) -> Response:
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"} if status == 426 else {}
    return Response(sentence + "\n", status, headers, mimetype="text/plain")


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
