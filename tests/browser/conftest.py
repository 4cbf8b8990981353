"""Fixtures of the browser tests: a real Chromium, and pages that record the console's errors."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from bench.browser import NO_POPUP, SOFTWARE_GL
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.serving import Server

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"]
FLAT = "--disable-gpu-compositing"
"""Composites the page without software GL, which would cost a third of the globe's time."""
PATIENCE_MS = 60_000
"""Timeout: software GL on a busy machine draws few frames a second."""
expect.set_options(timeout=PATIENCE_MS)

LONGER = """document.addEventListener('readystatechange', () => {
  const scene = document.getElementById('scene');
  scene.textContent = scene.textContent.replace(/"holdS": [0-9.]+/, '"holdS": SECONDS');
}, {once: true})"""


@dataclass
class Visit:
    """A visitor's page, with its errors and the hosts of its requests."""

    page: Page
    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._note)
        self.page.on("websocket", lambda socket: self.hosts.add(urlsplit(socket.url).netloc))

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def _note(self, request: Request) -> None:
        if not request.url.startswith(("data:", "blob:")):
            self.hosts.add(urlsplit(request.url).netloc)

    def wait(self, condition: str) -> None:
        """Wait until a JavaScript expression is true; it runs from outside, because the page's policy forbids eval."""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while not self.page.evaluate(condition):
            assert time.monotonic() < deadline, f"never came true: {condition}"
            self.page.wait_for_timeout(100)

    def hold(self, seconds: float) -> None:
        """Make arcs stay for that many seconds, so that a slow machine can draw them."""
        self.page.add_init_script(LONGER.replace("SECONDS", f"{seconds:g}"))

    def open(self, url: str) -> Page:
        """Open an address, and wait for the stream and the globe."""
        self.page.goto(url)
        self.wait("document.getElementById('status').dataset.state === 'live'")
        self.wait("document.body.dataset.globe === 'ready'")
        return self.page


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    """A server that shows every connection."""
    return serve(UNISON_SHOWN_PER_S="0")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests; it draws in software, so no GPU is needed."""
    if CHROMIUM is None:
        pytest.skip("no Chromium: set CHROMIUM to one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*SOFTWARE_GL, *QUIET, FLAT, NO_POPUP])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Visit]]:
    """Return a function that opens a visitor's page: `visit(viewport={"width": 390, "height": 844})`."""
    contexts = []

    def make(**options: object) -> Visit:
        settings = {
            "viewport": {"width": 900, "height": 640},
            "device_scale_factor": 0.5,  # a quarter of the pixels to draw in software
            "timezone_id": "UTC",
            "locale": "en-IE",
        } | options
        contexts.append(chromium.new_context(**settings))  # type: ignore[arg-type]
        return Visit(contexts[-1].new_page())

    yield make
    for context in contexts:
        context.close()
