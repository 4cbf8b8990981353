"""The page in Firefox and in WebKit: each draws the globe, keeps its list live, and complains about nothing."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from tests.browser.engines import Engine, Firefox, WebKit, kiosk, screen
from tests.browser.steps import LAGOS, LISBON, OSAKA, RECIFE, send_pair
from tests.conftest import lasting
from tests.hosting import hosting
from tests.proxying import proxying
from tests.serving import Server, get_json
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)

LIVE = "document.getElementById('status')?.dataset.state === 'live'"
DRAWN = "document.body.dataset.globe === 'ready'"
LISTED = "[...document.querySelectorAll('#feed .title')].map((title) => title.textContent)"
HOST = """<script>window.heard = []</script>
<div id=globe style="width: 400px; height: 300px" data-feed=1 data-lazy=0></div><script src="{url}/embed.js"></script>
<script>
  fetch(`/languages=${{navigator.languages}}`);
  const player = Unison.embed("#globe");
  const hear = (name) => (detail) => {{
    heard.push([name, detail]);
    fetch("/heard?" + encodeURIComponent(JSON.stringify([name, detail])));
  }};
  for (const name of ["status", "connection"]) player.on(name, hear(name));
</script>"""
HEARD_LIVE = "heard.some(([name, {stream, globe}]) => name === 'status' && stream === 'live' && globe === 'ready')"
HEARD_CONNECTION = "heard.some(([name, detail]) => name === 'connection' && detail.track.title === 'Embedded')"


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    with screen() as display:
        yield display


@pytest.fixture(scope="module")
def lone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that shows every connection, for all tests here."""
    with lasting(tmp_path_factory.mktemp("engines"), UNISON_SHOWN_PER_S="0") as server:
        yield server


@pytest.fixture(scope="module", params=[Firefox, WebKit], ids=["firefox", "webkit"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, display: str) -> Iterator[Engine]:
    browser = request.param(tmp_path_factory.mktemp("home"), display)
    try:
        browser.begin()
        yield browser
    finally:
        browser.close()


def viewers(server: Server) -> int:
    return int(get_json(server, "/api/stats")["viewers"])


def complaints(lines: list[str]) -> list[str]:
    """What a console was told as an error."""
    return [line for line in lines if "CONSOLE" in line and "ERROR" in line]


def colours(engine: Engine, selector: str) -> int:
    """How many different colours an element's picture has, coarsely: an empty one has few."""
    box = engine.value(f"document.querySelector({json.dumps(selector)}).getBoundingClientRect().toJSON()")
    png = engine.picture()
    if folder := os.environ.get("PICTURES"):
        Path(folder, f"{type(engine).__name__.lower()}-{int(time.time())}.png").write_bytes(png)
    image = Image.open(io.BytesIO(png)).convert("RGB")
    part = image.crop((int(box["left"]), int(box["top"]), int(box["right"]), int(box["bottom"])))
    return len(np.unique(np.asarray(part).reshape(-1, 3) // 16, axis=0))


def test_the_globe_is_drawn_the_list_is_live_and_a_connection_is_looked_at_and_shared(
    engine: Engine, lone: Server
) -> None:
    engine.open(lone.url)
    engine.wait(LIVE)
    engine.wait(DRAWN)
    title = f"Across {type(engine).__name__}"
    send_pair(lone, title, cities=(LISBON, LAGOS))
    engine.wait(f"{LISTED}[0] === '{title}'")
    engine.wait("Number(document.getElementById('stage').dataset.arcs) > 0")
    assert colours(engine, ".canvas canvas") > 60, "a globe has many colours"
    engine.click("#feed h3 button")
    engine.wait("document.getElementById('card').open")
    assert engine.value("document.querySelector('[data-card=page]').textContent") == title
    engine.click("[data-card=share]")
    engine.wait("document.getElementById('share').open")
    assert engine.value("document.querySelector('[data-share=link]').value").startswith(f"{lone.url}/c/")
    assert engine.value("document.getElementById('failed-parts').hidden")
    assert engine.errors == []


@pytest.mark.parametrize("engine", [Firefox], ids=["firefox"], indirect=True)  # the kiosk is a WebKit that shows one
def test_an_embed_on_a_foreign_page_is_live(engine: Engine, lone: Server) -> None:
    with hosting() as host:
        engine.open(host.page(HOST.format(url=lone.url)))
        engine.wait(HEARD_LIVE)
        send_pair(lone, "Embedded", cities=(OSAKA, RECIFE))
        engine.wait(HEARD_CONNECTION)
    assert engine.errors == []


def test_a_kiosk_whose_language_is_c_shows_the_page_and_an_embed_without_an_error(
    lone: Server, display: str, tmp_path: Path
) -> None:
    with hosting() as host:
        page = host.page(HOST.format(url=lone.url))
        with kiosk(tmp_path / "embed", display, page) as browser:
            until(lambda: any('"stream":"live","globe":"ready"' in unquote(path) for path in host.asked))
            send_pair(lone, "Embedded", cities=(OSAKA, RECIFE))
            until(lambda: any('"title":"Embedded"' in unquote(path) for path in host.asked))
            assert "/languages=C" in host.asked
            assert complaints(browser.lines) == []
    before = viewers(lone)
    with kiosk(tmp_path / "wall", display, f"{lone.url}/?wall=1") as browser:
        until(lambda: viewers(lone) > before)
        browser.wait_for("(No recognized map provider)")  # deck says so when it draws
        assert complaints(browser.lines) == []


PAGES = [
    "/?lang=ar",
    "/?wall=1",
    "/embed?feed=1&theme=dark",
    "/embed?poster=1",
    "/embed/builder",
    "/stats",
    "/playlist",
]


@pytest.mark.long
def test_a_connection_that_dies_without_a_word_is_replaced(engine: Engine, lone: Server) -> None:
    with proxying(lone.port) as proxy:
        engine.open(proxy.url)
        engine.wait(LIVE)
        send_pair(lone, "First", cities=(LISBON, LAGOS))
        engine.wait(f"{LISTED}.includes('First')")
        proxy.silence()
        send_pair(lone, "Meanwhile", cities=(OSAKA, RECIFE))
        engine.wait("document.getElementById('status').dataset.state === 'stalled'")
        engine.wait(f"{LIVE} && {LISTED}.includes('Meanwhile')")
        assert engine.value(LISTED)[:2] == ["Meanwhile", "First"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "status", "script", "says"),
    [
        ("visitor/homecity.js", "404 Not Found", "", "Not working: Your city"),
        ("visitor/homecity.js", "200 OK", "export const = 1", "Not working: Your city"),
        ("pages/index.js", "404 Not Found", "", "Only the list works. Reload the page to try again."),
        ("common/format.js", "200 OK", "export const = 1", "Only the list works. Reload the page to try again."),
        ("pages/index.js", "200 OK", "throw new Error()", "Only the list works. Reload the page to try again."),
    ],
)
def test_a_broken_script_leaves_the_list_live(
    engine: Engine, lone: Server, name: str, status: str, script: str, says: str
) -> None:
    engine.errors.clear()
    with proxying(lone.port) as proxy:
        proxy.answer(name, status, script)
        engine.open(proxy.url)
        engine.wait(LIVE)
        send_pair(lone, f"Without {name}", cities=(LISBON, LAGOS))
        engine.wait(f"document.getElementById('feed').textContent.includes('Without {name}')")
        assert engine.value("document.getElementById('failed-parts').textContent") == says
    engine.errors.clear()


@pytest.mark.long
def test_no_page_makes_firefox_complain(lone: Server, display: str, tmp_path: Path) -> None:
    firefox = Firefox(tmp_path, display)
    try:
        firefox.begin()
        for path in [*PAGES, moment(lone)]:
            firefox.open(lone.url + path)
            firefox.wait("document.readyState === 'complete' && document.body.dataset.globe !== 'loading'")
            assert firefox.errors == [], path
    finally:
        firefox.close()


@pytest.mark.long
def test_no_page_makes_a_kiosk_complain(lone: Server, display: str, tmp_path: Path) -> None:
    for path in [*PAGES, moment(lone)]:
        with hosting() as host:
            page = host.page(f"<script>setTimeout(() => location.replace('{lone.url}{path}'))</script>")
            with kiosk(tmp_path, display, page) as browser:
                if path.startswith(("/?", "/c/", "/embed?feed")):
                    browser.wait_for("(No recognized map provider)")
                else:
                    time.sleep(3)  # nothing tells that it is done
                assert complaints(browser.lines) == [], path


def moment(server: Server) -> str:
    send_pair(server, "A moment", cities=(LISBON, LAGOS))
    until(lambda: bool(newest(server)) and newest(server)[0]["track"]["title"] == "A moment")
    return f"/c/{newest(server)[0]['id']}"


def newest(server: Server) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = get_json(server, "/api/connections?limit=1")["connections"]
    return found
