"""The writer of one socket, over a socket pair whose other end reads only when told to."""

import socket
from collections.abc import Iterator

import pytest

from webapp.engine.writer import Bound, State, Writer
from webapp.engine.wsframes import text_frame

FRAME = b"x" * 10_000


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The server's end, non-blocking and with little room, and the client's."""
    server, client = socket.socketpair()
    with server, client:
        server.setblocking(False)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        client.settimeout(10)
        yield server, client


class NotedWriter(Writer):
    """A writer that notes what it is told."""

    def __init__(self, sock: socket.socket, bound: Bound) -> None:
        super().__init__(sock, bound)
        self.told: list[str] = []

    def on_waiting(self) -> None:
        """Note it."""
        self.told.append("waiting")

    def on_full(self) -> None:
        """Note it."""
        self.told.append("full")

    def on_broken(self) -> None:
        """Note it."""
        self.told.append("broken")


def fill(writer: Writer, bound: Bound) -> list[bytes]:
    """Write frames until no other fits in the queue; return those written or queued."""
    frames: list[bytes] = []
    while writer.queued_bytes + len(FRAME) <= bound.queue_bytes:
        frames.append(b"%5d" % len(frames) + FRAME[5:])
        writer.write(frames[-1])
    return frames


def read_all(writer: Writer, client: socket.socket, size: int) -> bytes:
    """Read so many bytes while the writer writes on."""
    data = b""
    while len(data) < size:
        writer.flush()
        data += client.recv(size - len(data))
    return data


def test_what_the_socket_takes_is_written_at_once(ends: tuple[socket.socket, socket.socket]) -> None:
    writer = NotedWriter(ends[0], Bound(1000))
    writer.write(b"one")
    assert (writer.is_waiting, writer.told) == (False, [])
    assert ends[1].recv(10) == b"one"


def test_what_it_does_not_take_is_queued_up_to_the_bound_and_goes_out_in_order(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    bound = Bound(50_000)
    writer = NotedWriter(ends[0], bound)
    frames = fill(writer, bound)
    assert (writer.is_waiting, writer.told) == (True, ["waiting"])
    writer.write(FRAME)
    assert writer.told == ["waiting", "full"]
    assert read_all(writer, ends[1], len(FRAME) * len(frames)) == b"".join(frames)
    writer.flush()
    assert (writer.is_waiting, writer.queued_bytes) == (False, 0)


def test_a_flush_says_whether_the_socket_took_anything(ends: tuple[socket.socket, socket.socket]) -> None:
    writer = NotedWriter(ends[0], Bound(1 << 20))
    writer.write(FRAME * 100)
    assert not writer.flush()
    ends[1].recv(1 << 20)
    assert writer.flush()


def test_a_broken_socket_is_told_at_once(ends: tuple[socket.socket, socket.socket]) -> None:
    writer = NotedWriter(ends[0], Bound(1000))
    ends[1].close()
    writer.write(b"one")
    assert writer.told == ["broken"]


def test_the_bound_holds_two_of_the_largest_frame() -> None:
    bound = Bound(1000)
    bound.fit(bytes(499))
    assert bound.queue_bytes == 1000
    bound.fit(bytes(501))
    bound.fit(bytes(1))
    assert bound.queue_bytes == 1002


def test_an_opening_comes_first_whatever_its_size(ends: tuple[socket.socket, socket.socket]) -> None:
    writer = NotedWriter(ends[0], Bound(1000))
    payloads = [b"%d" % index + FRAME for index in range(5)]
    writer.begin(iter(payloads))
    writer.write(b"behind")
    assert writer.queued_bytes == len(b"behind")
    expected = b"".join(map(text_frame, payloads)) + b"behind"
    assert read_all(writer, ends[1], len(expected)) == expected


def test_the_last_frames_go_out_behind_the_rest_of_a_frame_that_is_partly_written_and_nothing_behind_them(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    bound = Bound(50_000)
    writer = NotedWriter(ends[0], bound)
    frames = fill(writer, bound)
    writer.clear()
    writer.end(b"one", b"last")
    writer.write(b"too late")
    assert writer.state is State.CLOSING
    data = b""
    while writer.is_waiting:
        writer.flush()
        data += ends[1].recv(1 << 20)
    written = len(data) // len(FRAME)
    assert 0 < written < len(frames)
    assert data == b"".join(frames)[: written * len(FRAME)] + b"onelast"
