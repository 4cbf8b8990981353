"""A client of POST /api/plays that can send invalid requests."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterable
from typing import Any

from tests.serving import Answer, Server, authorization

JSON = "application/json"
LINES = "application/x-ndjson"
WAIT_S = 20.0


def play(**changes: Any) -> dict[str, Any]:
    """Return a valid play with some fields changed; None removes a field."""
    fields = {
        "track": {"title": "Night Bus Home", "artist": "Ada Lumen"},
        "listener": "someone",
        "place": {"city": "Osaka", "country": "JP"},
        "source": "synthetic",
    }
    return {name: value for name, value in (fields | changes).items() if value is not None}


def send(
    server: Server,
    body: bytes | Iterable[bytes] | Any,
    *,
    method: str = "POST",
    path: str = "/api/plays",
    kind: str | None = JSON,
    **headers: str,
) -> Answer:
    """Send a body before reading the answer: an iterator of bytes in chunks, a dict or list as JSON.

    `X_Unison_Source="replay"` becomes a header; `kind` is the content type. The server's token goes along, unless
    another is given.
    """
    if isinstance(body, dict | list):
        body = json.dumps(body).encode()
    given = authorization(server) | {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=WAIT_S)
    try:
        connection.request(method, path, body, given | ({"Content-Type": kind} if kind else {}))
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def exchange(server: Server, sent: bytes, *, end: bool = False) -> Answer:
    """Send raw bytes, and read one answer; `end` shuts down the sending side."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_S) as connection:
        connection.sendall(sent)
        if end:
            connection.shutdown(socket.SHUT_WR)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return Answer(answer.status, answer.headers, answer.read())


def head(length: object, *more: str, path: str = "/api/plays") -> bytes:
    """Return the head of a POST with that Content-Length."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Type: {JSON}", f"Content-Length: {length}", *more]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"
