"""The seed script's client against a real HTTP server that answers badly, late, or not at all."""

import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from click.testing import CliRunner
from urllib3 import Timeout

from webapp.seed.blocks import Block
from webapp.seed.cli import main
from webapp.seed.client import Answer, BatchRejected, Client, Refusal, Unavailable
from webapp.seed.feed import Feed
from webapp.seed.sender import Sender

Behaviour = Callable[[BaseHTTPRequestHandler, bytes], None]


def answer(handler: BaseHTTPRequestHandler, status: int, body: object, **headers: str) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def take(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    answer(handler, 202, {"accepted": body.count(b"\n"), "late": 0, "rejected": 0, "errors": [], "notes": []})


def drop(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    # a reset, as of a process that was killed
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True


def says(status: int, body: object = b"", **headers: str) -> Behaviour:
    return lambda handler, _: answer(handler, status, body, **headers)


class Listener:
    """A server that behaves as it is told, request by request, then takes everything."""

    def __init__(self, *behaviours: Behaviour, port: int = 0) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.peers: set[int] = set()
        todo = iter(behaviours)
        listener = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.bodies.append(body)
                listener.headers.append({name.lower(): value for name, value in self.headers.items()})
                listener.peers.add(self.client_address[1])
                next(todo, take)(self, body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def listen() -> Iterator[Callable[..., Listener]]:
    listeners: list[Listener] = []

    def start(*behaviours: Behaviour, port: int = 0) -> Listener:
        listeners.append(Listener(*behaviours, port=port))
        return listeners[-1]

    yield start
    for listener in listeners:
        listener.close()


def post(url: str, body: bytes = b"{}\n", **options: Any) -> Answer | Unavailable | BatchRejected:
    client = Client(url, "synthetic", **options)
    try:
        return client.post(body)
    finally:
        client.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def traffic(seconds: float) -> Iterator[Block]:
    head = b'{"track":{"title":"t","artist":"a"},"place":{"geoname_id":1},"listener":"%d","pressed_at":'
    return iter([Block.of((at, head % at, at // 20 + 1) for at in range(0, int(seconds * 1000), 20))])


def send(url: str, seconds: float) -> tuple[Sender, list[str]]:
    said: list[str] = []
    client = Client(url, "synthetic")
    sender = Sender(client, Feed(traffic(seconds)), say=said.append, stop=threading.Event())
    sender.run()
    client.close()
    return sender, said


def test_batches_go_over_one_connection_marked_as_what_they_are(listen: Callable[..., Listener]) -> None:
    listener = listen()
    sender, _ = send(listener.url, 0.5)
    assert sender.totals.accepted == 25
    assert len(listener.peers) == 1
    assert all(headers["x-unison-source"] == "synthetic" for headers in listener.headers)
    assert all(headers["content-type"] == "application/x-ndjson" for headers in listener.headers)
    assert "authorization" not in listener.headers[0]


def test_a_token_goes_along(listen: Callable[..., Listener]) -> None:
    listener = listen()
    post(listener.url, token="secret")
    assert listener.headers[0]["authorization"] == "Bearer secret"


def test_a_dropped_answer_is_followed_by_the_same_bytes(listen: Callable[..., Listener]) -> None:
    listener = listen(take, drop, drop)
    sender, said = send(listener.url, 1.0)
    assert listener.bodies[1] == listener.bodies[2] == listener.bodies[3]
    assert (sender.totals.sent, sender.totals.missed) == (50, 0)
    assert said[0].startswith("The server is unavailable (connection lost)")


def test_a_server_that_comes_back_gets_what_is_not_too_old(listen: Callable[..., Listener]) -> None:
    port = free_port()
    timer = threading.Timer(1.5, listen, kwargs={"port": port})
    timer.start()
    sender, said = send(f"http://127.0.0.1:{port}", 2.0)
    timer.join()
    assert (sender.totals.sent, sender.totals.missed) == (100, 0)
    assert [re.split(r" \(| after", line)[0] for line in said] == [
        "The server is unavailable",
        "The server is back",
    ]


def test_retry_after_is_kept(listen: Callable[..., Listener]) -> None:
    listener = listen(says(429, Retry_After="1"))
    begun = time.monotonic()
    sender, said = send(listener.url, 0.1)
    assert time.monotonic() - begun >= 1.0
    assert said[0].startswith("The server is busy (it answers 429)")
    assert sender.totals.accepted == 5


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (drop, Unavailable("connection lost", True)),
        (says(429, Retry_After="2.5"), Unavailable("it answers 429", False, True, 2.5)),
        (says(429, Retry_After="1e9"), Unavailable("it answers 429", False, True, 60.0)),
        (says(429, Retry_After="soon"), Unavailable("it answers 429", False, True)),
        (says(503), Unavailable("it answers 503", False)),
        (says(500), Unavailable("it answers 500", True)),
        (says(400, {"error": "no"}), BatchRejected('the server answers 400: {"error": "no"}')),
        (says(202, {"accepted": 1, "new": "field"}), Answer(1)),
    ],
)
def test_an_outcome_says_whether_the_plays_may_have_arrived(
    listen: Callable[..., Listener], behaviour: Behaviour, outcome: object
) -> None:
    assert post(listen(behaviour).url) == outcome


def test_where_nothing_listens_nothing_arrived() -> None:
    assert post(f"http://127.0.0.1:{free_port()}") == Unavailable("no connection", False)


def test_an_answer_that_takes_too_long_is_lost(listen: Callable[..., Listener]) -> None:
    done = threading.Event()
    listener = listen(lambda _, body: bool(done.wait(10)) and None)
    assert post(listener.url, timeout=Timeout(connect=1, read=0.1)) == Unavailable("answer timed out", True)
    done.set()


@pytest.mark.parametrize(
    ("behaviour", "sentence"),
    [
        (says(401), "the server requires a token: give one with --token or in UNISON_TOKEN"),
        (says(301, Location="https://elsewhere.example/"), "has moved: use --url 'https://elsewhere.example/'"),
        (says(404, b"nothing here"), "/api/plays answers 404: nothing here"),
        (says(202, b"<html>"), "is not a Unison server: "),
        (says(200, b"hello"), "/api/plays answers 200: hello"),
    ],
)
def test_what_will_never_work_ends_it_with_a_sentence(
    listen: Callable[..., Listener], behaviour: Behaviour, sentence: str
) -> None:
    with pytest.raises(Refusal, match="^" + ".*" + sentence.replace("(", "\\(")):
        post(listen(behaviour).url)


def test_the_command_ends_with_a_sentence_where_its_token_is_not_known(listen: Callable[..., Listener]) -> None:
    listener = listen(says(401))
    result = CliRunner().invoke(main, ["--url", listener.url, "--rate", "100", "--token", "hunter2"])
    assert result.exit_code == 1
    assert "the server does not know this token" in result.stderr
    assert "0 sent" in result.stdout
    assert "hunter2" not in result.output
