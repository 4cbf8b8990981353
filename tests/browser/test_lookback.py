"""The line of time: what the globe showed before."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visit
from tests.browser.test_axe import SIZES, bring_axe, complaints
from tests.plays import send_crowd, send_pair
from tests.serving import Server, stream, wait_until_written

LONG_AGO_S = 8
"""What was within five seconds is now, by a clock that is asked for over a busy machine."""


def shown_before(server: Server) -> tuple[float, list[str]]:
    """Show some connections; gives when that began, a while ago, and their ids in the order in which they came."""
    began = time.time() - 1
    with stream(server) as viewer:
        send_crowd(server)
        frames = viewer.frames_past(time.time() + 1.5)
    wait_until_written(server)
    time.sleep(max(0.0, began + LONG_AGO_S - time.time()))
    return began, [connection["id"] for frame in frames for connection in frame["connections"]]


def listed(page: Page) -> list[str]:
    ids: list[str] = page.evaluate("[...document.querySelectorAll('#feed li')].map((li) => li.dataset.id).reverse()")
    return ids


@pytest.mark.parametrize("size", SIZES)
def test_an_address_with_a_time_shows_what_was_streamed_then(
    server: Server, visit: Callable[..., Visit], size: str
) -> None:
    began, ids = shown_before(server)
    page = visit(viewport=SIZES[size]).page
    bring_axe(page)
    page.goto(f"{server.url}/?at={began:.1f}")
    expect(page.locator("#feed li")).to_have_count(len(ids), timeout=20_000)
    assert listed(page) == ids
    expect(page.locator("#status")).to_contain_text("As it was at")
    expect(page.locator("#sources")).to_have_text("replay: synthetic")
    assert complaints(page) == []
    page.get_by_role("button", name="Back to now").click()
    expect(page.locator("#status")).to_have_text("Connected")
    expect(page.locator("#lookback")).to_be_hidden()
    expect(page.locator("#sources")).to_have_text("synthetic")
    assert page.url == f"{server.url}/"


def test_an_embed_with_a_time_shows_what_was_streamed_then(server: Server, visit: Callable[..., Visit]) -> None:
    began, ids = shown_before(server)
    page = visit(viewport={"width": 640, "height": 360}, reduced_motion="reduce").page
    page.goto(f"{server.url}/embed?feed=1&at={datetime.fromtimestamp(began, UTC):%Y-%m-%dT%H:%M:%SZ}")
    expect(page.locator("#feed li")).to_have_count(len(ids))
    assert listed(page) == ids
    expect(page.locator("#sources")).to_have_text("replay: synthetic")


def test_who_drags_the_line_sees_that_time_and_a_filter_stays_in_it(
    server: Server, visit: Callable[..., Visit]
) -> None:
    began, ids = shown_before(server)
    page = visit().page
    page.goto(server.url)
    expect(page.locator("#status")).to_have_text("Connected")
    page.keyboard.press("r")
    line = page.get_by_role("slider", name="Time")
    expect(line).to_be_focused()
    line.fill(str(round(began - time.time()) - 1))
    expect(page.locator("#feed li")).to_have_count(len(ids), timeout=40_000)
    send_pair(server, "Only Now", "Somebody Else")
    page.goto(f"{server.url}/?artist=Nobody&at={time.time() - 30:.0f}")
    expect(page.locator("#status")).to_contain_text("As it was at")
    page.get_by_role("link", name="Show everything again").click()
    expect(page.locator("#status")).to_contain_text("As it was at")
    expect(page.get_by_role("slider", name="Time")).to_be_visible()


def test_escape_returns_to_now(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit().page
    page.goto(server.url)
    page.get_by_role("button", name="Look back").click()
    page.keyboard.press("Escape")
    expect(page.locator("#lookback")).to_be_hidden()
    expect(page.get_by_role("button", name="Look back")).to_be_focused()
    expect(page.locator("#status")).to_have_text("Connected")


def quiet_hours(route: Route) -> None:
    """Answer as a server that has been there for long, and showed nothing."""
    now = time.time()
    route.fulfill(json={"now": now, "oldest": now - 9000, "frames": []})


def test_the_line_is_an_hour_long_and_at_its_ends_the_keyboard_is_not_lost(
    server: Server, visit: Callable[..., Visit]
) -> None:
    page = visit(viewport=SIZES["phone"]).page
    page.route("**/api/past?*", quiet_hours)
    page.goto(server.url)
    expect(page.locator("#status")).to_have_text("Connected")
    page.get_by_role("button", name="Look back").click()
    line = page.get_by_role("slider", name="Time")
    expect(line).to_be_focused()
    assert (line.bounding_box() or {"height": 0})["height"] >= 24
    page.keyboard.press("Home")
    expect(line).not_to_have_attribute("aria-valuetext", str(line.get_attribute("aria-valuetext")))  # time goes on
    expect(line).to_have_attribute("min", "-3600")
    page.keyboard.press("End")
    expect(page.get_by_role("button", name="Look back")).to_be_focused()


def test_a_time_that_is_none_is_left_out(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit().page
    notes: list[str] = []
    page.on("console", lambda message: notes.append(message.text))
    page.goto(f"{server.url}/?at=yesterday")
    expect(page.locator("#status")).to_have_text("Connected")
    assert any("at=yesterday" in note for note in notes)


def test_a_time_that_is_yet_to_come_is_said_to_be(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit().page
    page.goto(f"{server.url}/?at=2099-12-31T12:00:00Z", wait_until="commit")  # it is said for some seconds only
    expect(page.locator("#status")).to_have_text(re.compile("2099.* is yet to come; this is now"))
    expect(page.locator("#sources")).not_to_contain_text("replay")
    expect(page.locator("#status")).to_have_text("Connected")
