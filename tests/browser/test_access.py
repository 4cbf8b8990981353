from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import FakeVisit
from tests.browser.fakestream import Song
from tests.browser.steps import LAGOS, LISBON, OSAKA, RECIFE, titles
from tests.serving import Server

SEOUL = 1835848
FOCUSED = "document.activeElement.textContent.trim()"
FOUND = "document.querySelector('[data-count=found]').textContent === '{}'"
PLACES = "[...document.querySelectorAll('.label.city')].map((label) => label.style.transform).join()"

WITHOUT_RING = """() => {
  const rings = (element) => {
    const {outlineStyle, outlineWidth} = getComputedStyle(element);
    return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
  };
  const focused = document.activeElement;
  if (focused === document.body) return null;
  const around = [focused, focused.parentElement, focused.closest('li') ?? focused];
  return around.some(rings) ? '' : focused.outerHTML.slice(0, 100);
}"""


def heard(page: Page) -> str:
    return page.locator("#announcer").text_content() or ""


def flip(page: Page, switch: str) -> None:
    page.locator("#settings-open").click()
    page.locator(f"[data-switch={switch}]").click()
    page.keyboard.press("Escape")
    expect(page.locator("#settings")).to_be_hidden()
    page.mouse.move(1, 1)  # away from the list, which waits while somebody points at it


def test_enter_on_an_entry_flies_the_globe_there_and_shows_it_again(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(webgl=True, reduced_motion="reduce")
    page = visitor.page
    visitor.stream.connect("Night Bus Home", (OSAKA, SEOUL))
    expect(page.locator("#feed h3")).to_have_text("Night Bus Home by The Harbour Lamps")
    visitor.pass_time_until("document.getElementById('stage').dataset.arcs === '1'")
    visitor.stream.pass_time(3)
    assert page.locator(".label.shown").count() == 0, "it is on the other side"
    page.locator("#feed button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#card")).to_be_visible()
    page.keyboard.press("Escape")  # labels keep out from under the card
    visitor.pass_time_until("document.querySelectorAll('.label.song.shown').length === 1")
    box, stage = page.locator(".label.song .card").bounding_box(), page.locator("#stage").bounding_box()
    assert box is not None
    assert stage is not None
    assert abs(box["x"] + box["width"] / 2 - stage["x"] - stage["width"] / 2) < stage["width"] / 4
    assert visitor.errors == []


def test_arrow_keys_walk_the_list_which_is_one_stop_for_tab(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit()
    page = visitor.page
    for title in ("One", "Two", "Three"):
        visitor.stream.connect(title, (LISBON, LAGOS))
    expect(page.locator("#feed .title").first).to_have_text("Three")
    page.locator("#feed button").first.focus()
    for key, title in (
        ("ArrowDown", "Two"),
        ("End", "One"),
        ("ArrowDown", "One"),
        ("ArrowUp", "Two"),
        ("Home", "Three"),
    ):
        page.keyboard.press(key)
        assert page.evaluate(FOCUSED).startswith(title), key
        assert page.locator("#feed button[tabindex='0']").count() == 1
    visitor.stream.connect("Four", (LISBON, LAGOS))
    visitor.wait(FOUND.format(4))
    assert titles(page) == ["Three", "Two", "One"], "nothing moves while somebody is in the list"
    page.evaluate("document.activeElement.blur()")
    expect(page.locator("#feed .title").first).to_have_text("Four")
    expect(page.locator("#feed button[tabindex='0']")).to_contain_text("Four")


def test_the_globe_is_turned_and_brought_nearer_by_keys_and_buttons(
    idle: Server, fake_visit: Callable[..., FakeVisit]
) -> None:
    visitor = fake_visit("", webgl=True, reduced_motion="reduce")
    visitor.hold(60)
    page = visitor.open(idle.url)
    visitor.stream.connect("Copper Sky", (LISBON, LAGOS))
    visitor.pass_time_until("document.querySelectorAll('.label.city.shown').length === 2")
    for key in ("ArrowLeft", "ArrowUp", "+", "-", "zoom-in"):
        before = page.evaluate(PLACES)
        if key == "zoom-in":
            page.locator("#zoom-in").click()
        else:
            page.keyboard.press(key)
        visitor.pass_time_until(f"{PLACES} !== {before!r}")
        visitor.stream.pass_time(1)
    flip(page, "keys")
    before = page.evaluate(PLACES)
    page.keyboard.press("ArrowLeft")
    visitor.stream.pass_time(1)
    assert page.evaluate(PLACES) == before


def test_a_pause_stops_all_motion_and_says_what_came_meanwhile(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(webgl=True)
    page, stream = visitor.page, visitor.stream
    stream.connect("Before", (LISBON, LAGOS))
    visitor.pass_time_until("document.querySelectorAll('.label.city.shown').length === 2")
    page.keyboard.press(" ")
    expect(page.locator("#pause-note")).to_have_text("Paused")
    stream.pass_time(0.3)
    before = page.evaluate(PLACES)
    stream.connect("Meanwhile", (OSAKA, RECIFE))
    expect(page.locator("#pause-note")).to_have_text("Paused · 1 new")
    stream.pass_time(2)
    assert page.evaluate(PLACES) == before
    assert page.evaluate("document.getElementById('stage').dataset.arcs") == "1"
    assert page.evaluate("document.getAnimations().filter(({playState}) => playState === 'running').length") == 0
    assert titles(page) == ["Before"]
    expect(page.locator("[data-count=found]")).to_have_text("2")
    page.locator("#pause").click()
    expect(page.locator("#pause-note")).to_be_hidden()
    assert titles(page) == ["Meanwhile", "Before"]
    visitor.pass_time_until("document.getElementById('announcer').textContent.includes('1 new connection')")
    visitor.pass_time_until(f"{PLACES} !== {before!r}")


def test_in_a_pause_an_entry_is_shown_alone_and_whole(idle: Server, fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit("", webgl=True)
    visitor.hold(60)
    page = visitor.open(idle.url)
    visitor.stream.send([Song("First", (LISBON, LAGOS)), Song("Second", (OSAKA, SEOUL))])
    visitor.pass_time_until("document.getElementById('stage').dataset.arcs === '2'")
    page.keyboard.press(" ")
    visitor.stream.pass_time(0.1)
    page.locator("#feed button").first.click()
    visitor.pass_time_until(
        "[...document.querySelectorAll('.label.song.shown')].some((label) => label.textContent.startsWith('Second'))"
    )
    assert set(page.locator(".label.song.shown span:first-child").all_text_contents()) == {"Second"}


def test_help_and_search_are_a_key_away_and_escape_goes_back(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit()
    page = visitor.page
    page.locator("#pause").focus()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    assert page.evaluate("document.activeElement.id") == "pause"
    page.keyboard.press("/")
    field = page.get_by_role("combobox")
    expect(field).to_be_focused()
    page.keyboard.type("/? +")
    expect(field).to_have_value("/? +")
    expect(page.locator("#help")).to_be_hidden()
    assert visitor.errors == []


def test_choices_are_kept_once_a_switch_was_moved_and_not_before(fake_visit: Callable[..., FakeVisit]) -> None:
    page = fake_visit().page
    assert page.evaluate("localStorage.length") == 0
    expect(page.locator("html")).to_have_attribute("data-motion", "full")
    flip(page, "motion")
    expect(page.locator("html")).to_have_attribute("data-motion", "less")
    flip(page, "follow")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-motion", "less")
    page.locator("#settings-open").click()
    names = ("motion", "follow", "sound", "announce", "keys")
    checked = {name: page.locator(f"[data-switch={name}]").is_checked() for name in names}
    assert checked == {"motion": False, "follow": False, "sound": False, "announce": True, "keys": True}


def test_connections_are_announced_until_that_is_switched_off(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit()
    page = visitor.page
    assert page.locator("#announcer").get_attribute("aria-live") == "polite"
    visitor.stream.connect("Heard", (LISBON, LAGOS))
    visitor.wait("document.getElementById('announcer').textContent !== ''")
    assert heard(page).startswith("Heard by The Harbour Lamps: Lisbon, Portugal and Lagos, Nigeria")
    visitor.stream.connect("Heard, too", (LISBON, LAGOS))
    visitor.stream.pass_time(6)
    assert heard(page).startswith("Heard, too ")
    flip(page, "announce")
    visitor.stream.connect("Unheard", (OSAKA, RECIFE))
    expect(page.locator("#feed li")).to_have_count(3)
    visitor.stream.pass_time(6)
    assert heard(page).startswith("Heard, too ")


def test_a_visitor_who_wants_less_motion_gets_none_and_may_have_it(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(reduced_motion="reduce")
    page = visitor.page
    visitor.wait("document.getAnimations().length === 0")  # the still has faded in
    visitor.stream.connect("Calm", (LISBON, LAGOS))
    expect(page.locator("#feed li.fresh")).to_have_count(1)
    assert page.evaluate("document.getAnimations().length") == 0
    page.emulate_media(reduced_motion="no-preference")
    expect(page.locator("html")).to_have_attribute("data-motion", "full")
    page.emulate_media(reduced_motion="reduce")
    expect(page.locator("html")).to_have_attribute("data-motion", "less")
    flip(page, "motion")
    expect(page.locator("html")).to_have_attribute("data-motion", "full")


def test_whoever_goes_by_tab_sees_where_they_are(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(webgl=True, still=True)
    page = visitor.page
    visitor.stream.connect("Copper Sky", (LISBON, LAGOS))
    expect(page.locator("#feed li")).to_have_count(1)
    found: list[str | None] = []
    for _ in range(40):
        page.keyboard.press("Tab")
        found.append(page.evaluate(WITHOUT_RING))
        if found[-1] is None:
            break
    assert None in found
    assert len(found) > 10
    assert [element for element in found if element] == []


def test_a_lost_stream_is_announced_once_not_each_second(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit()
    page = visitor.page
    visitor.stream.fail()
    visitor.wait("document.getElementById('announcer').textContent === 'Disconnected'")
    page.evaluate("document.getElementById('announcer').textContent = ''")
    visitor.stream.pass_silence(8)
    expect(page.locator("#status")).to_have_text(re.compile("Disconnected for [78] s"))
    assert heard(page) == ""


def test_what_comes_while_somebody_reads_waits_behind_a_button(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit()
    page = visitor.page
    newer = page.get_by_role("button", name="new connection")
    visitor.stream.connect("Read", (LISBON, LAGOS))
    page.locator("#feed li").hover()
    visitor.stream.connect("Waiting", (OSAKA, RECIFE))
    expect(newer).to_have_text("1 new connection")
    button, song = newer.bounding_box(), page.locator("#feed .song").first.bounding_box()
    assert button is not None
    assert song is not None
    assert button["y"] + button["height"] <= song["y"], "it covers no entry"
    assert titles(page) == ["Read"]
    newer.click()
    assert titles(page) == ["Waiting", "Read"]
    expect(newer).to_be_hidden()
    page.locator("#feed li").first.hover()
    visitor.stream.connect("Later", (OSAKA, RECIFE))
    expect(newer).to_be_visible()
    page.mouse.move(1, 1)
    expect(newer).to_be_hidden()
    assert titles(page) == ["Later", "Waiting", "Read"]
