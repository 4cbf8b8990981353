"""The application also runs under Flask's own server, as its developers expect."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any, cast

import pytest

from tests.plays import play
from tests.serving import FlaskServer, ask, get_text, post_plays, stream
from webapp.config import Settings
from webapp.engine.live import Live
from webapp.services import Services


def test_it_serves_the_page(flask_server: FlaskServer) -> None:
    assert "<!doctype html>" in get_text(flask_server, "/").lower()


def test_two_plays_come_out_of_its_stream_as_one_connection(flask_server: FlaskServer, title: str) -> None:
    places = [{"city": city, "country": country} for city, country in (("Osaka", "JP"), ("Recife", "BR"))]
    plays = [play(title, number, place=place) for number, place in enumerate(places)]
    with stream(flask_server) as viewer:
        assert post_plays(flask_server, plays)["accepted"] == 2
        connection = viewer.connection_of(title)
    assert {connection["from"]["city"], connection["to"]["city"]} == {"Osaka", "Recife"}


def test_it_logs_requests_without_the_address_they_came_from(flask_server: FlaskServer) -> None:
    assert ask(flask_server, "/api/connections?artist=secret").status == 200
    flask_server.until_logged("/api/connections")
    (line,) = [line for line in flask_server.log.splitlines() if "/api/connections" in line]
    assert "127.0.0.1" not in line
    assert "secret" not in line


def test_it_answers_while_a_viewer_watches_and_after_it_left(flask_server: FlaskServer) -> None:
    with stream(flask_server) as first, stream(flask_server) as second:
        assert first.next()["seq"] == first.hello["seq"] + 1
        assert second.next()["seq"] == second.hello["seq"] + 1
    assert ask(flask_server, "/healthz").status == 200


class FailsOnce:
    """The live part of the services, whose first start fails."""

    def __init__(self, live: Live) -> None:
        self._live, self._fails = live, True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._live, name)

    def start(self) -> None:
        fails, self._fails = self._fails, False
        if fails:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        self._live.start()


def test_a_start_that_failed_can_be_tried_again(tmp_path: Path) -> None:
    services = Services(Settings(data_dir=tmp_path / "data"))
    services.live = cast(Live, FailsOnce(services.live))
    with pytest.raises(OSError, match="Too many open files"):
        services.start()
    services.start()
    services.stop()
