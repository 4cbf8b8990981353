from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.conftest import Visit
from tests.browser.steps import LAGOS, LISBON, OSAKA, send_pair
from tests.serving import ROOT, Server, get_json

pytestmark = pytest.mark.timeout(300)
FETCHED = sorted((ROOT / ".venv").glob("npm-*/node_modules/axe-core/axe.min.js"))
AXE = os.environ.get("AXE") or (str(FETCHED[-1]) if FETCHED else None)
Theme = Literal["dark", "light"]
THEMES: tuple[Theme, ...] = ("dark", "light")
SIZES: dict[str, ViewportSize] = {
    "laptop": {"width": 1440, "height": 900},
    "phone": {"width": 390, "height": 844},
}

WITHOUT_WEBGL = "HTMLCanvasElement.prototype.getContext = () => null; OffscreenCanvas.prototype.getContext = () => null"


def bring_axe(page: Page) -> None:
    """Have axe-core in what the page opens from now on."""
    if AXE is None:
        pytest.skip("no axe-core: scripts/test fetches it")
    page.add_init_script(Path(AXE).read_text())


def complaints(page: Page) -> list[str]:
    """What axe-core finds wrong with the page as it is now: the rule, and the elements that break it."""
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{wrong['id']}: {[node['html'] for node in wrong['nodes']]}" for wrong in found["violations"]]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_on_the_page_what_waits_its_settings_its_help_and_its_card(
    server: Server, visit: Callable[..., Visit], size: str, theme: str
) -> None:
    visitor = visit(viewport=SIZES[size], color_scheme=theme, reduced_motion="reduce")
    bring_axe(visitor.page)
    page = visitor.open(server.url + "/?t=1790000000")
    send_pair(server, "Night Bus Home", cities=(LISBON, LAGOS))
    visitor.wait("document.querySelectorAll('#feed li').length === 1")
    assert complaints(page) == []
    page.locator("#feed li").hover()
    send_pair(server, "Copper Sky", cities=(OSAKA, LISBON))
    expect(page.locator("#newer")).to_be_visible()
    assert complaints(page) == []
    page.locator("#newer").click()
    expect(page.locator("#feed li")).to_have_count(2)
    page.keyboard.press(" ")
    page.locator("#settings-open").click()
    assert complaints(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    visitor.wait("document.getElementById('help').open")
    assert complaints(page) == []
    page.keyboard.press("Escape")
    page.locator("#feed button").first.click()
    visitor.wait("document.getElementById('card').open")
    assert complaints(page) == []
    assert visitor.errors == []


def wrong_in_any_look(page: Page) -> list[str]:
    """What axe finds on a page, and what sticks out of it, in each size and theme."""
    found = []
    for name, size in SIZES.items():
        for theme in THEMES:
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=theme)
            found += [f"{name}, {theme}: {complaint}" for complaint in complaints(page)]
            if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
                found.append(f"{name}, {theme}: something sticks out")
    return found


def in_each(themes: Sequence[Theme], visitor: Visit, state: str) -> list[str]:
    """What axe-core finds in a state of the page, in one theme after the other."""
    found = []
    for theme in themes:
        visitor.page.emulate_media(color_scheme=theme)
        visitor.wait(f"document.documentElement.dataset.look === '{theme}'")
        found += [f"{state}, {theme}: {complaint}" for complaint in complaints(visitor.page)]
    return found


@pytest.mark.parametrize(("size", "locale", "theme"), [("laptop", "en-IE", "dark"), ("phone", "ar-EG", "light")])
def test_axe_finds_nothing_without_webgl_with_a_city_a_search_a_filter_or_a_refusal(
    server: Server, visit: Callable[..., Visit], size: str, locale: str, theme: Theme
) -> None:
    visitor = visit(viewport=SIZES[size], locale=locale, reduced_motion="reduce")
    bring_axe(visitor.page)
    visitor.page.add_init_script(WITHOUT_WEBGL)
    page = visitor.page
    page.goto(server.url)
    visitor.wait("document.body.dataset.globe === 'none'")
    visitor.wait("document.getElementById('status').dataset.state === 'live'")
    assert in_each(THEMES, visitor, "no WebGL, empty") == []

    page.locator("#city summary").click()
    page.locator("#city-q").fill("osaka")
    page.locator("#city-found [role=option]").first.click()
    send_pair(server, "Night Bus Home", cities=(OSAKA, LISBON))
    expect(page.locator(".city-note")).not_to_be_empty()
    visitor.wait("document.querySelectorAll('#feed li.mine').length === 1")
    assert in_each([theme], visitor, "a city chosen") == []

    while "Night Bus Home" not in json.dumps(get_json(server, "/api/search?q=night")):
        page.wait_for_timeout(100)  # a search finds what was heard a moment ago, and asks once
    page.locator("#q").fill("ni")
    page.locator("#found [role=option]", has_text="Night Bus Home").wait_for()
    page.keyboard.press("ArrowDown")
    assert in_each([theme], visitor, "what was found") == []
    page.locator("#found [role=option]", has_text="Night Bus Home").click()
    expect(page.locator(".chip")).to_have_count(1)
    assert in_each([theme], visitor, "a filter") == []

    page.goto(f"{server.url}/?country=XX&artist=Nobody")
    visitor.wait("document.getElementById('status').dataset.state === 'refused'")
    assert in_each([theme], visitor, "a refusal") == []


def test_axe_finds_nothing_on_a_wall(server: Server, visit: Callable[..., Visit]) -> None:
    visitor = visit(viewport={"width": 1920, "height": 1080}, reduced_motion="reduce")
    bring_axe(visitor.page)
    visitor.hold(30)
    visitor.open(server.url + "/?wall=1&t=1790000000")
    send_pair(server, "Night Bus Home", cities=(LISBON, LAGOS))
    visitor.wait("document.querySelectorAll('.label.shown').length === 3")
    assert in_each(THEMES, visitor, "a wall") == []
    assert visitor.errors == []
