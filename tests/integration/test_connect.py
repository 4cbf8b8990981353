"""A listener connects a player to a real server: gets a token, is seen, and goes without a trace."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from tests.plays import OSAKA
from tests.serving import Server, ask, get_json, post
from tests.waiting import until
from webapp.storage.accountsfile import FILE_NAME

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    """A server where listeners can connect their players."""
    return serve(UNISON_CONNECT="1", UNISON_LOG_REQUESTS="1", UNISON_LOG_LEVEL="debug")


def make(server: Server) -> Any:
    signed = get_json(server, "/connect/csrf")["token"]
    return post(server, "/connect", json.dumps({"city": OSAKA}).encode(), JSON | {"X-CSRF-Token": signed})


def play(server: Server, token: str, title: str, kind: str = "playing_now") -> None:
    """Send what a client of ListenBrainz sends."""
    listen: dict[str, Any] = {"track_metadata": {"track_name": title, "artist_name": "Marisol Vey"}}
    if kind == "single":
        listen["listened_at"] = 1_700_000_000
    body = json.dumps({"listen_type": kind, "payload": [listen]}).encode()
    assert post(server, "/1/submit-listens", body, JSON | {"Authorization": f"Token {token}"}) == {"status": "ok"}


def status(server: Server, token: str) -> Any:
    return ask(server, "/connect/status", Authorization=f"Bearer {token}").json


def test_a_listener_connects_a_player_sees_its_first_play_and_leaves_nothing(server: Server) -> None:
    made = make(server)
    token, user = made["token"], made["user"]
    assert status(server, token)["state"] == "waiting"
    play(server, token, "Night Bus Home", "single")
    assert (status(server, token)["state"], status(server, token)["scrobbles"]) == ("connected", 1)
    play(server, token, "Slow Lighthouse")
    now = status(server, token)
    assert (now["state"], now["presses"], now["pressed_in"]["city"]) == ("playing", 1, "Osaka")
    assert now["song"] == {"title": "Slow Lighthouse", "artist": "Marisol Vey"}

    request = urllib.request.Request(
        server.url + "/connect", headers={"Authorization": f"Bearer {token}"}, method="DELETE"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert json.load(answer) == {"deleted": user}
    assert ask(server, "/connect/status", Authorization=f"Bearer {token}").status == 401
    assert ask(server, f"/1/validate-token?token={token}").json["valid"] is False
    files = list(server.data_dir.glob(f"{FILE_NAME}*"))
    until(lambda: not any(user.encode() in file.read_bytes() for file in files if file.exists()))
    server.stop()
    assert not any(user.encode() in file.read_bytes() for file in server.data_dir.glob(f"{FILE_NAME}*"))
    assert token not in server.log
    assert user not in server.log


def test_a_token_outlives_a_restart_and_its_status_says_that_it_is_connected(server: Server) -> None:
    token = make(server)["token"]
    play(server, token, "Slow Lighthouse")
    until(lambda: status(server, token)["presses"] == 1)
    server.restart()
    after = status(server, token)
    assert (after["state"], after["presses"], after["song"]) == ("connected", 1, None)
