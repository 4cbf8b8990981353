"""Which moments are there, which were, and which nobody can tell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.unit.history_world import connection
from webapp import create_app
from webapp.config import Settings


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    app = create_app(Settings.from_env(data_dir=tmp_path))
    app.extensions["unison"].start()
    yield app
    app.extensions["unison"].stop()


def test_while_the_history_is_in_trouble_no_moment_is_said_to_be_gone(app: Flask) -> None:
    path = f"/c/{connection().id}"
    assert app.test_client().get(path).status_code == 404
    app.extensions["unison"].history.problem = "the history cannot be read: unable to open database file"
    answer = app.test_client().get(path)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert answer.json == {"error": "the history cannot be read: unable to open database file"}


def test_a_share_that_has_to_wait_too_long_is_to_come_again(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    unison = app.extensions["unison"]
    monkeypatch.setattr("webapp.web.moments.SHARE_S", 0.01)
    unison.history.record("s", 1, connection().at_ms, [connection()], b"{}", b"[]")
    with unison.sharing:
        assert app.test_client().post(f"/c/{connection().id}/share").status_code == 503
    assert app.test_client().post(f"/c/{connection().id}/share").status_code == 204
