from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE_MS, Visit
from tests.browser.steps import LAGOS, LISBON, OSAKA, RECIFE, send_pair
from tests.serving import Server

pytestmark = pytest.mark.timeout(300)
HEARD = """() => {
  window.heard = [];
  for (const region of document.querySelectorAll('[aria-live], [role=status]:not(.found-note)')) {
    new MutationObserver(() => heard.push([performance.now(), region.textContent])).observe(region, {childList: true});
  }
}"""
KEPT = "localStorage.getItem('unison.city')"


def choose_osaka(page: Page) -> None:
    page.locator(".your-city summary").click()
    page.get_by_role("combobox", name="Your city").fill("ósaka")
    page.get_by_role("option", name="Osaka Japan").click()
    expect(page.locator(".your-city summary")).to_have_text("Your city Osaka, Japan")


def test_what_touches_your_city_is_listed_glows_and_is_told_gently(server: Server, visit: Callable[..., Visit]) -> None:
    visitor = visit()
    page = visitor.open(server.url)
    choose_osaka(page)
    page.evaluate(HEARD)
    assert json.loads(page.evaluate(KEPT)) == {"id": OSAKA, "label": "Osaka", "detail": "Japan"}
    assert page.url == server.url + "/"
    send_pair(server, "Copper Sky", cities=(LISBON, LAGOS))
    expect(page.locator("#feed li")).to_have_count(1, timeout=PATIENCE_MS)
    send_pair(server, "Night Bus Home", cities=(RECIFE, OSAKA))
    listed = page.locator(".your-city ol li")
    expect(listed).to_have_count(1, timeout=PATIENCE_MS)
    expect(listed).to_have_text("Night Bus Home Recife, Brazil")
    expect(page.locator(".city-note")).to_have_text("Osaka and Recife, Brazil just started Night Bus Home together")
    expect(page.locator("#feed li")).to_have_count(2, timeout=PATIENCE_MS)
    expect(page.locator("#feed li.mine .title")).to_have_text(["Night Bus Home"])
    visitor.wait("heard.length === 2")
    (began, one), (then, other) = page.evaluate("heard")
    assert then - began >= 4900, "a screen reader is told at most once in five seconds"
    assert "Copper Sky" in one
    assert "Night Bus Home" in other
    listed.get_by_role("button").click()
    expect(page.get_by_role("dialog", name="Night Bus Home")).to_be_visible()
    assert visitor.errors == []


def test_it_is_known_again_listed_from_before_and_forgotten_on_wish(
    server: Server, visit: Callable[..., Visit]
) -> None:
    page = visit().open(server.url)
    choose_osaka(page)
    send_pair(server, "Night Bus Home", cities=(RECIFE, OSAKA))
    expect(page.locator(".your-city ol li")).to_have_count(1, timeout=PATIENCE_MS)
    page.goto(f"{server.url}/?country=PT")
    page.locator(".your-city summary").click()
    expect(page.locator(".your-city ol li")).to_have_count(1, timeout=PATIENCE_MS)
    expect(page.locator(".city-note")).to_be_empty()  # it was before
    send_pair(server, "Night Train", cities=(OSAKA, LAGOS))
    expect(page.locator(".your-city ol li")).to_have_count(2, timeout=PATIENCE_MS)
    assert page.locator("#feed li").count() == 0  # the filter holds
    page.get_by_role("button", name="Forget this city").click()
    expect(page.locator(".your-city summary")).to_have_text("Your city")
    expect(page.locator(".your-city ol li")).to_have_count(0)
    assert page.evaluate(KEPT) is None
