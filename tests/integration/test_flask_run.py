"""The application also runs under Flask's own server, as its developers expect."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.plays import play
from tests.serving import FlaskServer, ask, clean_environment, get_text, post_plays, stream


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


SHORT_OF_FILES = """
import os, resource, sys
from pathlib import Path
from webapp.config import Settings
from webapp.services import Services

soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
for spare in range(50, 0, -1):  # down to what lets the history open, but no process start
    services = Services(Settings.from_env(data_dir=Path(sys.argv[1])))
    free = os.open(os.devnull, os.O_RDONLY)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + spare, hard))
    try:
        services.start()
    except OSError:
        break
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    services.stop()
else:
    sys.exit("it always started")
services.start()
services.stop()
"""


def test_a_start_that_failed_can_be_tried_again(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SHORT_OF_FILES, str(tmp_path / "data")]
    ran = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
