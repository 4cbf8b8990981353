"""The page at /status: numbers and plots for people who run a server."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.axe import bring_axe, complaints
from tests.browser.conftest import Visit
from tests.browser.steps import LAGOS, LISBON, send_pair
from tests.serving import Server, get_json, stream
from tests.waiting import until

NUMBER = "document.querySelector('[data-path=\"{}\"] output').textContent"
POINTS = "document.querySelector('[data-path=viewers] polyline').points.numberOfItems"


def unexpected(visitor: Visit) -> list[str]:
    """What its console complained of, but for a busy machine: matching is behind the clock, /readyz answers 503."""
    return [error for error in visitor.errors if "503" not in error]


def test_it_follows_the_server_and_says_when_that_is_away(server: Server, visit: Callable[..., Visit]) -> None:
    visitor = visit(webgl=False, viewport={"width": 390, "height": 844}, color_scheme="light")
    page = visitor.page
    page.goto(f"{server.url}/status")
    expect(page.locator("#state")).to_have_text("No problems.")
    visitor.wait(NUMBER.format("viewers") + " === '0'")
    with stream(server), stream(server):
        send_pair(server, "Night Bus Home", cities=(LISBON, LAGOS))
        visitor.wait(NUMBER.format("viewers") + " === '2'")
        visitor.wait(NUMBER.format("total.connections") + " === '1'")
        visitor.wait(f"{POINTS} > 1")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert unexpected(visitor) == []
    os.killpg(server.process.pid, signal.SIGSTOP)  # it neither answers nor refuses
    visitor.wait("document.getElementById('state').textContent === 'The server is not responding.'")
    os.killpg(server.process.pid, signal.SIGCONT)
    visitor.wait("document.getElementById('state').textContent === 'No problems.'")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_nothing_on_it(idle: Server, visit: Callable[..., Visit], theme: str) -> None:
    visitor = visit(webgl=False, color_scheme=theme)
    bring_axe(visitor.page)
    visitor.page.goto(f"{idle.url}/status")
    visitor.wait(f"{POINTS} > 0")
    assert complaints(visitor) == []
    assert unexpected(visitor) == []


def test_without_javascript_it_has_the_numbers_of_now(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(webgl=False, java_script_enabled=False).page
    with stream(server):
        page.goto(f"{server.url}/status")
        assert page.locator("[data-path=viewers] output").inner_text() == "1"
        assert page.locator("#state").inner_text() != ""


def test_it_begins_with_what_was_before_it_was_opened(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(webgl=False, java_script_enabled=False).page
    with stream(server), stream(server):
        send_pair(server, "Night Bus Home", cities=(LISBON, LAGOS))
        until(lambda: get_json(server, "/status.json")["recent"]["viewers"][-1] == 2)
    until(lambda: get_json(server, "/status.json")["viewers"] == 0)
    page.goto(f"{server.url}/status")
    viewers = page.locator("[data-path=viewers]")
    expect(viewers.locator("output")).to_have_text("0")
    expect(viewers.locator("small")).to_have_text("Peak of 15 min: 2")
    expect(viewers.locator("polyline")).to_have_attribute("points", re.compile(r"^[\d.]+,[\d.]+( |$)"))
