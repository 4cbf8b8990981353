"""How the page looks and speaks: themes, languages, a wall, and what is there without a script or without WebGL."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PATIENCE_MS, Visit
from tests.browser.steps import LAGOS, LISBON, OSAKA, RECIFE, changed, picture, send_pair, titles
from tests.conftest import lasting
from tests.serving import Server, get_json

pytestmark = pytest.mark.timeout(300)
FIXED = "?t=1790000000"
MARKUP = "<img src=x onerror=alert(1)>"
GROUND = "getComputedStyle(document.documentElement).backgroundColor"
PAPER, NIGHT = "rgb(239, 233, 221)", "rgb(4, 6, 15)"

CLICKED_EARLY = """document.addEventListener('DOMContentLoaded', () => {
  document.querySelector('#feed [data-served] .title').click();
}, {once: true})"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that tests share which only look; its history has two connections."""
    with lasting(tmp_path_factory.mktemp("told"), UNISON_SHOWN_PER_S="0") as server:
        for title, cities in ((MARKUP, (OSAKA, RECIFE)), ("Copper Sky", (LISBON, LAGOS))):
            deadline = time.monotonic() + PATIENCE_MS / 1000
            send_pair(server, title, cities=cities)
            while title not in known(server):
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield server


def known(server: Server) -> list[str]:
    """The songs of the connections that the server has found, newest first."""
    return [connection["track"]["title"] for connection in get_json(server, "/api/connections")["connections"]]


def test_the_theme_is_the_systems_until_one_is_chosen_and_kept(idle: Server, visit: Callable[..., Visit]) -> None:
    visitor = visit(color_scheme="light")
    page = visitor.open(idle.url + FIXED)
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


def test_the_globe_is_drawn_anew_in_the_other_theme(server: Server, visit: Callable[..., Visit]) -> None:
    visitor = visit(color_scheme="dark")
    visitor.hold(15)
    page = visitor.open(server.url + FIXED)
    dark = picture(page)
    page.emulate_media(color_scheme="light")
    visitor.wait("document.documentElement.dataset.look === 'light'")
    page.wait_for_timeout(1000)
    light = picture(page)
    assert changed(page, dark, light) > 50_000
    send_pair(server, "Ink", cities=(LISBON, LAGOS))
    visitor.wait("document.querySelectorAll('.label.city.shown').length === 2")
    assert changed(page, light, picture(page)) > 100
    assert visitor.errors == []


def test_in_arabic_the_page_is_mirrored_and_its_menu_leads_elsewhere(told: Server, visit: Callable[..., Visit]) -> None:
    visitor = visit(locale="ar-EG", viewport={"width": 1200, "height": 800})
    page = visitor.open(told.url)
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
    page.goto(told.url)
    page.wait_for_url("**/?lang=de")
    expect(page.locator("#feed-title")).to_have_text("In derselben Sekunde")
    assert visitor.errors == []


def test_an_american_reads_miles(told: Server, visit: Callable[..., Visit]) -> None:
    page = visit(locale="en-US").open(told.url)
    facts = page.locator("#feed li", has_text=MARKUP).locator(".facts").inner_text()
    assert re.match(r"40 ms apart · 10,499 mi · \d+:\d\d:\d\d\s[AP]M$", facts)


def test_without_a_script_there_is_a_placeholder_and_the_latest_connections(
    told: Server, visit: Callable[..., Visit]
) -> None:
    visitor = visit(java_script_enabled=False)
    page = visitor.page
    page.goto(told.url)
    assert titles(page) == ["Copper Sky", MARKUP]
    assert page.locator("#feed img").count() == 0
    assert page.locator("#feed .cities").last.inner_text() == "Osaka, Japan and Recife, Brazil"
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
    told: Server, visit: Callable[..., Visit]
) -> None:
    visitor = visit()
    visitor.page.add_init_script(CLICKED_EARLY)
    page = visitor.open(told.url)
    visitor.wait("document.querySelectorAll('#feed [data-served]').length === 0")
    assert titles(page) == ["Copper Sky", MARKUP]
    expect(page.locator(".placeholder")).to_be_hidden()
    expect(page.get_by_role("dialog", name="Copper Sky")).to_be_visible()


def test_a_wall_shows_no_chrome_and_larger_type(told: Server, visit: Callable[..., Visit]) -> None:
    visitor = visit(viewport={"width": 1920, "height": 1080})
    page = visitor.page
    page.goto(told.url + "/?wall=1")
    visitor.wait("document.getElementById('status').dataset.state === 'live'")
    for hidden in (".tools", "#explore", "#status", "#city"):
        expect(page.locator(hidden)).to_be_hidden()
    size = page.evaluate("parseFloat(getComputedStyle(document.querySelector('#feed .title')).fontSize)")
    assert size > 18
    assert page.evaluate("getComputedStyle(document.getElementById('stage')).cursor") == "none"
    assert page.evaluate("document.documentElement.scrollWidth") == 1920
    assert visitor.errors == []
