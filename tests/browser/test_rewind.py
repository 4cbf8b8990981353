"""The line of time: what the globe showed before."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Route, expect

from tests.browser.axe import SIZES, bring_axe, complaints
from tests.browser.conftest import FakeVisit, Visit
from tests.browser.fakestream import GAZETTEER, NOW_S, Song, connection
from tests.browser.steps import OSAKA, RECIFE, send_pairs
from tests.conftest import lasting
from tests.serving import Server, stream, wait_until_written
from webapp.core import frames
from webapp.core.records import Counts, SliceRecord

COUNTS = frames.counts(SliceRecord(0, 0, Counts(plays=2, together=2, connections=1, synthetic=2)), 1, None)
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
    expect(page.locator("#stage")).to_be_focused()
    expect(page.locator("#status")).to_have_text("Connected")


def test_after_back_to_live_space_pauses_and_does_not_rewind_again(fake_visit: Callable[..., FakeVisit]) -> None:
    page = fake_visit().page
    page.get_by_role("button", name="Rewind").press("Enter")
    page.get_by_role("button", name="Back to live").press("Space")
    expect(page.locator("#rewind")).to_be_hidden()
    page.keyboard.press("Space")
    expect(page.locator("#pause-note")).to_have_text("Paused")
    expect(page.locator("#rewind")).to_be_hidden()
    expect(page.locator("#status")).to_have_text("Connected")


def test_after_a_fast_replay_no_past_arc_is_left_under_connected(
    idle: Server, fake_visit: Callable[..., FakeVisit]
) -> None:
    visitor = fake_visit("", webgl=True, still=True)
    visitor.hold(600)
    page = visitor.page
    page.route("**/api/past?*", lambda route: route.fulfill(json=past_of(route)))
    visitor.open(idle.url)
    page.get_by_role("button", name="Rewind").click()
    page.get_by_label("Speed").select_option("16")
    visitor.pass_time_until("document.querySelectorAll('.label.shown').length > 0")
    visitor.pass_time_until("document.getElementById('status').dataset.state === 'live'")
    visitor.stream.pass_time(1)  # labels fade out
    expect(page.locator(".label")).to_have_count(0)


def past_of(route: Route) -> dict[str, object]:
    """Answer as a server whose last minute had one connection, 40 s ago."""
    at = NOW_S - 40
    made = json.loads(
        frames.connection_json(connection(Song("Night Bus Home", (OSAKA, RECIFE)), round(1000 * at), 1), GAZETTEER)
    )
    frame = frames.message(1, round(1000 * at) + 500, COUNTS, connections=[made])
    asked = {name: float(value) for name, value in parse_qsl(urlsplit(route.request.url).query)}
    shown = asked["from"] < at + 0.5 <= asked["from"] + asked["seconds"]
    return {"now": NOW_S, "oldest": at - 3600, "frames": [frame] if shown else []}


def test_a_time_of_last_week_has_a_line_of_an_hour_and_says_the_day_and_nothing_of_waiting(
    idle: Server, fake_visit: Callable[..., FakeVisit]
) -> None:
    visitor = fake_visit("")
    page = visitor.page
    page.route("**/api/past?*", quiet_week)
    page.goto(f"{idle.url}/?at={NOW_S - 8 * 86_400:.0f}", wait_until="commit")
    expect(page.locator(".waiting")).to_be_hidden()
    visitor.pass_time_until("document.getElementById('status')?.dataset.state === 'past'")
    expect(page.locator(".waiting")).to_be_hidden()
    line = page.get_by_role("slider", name="Time")
    visitor.pass_time_until("document.getElementById('status').textContent.includes('Nothing older')")
    ends = [int(line.get_attribute(name) or 0) for name in ("min", "max")]
    assert ends[1] - ends[0] == 3600
    assert ends[0] < -7 * 86_400 < ends[1]
    expect(line).to_have_attribute("aria-valuetext", re.compile("14 Sept? 2026"))
    expect(page.locator("#rewind output")).to_contain_text("14 Sep")


def quiet_week(route: Route) -> None:
    """Answer as a server that keeps a week, and showed nothing."""
    route.fulfill(json={"now": NOW_S, "oldest": NOW_S - 7 * 86_400, "frames": []})


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
    expect(page.locator("#stage")).to_be_focused()


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
