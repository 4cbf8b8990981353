"""What a visitor met, as the server tells and keeps it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest
from flask import Flask
from msgspec import to_builtins

from tests.unit.history_world import connection
from webapp import create_app
from webapp.config import Settings
from webapp.core.matchlookup import Press


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
    monkeypatch.setattr("webapp.web.visitorplays._records", lambda _: [(7, b"a record")])
    monkeypatch.setattr("webapp.web.visitorplays.matchlookup.find_connection", lambda *_: met)
    monkeypatch.setattr("webapp.web.visitorplays.matchlookup.find_pulse_ms", lambda *_: None)
    press = unison.tabs.dumps(to_builtins(Press("0" * 16, 1, met.at_ms)), salt="unison press")
    answers = [app.test_client().get(f"/play/{press}") for _ in range(3)]
    assert [answer.json["met"]["id"] for answer in answers if answer.json] == [met.id] * 3
    keep.assert_called_once_with(unison.records.stream, 7, [met])
    assert app.test_client().get(f"/c/{met.id}").status_code == 200


def test_what_a_tab_was_given_is_good_after_the_clock_was_set_back(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    unison, now_s = app.extensions["unison"], time.time()
    given = app.test_client().get("/play/token").json
    press = unison.tabs.dumps(to_builtins(Press("0" * 16, 1, round(now_s * 1000))), salt="unison press")
    monkeypatch.setattr(unison.clock, "now", lambda: now_s - 60)
    assert given is not None
    wanted = {"track": "0" * 16, "city": 1853909}
    answer = app.test_client().post("/play", json=wanted, headers={"X-CSRF-Token": given["token"]})
    assert answer.json == {"error": "no song with the id '0000000000000000' is kept here"}
    assert app.test_client().get(f"/play/{press}").status_code == 200


def test_nobody_waits_for_what_comes_of_a_press_of_before_the_clock_was_set_back(app: Flask) -> None:
    unison = app.extensions["unison"]
    ahead_ms = round(time.time() * 1000) + 60_000
    press = unison.tabs.dumps(to_builtins(Press("0" * 16, 1, ahead_ms, after=5)), salt="unison press")
    unison.channels._ring.since = 8
    answer = app.test_client().get(f"/play/{press}")
    assert answer.json == {"met": None, "near_ms": None, "ask_after_s": None}
