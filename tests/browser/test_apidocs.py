"""The page of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.axe import SIZES, bring_axe, complaints
from tests.browser.conftest import Visit
from tests.serving import Server

FEW = "document.querySelectorAll('article:nth-of-type(n+2)').forEach((article) => article.remove())"
"""Leaves one article in each section: one template makes them all, and axe would take minutes for the whole page."""


@pytest.mark.parametrize(
    ("size", "theme"), [("laptop", "light"), pytest.param("phone", "dark", marks=pytest.mark.long)]
)
def test_axe_finds_nothing_on_it(idle: Server, visit: Callable[..., Visit], size: str, theme: str) -> None:
    visitor = visit(webgl=False, viewport=SIZES[size], color_scheme=theme)
    bring_axe(visitor.page)
    visitor.page.goto(f"{idle.url}/docs/api")
    visitor.page.evaluate(FEW)
    assert complaints(visitor) == []
    assert visitor.errors == []


def test_nothing_sticks_out_of_it_on_a_phone(idle: Server, visit: Callable[..., Visit]) -> None:
    page = visit(webgl=False, viewport=SIZES["phone"]).page
    page.goto(f"{idle.url}/docs/api")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_a_link_to_an_operation_shows_it_and_opens_its_group(idle: Server, visit: Callable[..., Visit]) -> None:
    visitor = visit(webgl=False)
    page = visitor.page
    page.goto(f"{idle.url}/docs/api#listPast")
    expect(page.locator("#listPast")).to_be_in_viewport()
    expect(page.get_by_role("navigation").get_by_role("link", name="Read the messages")).to_be_visible()
    page.locator("#listPast").get_by_role("link", name="Past", exact=True).click()
    expect(page.locator("#schema-Past")).to_be_in_viewport()
    assert visitor.errors == []


def test_a_button_copies_an_example(idle: Server, visit: Callable[..., Visit]) -> None:
    visitor = visit(webgl=False, permissions=["clipboard-read", "clipboard-write"])
    page = visitor.page
    page.goto(f"{idle.url}/docs/api#search")
    button = page.locator("#search .curl button")
    button.click()
    expect(button).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == f"curl '{idle.url}/api/search?q=osa'"


def test_without_javascript_it_has_everything_but_the_buttons(idle: Server, visit: Callable[..., Visit]) -> None:
    page = visit(webgl=False, java_script_enabled=False).page
    page.goto(f"{idle.url}/docs/api")
    expect(page.locator("#sendPlays pre").first).to_contain_text(f"curl '{idle.url}/api/plays'")
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    page.get_by_text("Sharing", exact=True).first.click()
    page.get_by_role("link", name="Get the latest 50 connections").first.click()
    expect(page.locator("#getFeed")).to_be_in_viewport()
