"""Which moments are there, which were, and which nobody can tell."""

from __future__ import annotations

import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from flask import Flask
from flask.testing import FlaskClient

from tests.unit.history_world import GAZETTEER, NOON_MS, connection
from webapp.app import make_app
from webapp.config import Settings
from webapp.core.records import Connection
from webapp.services import Services
from webapp.storage.history import History
from webapp.web import moments
from webapp.web.momentlookup import Moments


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

    def share(self, _: Connection) -> None:
        self.begun.set()
        assert self.go.wait(30)


def test_a_share_that_has_to_wait_too_long_is_to_come_again() -> None:
    app, settings, history = Flask(__name__), Settings(), cast(History, slow := SlowHistory())
    found = Moments(settings, history, None)
    app.register_blueprint(moments.create_blueprint(settings, GAZETTEER, history, found, share_s=0.01))

    def share() -> Any:
        return app.test_client().post(f"/c/{connection().id}/share").status_code

    with ThreadPoolExecutor() as pool:
        first = pool.submit(share)
        assert slow.begun.wait(30)
        assert share() == 503
        slow.go.set()
        assert first.result(30) == 204
    assert share() == 204


def test_a_moments_page_links_to_where_its_song_can_be_heard_named_by_what_opens(tmp_path: Path) -> None:
    links = ("Songs Example=https://songs.example/?q={query}", "Other=https://other.example/{title}")
    services = Services(Settings(data_dir=tmp_path / "data", listen_links=links))
    plain = connection(0, 1)
    own = json.dumps(json.loads(plain.track) | {"url": "https://www.harbour.example/joga?a=1&b=2"}).encode()
    kept = [plain, replace(connection(0, 2), track=own)]
    services.history.record("s", 1, NOON_MS, kept, b"{}", b"[]")
    client = make_app(services, lambda: None).test_client()
    operators = [
        ("https://songs.example/?q=Bj%C3%B6rk%20J%C3%B3ga", "Listen on Songs Example"),
        ("https://other.example/J%C3%B3ga", "Listen on Other"),
    ]
    songs = [("https://www.harbour.example/joga?a=1&amp;b=2", "Listen on harbour.example")]
    assert _listen_links(client.get(f"/c/{kept[0].id}").text) == operators
    assert _listen_links(client.get(f"/c/{kept[1].id}").text) == songs + operators
    services.stop()


def test_a_moments_page_has_no_such_links_where_there_are_none(services: Services, client: FlaskClient) -> None:
    services.history.record("s", 1, NOON_MS, [connection()], b"{}", b"[]")
    page = client.get(f"/c/{connection().id}").text
    assert 'class="listen"' not in page
    assert "Listen on" not in page


def _listen_links(page: str) -> list[tuple[str, str]]:
    """The address and the text of each, without the marks that keep a name's direction."""
    (found,) = re.findall(r'<p class="listen">(.*?)</p>', page, re.DOTALL)
    assert found.count("<a ") == found.count('rel="noopener noreferrer nofollow"')
    return [
        (href, re.sub("<.*?>|[\u2066-\u2069]", "", text))
        for href, text in re.findall(r'<a href="(.*?)".*?>(.*?)</a>', found)
    ]
