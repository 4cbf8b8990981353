"""Today's running total, and what the visitor's city saw."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import bring_axe, wrong_in_any_look
from tests.browser.conftest import POLL_MS, FakeVisit, History, Visit
from tests.browser.fakestream import NOW_S
from tests.browser.steps import LAGOS, LISBON, OSAKA, RECIFE, TOKYO
from tests.serving import Server
from tests.waiting import until

SINCE_MIDNIGHT_S = (NOW_S + 5.75 * 3_600) % 86_400
"""In Kathmandu, whose clocks are three quarters of an hour beside the hours of others."""
LONG_NAMES = 3388713, 6957690
"""São Gonçalo do Amarante, Rio Grande do Norte, and Lat Krabang, Krung Thep Maha Nakhon."""
AGAIN_S = 400
"""After so many seconds the page has asked the server again."""
KEPT = "JSON.stringify(Object.keys(localStorage).sort())"


def number(page: Page, name: str) -> Locator:
    return page.locator(f'#today [data-today="{name}"]')


def skip_until_asked(visitor: FakeVisit, seconds: float) -> None:
    """Skip time, after which the page asks again."""
    asked = len(visitor.stream.asked)
    visitor.stream.skip(seconds)
    until(lambda: len(visitor.stream.asked) > asked, pause=lambda: visitor.page.wait_for_timeout(POLL_MS))


def test_today_counts_from_the_visitors_midnight_and_goes_on_with_the_stream(
    idle: Server, fake_visit: Callable[..., FakeVisit]
) -> None:
    visitor = fake_visit("", timezone_id="Asia/Kathmandu")
    stream, page = visitor.stream, visitor.page
    stream.count_earlier("Before Midnight", (OSAKA, RECIFE), ago_s=SINCE_MIDNIGHT_S + 60)
    stream.count_earlier("After Midnight", (LISBON, LAGOS), ago_s=SINCE_MIDNIGHT_S - 60)
    visitor.open(idle.url)
    expect(number(page, "meetings")).to_have_text("1")
    expect(number(page, "label")).to_have_text("meeting shown to everyone today")
    expect(number(page, "countries")).to_have_text("2 countries")
    far = stream.connect("Night Bus Home", (OSAKA, RECIFE))
    stream.connect("Copper Sky", (LISBON, LAGOS))
    expect(number(page, "meetings")).to_have_text("3")
    expect(number(page, "label")).to_have_text("meetings shown to everyone today")
    expect(number(page, "countries")).to_have_text("4 countries")
    expect(number(page, "farthest")).to_have_text("Farthest: Osaka and Recife (16,897 km)")
    skip_until_asked(visitor, AGAIN_S)
    expect(number(page, "meetings")).to_have_text("3")
    link = number(page, "farthest").get_by_role("link")
    expect(link).to_have_attribute("href", f"{idle.url}/c/{far}")
    link.click()
    expect(page.get_by_role("dialog", name="Night Bus Home")).to_be_visible()
    assert visitor.errors == []


def test_a_new_day_begins_at_midnight(idle: Server, fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit("", timezone_id="Asia/Kathmandu")
    stream, page = visitor.stream, visitor.page
    stream.count_earlier("Yesterday", (LISBON, LAGOS), ago_s=60)
    visitor.open(idle.url)
    expect(number(page, "meetings")).to_have_text("1")
    skip_until_asked(visitor, 86_400 - SINCE_MIDNIGHT_S + 1)
    assert int(stream.asked[-1]["since"]) == NOW_S - SINCE_MIDNIGHT_S + 86_400
    expect(number(page, "meetings")).to_have_text("0")


def test_what_came_while_the_connection_was_lost_counts_once(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit()
    stream, page = visitor.stream, visitor.page
    stream.connect("Copper Sky", (LISBON, LAGOS))
    expect(number(page, "meetings")).to_have_text("1")
    stream.fail()
    stream.connect("Night Bus Home", (OSAKA, RECIFE))
    stream.recover()
    visitor.pass_time_until("document.body.dataset.stream === 'live'")
    expect(number(page, "meetings")).to_have_text("2")
    stream.fail()
    stream.recover(anew=True)
    stream.count_earlier("Copper Sky", (LISBON, LAGOS), ago_s=60)
    visitor.pass_time_until("document.querySelector('#today b').textContent === '1'")


def test_the_total_is_of_everything_so_it_is_hidden_under_a_filter_and_in_the_past(
    fake_visit: Callable[..., FakeVisit],
) -> None:
    visitor = fake_visit("/?country=BR")
    page, stream = visitor.page, visitor.stream
    stream.connect("Night Bus Home", (OSAKA, RECIFE))
    expect(page.locator("#feed li")).to_have_count(1)
    expect(page.locator("#today")).to_be_hidden()
    page.get_by_role("link", name="Remove filter: Brazil").click()
    visitor.pass_time_until("document.querySelector('#today b').textContent === '1'")
    expect(page.locator("#today")).to_be_visible()
    page.evaluate("document.body.dataset.stream = 'past'")
    expect(page.locator("#today")).to_be_hidden()


def test_today_looks_well_in_every_size_and_from_right_to_left(
    idle: Server, fake_visit: Callable[..., FakeVisit]
) -> None:
    visitor = fake_visit("")
    bring_axe(visitor.page)
    visitor.stream.count_earlier("Night Bus Home", (OSAKA, RECIFE), ago_s=60)
    for path in ("/", "/?lang=ar"):
        visitor.open(idle.url + path)
        expect(number(visitor.page, "meetings")).to_be_visible()
        assert wrong_in_any_look(visitor) == []


def test_on_a_phone_long_names_are_cut_but_neither_the_margin_nor_the_distance(
    idle: Server, fake_visit: Callable[..., FakeVisit]
) -> None:
    visitor = fake_visit("", viewport={"width": 390, "height": 844})
    page = visitor.page
    visitor.stream.count_earlier("Copper Sky", LONG_NAMES, ago_s=60)
    visitor.open(idle.url)
    expect(number(page, "farthest")).to_contain_text("São Gonçalo do Amarante, Rio Grande do Norte")
    inside = page.locator("#counters").evaluate("e => innerWidth - parseFloat(getComputedStyle(e).paddingInlineEnd)")
    for part in ("#counters .selection", '#today [data-today="countries"]', '#today [data-today="way"]'):
        box = page.locator(part).bounding_box()
        assert box
        assert box["x"] + box["width"] <= inside, part


# The visitor's city.


def test_the_chosen_city_says_what_it_saw_today(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit()
    stream, page = visitor.stream, visitor.page
    said = page.locator("#home-day")
    assert page.evaluate(KEPT) == "[]", "nothing is stored before a city is chosen"
    visitor.choose_osaka()
    expect(said).to_have_text("Osaka today: no meeting shown to everyone yet")
    stream.connect("Copper Sky", (LISBON, LAGOS))
    near = stream.connect("Night Train", (TOKYO, OSAKA))
    expect(said).to_have_text("Osaka today: 1 meeting, farthest Tokyo")
    stream.connect("Night Bus Home", (OSAKA, RECIFE))
    expect(said).to_have_text("Osaka today: 2 meetings, farthest Recife")
    assert near not in str(said.get_by_role("link").get_attribute("href"))
    said.get_by_role("link", name="Recife").click()
    expect(page.get_by_role("dialog", name="Night Bus Home")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Remove city").click()
    expect(said).to_be_hidden()
    assert page.evaluate(KEPT) == "[]"
    assert visitor.errors == []


def test_who_comes_back_hears_what_the_city_saw_since(idle: Server, fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit()
    stream, page = visitor.stream, visitor.page
    visitor.choose_osaka()
    stream.connect("Seen", (OSAKA, RECIFE))
    expect(page.locator("#home-day")).to_have_text("Osaka today: 1 meeting, farthest Recife")
    page.goto("about:blank")
    stream.skip(2 * 3_600)
    stream.count_earlier("Missed", (LAGOS, OSAKA), ago_s=3_600)
    stream.count_earlier("Of others", (LAGOS, RECIFE), ago_s=3_600)
    visitor.open(idle.url)
    expect(page.locator("#home-day")).to_have_text("Osaka today: 2 meetings, farthest Recife 1 since your last visit")
    page.goto("about:blank")
    visitor.open(idle.url)
    expect(page.locator("#home-day")).to_have_text("Osaka today: 2 meetings, farthest Recife")


BEACON = """(() => {
  const [mark, stage] = [document.querySelector('.beacon.shown i'), document.getElementById('stage')];
  if (!mark) return null;
  const [a, b] = [mark, stage].map((each) => each.getBoundingClientRect());
  return Math.hypot(a.x + a.width / 2 - b.x - b.width / 2, a.y + a.height / 2 - b.y - b.height / 2);
})()"""
"""How far the beacon is from the stage's middle, in pixels; null if it is not on this side of the globe."""


def test_the_globe_flies_to_the_chosen_city_and_keeps_a_beacon_there(
    idle: Server, fake_visit: Callable[..., FakeVisit]
) -> None:
    visitor = fake_visit(webgl=True, still=True)
    page = visitor.page
    visitor.choose_osaka()
    visitor.pass_time_until(f"({BEACON} ?? Infinity) < 40")
    expect(page.locator(".beacon")).to_have_text("Osaka")
    page.evaluate("localStorage.setItem('unison.city', localStorage.getItem('unison.city').replace(/,.lon.*}/, '}'))")
    visitor.open(idle.url)  # as an earlier version stored it: without its place
    expect(page.locator(".beacon")).to_have_text("Osaka")
    page.locator(".your-city summary").click()
    page.get_by_role("button", name="Remove city").click()
    expect(page.locator(".beacon")).to_have_count(0)
    assert visitor.errors == []


def test_the_figures_begin_with_the_visitors_own_day(history: History, visit: Callable[..., Visit]) -> None:
    visitor = visit(webgl=False, locale="en-US")
    page = visitor.page
    page.goto(f"{history.url}/stats")
    today = page.locator("#today")
    expect(today.get_by_role("heading")).to_contain_text("Today")
    expect(today.locator('[data-today="meetings"]')).to_have_text("3")
    expect(today.locator('[data-today="distance"]')).to_have_text("10,499 mi")
    expect(today.get_by_role("link", name="Osaka, Japan and Recife, Brazil")).to_be_visible()
    expect(page.locator(".headline")).to_contain_text("3 meetings in the last day")
    expect(page.locator(".wide li").first).to_contain_text("10,499 mi")
    expect(page.get_by_text("No two cities met twice.")).to_be_visible()
    assert visitor.errors == []


def test_without_its_script_the_figures_are_of_the_last_24_hours(history: History, visit: Callable[..., Visit]) -> None:
    visitor = visit(webgl=False, java_script_enabled=False)
    page = visitor.page
    page.goto(f"{history.url}/stats")
    expect(page.locator("#today").get_by_role("heading")).to_contain_text("The last 24 hours")
    expect(page.locator('#today [data-today="meetings"]')).to_have_text("3")
