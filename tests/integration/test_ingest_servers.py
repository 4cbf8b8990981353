"""The way in under other settings and other servers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
from flask import Flask, Request
from werkzeug.exceptions import TooManyRequests
from werkzeug.test import EnvironBuilder

from tests.integration.ingest_client import LINES, play, send
from tests.serving import FlaskServer, Server
from webapp import ingest
from webapp.bodies import BODY_MOST, Room
from webapp.config import Settings

MIB = 1 << 20


def test_with_tokens_set_one_of_them_is_needed_from_this_machine_too(serve: Callable[..., Server]) -> None:
    server = serve(UNISON_TOKENS="one, another", UNISON_OPEN_INGEST="1")
    assert send(server, [play()], Authorization="Bearer another").status == 202
    for answer in (
        send(server, [play()]),
        send(server, b"x" * 9 * MIB, Connection="close", Authorization="Bearer wrong"),
    ):
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert "token" in answer.error
    assert send(server, [play()], Authorization="Bearer one", X_Forwarded_For="203.0.113.9").status == 202
    assert "another" not in server.log


def test_flasks_own_server_reads_bodies_of_every_form(flask_server: FlaskServer) -> None:
    assert send(flask_server, [play()] * 2).json["accepted"] == 2
    assert send(flask_server, iter([b'{"listener":', b" 5}\n\n7"]), kind=LINES).json["rejected"] == 2
    assert send(flask_server, b"", method="GET", kind=None).status == 405


def test_flasks_own_server_gives_the_answer_to_nine_mebibytes(flask_server: FlaskServer) -> None:
    answer = send(flask_server, b"x" * 9 * MIB, X_Forwarded_For="203.0.113.9")
    assert (answer.status, "through a proxy" in answer.error) == (401, True)


def test_a_server_that_cannot_read_chunks_says_so() -> None:
    app = Flask(__name__)
    app.register_blueprint(ingest.blueprint)
    app.extensions["unison"] = SimpleNamespace(settings=Settings(), bodies=Room(), check_room=lambda: None)
    environ = {"REMOTE_ADDR": "127.0.0.1", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": False}
    answer = app.test_client().post("/api/plays", environ_base=environ, content_type="application/json")
    assert answer.status_code == 411
    assert "send it with Content-Length" in answer.text


def test_bodies_that_are_under_way_take_bounded_memory() -> None:
    def post(length: int, **headers: str) -> Request:
        return Request(EnvironBuilder(method="POST").get_environ() | {"CONTENT_LENGTH": str(length)} | headers)

    room, packed = Room(3 * BODY_MOST), {"HTTP_CONTENT_ENCODING": "gzip"}
    with ExitStack() as held:
        for request in (post(2 * BODY_MOST), post(9, **packed), post(BODY_MOST - 9)):
            held.enter_context(room.held(request))
        held.enter_context(room.held(post(9)))
        with pytest.raises(TooManyRequests) as refused, room.held(post(9, **packed)):
            pass
        assert refused.value.retry_after == 1
    with room.held(post(9, **packed)):
        pass
