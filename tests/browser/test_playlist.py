"""The page of songs that brought people together."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.axe import bring_axe, wrong_in_any_look
from tests.browser.conftest import History, Visit

FROM_MIDDLE = """() => Math.max(...[...document.querySelectorAll(".scale")].map((scale) => {
    const [one, other] = [scale, scale.children[1]].map((each) => each.getBoundingClientRect());
    return Math.abs(one.x + one.width / 2 - other.x - other.width / 2);
}))"""
"""How far, in pixels, the words in the middle of a plot's scale are from where they belong."""


def test_the_playlist_is_reached_from_the_globe_and_leads_back_to_a_song(
    history: History, visit: Callable[..., Visit]
) -> None:
    visitor = visit(webgl=False)
    page = visitor.page
    bring_axe(page)
    page.goto(history.url)
    page.get_by_role("link", name="Playlist").click()
    page.get_by_role("link", name="Farthest apart").click()
    expect(page.get_by_role("heading", name="Night Bus Home by The Harbour Lamps")).to_be_visible()
    expect(page.get_by_role("link", name="Farthest apart")).to_have_attribute("aria-current", "page")
    assert wrong_in_any_look(visitor) == []
    first = page.get_by_role("listitem").filter(has_text="Night Bus Home")
    expect(first.locator(".sleeve rect").first).to_be_attached()
    expect(first.locator(".line .over")).to_be_attached()
    expect(page.locator(".headline")).to_have_text("3 connections3 different songs")
    assert page.get_by_text("Simulated plays, for demonstration.").count() == 1, "the source is said once"
    first.get_by_label("Links for Night Bus Home").click()
    expect(first.get_by_role("link", name="MusicBrainz")).to_have_attribute("rel", "noopener noreferrer nofollow")
    assert wrong_in_any_look(visitor) == []
    page.get_by_role("link", name="Night Bus Home").click()
    expect(page.locator("#chips")).to_contain_text("Night Bus Home")


def test_the_figures_are_tables_for_those_who_do_not_see_the_plots(
    history: History, visit: Callable[..., Visit]
) -> None:
    visitor = visit(webgl=False)
    page = visitor.page
    bring_axe(page)
    page.goto(f"{history.url}/stats")
    expect(page.get_by_role("table", name="Songs").get_by_role("row", name="Night Bus Home")).to_contain_text("1")
    assert page.evaluate(FROM_MIDDLE) <= 1
    page.get_by_text("Show as table").first.click()
    expect(page.get_by_role("table", name="Distances").get_by_role("row")).to_have_count(22)
    assert wrong_in_any_look(visitor) == []
