"""What other sites show in place of a link to the globe, to a filtered globe or to the playlist."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html import unescape

import pytest
from PIL import Image

from tests.plays import connect_pair
from tests.serving import Answer, Server, ask, wait_until_written

MARISOL = "artist=Marisol+Vey"
PAGES = (
    "/",
    "/?country=BR",
    f"/?{MARISOL}&city=3390760&lang=de",
    "/playlist",
    "/playlist?period=week&by=rarest&lang=ar",
)


@pytest.fixture(scope="module")
def server(serve_shared: Callable[..., Server]) -> Server:
    server = serve_shared()
    connect_pair(server, "Slow Lighthouse", "Marisol Vey")
    wait_until_written(server)
    return server


def meta(page: Answer, name: str) -> str:
    """Return what a page says of itself under a name."""
    (found,) = re.findall(rf'<meta (?:property|name)="{name}" content="([^"]*)">', page.text)
    return unescape(str(found))


@pytest.mark.parametrize("path", PAGES)
def test_a_link_to_the_globe_or_the_playlist_unfolds_to_a_card(server: Server, path: str) -> None:
    page = ask(server, path, Accept="text/html")
    assert meta(page, "og:url") == server.url + path
    assert meta(page, "twitter:image") == meta(page, "og:image")
    card = ask(server, meta(page, "og:image").removeprefix(server.url))
    assert (card.status, card.kind) == (200, "image/png")
    assert Image.open(io.BytesIO(card.body)).size == (1200, 630)
    assert card.headers["Cache-Control"] == "public, max-age=300"


def test_a_card_of_a_filter_is_called_after_it(server: Server) -> None:
    page = ask(server, "/?country=BR", Accept="text/html")
    assert meta(page, "og:title") == "Brazil · Unison"
    german = ask(server, "/?country=BR&lang=de", Accept="text/html")
    assert meta(german, "og:title") == "Brasilien · Unison"
    unheard = ask(server, "/?artist=The+Velvet+Ledger", Accept="text/html")
    assert meta(unheard, "og:title") == "The Velvet Ledger · Unison"
    assert ask(server, "/card.png?country=BR").body != ask(server, "/card.png").body


def test_a_card_is_drawn_once_for_all_who_ask(server: Server) -> None:
    first = ask(server, "/card.png")
    again = ask(server, "/card.png", If_None_Match=str(first.headers["ETag"]))
    assert again.status in (200, 304)  # 200 where a minute ended in between
    assert again.status == 304 or again.headers["ETag"] != first.headers["ETag"]


@pytest.mark.parametrize("query", ["country=XX", "city=1", "nothing=1"])
def test_a_card_of_no_filter_is_refused(server: Server, query: str) -> None:
    answer = ask(server, f"/card.png?{query}")
    assert answer.status == 400
    assert query.partition("=")[0] in answer.text


def test_a_page_under_a_host_that_is_not_ours_names_no_picture(server: Server) -> None:
    page = ask(server, "/playlist", Accept="text/html", Host="192.0.2.7")
    assert "og:image" not in page.text


def test_a_globe_on_which_nothing_happened_yet_has_a_card(idle: Server) -> None:
    for path in ("/card.png", "/card.png?city=3390760", "/playlist/card.png"):
        assert Image.open(io.BytesIO(ask(idle, path).body)).size == (1200, 630)
