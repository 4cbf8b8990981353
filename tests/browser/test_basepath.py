"""The page and an embed in a browser, where the server is under a path of its host."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.hosting import hosting
from tests.serving import post, wait_until_written

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.serving import Server

PREFIX = "/music/globe"
PLAYS = [
    {"track": {"title": "Slow Lighthouse", "artist": "Marisol Vey"}, "listener": who, "place": {"geoname_id": place}}
    for who, place in [("a", 1853909), ("b", 3390760)]
]


class Under:
    """A server as its visitors have it, under the path."""

    def __init__(self, server: Server) -> None:
        self.url = server.url + PREFIX


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def test_page_moment_share_and_embed_work_under_a_path(
    serve: Callable[..., Server], visit: Callable[..., Visit]
) -> None:
    server = serve(UNISON_SHOWN_PER_S="0", UNISON_OPEN_INGEST="1", UNISON_PUBLIC_URL="http://127.0.0.1:1/music/globe")
    server.restart(UNISON_PUBLIC_URL=f"{server.url}{PREFIX}/")
    under, guest = Under(server), visit()
    asked: list[str] = []
    guest.page.on("request", lambda request: asked.append(request.url))
    guest.page.on("websocket", lambda opened: asked.append(opened.url.replace("ws", "http", 1)))

    page = guest.open(under.url + "/?country=BR")
    post(under, "/api/plays", json.dumps(PLAYS).encode(), {"Content-Type": "application/json"})
    entry = page.locator("#feed li").first
    entry.wait_for()
    wait_until_written(server)
    entry.locator("button, a").first.click()
    card = page.locator("#card")
    link = card.locator("[data-card=page]").get_attribute("href") or ""
    assert link.startswith(f"{under.url}/c/")
    card.locator("[data-card=share]").click()
    assert page.locator("[data-share=link]").input_value() == link
    page.locator("#share [data-close]").click()
    page.locator("#q").fill("osa")
    page.locator("#found [role=option]").first.wait_for()

    page.goto(link)
    guest.wait("document.body.dataset.globe === 'ready'")

    with hosting() as host:
        page.goto(host.page(f'<script async src="{under.url}/embed.js"></script><div data-unison></div>'))
        frame = page.frame_locator("iframe")
        frame.locator("#status[data-state=live]").wait_for(state="attached")
        outside = [url for url in asked if url.startswith(server.url) and not url.startswith(f"{under.url}/")]
        assert outside == []
    assert guest.errors == []
