"""A viewer's states and deadlines, under a hub whose clock and loop the test has in hand."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from webapp.engine import disconnect
from webapp.engine.disconnect import Disconnect
from webapp.engine.viewer import CLOSE_S, Viewer
from webapp.engine.writer import Bound, State
from webapp.engine.wsframes import close_frame, ping_frame, text_frame

LARGE = text_frame(b"x" * 1_000_000)


class Watcher:
    """A watcher of the loop that the test has in hand: what is watched is called by hand."""

    def start(self, _: Callable[[], None]) -> None:
        """Do nothing."""

    stop = close = lambda self: None


class Host:
    """A hub for one viewer; `ends` are the reasons that it was told, with "closed" at the end."""

    ping_s, deadline_s = 20.0, 10.0

    def __init__(self) -> None:
        self.loop: Any = self
        self.now_s = 0.0
        self.bound = Bound(100)
        self.waiting: set[Viewer] = set()
        self.ends: list[Disconnect | str] = []

    def io(self, _fd: int, _events: int) -> Watcher:
        """Return a watcher."""
        return Watcher()

    def on_closing(self, _: Viewer, why: Disconnect) -> None:
        """Note it."""
        self.ends.append(why)

    def on_closed(self, _: Viewer) -> None:
        """Note it."""
        self.ends.append("closed")


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The two ends of a connection."""
    server, client = socket.socketpair()
    server.setblocking(False)
    client.settimeout(10)
    with server, client:
        yield server, client


@pytest.fixture
def client(ends: tuple[socket.socket, socket.socket]) -> socket.socket:
    """The end that the viewer does not have."""
    return ends[1]


@pytest.fixture
def viewer(host: Host, ends: tuple[socket.socket, socket.socket]) -> Viewer:
    """A viewer that is open."""
    viewer = Viewer(host, ends[0], set(), lambda: None)
    viewer.open(iter(()))
    return viewer


def test_a_viewer_is_open_then_closing_then_gone_and_each_is_told_once(
    viewer: Viewer, host: Host, client: socket.socket
) -> None:
    assert (viewer.state, viewer in viewer.subscribers) == (State.OPEN, True)
    viewer.close(disconnect.TOO_FAR_BEHIND)
    viewer.close(disconnect.FAILED)
    viewer.write(text_frame(b"too late"))
    assert (viewer.state, viewer in viewer.subscribers) == (State.CLOSING, False)
    with client.makefile("rb") as file:
        assert file.read() == close_frame(1013, "too far behind")
    viewer.abort(disconnect.LOST)
    viewer.abort(disconnect.LOST)
    assert viewer.state is State.GONE
    assert host.ends == [disconnect.TOO_FAR_BEHIND, "closed"]


def test_a_viewer_beyond_its_bound_is_slow(viewer: Viewer, host: Host) -> None:
    viewer.write(LARGE)
    viewer.write(bytes(100))
    assert viewer.state is State.OPEN
    viewer.write(b"1")
    assert (viewer.state, host.ends) == (State.CLOSING, [disconnect.SLOW])


def test_a_socket_that_takes_nothing_until_the_deadline_is_stalled_and_then_closed(viewer: Viewer, host: Host) -> None:
    viewer.write(LARGE)
    assert host.waiting == {viewer}
    host.now_s = host.deadline_s
    viewer.check_deadline()
    assert viewer.state is State.OPEN
    host.now_s += 0.1
    viewer.check_deadline()
    assert host.ends == [disconnect.STALLED]
    host.now_s += CLOSE_S + 0.1
    viewer.check_deadline()
    assert (viewer.state, host.waiting) == (State.GONE, set())
    assert host.ends == [disconnect.STALLED, "closed"]


def test_a_socket_that_takes_something_has_all_of_the_deadline_again(
    viewer: Viewer, host: Host, client: socket.socket
) -> None:
    viewer.write(LARGE)
    host.now_s = host.deadline_s
    while viewer.is_waiting and len(client.recv(1 << 20)):
        viewer.on_writable()
        host.now_s += 1
    viewer.check_deadline()
    assert (viewer.state, host.waiting) == (State.OPEN, set())


def test_a_client_that_does_not_answer_a_ping_is_silent(viewer: Viewer, host: Host, client: socket.socket) -> None:
    viewer.keep_alive()
    assert client.recv(100) == ping_frame()
    client.sendall(b"\x8a\x80\0\0\0\0")
    viewer.on_readable()
    host.now_s += host.ping_s
    viewer.keep_alive()
    assert viewer.state is State.OPEN
    host.now_s += host.ping_s
    viewer.keep_alive()
    assert host.ends == [disconnect.SILENT, "closed"]


def test_a_closing_viewer_is_not_pinged(viewer: Viewer, host: Host, client: socket.socket) -> None:
    viewer.keep_alive()
    viewer.close(disconnect.FLOOD)
    host.now_s += host.ping_s
    viewer.keep_alive()
    assert viewer.state is State.CLOSING
    with client.makefile("rb") as file:
        assert file.read() == ping_frame() + close_frame(1008, "a viewer has nothing to send")


def test_an_opening_that_fails_is_this_viewers_end(viewer: Viewer, host: Host) -> None:
    def failing() -> Iterator[bytes]:
        yield b"first"
        raise RuntimeError("an opening that fails")

    viewer.open(failing())
    assert host.ends == [disconnect.FAILED]


def test_each_label_stands_for_one_reason_and_each_text_fits_a_close_frame() -> None:
    values = [each for each in vars(disconnect).values() if isinstance(each, Disconnect)]
    assert len(values) > 10
    assert {each.metric for each in values} - {""} == disconnect.COUNTED.keys()
    assert all(each.meaning for each in disconnect.COUNTED.values())
    assert all(len(each.reason.encode()) <= 123 for each in values)
