"""What small pages, long texts and texts from right to left must not cover, break or cut off."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.conftest import FakeVisit, Visit
from tests.browser.fakestream import Song
from tests.browser.steps import LAGOS, LISBON
from tests.serving import Server

SIZES: dict[str, ViewportSize] = {
    "laptop": {"width": 1440, "height": 900},
    "phone": {"width": 390, "height": 844},
    "small": {"width": 320, "height": 640},
    "squat": {"width": 400, "height": 700},
    "on its side": {"width": 844, "height": 390},
}
TOUCH = {"has_touch": True, "is_mobile": True, "viewport": SIZES["phone"]}
COVERED = """() => {
  const box = (element) => element.getBoundingClientRect();
  const search = box(document.querySelector('#explore .finder'));
  const shown = [...document.querySelectorAll('.tools button')].filter((button) => box(button).width);
  const stage = box(document.getElementById('stage'));
  return shown.filter((button) => {
    const {left, right, top, bottom} = box(button);
    const beside = right <= search.left || search.right <= left || bottom <= search.top || search.bottom <= top;
    return !beside || left < 0 || right > innerWidth || top < stage.top || bottom > stage.bottom;
  }).map(({id}) => id);
}"""
HIDDEN_OPTIONS = """() => {
  const options = [...document.querySelectorAll('#city-found [role=option]')];
  return options.filter((option) => {
    option.scrollIntoView({block: 'nearest'});
    const {left, right, top, bottom} = option.getBoundingClientRect();
    const covers = [top + 2, bottom - 2].map((y) => document.elementFromPoint((left + right) / 2, y));
    return !covers.every((element) => option.contains(element));
  }).map(({textContent}) => textContent);
}"""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_search_covers_none_of_the_globes_buttons(
    fake_visit: Callable[..., FakeVisit], size: str, language: str
) -> None:
    page = fake_visit(f"/?lang={language}", viewport=SIZES[size]).page
    page.evaluate("document.body.dataset.globe = 'ready'")  # with its buttons to zoom
    expect(page.locator("#zoom-in")).to_be_visible()
    assert page.evaluate(COVERED) == []


@pytest.mark.parametrize("language", ["en", "de", "pt-BR"])
def test_paused_the_heading_keeps_its_line_the_badge_its_size_and_the_list_its_place(
    fake_visit: Callable[..., FakeVisit], language: str
) -> None:
    visitor = fake_visit(f"/?lang={language}", viewport=SIZES["laptop"])
    page = visitor.page
    visitor.stream.connect("Copper Sky", (LISBON, LAGOS))
    parts = ("#feed-title", ".source", ".list")
    before = [page.locator(part).bounding_box() for part in parts]
    page.keyboard.press(" ")
    visitor.stream.send(Song(f"Song {number}", (LISBON, LAGOS)) for number in range(120))
    expect(page.locator("#pause-note")).to_contain_text("120")
    assert [page.locator(part).bounding_box() for part in parts] == before


def text_boxes(page: Page, selector: str) -> list[list[float]]:
    """Return left, right, top and bottom of each line of an element's text."""
    lines: list[list[float]] = page.locator(selector).evaluate("""element => {
      const range = document.createRange();
      range.selectNodeContents(element);
      return [...range.getClientRects()].map(({left, right, top, bottom}) => [left, right, top, bottom]);
    }""")
    return lines


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize(
    "title", ["The Long Way Home Through Every Harbour Town " * 3, "الطريق الطويل إلى البيت عبر كل المدن " * 4]
)
def test_a_cards_title_leaves_its_button_free(fake_visit: Callable[..., FakeVisit], language: str, title: str) -> None:
    visitor = fake_visit(f"/?lang={language}", viewport=SIZES["laptop"])
    page = visitor.page
    visitor.stream.connect(title, (LISBON, LAGOS))
    page.locator("#feed li .title").click()
    button = page.locator("#card .close").bounding_box()
    assert button is not None
    for left, right, top, bottom in text_boxes(page, "#card-title"):
        beside = right <= button["x"] or left >= button["x"] + button["width"]
        assert beside or top >= button["y"] + button["height"] or bottom <= button["y"]


def test_a_phones_settings_can_be_closed_and_have_no_switch_for_keys(fake_visit: Callable[..., FakeVisit]) -> None:
    page = fake_visit(**TOUCH).page
    page.locator("#settings-open").tap()
    settings = page.locator("#settings")
    expect(settings.get_by_role("switch", name="Announcements")).to_be_visible()
    expect(settings.get_by_role("switch", name="Single-key shortcuts")).to_be_hidden()
    settings.get_by_role("button", name="Close").tap()
    expect(settings).to_be_hidden()


def test_the_settings_of_a_laptop_have_that_switch(fake_visit: Callable[..., FakeVisit]) -> None:
    page = fake_visit(viewport=SIZES["laptop"]).page
    page.locator("#settings-open").click()
    expect(page.get_by_role("switch", name="Single-key shortcuts")).to_be_visible()


def test_nothing_covers_the_cities_that_a_phone_suggests(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(**TOUCH)
    page = visitor.page
    page.locator(".your-city summary").click()
    page.locator("#feed").evaluate("list => list.parentElement.dispatchEvent(new Event('pointerenter'))")
    page.locator("#newer").evaluate("(button) => { button.hidden = false; button.textContent = '14 new connections'; }")
    page.get_by_role("combobox", name="City name").fill("san")
    visitor.stream.pass_time(0.2)
    expect(page.locator("#city-found [role=option]").first).to_be_visible()
    assert page.evaluate(HIDDEN_OPTIONS) == []


def test_a_link_that_is_wrong_is_explained_to_visitors_and_only_then_to_developers(
    idle: Server, visit: Callable[..., Visit]
) -> None:
    page = visit(webgl=False).page
    page.goto(f"{idle.url}/playlist?period=century")
    expect(page.get_by_text("This link is misspelled or out of date.")).to_be_visible()
    expect(page.get_by_text("'century'")).to_be_hidden()
    page.get_by_text("For developers").click()
    expect(page.get_by_text("'century'")).to_be_visible()
