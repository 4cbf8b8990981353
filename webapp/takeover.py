"""Taking a websocket's socket over from Flask-Sock once its handshake is done.

Flask-Sock finds the socket and keeps the server's hands off it; the handshake's answer is written here, and everything
after it is the hub's. What this relies on, and where:

- Flask-Sock makes a `Server` of simple-websocket's by that name (`Sock.route`); ours takes its place, and calls its
  `close()` when the handler returns.
- simple-websocket's `Server` finds the socket and leaves the rest to its base (`Server.__init__`). Ours stands between
  the two: no reader, so that nobody but the hub reads the socket, and no second reading of what the client sent, which
  `refusal` has checked: as dear as all else that a viewer's coming takes. What a client sends before it got the
  handshake's answer may stay in the server's buffer; RFC 6455, 4.1, forbids it to.
- gunicorn closes its descriptor when the handler returns, without a shutdown (`util.close`): a duplicate lives on.
- werkzeug's server answers on the socket and shuts it down when the handler returns, so there the handler waits until
  the viewer is gone; that the hub has shut the socket down by then keeps the answer from reaching the client.
"""

import base64
import os
import threading
from binascii import Error as Base64Error
from collections.abc import Callable, MutableMapping
from functools import lru_cache
from hashlib import sha1
from typing import Any

import flask_sock
import simple_websocket
from flask import Flask, Response, request
from gevent import monkey

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # of RFC 6455, 1.3
_Socket: Any = monkey.get_original("socket", "socket")  # a patched one has watchers of its own


class _Shaken(simple_websocket.ws.Base):  # type: ignore[misc]  # simple-websocket is not typed
    """A socket on which the handshake's answer, as RFC 6455, 4.2.2, asks for it, was written: no extension."""

    def __init__(self, sock: Any, **_: object) -> None:
        self.sock = sock
        accepted = base64.b64encode(sha1((self.environ["HTTP_SEC_WEBSOCKET_KEY"].strip() + _GUID).encode()).digest())
        head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        sock.sendall(head + b"Sec-WebSocket-Accept: " + accepted + b"\r\n\r\n")

    def close(self, reason: int | None = None, message: str | None = None) -> None:
        """Leave it open: it is the hub's."""


class _Server(simple_websocket.Server, _Shaken):  # type: ignore[misc]
    """A websocket that is found by simple-websocket and no more."""


def init_app(app: Flask) -> None:
    """Make Flask-Sock's websockets fit to be taken over, and a client that left meanwhile no error of the server."""
    flask_sock.Server = _Server
    app.register_error_handler(ConnectionError, _client_left)


def _client_left(error: ConnectionError) -> Response:
    if "HTTP_UPGRADE" not in request.environ:
        raise error
    return Response(status=400)


def refusal(environ: MutableMapping[str, Any]) -> Response | None:
    """Return the answer to a request that cannot become a websocket, before Flask-Sock sees it; None if it can."""
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


class Takeover:
    """A websocket's socket, out of the server's hands.

    Use it in a Flask-Sock handler: join the hub with `sock` and `on_gone(...)`, then `wait()` and return.

    Attributes:
        sock: the hub's own descriptor of it, unpatched and non-blocking.
    """

    def __init__(self, ws: Any):
        self.sock: Any = _Socket(fileno=os.dup(ws.sock.fileno()))
        self.sock.setblocking(False)
        # Only gunicorn leaves a socket alone when the handler returns; see above for the other.
        self._gone = None if ws.mode == "gunicorn" else threading.Event()

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
