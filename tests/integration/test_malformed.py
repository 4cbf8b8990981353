"""Requests that never reach the application, for gunicorn cannot parse them."""

from __future__ import annotations

import json
import socket

import pytest

from tests.serving import Server, ask

MALFORMED = {
    "no HTTP": (b"nonsense\r\n\r\n", 400),
    "a method in lower case": (b"g@t / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "a header without a colon": (b"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization Bearer secret\r\n\r\n", 400),
    "a header's name with a space": (b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", 400),
    "folded lines": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n", 400),
    "two lengths": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    "an unknown coding": (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: foo\r\n\r\n", 501),
    "another expectation": (b"POST / HTTP/1.1\r\nHost: localhost\r\nExpect: cake\r\nContent-Length: 1\r\n\r\n", 417),
    "another version": (b"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n", 505),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)) + b"\r\n\r\n", 400),
    "a long line": (b"GET /?" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
    "a long header": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", 431),
    "many headers": (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 500 + b"\r\n", 431),
    "headers without end": (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200_000, 431),
}


def answer_to(server: Server, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes as they are; returns the status, the headers and the body of the answer."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    return int(first.split()[1]), dict(line.split(": ", 1) for line in lines), body


@pytest.mark.parametrize("name", MALFORMED)
def test_what_gunicorn_refuses_is_answered_as_we_answer_errors(idle: Server, name: str) -> None:
    request, expected = MALFORMED[name]
    status, headers, body = answer_to(idle, request)
    assert status == expected
    assert list(json.loads(body)) == ["error"]
    ours = ask(idle, "/nowhere").headers
    for header in ("Content-Type", "Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"):
        assert headers[header] == ours[header]
    assert headers["Content-Length"] == str(len(body))
    assert headers["Connection"] == "close"
    assert "gunicorn" not in str(headers) + body.decode()
    assert "127.0.0.1 " not in idle.log
    assert "secret" not in idle.log
