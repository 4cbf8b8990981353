import socket
from collections.abc import Callable, Iterator

import gevent.event
import pytest

from tests.waiting import loop_until
from webapp.engine import wsframes
from webapp.engine.disconnect import TOO_MANY_VIEWERS
from webapp.engine.hub import Hub
from webapp.engine.viewer import Viewer


@pytest.fixture
def hub(request: pytest.FixtureRequest) -> Iterator[Hub]:
    """A hub on this thread's loop, which runs only while a test waits; it may have options."""
    hub = Hub(**getattr(request, "param", {})).start()
    yield hub
    hub.close(wait_s=0)


Connect = Callable[..., socket.socket]


@pytest.fixture
def connect(hub: Hub) -> Iterator[Connect]:
    """Give a function that joins one end of a TCP connection and returns the other."""
    listener = socket.create_server(("127.0.0.1", 0))
    clients: list[socket.socket] = []

    def connect(channel: set[Viewer], *opening: bytes, on_close: Callable[[], None] = lambda: None) -> socket.socket:
        clients.append(socket.create_connection(listener.getsockname()))
        sock, _ = listener.accept()
        sock.setblocking(False)
        clients[-1].settimeout(10)
        hub.join(sock, channel, iter(opening), on_close)
        return clients[-1]

    yield connect
    for client in clients:
        client.close()
    listener.close()


def texts(client: socket.socket, count: int) -> list[bytes]:
    """Read messages of at most 125 bytes."""
    with client.makefile("rb") as file:
        return [file.read(file.read(2)[1]) for _ in range(count)]


def let_the_loop_run(hub: Hub) -> None:
    loop_until(lambda: not hub._jobs)


def test_a_frame_goes_to_those_who_were_there_when_it_was_sent(hub: Hub, connect: Connect) -> None:
    channel = set[Viewer]()
    early = connect(channel, b"hello early")
    hub.send(channel, b"first")
    late = connect(channel, b"hello late, the first is over")
    hub.send(channel, b"second")
    let_the_loop_run(hub)
    assert texts(early, 3) == [b"hello early", b"first", b"second"]
    assert texts(late, 2) == [b"hello late, the first is over", b"second"]


@pytest.mark.parametrize("hub", [{"chunk": 3}], indirect=True)
def test_order_holds_when_frames_are_written_in_chunks(hub: Hub, connect: Connect) -> None:
    channels: list[set[Viewer]] = [set(), set()]
    clients = [connect(channels[index % 2]) for index in range(10)]
    for number in range(20):
        hub.send(channels[number % 2], b"%d" % number)
        late = connect(channels[0], b"late")
        assert hub._owed <= hub.viewers, "a caller faster than the machine is held up"
        late.close()
    let_the_loop_run(hub)
    for index, client in enumerate(clients):
        assert texts(client, 10) == [b"%d" % number for number in range(index % 2, 20, 2)]


def test_one_frame_for_several_channels(hub: Hub, connect: Connect) -> None:
    channels: list[set[Viewer]] = [set(), set(), set()]
    clients = [connect(channel) for channel in channels]
    hub.send_frame(channels[:2], wsframes.text_frame(b"to two"))
    hub.send(channels[2], b"to one")
    let_the_loop_run(hub)
    assert [texts(client, 1) for client in clients] == [[b"to two"], [b"to two"], [b"to one"]]


def test_a_callback_that_fails_disturbs_nobody(hub: Hub, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    channel, closed = set[Viewer](), gevent.event.Event()

    def fail() -> None:
        closed.set()
        raise RuntimeError("a callback's own")

    other = connect(channel)
    connect(channel, on_close=fail).close()
    assert closed.wait(10)
    hub.send(channel, b"still here")
    let_the_loop_run(hub)
    assert texts(other, 1) == [b"still here"]
    assert "a callback's own" in caplog.text


def test_a_refused_viewer_is_closed_with_the_reason(hub: Hub) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        sock, _ = listener.accept()
        sock.setblocking(False)
        hub.refuse(sock, TOO_MANY_VIEWERS, lambda: None)
        with client, client.makefile("rb") as file:
            assert file.read() == wsframes.close_frame(1013, "too many viewers")
    assert hub.viewers == 0
