"""How the page looks and speaks: themes, languages, a wall, and what is there without a script or without WebGL."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

from tests.browser.conftest import MARKUP, FakeVisit, History, Visit
from tests.browser.steps import LAGOS, LISBON, OSAKA, RECIFE, changed, picture, titles

GROUND = "getComputedStyle(document.documentElement).backgroundColor"
PAPER, NIGHT = "rgb(239, 233, 221)", "rgb(4, 6, 15)"

CLICKED_EARLY = """document.addEventListener('DOMContentLoaded', () => {
  document.querySelector('#feed [data-served] .title').click();
}, {once: true})"""


def test_the_theme_is_the_systems_until_one_is_chosen_and_kept(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(color_scheme="light")
    page = visitor.page
    assert page.evaluate(GROUND) == PAPER
    page.locator("#settings-open").click()
    page.locator("#theme label", has_text="Dark").click()
    assert page.evaluate(GROUND) == NIGHT
    assert page.locator("html").get_attribute("data-look") == "dark"
    page.reload()
    assert page.evaluate(GROUND) == NIGHT
    expect(page.locator("#theme input[value=dark]")).to_be_checked()
    page.emulate_media(color_scheme="dark")
    page.locator("#settings-open").click()
    page.locator("#theme label", has_text="System").click()
    page.emulate_media(color_scheme="light")
    visitor.wait(f"{GROUND} === '{PAPER}'")
    assert visitor.errors == []


def test_the_globe_is_drawn_anew_in_the_other_theme(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(webgl=True, still=True, color_scheme="dark")
    page = visitor.page
    expect(page.locator(".placeholder")).to_be_hidden()
    visitor.stream.pass_time(1)
    dark = picture(page)
    page.emulate_media(color_scheme="light")
    visitor.wait("document.documentElement.dataset.look === 'light'")
    visitor.stream.pass_time(1)
    light = picture(page)
    assert changed(page, dark, light) > 50_000
    visitor.stream.connect("Ink", (LISBON, LAGOS))
    visitor.pass_time_until("document.querySelectorAll('.label.city.shown').length === 2")
    assert changed(page, light, picture(page)) > 100
    assert visitor.errors == []


def test_in_arabic_the_page_is_mirrored_and_its_menu_leads_elsewhere(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(locale="ar-EG", viewport={"width": 1200, "height": 800})
    page, address = visitor.page, visitor.page.url
    assert page.locator("html").get_attribute("dir") == "rtl"
    expect(page.locator("#status")).to_have_text("متصل")
    stage, feed = page.locator("#stage").bounding_box(), page.locator(".feed").bounding_box()
    assert stage is not None
    assert feed is not None
    assert feed["x"] < stage["x"]
    assert page.evaluate("document.documentElement.scrollWidth") == 1200
    page.locator("#settings-open").click()
    page.locator("#languages a", has_text="Deutsch").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.goto(address)
    page.wait_for_url("**/?lang=de")
    expect(page.locator("#feed-title")).to_have_text("Gemeinsam auf Play gedrückt")
    assert visitor.errors == []


def test_countries_are_named_in_the_pages_language_and_found_by_these_names(
    fake_visit: Callable[..., FakeVisit],
) -> None:
    visitor = fake_visit("/?lang=ar", locale="ar")
    page = visitor.page
    visitor.stream.connect("Copper Sky", (OSAKA, RECIFE))
    places = page.locator("#feed .cities bdi")
    assert places.all_inner_texts() == ["Osaka، اليابان", "Recife، البرازيل"]
    assert places.first.evaluate("(place) => getComputedStyle(place).direction") == "rtl"
    page.get_by_role("combobox").fill("البرازيل")
    visitor.stream.pass_time(0.2)
    page.get_by_role("option", name="البرازيل").click()
    expect(page.locator(".chip")).to_contain_text("البرازيل")
    assert parse_qs(urlsplit(page.url).query) == {"lang": ["ar"], "country": ["BR"]}
    assert visitor.errors == []


def test_an_american_reads_miles(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(locale="en-US")
    visitor.stream.connect("Copper Sky", (OSAKA, RECIFE))
    facts = visitor.page.locator("#feed li .facts").inner_text()
    assert re.match(r"40 ms apart · 10,499 mi · \d+:\d\d:\d\d\s[AP]M$", facts)


def test_without_a_script_there_is_a_placeholder_and_the_latest_connections(
    history: History, visit: Callable[..., Visit]
) -> None:
    visitor = visit(webgl=False, java_script_enabled=False)
    page = visitor.page
    page.goto(history.url)
    assert titles(page)[2:] == [MARKUP]
    assert page.locator("#feed img").count() == 0
    assert page.locator("#feed .cities").last.inner_text() == "Lisbon, Portugal and Osaka, Japan"
    expect(page.locator(".placeholder")).to_be_visible()
    expect(page.locator(".tools")).to_be_hidden()
    expect(page.locator(".feed noscript .hint")).to_be_visible()
    expect(page.locator("#city")).to_be_hidden()
    heading, hint = (page.locator(f".feed-head {part}").bounding_box() for part in ("h2", ".hint"))
    assert heading is not None
    assert hint is not None
    assert heading["y"] + heading["height"] <= hint["y"], "the heading has its line to itself"
    assert visitor.errors == []


def test_the_list_that_the_server_wrote_is_taken_over_without_repeating(
    history: History, visit: Callable[..., Visit]
) -> None:
    visitor = visit(webgl=False)
    visitor.page.add_init_script(CLICKED_EARLY)
    page = visitor.open(history.url)
    visitor.wait("document.querySelectorAll('#feed [data-served]').length === 0")
    assert titles(page)[2:] == [MARKUP]
    expect(page.get_by_role("dialog", name=titles(page)[0])).to_be_visible()


def test_a_wall_shows_no_chrome_and_larger_type(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit("/?wall=1", viewport={"width": 1920, "height": 1080})
    page = visitor.page
    visitor.stream.connect("Copper Sky", (LISBON, LAGOS))
    for hidden in (".tools", "#explore", "#status", "#city"):
        expect(page.locator(hidden)).to_be_hidden()
    size = page.evaluate("parseFloat(getComputedStyle(document.querySelector('#feed .title')).fontSize)")
    assert size > 18
    assert page.evaluate("getComputedStyle(document.getElementById('stage')).cursor") == "none"
    assert page.evaluate("document.documentElement.scrollWidth") == 1920
    assert visitor.errors == []


DIGITS = r"""() => {
  const texts = [...document.querySelectorAll('[aria-label], [title]')].flatMap((element) =>
    [element.getAttribute('aria-label'), element.title]);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const {data, parentElement} = walker.currentNode;
    if (!parentElement.closest('script, style')) texts.push(data);
  }
  return texts.join('').match(/\p{Nd}/gu) ?? [];
}"""
"""All digits of the page's texts, whatever their script."""


def test_in_arabic_all_digits_are_of_one_kind(history: History, fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(locale="ar-EG", timezone_id="Africa/Cairo")
    page = visitor.page
    visitor.stream.connect("Copper Sky", (LISBON, LAGOS))
    visitor.stream.pass_time(2)
    page.locator("#feed li h3 button").first.click()
    expect(page.locator("#card")).to_contain_text("40")
    expect(page.locator("#card [data-card=times]")).to_contain_text(":")
    digits = page.evaluate(DIGITS)
    assert len(digits) > 10
    assert "".join(digits).isascii()
    page.goto(f"{history.url}/stats")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.locator("main")).to_contain_text("3")
    visitor.run_timers()
    digits = page.evaluate(DIGITS)
    assert len(digits) > 10
    assert "".join(digits).isascii()
    assert visitor.errors == []
