from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.browser.conftest import FakeVisit
from tests.browser.steps import LAGOS, LISBON, OSAKA, RECIFE

HEARD = """() => {
  window.heard = [];
  for (const region of document.querySelectorAll('[aria-live], [role=status]:not(.found-note)')) {
    new MutationObserver(() => heard.push(region.textContent)).observe(region, {childList: true});
  }
}"""
KEPT = "localStorage.getItem('unison.city')"


def test_what_touches_your_city_is_listed_glows_and_is_told_gently(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit()
    page, stream = visitor.page, visitor.stream
    visitor.choose_osaka()
    page.evaluate(HEARD)
    assert json.loads(page.evaluate(KEPT)) == {
        "id": OSAKA,
        "label": "Osaka",
        "detail": "Japan",
        "country_code": "JP",
        "lon": 135.50107,
        "lat": 34.69379,
    }
    assert urlsplit(page.url)[2:] == ("/", "", "")
    stream.connect("Copper Sky", (LISBON, LAGOS))
    expect(page.locator("#feed li")).to_have_count(1)
    stream.connect("Night Bus Home", (RECIFE, OSAKA))
    listed = page.locator(".your-city ol li")
    expect(listed).to_have_count(1)
    expect(listed).to_have_text("Night Bus Home Recife, Brazil")
    expect(page.locator(".city-note")).to_have_text("Osaka and Recife, Brazil just started Night Bus Home together")
    expect(page.locator("#feed li")).to_have_count(2)
    expect(page.locator("#feed li.mine .title")).to_have_text(["Night Bus Home"])
    stream.pass_time(4.9)
    assert ["Copper Sky" in told for told in page.evaluate("heard")] == [True], "it tells at most once in five seconds"
    stream.pass_time(0.2)
    assert ["Night Bus Home" in told for told in page.evaluate("heard")] == [False, True]
    listed.get_by_role("button").click()
    expect(page.get_by_role("dialog", name="Night Bus Home")).to_be_visible()
    assert visitor.errors == []


def test_it_is_known_again_listed_from_before_and_forgotten_on_wish(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit()
    page, stream = visitor.page, visitor.stream
    visitor.choose_osaka()
    stream.connect("Night Bus Home", (RECIFE, OSAKA))
    expect(page.locator(".your-city ol li")).to_have_count(1)
    page.goto(f"{page.url}?country=PT")
    page.locator(".your-city summary").click()
    expect(page.locator(".your-city ol li")).to_have_count(1)
    expect(page.locator(".city-note")).to_be_empty()  # it was before
    stream.connect("Night Train", (OSAKA, LAGOS))
    expect(page.locator(".your-city ol li")).to_have_count(2)
    assert page.locator("#feed li").count() == 0  # the filter holds
    page.get_by_role("button", name="Remove city").click()
    expect(page.locator(".your-city summary")).to_have_text("Choose your city")
    expect(page.locator(".your-city ol li")).to_have_count(0)
    assert page.evaluate(KEPT) is None
