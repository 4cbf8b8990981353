"""Visitors press play themselves: two tabs meet, and are told so."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import FakeVisit, Visit
from tests.browser.fakestream import NOW_S
from tests.browser.steps import LAGOS, LISBON, send_pair
from tests.conftest import lasting
from tests.serving import Server

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on which visitors may press play, and a busy machine is in time."""
    wide = {"UNISON_VISITOR_PLAYS": "1", "UNISON_WINDOW_S": "5", "UNISON_LATENESS_S": "2"}
    with lasting(tmp_path_factory.mktemp("visitors"), **wide) as server:
        yield server


def choose(page: Page, city: str, option: str) -> None:
    """Pick a city."""
    page.get_by_role("combobox", name="City name").fill(city)
    page.get_by_role("option", name=option).click()


def choose_osaka(visitor: FakeVisit) -> None:
    """Pick a city where time stands still."""
    visitor.page.locator(".your-city summary").click()
    visitor.page.get_by_role("combobox", name="City name").fill("osaka")
    visitor.stream.pass_time(0.2)
    visitor.page.get_by_role("option", name="Osaka Japan").click()


@pytest.mark.slow
def test_two_visitors_press_play_and_each_is_told_of_the_other(server: Server, visit: Callable[..., Visit]) -> None:
    one, other = visit(), visit(webgl=False, viewport={"width": 390, "height": 844}, has_touch=True)
    for visitor in (one, other):
        visitor.hold(60)
        visitor.open(server.url)
    send_pair(server, "Copper Sky", cities=(LISBON, LAGOS))
    pages = (one.page, other.page)
    for page, city, option in zip(pages, ("osaka", "manila"), ("Osaka Japan", "Manila Philippines"), strict=True):
        page.get_by_role("button", name="Press play on Copper Sky").click()
        expect(page.locator("#play [role=status]")).to_have_text("Choose your city, then press play.")
        expect(page.get_by_role("combobox", name="City name")).to_be_focused()
        choose(page, city, option)
        expect(page.locator("#play [role=status]")).to_have_text("Now press play on Copper Sky.")
        expect(page.get_by_role("button", name="Press play", exact=True)).to_be_focused()
    for page in pages:
        page.keyboard.press("Enter")
    for page, there in zip(pages, ("Manila, Philippines", "Osaka, Japan"), strict=True):
        expect(page.locator("#play [role=status]")).to_contain_text(
            f"You and someone in {there} pressed play together, "
        )
        expect(page.locator("#feed .you")).to_have_text(["You"])
    expect(one.page.locator(".label.city", has_text="You")).to_have_text("YouOsaka")
    other.page.locator("#play").get_by_role("button", name="Share").click()
    expect(other.page.get_by_role("dialog", name="Share this moment")).to_contain_text("Copper Sky")
    other.page.keyboard.press("Escape")
    one.page.get_by_role("button", name="Press play on Copper Sky").first.click()
    expect(one.page.locator("#play [role=status]")).to_have_text(
        "Nobody else pressed play on Copper Sky in that second."
    )
    expect(one.page.locator("#feed .you")).to_have_text(["You"])
    assert (one.errors, other.errors) == ([], [])


def answer(route: Route, **more: object) -> None:
    """Answer as the server does to a press that counts, and to who asks what came of it."""
    place = {"city": "Osaka", "country": "Japan", "lon": 135.5, "lat": 34.69}
    counted = {"press": "1", "pressed_at": NOW_S, "late": False, "place": place, "ask_after_s": 1}
    pressed = route.request.method == "POST"
    route.fulfill(json=(counted if pressed else {"met": None, "near": None, "ask_after_s": None}) | more)


def test_who_presses_alone_is_told_so_and_may_try_again(server: Server, fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit("")
    page, stream = visitor.open(server.url), visitor.stream
    page.route("**/play", answer)
    page.route("**/play/1", answer)
    stream.connect("Copper Sky", (LISBON, LAGOS))
    choose_osaka(visitor)
    page.locator("#feed h3 button").click()
    page.get_by_role("dialog", name="Copper Sky").get_by_role("button", name="Play it too").click()
    told = page.locator("#play [role=status]")
    expect(told).to_have_text("You pressed play on Copper Sky. Looking for a match…")
    visitor.pass_time_until("document.getElementById('play').dataset.state !== 'waiting'")
    expect(told).to_have_text("Nobody else pressed play on Copper Sky in that second.")
    page.route("**/play", lambda route: route.abort())
    again = page.get_by_role("button", name="Try again")
    again.focus()
    page.keyboard.press("Enter")
    expect(told).to_have_text("Could not send. Are you online?")
    expect(again).to_be_focused()
    page.route("**/play", lambda route: route.fulfill(status=429, body="{}"))
    page.get_by_role("button", name="Try again").click()
    expect(told).to_have_text("Too many presses. Wait a moment, then try again.")
    assert page.locator("#feed .you").count() == 0


def test_a_press_counts_from_its_moment_though_the_page_was_busy_when_it_began(
    server: Server, fake_visit: Callable[..., FakeVisit]
) -> None:
    visitor, asked = fake_visit(""), list[float]()
    page, stream = visitor.page, visitor.stream

    def slow_at_first(route: Route) -> None:
        asked.append(stream.now_s)
        if len(asked) == 1:
            stream.pass_silence(2)  # not so long that the stream counts as stalled
        route.fulfill(json={"token": "a tab's", "now": asked[-1]})

    page.route("**/play/token", slow_at_first)
    page.route("**/play", answer)
    visitor.open(server.url)
    while len(asked) < 2:
        stream.pass_time(0.5)
    stream.connect("Copper Sky", (LISBON, LAGOS))
    choose_osaka(visitor)
    with page.expect_request("**/play") as pressed:
        page.get_by_role("button", name="Press play on Copper Sky").click()
    sent = pressed.value.post_data_json
    assert sent is not None
    assert abs(sent["pressed_at"] - stream.now_s) < 1
