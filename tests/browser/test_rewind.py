"""The line of time: what the globe showed before."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import pytest
from playwright.sync_api import Route, expect

from tests.browser.axe import SIZES, bring_axe, complaints
from tests.browser.conftest import FakeVisit, Visit
from tests.browser.fakestream import NOW_S
from tests.browser.steps import OSAKA, RECIFE, send_pairs
from tests.conftest import lasting
from tests.serving import Server, stream, wait_until_written

LONG_AGO_S = 8
"""What was within five seconds is now, by a clock that is asked for over a busy machine."""


class Past(NamedTuple):
    """What a server showed a while ago: when that began, and the connections' ids in the order in which they came."""

    url: str
    began: float
    ids: list[str]


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """The past of a server that tests share which only look."""
    with lasting(tmp_path_factory.mktemp("past"), UNISON_SHOWN_PER_S="0") as server:
        began = time.time() - 1
        with stream(server) as viewer:
            send_pairs(server, [(f"Song {number}", (OSAKA, RECIFE)) for number in range(8)])
            frames = viewer.frames_past(time.time() + 1.5)
        wait_until_written(server)
        with stream(server) as viewer:
            viewer.until(lambda frame: frame["now"] > began + LONG_AGO_S, 2 * LONG_AGO_S)
        yield Past(server.url, began, [connection["id"] for frame in frames for connection in frame["connections"]])


def until_listed(visitor: Visit, ids: list[str]) -> None:
    """Wait until the list has these, the newest on top, and none of those that came with the page."""
    listed = "[...document.querySelectorAll('#feed li:not([data-served])')].map((li) => li.dataset.id).reverse().join()"
    visitor.wait(f"{listed} === '{','.join(ids)}'")


@pytest.mark.parametrize("size", SIZES)
def test_an_address_with_a_time_shows_what_was_streamed_then(
    past: Past, visit: Callable[..., Visit], size: str
) -> None:
    visitor = visit(webgl=False, viewport=SIZES[size])
    page = visitor.page
    bring_axe(page)
    page.goto(f"{past.url}/?at={past.began:.1f}")
    until_listed(visitor, past.ids)
    expect(page.locator("#status")).to_contain_text("Showing")
    expect(page.locator("#sources")).to_have_text("replay: simulated")
    assert complaints(visitor) == []
    page.get_by_role("button", name="Back to live").click()
    expect(page.locator("#status")).to_have_text("Connected")
    expect(page.locator("#rewind")).to_be_hidden()
    expect(page.locator("#sources")).to_have_text("simulated")
    assert page.url == f"{past.url}/"


def test_an_embed_with_a_time_shows_what_was_streamed_then(past: Past, visit: Callable[..., Visit]) -> None:
    visitor = visit(webgl=False, viewport={"width": 640, "height": 360}, reduced_motion="reduce")
    page = visitor.page
    page.goto(f"{past.url}/embed?feed=1&at={datetime.fromtimestamp(past.began, UTC):%Y-%m-%dT%H:%M:%SZ}")
    until_listed(visitor, past.ids)
    expect(page.locator("#sources")).to_have_text("replay: simulated")


def test_who_drags_the_line_sees_that_time_and_a_filter_stays_in_it(past: Past, visit: Callable[..., Visit]) -> None:
    visitor = visit(webgl=False)
    page = visitor.page
    page.goto(past.url)
    expect(page.locator("#status")).to_have_text("Connected")
    page.keyboard.press("r")
    line = page.get_by_role("slider", name="Time")
    expect(line).to_be_focused()
    line.fill(str(round(past.began - time.time()) - 1))
    until_listed(visitor, past.ids)
    page.goto(f"{past.url}/?artist=Nobody&at={time.time() - 30:.0f}")
    expect(page.locator("#status")).to_contain_text("Showing")
    page.get_by_role("link", name="Remove filter: nobody").click()
    expect(page.locator("#status")).to_contain_text("Showing")
    expect(page.get_by_role("slider", name="Time")).to_be_visible()


def test_escape_returns_to_now(fake_visit: Callable[..., FakeVisit]) -> None:
    page = fake_visit().page
    page.get_by_role("button", name="Rewind").click()
    page.keyboard.press("Escape")
    expect(page.locator("#rewind")).to_be_hidden()
    expect(page.get_by_role("button", name="Rewind")).to_be_focused()
    expect(page.locator("#status")).to_have_text("Connected")


def quiet_hours(route: Route) -> None:
    """Answer as a server that has been there for long, and showed nothing."""
    route.fulfill(json={"now": NOW_S, "oldest": NOW_S - 9000, "frames": []})


def test_the_line_is_an_hour_long_and_at_its_ends_the_keyboard_is_not_lost(
    idle: Server, fake_visit: Callable[..., FakeVisit]
) -> None:
    visitor = fake_visit("", viewport=SIZES["phone"])
    page = visitor.page
    page.route("**/api/past?*", quiet_hours)
    visitor.open(idle.url)
    page.get_by_role("button", name="Rewind").click()
    line = page.get_by_role("slider", name="Time")
    expect(line).to_be_focused()
    assert (line.bounding_box() or {"height": 0})["height"] >= 24
    page.keyboard.press("Home")
    told = line.get_attribute("aria-valuetext")
    visitor.pass_time_until(f"document.getElementById('rewind-time').getAttribute('aria-valuetext') !== '{told}'")
    expect(line).to_have_attribute("min", "-3600")
    page.keyboard.press("End")
    expect(page.get_by_role("button", name="Rewind")).to_be_focused()


def test_a_time_that_is_none_is_left_out(idle: Server, fake_visit: Callable[..., FakeVisit]) -> None:
    visitor, notes = fake_visit(""), list[str]()
    visitor.page.on("console", lambda message: notes.append(message.text))
    visitor.open(f"{idle.url}/?at=yesterday")
    expect(visitor.page.locator("#status")).to_have_text("Connected")
    assert any("at=yesterday" in note for note in notes)


def test_a_time_that_is_yet_to_come_is_said_to_be(idle: Server, fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit("")
    visitor.page.goto(f"{idle.url}/?at=2099-12-31T12:00:00Z")
    visitor.pass_time_until("document.getElementById('status').dataset.state === 'live'")
    status = visitor.page.locator("#status")
    expect(status).to_have_text(re.compile("2099.* is in the future\\. Showing live\\."))
    expect(visitor.page.locator("#sources")).not_to_contain_text("replay")
    visitor.stream.pass_time(10)
    expect(status).to_have_text("Connected")
