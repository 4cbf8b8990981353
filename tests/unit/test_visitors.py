"""What a visitor met, as the server tells and keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest
from flask import Flask
from msgspec import to_builtins

from tests.unit.history_world import connection
from webapp import create_app
from webapp.config import Settings
from webapp.core.meetings import Press


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    app = create_app(Settings.from_env(data_dir=tmp_path, visitor_plays=True))
    app.extensions["unison"].start()
    yield app
    app.extensions["unison"].stop()


def test_a_meeting_that_nobody_was_shown_is_kept_once_however_often_it_is_asked_for(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    unison, met = app.extensions["unison"], connection()
    keep = Mock(wraps=unison.history.record_filtered)
    monkeypatch.setattr(unison.history, "record_filtered", keep)
    monkeypatch.setattr("webapp.web.visitors._records", lambda _: [(7, b"a record")])
    monkeypatch.setattr("webapp.web.visitors.meetings.met", lambda *_: met)
    monkeypatch.setattr("webapp.web.visitors.meetings.near_ms", lambda *_: None)
    press = unison.tabs.dumps(to_builtins(Press("0" * 16, 1, met.at_ms)), salt="unison press")
    answers = [app.test_client().get(f"/play/{press}") for _ in range(3)]
    assert [answer.json["met"]["id"] for answer in answers if answer.json] == [met.id] * 3
    keep.assert_called_once_with(unison.records.stream, 7, [met])
    assert app.test_client().get(f"/c/{met.id}").status_code == 200
