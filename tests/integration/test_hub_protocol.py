import http.client
import socket
from contextlib import suppress

import pytest

from tests.integration.hub_serving import HubServer, RawViewer, Start, client_frame

HANDSHAKE: dict[str, str | None] = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}
VIOLATIONS = {
    "a frame that is not masked": (client_frame(0x81, b"a", mask=False), 1002),
    "reserved bit 1, as of compression nobody agreed on": (client_frame(0xC1, b"a"), 1002),
    "reserved bit 3": (client_frame(0x91, b"a"), 1002),
    "an unknown opcode for messages": (client_frame(0x83), 1002),
    "an unknown opcode for control": (client_frame(0x8B), 1002),
    "a fragmented ping": (client_frame(0x09), 1002),
    "a ping of 126 bytes": (client_frame(0x89, b"p" * 126), 1002),
    "a continuation of nothing": (client_frame(0x80, b"a"), 1002),
    "a message inside of another": (client_frame(0x01, b"a") + client_frame(0x81, b"b"), 1002),
    "a long form of a short length": (b"\x81\xfe\x00\x01" + bytes(5), 1002),
    "a length beyond 63 bits": (b"\x82\xff" + b"\xff" * 12, 1002),
    "text that is not UTF-8": (client_frame(0x81, b"\xc0\xaf"), 1007),
    "text that ends in the middle of a character": (client_frame(0x01, b"\xe6\x9d") + client_frame(0x80), 1007),
    "a surrogate in UTF-8": (client_frame(0x01, b"\xed") + client_frame(0x80, b"\xa0\x80"), 1007),
    "a message of 4,097 bytes": (client_frame(0x82, bytes(4097)), 1009),
    "the announcement of 16 EiB": (b"\x82\xff\x7f" + b"\xff" * 11, 1009),
    "a message that never ends": (client_frame(0x01, b"a" * 999) + client_frame(0x00, b"a" * 999) * 4, 1009),
    "a close frame of one byte": (client_frame(0x88, b"\x03"), 1002),
    "a close code that is never sent": (client_frame(0x88, b"\x03\xed"), 1002),
    "a close code out of range": (client_frame(0x88, b"\x13\x88"), 1002),
    "a close reason that is not UTF-8": (client_frame(0x88, b"\x03\xe8\xff"), 1007),
    "256 KiB of good messages": (client_frame(0x82, bytes(4096)) * 64, 1008),
}
CLOSES = {b"": 0, b"\x03\xe8": 1000, b"\x03\xe9going": 1001, b"\x0b\xb8": 3000, b"\x13\x87\xc3\xa9": 4999}


def test_each_violation_closes_that_viewer_alone_with_its_code(start: Start) -> None:
    server = start()
    with RawViewer(server) as other:
        for name, (data, code) in VIOLATIONS.items():
            with RawViewer(server) as viewer:
                viewer.sock.sendall(data + client_frame(0x89, b"unread"))
                assert viewer.end() == code, name
        server.post("/send/", b"still here")
        assert other.text() == b"still here"
        stats = server.until(lambda stats: stats["gone"] == len(VIOLATIONS))
        assert stats["dropped"] == {"protocol": len(VIOLATIONS) - 1, "flood": 1}


def test_a_client_that_closes_is_answered_with_its_own_code(start: Start) -> None:
    server = start()
    for payload, code in CLOSES.items():
        with RawViewer(server) as viewer:
            viewer.send(0x88, payload)
            assert viewer.end() == code
    assert server.until(lambda stats: stats["gone"] == len(CLOSES))["dropped"] == {}


def test_pings_are_answered_in_order_also_between_fragments_and_under_load(start: Start) -> None:
    server = start()
    with RawViewer(server) as viewer:
        server.until(lambda stats: stats["viewers"] == 1)
        viewer.send(0x01, b"part ")
        for index in range(100):
            viewer.send(0x89, b"%d" % index)
            server.post("/send/", b"frame %d" % index)
        viewer.send(0x80, b"end")
        viewer.send(0x89, b"x" * 125)
        got = [viewer.frame() for _ in range(201)]
        assert [payload for first, payload in got if first == 0x8A] == [b"%d" % i for i in range(100)] + [b"x" * 125]
        assert [payload for first, payload in got if first == 0x81] == [b"frame %d" % i for i in range(100)]


def test_messages_and_pongs_that_nobody_asked_for_are_ignored(start: Start) -> None:
    server = start()
    with RawViewer(server) as viewer:
        for data in (client_frame(0x81, "é".encode()), client_frame(0x82, bytes(4096)), client_frame(0x8A, b"pong")):
            for byte in data[:20]:
                viewer.sock.sendall(bytes((byte,)))
            viewer.sock.sendall(data[20:])
        viewer.send(0x89, b"alive")
        assert viewer.frame() == (0x8A, b"alive")


def test_a_ping_between_the_pieces_of_a_frame_that_is_under_way_waits_for_its_end(start: Start) -> None:
    server = start()
    with RawViewer(server, buffer_bytes=4096) as viewer:
        server.until(lambda stats: stats["viewers"] == 1)
        server.post("/send/", b"x" * 900_000)
        viewer.send(0x89, b"now")
        assert len(viewer.text()) == 900_000
        assert viewer.frame() == (0x8A, b"now")


@pytest.mark.parametrize("offer", ["Extensions: permessage-deflate", "Protocol: chat", "Protocol: ,, na\u00efve"])
def test_neither_compression_nor_a_subprotocol_is_agreed_on(start: Start, offer: str) -> None:
    server = start()
    with RawViewer(server, headers=f"Sec-WebSocket-{offer}\r\n") as viewer:
        assert viewer.answer.startswith("HTTP/1.1 101 ")
        assert "xtensions" not in viewer.answer
        assert "rotocol:" not in viewer.answer


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Upgrade": None, "Connection": None}, 426),
        ({"Sec-WebSocket-Version": "12"}, 426),
        ({"Sec-WebSocket-Version": None}, 426),
        ({"Sec-WebSocket-Key": "c2hvcnQ="}, 400),
        ({"Sec-WebSocket-Key": None}, 400),
        ({"Host": "xn--a"}, 400),
    ],
)
def test_a_request_that_cannot_become_a_websocket_is_told_why(
    start: Start, changes: dict[str, str | None], status: int
) -> None:
    answer, body = ask(start(), HANDSHAKE | changes)
    assert (answer.status, body.count(b"\n")) == (status, 1)
    assert (answer.getheader("Sec-WebSocket-Version") == "13") == (status == 426)


def ask(server: HubServer, headers: dict[str, str | None]) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", "/stream", headers={name: value for name, value in headers.items() if value is not None})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def test_bytes_after_the_end_do_not_keep_a_viewer_open(start: Start) -> None:
    server = start()
    with RawViewer(server) as viewer:
        viewer.send(0x88, b"\x03\xe8")
        assert viewer.end() == 1000
        reset = pytest.raises((ConnectionResetError, BrokenPipeError))
        with reset if server.kind == "gunicorn" else suppress(OSError):  # werkzeug may take a little more
            viewer.sock.sendall(bytes(1 << 26 if server.kind == "gunicorn" else 1 << 16))
        server.until(lambda stats: stats["gone"] == 1)


def test_a_half_closed_connection_is_over(start: Start) -> None:
    server = start()
    with RawViewer(server) as viewer:
        server.until(lambda stats: stats["viewers"] == 1)
        viewer.sock.shutdown(socket.SHUT_WR)
        assert server.until(lambda stats: stats["gone"] == 1)["dropped"] == {"lost": 1}
