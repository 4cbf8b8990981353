"""Places as people read them: labels with regions, and countries in the page's language."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import FakeVisit

BELEM, CAIRO, WASHINGTON, SINGAPORE = 3405870, 360630, 4140963, 1880252
SHOWN = "[...document.querySelectorAll('.label.city.shown')]"


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("de", ["Belém, Pará", "Brasilien"], ["Cairo", "Ägypten"]),
        ("ar", ["Belém, Pará", "البرازيل"], ["Cairo", "مصر"]),
    ],
)
def test_globe_list_and_details_name_regions_and_countries_alike(
    fake_visit: Callable[..., FakeVisit], language: str, one: list[str], other: list[str]
) -> None:
    visitor = fake_visit(f"/?lang={language}", webgl=True, still=True, viewport={"width": 1440, "height": 900})
    page, comma = visitor.page, {"de": ", ", "ar": "، "}[language]
    page.evaluate("document.getElementById('counters').style.display = 'none'")  # it would lie over a city
    visitor.stream.connect("Night Bus Home", (BELEM, CAIRO))
    visitor.pass_time_until(f"{SHOWN}.length === 2")
    lines = page.evaluate(
        f"{SHOWN}.map((label) => [...label.querySelectorAll('span')].map((line) => line.textContent))"
    )
    assert sorted(lines) == sorted([one, other])
    places = [comma.join(each) for each in (one, other)]
    expect(page.locator("#feed li .cities bdi")).to_have_text(places)
    page.locator("#feed li h3 button").click()
    expect(page.locator("#card [data-card=from]")).to_have_text(places[0])
    expect(page.locator("#card [data-card=to]")).to_have_text(places[1])
    expect(page.locator("#card [data-card=only] bdi")).to_have_text(
        ["The Harbour Lamps", "Night Bus Home", "Belém, Pará", "Cairo"]
    )
    assert visitor.errors == []


def test_a_long_label_stands_whole_over_its_country_and_a_city_state_has_one_name(
    fake_visit: Callable[..., FakeVisit],
) -> None:
    visitor = fake_visit(webgl=True, still=True)
    visitor.stream.connect("Lanterns", (WASHINGTON, SINGAPORE))
    visitor.pass_time_until(f"{SHOWN}.some(({{innerText}}) => innerText.startsWith('Washington'))")
    label = visitor.page.locator(".label.city", has_text="Washington, District of Columbia")
    city = label.locator("span").first
    assert city.evaluate("({scrollWidth, clientWidth}) => scrollWidth <= clientWidth")
    tops = label.evaluate("(element) => [...element.querySelectorAll('span')].map(({offsetTop}) => offsetTop)")
    assert tops[1] - tops[0] > 10
    expect(visitor.page.locator("#feed .cities bdi")).to_have_text(
        ["Washington, District of Columbia, United States", "Singapore"]
    )
