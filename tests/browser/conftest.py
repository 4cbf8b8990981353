"""Fixtures of the browser tests: two real Chromiums, and pages that record the console's errors."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Self

import pytest
from bench.browser import NO_POPUP, SOFTWARE_GL
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from tests.browser.fakestream import FakeStream
from tests.browser.steps import LAGOS, LISBON, OSAKA, RECIFE, send_pair, send_pairs
from tests.conftest import lasting
from tests.serving import Server, stream, wait_until_written

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"]
FLAT = "--disable-gpu-compositing"
"""Composites the page without software GL, which would cost a third of the globe's time."""
NO_WEBGL = ["--disable-3d-apis", "--no-sandbox"]
PATIENCE_MS = 60_000
"""Timeout: software GL on a busy machine draws few frames a second."""
POLL_MS = 50
STEP_S = 0.1
MARKUP, SONG = "<img src=x onerror=alert(1)>", "Copper Sky"
expect.set_options(timeout=PATIENCE_MS)

CHANGED = """document.addEventListener('readystatechange', () => {
  const element = document.getElementById('scene');
  if (!element) return;
  const scene = JSON.parse(element.textContent);
  CHANGE;
  element.textContent = JSON.stringify(scene);
}, {once: true})"""
"""Changes what the server says of the scene, before the page reads it."""
LONGER = "scene.layers.find(({id}) => id === 'arcs').holdS = SECONDS"
SELDOM = """window.requestAnimationFrame = (draw) => setTimeout(() => draw(performance.now()), 100);
window.cancelAnimationFrame = clearTimeout;"""
"""Draws ten frames a second; software GL would take a core for more."""
STILL = "Object.assign(scene.camera, {turnDegPerS: 0, followDegPerS: 0}), scene.quality = {slowS: 1e9}"


@dataclass
class Visit:
    """A visitor's page, with its errors."""

    page: Page
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def wait(self, condition: str) -> None:
        """Wait until a JavaScript expression is true; it runs from outside, because the page's policy forbids eval."""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while not self.page.evaluate(condition):
            assert time.monotonic() < deadline, f"never came true: {condition}"
            self.page.wait_for_timeout(POLL_MS)

    def run_timers(self) -> None:
        """Give the page's timers a moment."""
        self.page.wait_for_timeout(POLL_MS)

    def hold(self, seconds: float) -> None:
        """Make arcs stay for that many seconds, so that a slow machine can draw them."""
        self._change_scene(LONGER.replace("SECONDS", f"{seconds:g}"))

    def still(self) -> Self:
        """Keep the globe where it is and its pixels as many as they are, so that pictures can be compared."""
        self._change_scene(STILL)
        return self

    def _change_scene(self, change: str) -> None:
        self.page.add_init_script(CHANGED.replace("CHANGE;", f"{change};"))

    def open(self, url: str) -> Page:
        """Open an address, and wait for the stream, and for the globe or the placeholder that stays without WebGL."""
        self.page.goto(url)
        self.wait("document.getElementById('status').dataset.state === 'live'")
        self.wait("['ready', 'none'].includes(document.body.dataset.globe)")
        return self.page


@dataclass
class FakeVisit(Visit):
    """A page with a fake stream; its clock stands still until the test passes time."""

    stream: FakeStream = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.stream = FakeStream(self.page)

    def run_timers(self) -> None:
        """Give the page's timers a moment of its own time."""
        self.stream.pass_time(POLL_MS / 1000)

    def choose_osaka(self) -> None:
        """Choose Osaka as the visitor's city."""
        summary = self.page.locator(".your-city summary")
        summary.click()
        self.page.get_by_role("combobox", name="City name").fill("ósaka")
        self.stream.pass_time(0.2)
        self.page.get_by_role("option", name="Osaka Japan").click()
        expect(summary).to_have_text("Your city Osaka, Japan")

    def pass_time_until(self, condition: str) -> None:
        """Pass time until a JavaScript expression is true."""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while not self.page.evaluate(condition):
            assert time.monotonic() < deadline, f"never came true: {condition}"
            self.stream.pass_time(STEP_S)


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    """A server that shows every connection."""
    return serve(UNISON_SHOWN_PER_S="0")


class History(NamedTuple):
    """A server's address, and the id of its connection of SONG."""

    url: str
    moment: str


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """A shared server with three connections, to read only: of MARKUP, then of SONG and another in one second."""
    with lasting(tmp_path_factory.mktemp("history"), UNISON_SHOWN_PER_S="0") as server, stream(server) as viewer:
        send_pair(server, MARKUP, cities=(LISBON, OSAKA))
        viewer.connections(1)
        send_pairs(server, [(SONG, (LISBON, LAGOS)), ("Night Bus Home", (OSAKA, RECIFE))])
        moment = next(each["id"] for each in viewer.connections(2) if each["track"]["title"] == SONG)
        wait_until_written(server)
        yield History(server.url, moment)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    if CHROMIUM is None:
        pytest.skip("no Chromium: set CHROMIUM to one")
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """One browser for all tests of the globe; it draws in software, so no GPU is needed."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*SOFTWARE_GL, *QUIET, FLAT, NO_POPUP])
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def chromium_without_webgl(playwright: Playwright) -> Iterator[Browser]:
    """One browser for all other tests; a placeholder stands for the globe, so pages are cheap."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*NO_WEBGL, *QUIET, NO_POPUP])
    yield browser
    browser.close()


@pytest.fixture
def new_page(request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Return a function that makes a page in a context of its own."""
    contexts: list[BrowserContext] = []

    def make(*, webgl: bool = True, **options: object) -> Page:
        settings = {
            "viewport": {"width": 900, "height": 640},
            "device_scale_factor": 0.5,  # a quarter of the pixels to draw in software
            "timezone_id": "UTC",
            "locale": "en-IE",
        } | options
        browser: Browser = request.getfixturevalue("chromium" if webgl else "chromium_without_webgl")
        contexts.append(browser.new_context(**settings))  # type: ignore[arg-type]
        return contexts[-1].new_page()

    yield make
    for each in contexts:
        each.close()


@pytest.fixture
def visit(new_page: Callable[..., Page]) -> Callable[..., Visit]:
    """Return a function that opens a visitor's page: `visit(webgl=False, viewport={"width": 390, "height": 844})`.

    Its globe is drawn ten times a second, or with `smooth=True` as often as it can be.
    """

    def make(*, smooth: bool = False, **options: object) -> Visit:
        page = new_page(**options)
        if not smooth:
            page.add_init_script(SELDOM)
        return Visit(page)

    return make


@pytest.fixture
def fake_visit(new_page: Callable[..., Page], idle: Server) -> Callable[..., FakeVisit]:
    """Return a function that opens a page of a server without traffic over a fake stream: `fake_visit("/?lang=ar")`.

    The page has no WebGL unless the test asks for it: `fake_visit(webgl=True)`; `still=True` keeps its globe as it is.
    The path "" opens nothing yet.
    """

    def make(path: str = "/", *, webgl: bool = False, still: bool = False, **options: object) -> FakeVisit:
        visitor = FakeVisit(new_page(webgl=webgl, **options))
        if still:
            visitor.still()
        if path:
            visitor.open(idle.url + path)
        return visitor

    return make
