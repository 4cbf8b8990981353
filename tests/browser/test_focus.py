"""Where the keyboard's focus is after the list has moved on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import FakeVisit
from tests.browser.fakestream import Song
from tests.browser.steps import LAGOS, LISBON

IN_SIGHT = """() => {
  const {top, bottom} = document.activeElement.getBoundingClientRect();
  const room = document.getElementById('feed').getBoundingClientRect();
  return document.activeElement.closest('#feed li') !== null
    && top >= Math.max(0, room.top) - 1 && bottom <= Math.min(innerHeight, room.bottom) + 1;
}"""


def open_first(visitor: FakeVisit) -> str:
    """Open the newest entry by Enter, and return its title."""
    visitor.stream.connect("Copper Sky", (LISBON, LAGOS))
    entry = visitor.page.locator("#feed li button").first
    entry.focus()
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.get_by_role("dialog", name="Copper Sky")).to_be_visible()
    return "Copper Sky"


def more(visitor: FakeVisit, count: int) -> None:
    visitor.stream.send(Song(f"Song {number}", (LISBON, LAGOS)) for number in range(count))
    visitor.stream.pass_time(6)


@pytest.mark.parametrize("viewport", [{"width": 1440, "height": 900}, {"width": 390, "height": 844}])
def test_an_entry_that_moved_out_of_sight_is_shown_when_it_gets_the_focus_back(
    fake_visit: Callable[..., FakeVisit], viewport: dict[str, int]
) -> None:
    visitor = fake_visit(viewport=viewport)
    page = visitor.page
    title = open_first(visitor)
    more(visitor, 40)
    page.keyboard.press("Escape")
    expect(page.locator("#card")).to_be_hidden()
    expect(page.locator("#feed li", has_text=title).locator("button").first).to_be_focused()
    visitor.wait(f"({IN_SIGHT})()")


def test_where_the_entry_has_left_the_list_its_newest_one_gets_the_focus(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit()
    page = visitor.page
    open_first(visitor)
    more(visitor, 70)
    expect(page.locator("#feed li")).to_have_count(60)
    page.keyboard.press("Escape")
    expect(page.locator("#feed li button").first).to_be_focused()
    visitor.wait(f"({IN_SIGHT})()")
