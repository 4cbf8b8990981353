"""Visitors press play themselves: two tabs meet, and are told so."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.axe import SIZES as AXE_SIZES
from tests.browser.axe import THEMES, bring_axe, in_each
from tests.browser.conftest import FakeVisit, Visit
from tests.browser.fakestream import NOW_S
from tests.browser.steps import LAGOS, LISBON, changed, picture, send_pair
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
        expect(page.locator("#play").get_by_role("button", name="Me too")).to_be_focused()
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
    expect(one.page.locator("#play [role=status]")).to_contain_text(
        "Nobody else pressed play on Copper Sky in that second. Closest: Manila, "
    )
    expect(one.page.locator("#feed .you")).to_have_text(["You"])
    assert (one.errors, other.errors) == ([], [])


PLACES = {name: {"geoname_id": id, "city": name, "country": country, "country_code": code, "lon": lon, "lat": lat}
          for name, id, country, code, lon, lat in (
              ("Osaka", 1853909, "Japan", "JP", 135.5, 34.69),
              ("Recife", 3390760, "Brazil", "BR", -34.88, -8.05),
              ("Lagos", LAGOS, "Nigeria", "NG", 3.39, 6.45),
          )}  # fmt: skip
NOBODY = {"met": None, "pulse": None, "near": None, "searched": None, "ask_after_s": None, "alone": True}


def answer(route: Route, **more: object) -> None:
    """Answer as the server does to a press that counts, and to who asks what came of it."""
    counted = {"press": "1", "pressed_at": NOW_S, "late": False, "source": "live", "place": PLACES["Osaka"]}
    pressed = route.request.method == "POST"
    route.fulfill(json=(counted | {"ask_after_s": 1} if pressed else NOBODY) | more)


def test_who_presses_alone_is_told_so_and_may_try_again(server: Server, fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit("")
    page, stream = visitor.open(server.url), visitor.stream
    page.route("**/play", answer)
    page.route("**/play/1", answer)
    stream.connect("Copper Sky", (LISBON, LAGOS))
    visitor.choose_osaka()
    page.locator("#feed h3 button").click()
    page.get_by_role("dialog", name="Copper Sky").get_by_role("button", name="Me too").click()
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
    visitor.choose_osaka()
    with page.expect_request("**/play") as pressed:
        page.get_by_role("button", name="Press play on Copper Sky").click()
    sent = pressed.value.post_data_json
    assert sent is not None
    assert abs(sent["pressed_at"] - stream.now_s) < 1


def miss(city: str, seconds: int, source: str = "synthetic") -> dict[str, object]:
    """What the server tells of a press that met nobody."""
    return NOBODY | {"near": {"city": PLACES[city], "seconds": seconds, "source": source}}


def press_alone(visitor: FakeVisit, url: str, *misses: dict[str, object]) -> Page:
    """Choose Osaka and press play on a song. The server gives these answers, one after the other, the last for good."""
    told = list(misses)
    page = visitor.page
    page.route("**/play", answer)
    page.route("**/play/1", lambda route: answer(route, **(told.pop(0) if len(told) > 1 else told[0])))
    visitor.open(url)
    visitor.stream.connect("Copper Sky", (LISBON, LAGOS))
    visitor.choose_osaka()
    page.get_by_role("button", name="Press play on Copper Sky").click()
    visitor.pass_time_until("document.getElementById('play').dataset.state === 'alone'")
    return page


def test_who_meets_nobody_is_told_who_came_closest_and_of_someone_closer_later(
    server: Server, fake_visit: Callable[..., FakeVisit]
) -> None:
    visitor = fake_visit("")
    page = press_alone(visitor, server.url, miss("Recife", -3), miss("Recife", -3), miss("Lagos", 2, "live"))
    told = page.locator("#play [role=status]")
    expect(told).to_have_text(
        "Nobody else pressed play on Copper Sky in that second. Closest: Recife, 3 s before you simulated"
    )
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    visitor.stream.pass_time(11)
    expect(told).to_contain_text("Closest: Recife, 3 s before you")
    visitor.stream.pass_time(15)
    expect(told).to_contain_text("Closest: Lagos, 2 s after you live")
    page.get_by_role("button", name="Try again").click()
    expect(told).to_have_text("You pressed play on Copper Sky. Looking for a match…", use_inner_text=True)


@pytest.mark.parametrize("size", AXE_SIZES)
def test_axe_finds_nothing_while_a_near_miss_is_told(
    server: Server, fake_visit: Callable[..., FakeVisit], size: str
) -> None:
    visitor = fake_visit("", viewport=AXE_SIZES[size], reduced_motion="reduce")
    bring_axe(visitor.page)
    page = press_alone(visitor, server.url, miss("Recife", -3))
    expect(page.locator("#play .closest")).to_be_visible()
    assert in_each(THEMES, visitor, f"a near miss, {size}") == []


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_a_dashed_arc_leads_to_who_came_closest_and_goes_after_a_while(
    server: Server, fake_visit: Callable[..., FakeVisit], motion: str
) -> None:
    visitor = fake_visit("", webgl=True, still=True, reduced_motion=motion)
    page = press_alone(visitor, server.url, miss("Recife", -3))
    visitor.stream.pass_time(7)  # the spark of the press and the arc of the song are over
    expect(page.locator("#play .closest")).to_be_visible()
    with_arc = picture(page)
    visitor.stream.pass_time(25)
    assert changed(page, with_arc, picture(page)) > 60
    assert visitor.errors == []


SIZES = [{"width": 1440, "height": 900}, {"width": 390, "height": 844}, {"width": 844, "height": 390}]
TOPS = """() => {
  const list = document.getElementById('feed');
  const top = list.parentElement.getBoundingClientRect().top - list.scrollTop;
  return [...list.children].map((item) => [item.querySelector('.title').textContent, top + item.offsetTop]);
}"""


def click_where_it_is(button: Locator) -> None:
    """Click a button as a visitor does; `Locator.click` scrolls the page when it tries again."""
    box = button.bounding_box()
    assert box is not None
    button.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size['width']}x{size['height']}")
def test_a_press_moves_no_entry_of_the_list_with_and_without_a_city(
    server: Server, fake_visit: Callable[..., FakeVisit], size: dict[str, int]
) -> None:
    visitor = fake_visit("", viewport=size)
    page, stream = visitor.page, visitor.stream
    page.route("**/play", answer)
    page.route("**/play/1", lambda route: answer(route, **miss("Recife", -3)))
    visitor.open(server.url)
    for number in range(20):
        stream.connect(f"Song {number}", (LISBON, LAGOS))
    before = page.evaluate(TOPS)
    click_where_it_is(page.get_by_role("button", name="Press play on Song 18"))
    expect(page.get_by_role("combobox", name="City name")).to_be_focused()
    assert page.evaluate(TOPS) == before, "without a city"
    page.get_by_role("combobox", name="City name").fill("osaka")
    stream.pass_time(0.2)
    page.get_by_role("option", name="Osaka Japan").click()
    expect(page.locator("#play [role=status]")).to_have_text("Now press play on Song 18.")
    expect(page.locator("#home-day")).to_be_visible()
    before = page.evaluate(TOPS)  # the choice has a line of its own above the list
    click_where_it_is(page.locator("#play").get_by_role("button", name="Me too"))
    assert page.evaluate(TOPS) == before, "while it waits"
    visitor.pass_time_until("document.getElementById('play').dataset.state === 'alone'")
    expect(page.locator("#play")).to_contain_text("Closest: Recife")
    assert page.evaluate(TOPS) == before, "with its outcome"
    box, viewport = page.locator("#play").bounding_box(), size["height"]
    assert box is not None
    assert box["y"] + box["height"] <= viewport, "its outcome is in view"


def test_a_finger_presses_the_song_that_it_aimed_at(server: Server, fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit("", viewport={"width": 390, "height": 844}, has_touch=True)
    page, stream = visitor.open(server.url), visitor.stream
    for title, seconds in (("Song A", 1), ("Song B", 1), ("Song C", 0.1)):
        stream.connect(title, (LISBON, LAGOS))
        stream.pass_silence(seconds)
    visitor.choose_osaka()
    stream.connect("Song D", (LISBON, LAGOS))
    stream.pass_silence(0.1)
    page.route("**/play", answer)
    button = page.get_by_role("button", name="Press play on Song D")
    assert button.evaluate("button => getComputedStyle(button, '::after').content") == '"Me too"'
    button.tap()
    expect(page.locator("#play [role=status]")).to_contain_text("You pressed play on Song C.")
    stream.connect("Song E", (LISBON, LAGOS))
    stream.pass_silence(0.1)
    button.dispatch_event("pointerdown", {"pointerType": "touch"})  # it becomes a swipe, without a click
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#play [role=status]")).to_contain_text("You pressed play on Song D.")


def test_who_does_not_want_to_choose_a_city_is_back_where_they_were(
    server: Server, fake_visit: Callable[..., FakeVisit]
) -> None:
    visitor = fake_visit("")
    page, stream = visitor.open(server.url), visitor.stream
    stream.connect("Copper Sky", (LISBON, LAGOS))
    button = page.get_by_role("button", name="Press play on Copper Sky")
    for key, where in (("Escape", "#city-q"), ("Enter", "[data-city=close]")):
        button.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("combobox", name="City name")).to_be_focused()
        page.locator(where).press(key)
        expect(page.get_by_role("combobox", name="City name")).to_be_hidden()
        expect(button).to_be_focused()
