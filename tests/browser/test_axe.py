"""The page in all its states, as axe-core judges it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.axe import SIZES, THEMES, Theme, bring_axe, complaints, in_each
from tests.browser.conftest import FakeVisit
from tests.browser.steps import LAGOS, LISBON, OSAKA
from tests.serving import Server


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_on_the_page_what_waits_its_settings_its_help_and_its_card(
    idle: Server, fake_visit: Callable[..., FakeVisit], size: str, theme: str
) -> None:
    webgl = size == "laptop"
    visitor = fake_visit("", webgl=webgl, viewport=SIZES[size], color_scheme=theme, reduced_motion="reduce")
    bring_axe(visitor.page)
    page, stream = visitor.open(idle.url), visitor.stream
    stream.connect("Night Bus Home", (LISBON, LAGOS))
    expect(page.locator("#feed li")).to_have_count(1)
    assert complaints(visitor) == []
    page.locator("#feed li").hover()
    stream.connect("Copper Sky", (OSAKA, LISBON))
    expect(page.locator("#newer")).to_be_visible()
    assert complaints(visitor) == []
    page.locator("#newer").click()
    expect(page.locator("#feed li")).to_have_count(2)
    page.keyboard.press(" ")
    page.locator("#settings-open").click()
    assert complaints(visitor) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    visitor.wait("document.getElementById('help').open")
    assert complaints(visitor) == []
    page.keyboard.press("Escape")
    page.locator("#feed button").first.click()
    visitor.wait("document.getElementById('card').open")
    assert complaints(visitor) == []
    assert visitor.errors == []


@pytest.mark.parametrize(("size", "locale", "theme"), [("laptop", "en-IE", "dark"), ("phone", "ar-EG", "light")])
def test_axe_finds_nothing_without_webgl_with_a_city_a_search_a_filter_or_a_refusal(
    idle: Server, fake_visit: Callable[..., FakeVisit], size: str, locale: str, theme: Theme
) -> None:
    visitor = fake_visit("", viewport=SIZES[size], locale=locale, reduced_motion="reduce")
    bring_axe(visitor.page)
    page, stream = visitor.open(idle.url), visitor.stream
    assert in_each(THEMES, visitor, "no WebGL, empty") == []

    page.locator("#city summary").click()
    page.locator("#city-q").fill("osaka")
    stream.pass_time(0.2)
    page.locator("#city-found [role=option]").first.click()
    stream.connect("Night Bus Home", (OSAKA, LISBON))
    expect(page.locator(".city-note")).not_to_be_empty()
    expect(page.locator("#feed li.mine")).to_have_count(1)
    assert in_each([theme], visitor, "a city chosen") == []

    page.locator("#q").fill("po")
    stream.pass_time(0.2)
    page.locator("#found [role=option]").first.wait_for()
    page.keyboard.press("ArrowDown")
    assert in_each([theme], visitor, "results") == []
    page.locator("#found [role=option]").first.click()
    expect(page.locator(".chip")).to_have_count(1)
    assert in_each([theme], visitor, "a filter") == []

    page.goto(f"{idle.url}/?country=XX&artist=Nobody")
    visitor.wait("document.getElementById('status').dataset.state === 'refused'")
    assert in_each([theme], visitor, "a refusal") == []


def test_axe_finds_nothing_on_a_wall(idle: Server, fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit("", webgl=True, viewport={"width": 1920, "height": 1080}, reduced_motion="reduce")
    bring_axe(visitor.page)
    visitor.open(idle.url + "/?wall=1")
    visitor.stream.connect("Night Bus Home", (LISBON, LAGOS))
    visitor.pass_time_until("document.querySelectorAll('.label.shown').length === 3")
    assert in_each(THEMES, visitor, "a wall") == []
    assert visitor.errors == []
