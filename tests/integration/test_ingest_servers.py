"""The way in under other settings and other servers."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest
from flask import Flask, Request
from flask.testing import FlaskClient
from werkzeug.exceptions import TooManyRequests
from werkzeug.test import EnvironBuilder

from tests.integration.ingest_client import LINES, play, send
from tests.musicclients import accounts_beside
from tests.serving import FlaskServer, Server
from tests.waiting import until
from webapp.config import Settings
from webapp.engine.ingest import Ingest
from webapp.gazetteerdata import load_gazetteer
from webapp.storage.datadir import DataDir
from webapp.web import ingest
from webapp.web.ingestauth import IngestAuth
from webapp.web.requestbodies import BODY_MOST, MemoryBudget, read_body

MIB = 1 << 20
ANYONE = IngestAuth(Settings(open_ingest=True), DataDir(Settings().data_dir))


def test_a_service_sends_plays_of_many_at_its_rate_and_a_listeners_token_does_not(server: Server) -> None:
    with accounts_beside(server) as accounts:
        service, listener = accounts.create("service", per_minute=2), accounts.create()
    until(lambda: send(server, [play()], Authorization=f"Bearer {listener.text}").status != 401)
    refused = send(server, [play()], Authorization=f"Bearer {listener.text}")
    assert (refused.status, refused.error) == (
        403, "this token is for the players of one listener; plays of many need a service's token",
    )  # fmt: skip
    mine = {"Authorization": f"Bearer {service.text}"}
    assert [send(server, [play()], **mine).status for _ in range(3)] == [202, 202, 429]
    assert send(server, [play()], Authorization=f"Bearer {server.token}").status == 202


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
    answer = send(flask_server, b"x" * 9 * MIB, Authorization="Bearer wrong")
    assert (answer.status, "this token may not" in answer.error) == (401, True)


class NoIngest(Ingest):
    """Takes no plays."""

    def __init__(self, check_room: Callable[[], None]) -> None:
        self._check_room = check_room

    def check_room(self, n: int = 1) -> None:
        self._check_room()


def alone(check_room: Callable[[], None]) -> FlaskClient:
    """Return a client of nothing but the way in."""
    app = Flask(__name__)
    ingest.init_app(app, NoIngest(check_room), load_gazetteer(), ANYONE, MemoryBudget())
    return app.test_client()


def test_a_server_that_cannot_read_chunks_says_so() -> None:
    environ = {"REMOTE_ADDR": "127.0.0.1", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": False}
    client = alone(lambda: None)
    answer = client.post("/api/plays", environ_base=environ, content_type="application/json")
    assert answer.status_code == 411
    assert "send Content-Length" in answer.text


def test_a_failure_of_the_server_tells_the_log_and_not_the_client(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise RuntimeError("a disk on fire")

    answer = alone(fail).post("/api/plays", json=[], environ_base={"REMOTE_ADDR": "127.0.0.1"})
    assert answer.status_code == 500
    assert list(answer.json or {}) == ["error"]
    assert "fire" not in answer.text
    assert "a disk on fire" in caplog.text


def test_bodies_that_are_under_way_take_bounded_memory() -> None:
    def post(body: bytes, **headers: str) -> Request:
        return Request(EnvironBuilder(method="POST", data=body).get_environ() | headers)

    whole, packed = post(b"z" * BODY_MOST), post(gzip.compress(b"y" * 100_000), HTTP_CONTENT_ENCODING="gzip")
    room = MemoryBudget(BODY_MOST + 500)
    with room.account() as hold:
        assert read_body(post(b"x" * 1_000, HTTP_CONTENT_ENCODING="identity"), hold) == b"x" * 1_000
        for body in (whole, packed):
            with pytest.raises(TooManyRequests) as refused, room.account() as other:
                read_body(body, other)
            assert refused.value.retry_after == 1
    for length in (1, BODY_MOST):
        with room.account() as hold:
            body = post(b"z" * length) if length > 1 else post(gzip.compress(b"y"), HTTP_CONTENT_ENCODING="gzip")
            assert len(read_body(body, hold)) == length
