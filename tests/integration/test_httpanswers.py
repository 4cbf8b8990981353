"""How answers reach a client on one connection: the bytes of a real server."""

from __future__ import annotations

import socket

import pytest

from tests.serving import Server, get_text


def answers(server: Server, request: str, times: int) -> list[bytes]:
    """Ask again and again on one connection; return what the first read after each request gives."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as sock:
        found = []
        for _ in range(times):
            sock.sendall(f"{request} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            found.append(sock.recv(1 << 16))
        return found


def test_a_short_answer_comes_in_one_piece(common: Server) -> None:
    for answer in answers(common, "GET /healthz", 20):
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        assert f"Content-Length: {len(body)}".encode() in head
        assert body


@pytest.mark.parametrize("request_line", ["HEAD /healthz", "OPTIONS /1/submit-listens", "HEAD /"])
def test_an_answer_without_a_body_comes_at_once_and_the_connection_stays(common: Server, request_line: str) -> None:
    found = answers(common, request_line, 3)
    assert [answer[:12] for answer in found] == [b"HTTP/1.1 200"] * 3
    assert all(answer.endswith(b"\r\n\r\n") for answer in found)


def test_requests_in_a_row_are_answered_in_order(common: Server) -> None:
    lines = [b"GET /healthz", b"HEAD /healthz", b"GET /nowhere", b"GET /healthz"]
    asked = b"".join(line + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" for line in lines)
    with socket.create_connection(("127.0.0.1", common.port), timeout=5) as sock:
        sock.sendall(asked)
        sock.shutdown(socket.SHUT_WR)
        found = b""
        while piece := sock.recv(1 << 16):
            found += piece
    assert [part[:4] for part in found.split(b"HTTP/1.1 ")[1:]] == [b"200 ", b"200 ", b"404 ", b"200 "]
    assert len(get_text(common, "/")) > 10_000
