"""Visitors press play themselves: two tabs meet, and are told so."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visit
from tests.browser.steps import LAGOS, LISBON, send_pair
from tests.serving import Server

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    """A server on which visitors may press play, and a busy machine is in time."""
    return serve(UNISON_VISITOR_PLAYS="1", UNISON_WINDOW_S="5", UNISON_LATENESS_S="2")


def choose(page: Page, city: str, option: str) -> None:
    """Pick a city, in the field that has the focus."""
    page.get_by_role("combobox", name="Your city").fill(city)
    page.get_by_role("option", name=option).click()


def test_two_visitors_press_play_and_each_is_told_of_the_other(server: Server, visit: Callable[..., Visit]) -> None:
    one, other = visit(), visit(viewport={"width": 390, "height": 844}, has_touch=True)
    for visitor in (one, other):
        visitor.hold(60)
        visitor.open(server.url)
    send_pair(server, "Copper Sky", cities=(LISBON, LAGOS))
    pages = (one.page, other.page)
    for page, city, option in zip(pages, ("osaka", "manila"), ("Osaka Japan", "Manila Philippines"), strict=True):
        page.get_by_role("button", name="Press play on Copper Sky").click()
        expect(page.locator("#play [role=status]")).to_have_text("Pick your city, then press play.")
        expect(page.get_by_role("combobox", name="Your city")).to_be_focused()
        choose(page, city, option)
        expect(page.locator("#play [role=status]")).to_have_text("Now press play on Copper Sky.")
        expect(page.get_by_role("button", name="Press play", exact=True)).to_be_focused()
    for page in pages:
        page.keyboard.press("Enter")
    for page, there in zip(pages, ("Manila, Philippines", "Osaka, Japan"), strict=True):
        expect(page.locator("#play [role=status]")).to_contain_text(f"You and {there} pressed play together, ")
        expect(page.locator("#feed .you")).to_have_text(["You"])
    expect(one.page.locator(".label.city", has_text="You")).to_have_text("YouOsaka")
    other.page.locator("#play").get_by_role("button", name="Share").click()
    expect(other.page.get_by_role("dialog", name="Share this moment")).to_contain_text("Copper Sky")
    other.page.keyboard.press("Escape")
    one.page.get_by_role("button", name="Press play on Copper Sky").first.click()
    expect(one.page.locator("#play [role=status]")).to_have_text("You were alone with Copper Sky in that second.")
    expect(one.page.locator("#feed .you")).to_have_text(["You"])
    assert (one.errors, other.errors) == ([], [])


def test_who_presses_alone_is_told_so_and_may_try_again(server: Server, visit: Callable[..., Visit]) -> None:
    visitor = visit()
    page = visitor.open(server.url)
    send_pair(server, "Copper Sky", cities=(LISBON, LAGOS))
    page.locator(".your-city summary").click()
    choose(page, "osaka", "Osaka Japan")
    page.locator("#feed h3 button").click()
    page.get_by_role("dialog", name="Copper Sky").get_by_role("button", name="Press play, too").click()
    told = page.locator("#play [role=status]")
    expect(told).to_have_text("You pressed play on Copper Sky. Who else, in this second?")
    expect(told).to_have_text("You were alone with Copper Sky in that second.")
    page.route("**/play", lambda route: route.abort())
    again = page.get_by_role("button", name="Press play", exact=True)
    again.focus()
    page.keyboard.press("Enter")
    expect(told).to_have_text("It could not be sent. Are you online?")
    expect(again).to_be_focused()
    page.unroute("**/play")
    page.route("**/play", lambda route: route.fulfill(status=429, body="{}"))
    page.get_by_role("button", name="Press play", exact=True).click()
    expect(told).to_have_text("Too much at once: wait a moment, then press play again.")
    assert page.locator("#feed .you").count() == 0


def test_a_press_counts_from_its_moment_though_the_page_was_busy_when_it_began(
    server: Server, visit: Callable[..., Visit]
) -> None:
    asked: list[float] = []

    def slow_at_first(route: Route) -> None:
        answer = route.fetch()
        time.sleep(0 if asked else 4)
        asked.append(time.time())
        route.fulfill(response=answer)

    visitor = visit()
    page = visitor.page
    page.route("**/play/token", slow_at_first)
    with page.expect_response(lambda response: response.url.endswith("/play/token") and len(asked) > 1):
        visitor.open(server.url)
    send_pair(server, "Copper Sky", cities=(LISBON, LAGOS))
    page.locator(".your-city summary").click()
    choose(page, "osaka", "Osaka Japan")
    with page.expect_request("**/play") as pressed:
        page.get_by_role("button", name="Press play on Copper Sky").click()
    sent = pressed.value.post_data_json
    assert sent is not None
    assert abs(sent["pressed_at"] - time.time()) < 1
