"""The page on a screen on a wall: what it offers to phones, and that it has no links."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from webapp.app import make_app
from webapp.config import Settings
from webapp.services import Services


@pytest.fixture
def client_of(tmp_path: Path) -> Iterator[Callable[..., FlaskClient]]:
    """Return a function that makes a client of an application with settings."""
    opened: list[Services] = []

    def make(**settings: object) -> FlaskClient:
        opened.append(Services(Settings(data_dir=tmp_path / f"data{len(opened)}", **settings)))  # type: ignore[arg-type]
        return make_app(opened[-1], lambda: None).test_client()

    yield make
    for services in opened:
        services.stop()


def scan(client: FlaskClient, query: str, host: str = "localhost") -> tuple[str, str, str]:
    """Return where a wall's code is, what its caption says, and the address below."""
    page = client.get(f"/?{query}", headers={"Host": host}).text
    found = re.search(r'<figure id="scan">\s*<img src="(.*?)".*?<b>(.*?)</b> <bdi.*?>(.*?)</bdi>', page, re.DOTALL)
    assert found
    return html.unescape(found[1]), html.unescape(found[2]), found[3]


@pytest.mark.parametrize(
    ("settings", "query", "expected"),
    [
        ({}, "wall=1", ("/code.svg", "Scan to open the globe", "localhost")),
        ({}, "wall", ("/code.svg", "Scan to open the globe", "localhost")),
        ({"visitor_plays": True}, "wall=1&lang=de", ("/code.svg", "Scannen, auf Play drücken", "localhost")),
        ({}, "wall=1&country=BR", ("/code.svg?country=BR", "Scan to open the globe", "localhost")),
        ({"connect": True}, "wall=1&country=BR", ("/code.svg?connect=1", "Scan, press play", "localhost/connect")),
    ],
)
def test_a_wall_offers_what_a_passer_by_can_do(
    client_of: Callable[..., FlaskClient], settings: dict[str, object], query: str, expected: tuple[str, str, str]
) -> None:
    assert scan(client_of(**settings), query) == expected


def test_a_wall_has_no_links(client_of: Callable[..., FlaskClient]) -> None:
    client = client_of(connect=True)
    body = client.get("/?wall=1").text.partition("<body")[2]
    shown = body.partition('id="settings"')[0] + body.partition('id="counters"')[2]
    assert "Natural Earth" in shown
    links = [link for link in re.findall(r"<a [^>]*>", shown) if 'class="skip"' not in link]
    assert [link for link in links if "data-" not in link] == []


def test_where_the_address_is_not_known_a_wall_has_no_code(client_of: Callable[..., FlaskClient]) -> None:
    page = client_of().get("/?wall=1", headers={"Host": "192.0.2.9"}).text
    assert 'id="clock"' in page
    assert 'id="scan"' not in page


@pytest.mark.parametrize("query", ["", "?wall=0"])
def test_another_page_has_neither_clock_nor_code(client_of: Callable[..., FlaskClient], query: str) -> None:
    page = client_of().get(f"/{query}").text
    assert 'id="clock"' not in page
    assert 'id="scan"' not in page
