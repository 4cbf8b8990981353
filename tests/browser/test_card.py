from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import FakeVisit
from tests.browser.steps import LAGOS, LISBON

LATKRABANG, AMARANTE = 11071484, 3388713
"""Cities with long names: Latkrabang, Krung Thep Maha Nakhon; São Gonçalo do Amarante, Rio Grande do Norte."""


def arc_up(visitor: FakeVisit) -> Page:
    """Have one arc stand, with its labels."""
    visitor.stream.connect("Copper Sky", (LISBON, LAGOS))
    visitor.pass_time_until("document.querySelectorAll('.label.shown').length === 3")
    visitor.stream.pass_time(2)  # the arc's end lands
    return visitor.page


def point_of(page: Page, label: str) -> tuple[float, float]:
    """The point on the page that a label belongs to: a city, or the top of an arc."""
    moved = page.locator(label).first.evaluate("element => element.style.transform")
    stage = page.locator("#stage").bounding_box()
    x, y = map(float, re.findall(r"[-0-9.]+", moved)[:2])
    assert stage is not None
    return stage["x"] + x, stage["y"] + y


def test_a_click_on_a_label_or_an_arc_opens_its_card(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(webgl=True, still=True)
    page = arc_up(visitor)
    card = page.get_by_role("dialog", name="Copper Sky")
    box = page.locator(".label.song .card").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(card).to_be_visible()
    expect(card.locator(".artist")).to_have_text("The Harbour Lamps")
    expect(card.locator(".ends")).to_contain_text("Lisbon, Portugal")
    expect(card.locator(".ends")).to_contain_text("Lagos, Nigeria")
    expect(card.locator(".facts")).to_contain_text("40 ms apart · 3,791 km")
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    for label in (".label.song", ".label.city"):
        page.mouse.click(*point_of(page, label))
        expect(card).to_be_visible()
        card.get_by_role("button", name="Close").click()
        expect(card).to_be_hidden()
    assert visitor.errors == []


def test_a_click_beside_everything_closes_the_card_and_a_drag_opens_none(
    fake_visit: Callable[..., FakeVisit],
) -> None:
    page = arc_up(fake_visit(webgl=True, still=True))
    x, y = point_of(page, ".label.song")
    card = page.locator("#card")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y, steps=4)
    page.mouse.up()
    expect(card).to_be_hidden()
    page.locator("#feed li .title").click()
    expect(card).to_be_visible()
    stage = page.locator("#stage").bounding_box()
    assert stage is not None
    page.mouse.click(stage["x"] + stage["width"] * 0.95, stage["y"] + stage["height"] * 0.3)
    expect(card).to_be_hidden()


def test_an_entry_of_the_list_opens_it_by_enter_and_escape_leads_back(
    fake_visit: Callable[..., FakeVisit],
) -> None:
    visitor = fake_visit()
    page, address = visitor.page, visitor.page.url
    visitor.stream.connect("Copper Sky", (LISBON, LAGOS))
    entry = page.locator("#feed li button").first
    entry.focus()
    page.keyboard.press("Enter")
    card = page.get_by_role("dialog", name="Copper Sky")
    expect(card.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(entry).to_be_focused()
    page.keyboard.press("Enter")
    card.get_by_role("button", name="Show Lagos").click()
    expect(page.locator(".chip")).to_have_text("Filter: Lagos, Nigeria×")
    expect(page.locator("#feed li")).to_have_count(1)
    assert page.url == f"{address}?city={LAGOS}"


def test_a_tap_on_a_telephone_opens_the_card_from_below(fake_visit: Callable[..., FakeVisit]) -> None:
    page = arc_up(fake_visit(webgl=True, still=True, viewport={"width": 390, "height": 844}, has_touch=True))
    page.touchscreen.tap(*point_of(page, ".label.song"))
    card = page.get_by_role("dialog", name="Copper Sky")
    expect(card).to_be_visible()
    box = card.bounding_box()
    assert box is not None
    assert (round(box["width"]), round(box["y"] + box["height"])) == (390, 844)
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_on_a_phone_a_tall_card_cuts_no_number_off(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(viewport={"width": 390, "height": 844})
    page = visitor.page
    for title, artist in (("Copper Sky", "The Lamps"), ("Copper Sky over the Harbour", "The Harbour Lamps " * 2)):
        visitor.stream.connect(title, (LATKRABANG, AMARANTE), artist)
        page.locator("#feed li h3 button").first.click()
        card, counters = (page.locator(each).bounding_box() for each in ("#card", "#counters"))
        assert card
        assert counters
        assert card["y"] <= counters["y"] or card["y"] >= counters["y"] + counters["height"]
        assert card["y"] + card["height"] == 844
        page.keyboard.press("Escape")
