"""The spotlight: one connection stays on the globe, all others are dimmed, and both ends are seen beside its card."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import combinations
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import FakeVisit, History, Visit
from tests.browser.fakestream import NOW_S
from tests.browser.steps import LAGOS, LISBON, OSAKA, RECIFE, TOKYO, changed, send_pair
from tests.browser.steps import picture as picture_of_stage
from tests.serving import Server

KYOTO, AUCKLAND, MALAGA = 1857910, 2193733, 2514256
SIZES = {"laptop": (1440, 900), "phone": (390, 844), "zoomed": (720, 450)}
PAIRS = {"usual": (LISBON, LAGOS), "far": (OSAKA, RECIFE), "antipodes": (AUCKLAND, MALAGA), "near": (OSAKA, KYOTO)}
LONG = ("The Extraordinarily Long and Winding Title of a Song That Nobody Ever Sang in One Breath " * 4)[:300]
SPOT = ".label.spot.shown"
OTHERS = ".label.shown:not(.spot)"


class Box(NamedTuple):
    """A rectangle of the page, pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def has(self, x: float, y: float) -> bool:
        return self.left <= x <= self.right and self.top <= y <= self.bottom


def box_of(found: Locator) -> Box:
    box = found.bounding_box()
    assert box is not None
    return Box(box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"])


def points(page: Page) -> list[tuple[float, float]]:
    """The points on the page of the labels in the spotlight: cities and the top of the arc."""
    stage = box_of(page.locator("#stage .labels"))
    moved = page.locator(SPOT).evaluate_all("labels => labels.map(({style}) => style.transform)")
    numbers = [list(map(float, re.findall(r"[-0-9.]+", each)[:2])) for each in moved]
    return [(stage.left + x, stage.top + y) for x, y in numbers]


def picture(page: Page) -> str:
    """A picture of the globe, without the numbers over it."""
    page.evaluate("document.getElementById('counters').style.visibility = 'hidden'")
    return picture_of_stage(page)


def settle(visitor: FakeVisit) -> None:
    """Pass time until all three labels stand and the camera rests."""
    visitor.pass_time_until(f"document.querySelectorAll('{SPOT}').length === 3")
    before: list[tuple[float, float]] = []
    while before != (now := points(visitor.page)):
        before = now
        for _ in range(8):
            visitor.stream.pass_time(0.1)


def opened(visitor: FakeVisit, cities: tuple[int, int] = (LISBON, LAGOS), title: str = "Copper Sky") -> Page:
    """Open the card of a connection from the list, beside another connection."""
    visitor.stream.connect("Other", (TOKYO, MALAGA))
    visitor.stream.connect(title, cities)
    visitor.stream.pass_time(1)
    visitor.page.locator("#feed li h3 button").first.click()
    settle(visitor)
    return visitor.page


@pytest.mark.parametrize(
    ("size", "pair"),
    [
        ("laptop", "usual"),
        ("laptop", "near"),
        ("phone", "far"),
        ("phone", "antipodes"),
        ("zoomed", "near"),
        ("zoomed", "far"),
    ],
)
def test_both_ends_are_named_beside_the_card(fake_visit: Callable[..., FakeVisit], size: str, pair: str) -> None:
    width, height = SIZES[size]
    visitor = fake_visit(webgl=True, still=True, viewport={"width": width, "height": height})
    page = opened(visitor, PAIRS[pair])
    card, stage = box_of(page.locator("#card")), box_of(page.locator("#stage"))
    for x, y in points(page):
        assert stage.has(x, y)
        assert not card.has(x, y)
    labels = [box_of(label.locator(".card")) for label in page.locator(SPOT).all()]
    assert not any(one.meets(other) for one, other in combinations([card, *labels], 2))
    assert card.left >= 0
    assert card.top >= 0
    assert card.right <= width
    assert card.bottom <= height
    expect(page.locator("#card [data-card=share]")).to_be_in_viewport(ratio=1)
    assert visitor.errors == []


def test_all_others_are_dimmed_until_escape(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(webgl=True, still=True)
    page = opened(visitor)
    visitor.stream.pass_time(12)  # the other arc has faded
    alone = picture(page)
    visitor.stream.pass_time(20)
    assert changed(page, alone, picture(page)) < 30, "it stays"
    visitor.stream.connect("Dim", (MALAGA, LAGOS))
    visitor.pass_time_until(f"document.querySelectorAll('{OTHERS}').length > 0")
    visitor.wait(f"getComputedStyle(document.querySelector('{OTHERS}')).opacity === '0.15'")
    dim = changed(page, alone, picture(page))
    page.keyboard.press("Escape")
    expect(page.locator("#card")).to_be_hidden()
    expect(page.locator("#stage[data-spotlight]")).to_have_count(0)
    visitor.wait(f"document.querySelectorAll('{SPOT}').length === 0")
    assert dim < 40, "15 % of an arc's light is no clear change"


def test_a_click_elsewhere_ends_it_and_the_globe_is_as_large_as_before(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(webgl=True, still=True)
    visitor.stream.pass_time(1)
    page = opened(visitor, (OSAKA, KYOTO))
    near = picture(page)
    page.locator("#feed-title").click()
    expect(page.locator("#card")).to_be_hidden()
    expect(page.locator("#stage[data-spotlight]")).to_have_count(0)
    visitor.stream.pass_time(12)
    whole = picture(page)
    assert changed(page, near, whole) > 1000
    visitor.stream.connect("Copper Sky", (OSAKA, KYOTO))
    page.locator("#feed li h3 button").first.click()
    settle(visitor)
    page.locator("#card [data-close]").click()
    visitor.stream.pass_time(12)
    assert changed(page, whole, picture(page)) < 300


def test_an_entry_with_the_keyboards_focus_is_in_the_spotlight(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(webgl=True, still=True)
    page = visitor.page
    first = visitor.stream.connect("Other", (TOKYO, MALAGA))
    second = visitor.stream.connect("Copper Sky", (LISBON, LAGOS))
    visitor.stream.pass_time(1)
    page.locator("#feed li h3 button").first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#stage")).to_have_attribute("data-spotlight", first)
    page.keyboard.press("ArrowUp")
    expect(page.locator("#stage")).to_have_attribute("data-spotlight", second)
    settle(visitor)
    page.keyboard.press("Enter")
    expect(page.locator("#card")).to_be_visible()
    expect(page.locator("#stage")).to_have_attribute("data-spotlight", second)
    page.keyboard.press("Escape")
    expect(page.locator("#feed li h3 button").first).to_be_focused()
    expect(page.locator("#stage[data-spotlight]")).to_have_count(0)
    page.keyboard.press("ArrowDown")
    expect(page.locator("#stage")).to_have_attribute("data-spotlight", first)
    page.evaluate("document.activeElement.blur()")
    expect(page.locator("#stage[data-spotlight]")).to_have_count(0)


def test_paused_it_is_there_at_once_and_nothing_moves(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(webgl=True)
    page = visitor.page
    visitor.stream.connect("Other", (TOKYO, MALAGA))
    visitor.stream.connect("Copper Sky", (LISBON, LAGOS))
    visitor.stream.pass_time(3)
    page.locator("#pause").click()
    page.locator("#feed li h3 button").first.click()
    visitor.pass_time_until(f"document.querySelectorAll('{SPOT}').length === 3")
    standing, shown = points(page), picture(page)
    visitor.stream.pass_time(30)
    assert points(page) == standing
    assert changed(page, shown, picture(page)) == 0
    page.keyboard.press("Escape")
    visitor.pass_time_until(f"document.querySelectorAll('{SPOT}').length === 0")


def test_with_reduced_motion_there_is_no_flight(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(webgl=True, reduced_motion="reduce")
    page = visitor.page
    visitor.stream.connect("Copper Sky", (LISBON, LAGOS))
    visitor.stream.pass_time(1)
    page.locator("#feed li h3 button").first.click()
    visitor.pass_time_until(f"document.querySelectorAll('{SPOT}').length === 3")
    standing = points(page)
    visitor.stream.pass_time(5)
    assert points(page) == standing


def ends_are_clear_of(page: Page, over: str) -> Box:
    """Check that both ends are on the stage and not under an element; return that element's box."""
    covered, stage = box_of(page.locator(over)), box_of(page.locator("#stage"))
    for x, y in points(page):
        assert stage.has(x, y)
        assert not covered.has(x, y)
    return covered


@pytest.mark.parametrize("size", [(480, 270), (400, 300), (300, 500)])
def test_the_caption_of_a_moments_frame_covers_neither_end(
    history: History, visit: Callable[..., Visit], size: tuple[int, int]
) -> None:
    width, height = size
    visitor = visit(viewport={"width": width, "height": height}, reduced_motion="reduce")
    page = visitor.page
    page.goto(f"{history.url}/embed?moment={history.moment}")
    visitor.wait(f"document.querySelectorAll('{SPOT}.city').length === 2")
    assert ends_are_clear_of(page, "#caption").top >= 0
    assert visitor.errors == []


@pytest.mark.parametrize("size", [(720, 450), (480, 270)])
def test_a_moments_page_has_both_ends_beside_its_text_in_a_small_window(
    history: History, visit: Callable[..., Visit], size: tuple[int, int]
) -> None:
    width, height = size
    visitor = visit(viewport={"width": width, "height": height}, reduced_motion="reduce")
    page = visitor.page
    page.goto(f"{history.url}/c/{history.moment}")
    visitor.wait(f"document.querySelectorAll('{SPOT}').length >= 2")
    ends_are_clear_of(page, "#told")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_title_of_300_characters_leaves_all_buttons_to_share_in_view(
    fake_visit: Callable[..., FakeVisit], size: str, language: str
) -> None:
    width, height = SIZES[size]
    visitor = fake_visit(f"/?lang={language}", viewport={"width": width, "height": height})
    page = visitor.page
    visitor.stream.connect(LONG, (LISBON, LAGOS), LONG)
    page.locator("#feed li h3 button").click()
    share = page.locator("#card [data-card=share]")
    expect(share).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    share.click()
    if size != "zoomed":  # there the dialog scrolls, whatever the title is
        expect(page.locator("#share [data-share=copy]")).to_be_in_viewport(ratio=1)
    what = box_of(page.locator("#share .what"))
    assert what.bottom - what.top < 70


def test_a_moments_page_has_share_in_view_whatever_its_title(server: Server, visit: Callable[..., Visit]) -> None:
    send_pair(server, LONG, LONG, cities=(LISBON, LAGOS))
    page = visit(webgl=False, viewport={"width": 1440, "height": 900}).open(server.url)
    expect(page.locator("#feed li")).to_have_count(1)
    moment = page.locator("#feed li").get_attribute("data-id")
    for width, height in [(1440, 900), (390, 844), (720, 450)]:
        page.set_viewport_size({"width": width, "height": height})
        page.goto(f"{server.url}/c/{moment}")
        expect(page.locator("#song")).to_have_attribute("title", LONG)
        if height > 450:
            expect(page.locator("#share-open")).to_be_in_viewport(ratio=1)
        assert box_of(page.locator("#song")).bottom < height


def test_a_meeting_of_ones_own_is_told_for_some_seconds(
    serve: Callable[..., Server], fake_visit: Callable[..., FakeVisit]
) -> None:
    visitor = fake_visit("", webgl=True, still=True)
    page = visitor.open(serve(UNISON_VISITOR_PLAYS="1").url)
    osaka = {"geoname_id": OSAKA, "city": "Osaka", "label": "Osaka", "country": "Japan", "lon": 135.5, "lat": 34.69}
    lagos = {"geoname_id": LAGOS, "city": "Lagos", "label": "Lagos", "country": "Nigeria", "lon": 3.4, "lat": 6.45}

    def meet(route: Route) -> None:
        if route.request.method == "POST":
            body: Any = route.request.post_data_json
            song["id"] = body["track"]
            counted = {"press": "1", "pressed_at": NOW_S, "late": False, "source": "live", "place": osaka}
            return route.fulfill(json=counted | {"ask_after_s": 1})
        times = {"at": NOW_S, "apart_ms": 40, "km": 12_000}
        met = {"id": "0" * 23, "source": "live", **times, "track": song, "from": lagos, "to": osaka}
        return route.fulfill(json={"met": met, "pulse": None, "near": None, "ask_after_s": None})

    song = {"title": "Copper Sky", "artist": "The Harbour Lamps"}
    page.route("**/play", meet)
    page.route("**/play/1", meet)
    visitor.stream.connect("Copper Sky", (LISBON, RECIFE))
    visitor.choose_osaka()
    page.locator("#feed .play").first.click()
    visitor.pass_time_until(f"document.getElementById('stage').dataset.spotlight === '{'0' * 23}'")
    visitor.pass_time_until(f"document.querySelectorAll('{SPOT}').length === 3")
    expect(page.locator(f"{SPOT}.city", has_text="You")).to_have_text("YouOsaka")
    visitor.stream.pass_time(12)
    expect(page.locator("#stage[data-spotlight]")).to_have_count(0)
