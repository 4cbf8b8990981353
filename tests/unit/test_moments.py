"""Which moments are there, which were, and which nobody can tell."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from flask import Flask
from flask.testing import FlaskClient

from tests.unit.history_world import GAZETTEER, connection
from webapp.config import Settings
from webapp.core.records import Connection
from webapp.services import Services
from webapp.storage.history import History
from webapp.web import moments


def test_while_the_history_is_in_trouble_no_moment_is_said_to_be_gone(services: Services, client: FlaskClient) -> None:
    path = f"/c/{connection().id}"
    assert client.get(path).status_code == 404
    services.history.problem = "the history cannot be read: unable to open database file"
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert answer.json == {"error": "the history cannot be read: unable to open database file"}


class SlowHistory:
    """A history on a disk that takes as long as the test wants."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()

    def get(self, _: str) -> Connection:
        return connection()

    def share(self, _: str) -> None:
        self.begun.set()
        assert self.go.wait(30)


def test_a_share_that_has_to_wait_too_long_is_to_come_again() -> None:
    app, history = Flask(__name__), SlowHistory()
    app.register_blueprint(moments.create_blueprint(Settings(), GAZETTEER, cast(History, history), share_s=0.01))

    def share() -> Any:
        return app.test_client().post(f"/c/{connection().id}/share").status_code

    with ThreadPoolExecutor() as pool:
        first = pool.submit(share)
        assert history.begun.wait(30)
        assert share() == 503
        history.go.set()
        assert first.result(30) == 204
    assert share() == 204
