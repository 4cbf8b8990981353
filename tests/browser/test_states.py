"""What stands on the page while nothing happens, while the stream is away, and where no globe can be drawn."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, ViewportSize, expect

from tests.browser.conftest import FakeVisit, Visit
from tests.browser.fakestream import Song
from tests.browser.steps import LAGOS, LISBON, OSAKA, RECIFE
from tests.serving import Server

LAPTOP, PHONE = ViewportSize(width=1440, height=900), ViewportSize(width=390, height=844)
ON_ITS_SIDE = ViewportSize(width=844, height=390)
SLOW = """document.addEventListener('readystatechange', () => {
  const scene = document.getElementById('scene');
  scene.textContent = JSON.stringify({...JSON.parse(scene.textContent), pace: {slowS: 0, over: 3}});
}, {once: true})"""
PIXELS = "document.querySelector('.canvas canvas').width / document.getElementById('stage').clientWidth"
OVERLAPS = """(name) => {
  const box = (element) => element.getBoundingClientRect();
  const one = box(document.querySelector(name));
  const others = [...document.querySelectorAll('header, footer, #explore, .tools button, #counters p, .feed')];
  return others.filter((element) => {
    const {left, right, top, bottom} = box(element);
    return right > left && left < one.right && one.left < right && top < one.bottom && one.top < bottom;
  }).map((element) => element.id || element.className || element.tagName);
}"""
PLACEHOLDER = """() => {
  const placeholder = document.querySelector('.placeholder');
  const land = getComputedStyle(placeholder, '::before');
  const {top, bottom} = placeholder.getBoundingClientRect();
  const stage = document.getElementById('stage').getBoundingClientRect();
  return {land: land.content !== 'none' && land.maskImage.includes('placeholder'),
    arcs: getComputedStyle(placeholder.querySelector('svg')).opacity,
    inside: stage.top <= top && bottom <= stage.bottom};
}"""


STANDS = """(name) => {
  // where scripts/build_placeholder.py's own arc begins, on a picture of 1000 by 1000
  const dot = document.querySelector(name).getBoundingClientRect();
  const disc = document.querySelector('.placeholder').getBoundingClientRect();
  const [x, y] = [(dot.left + dot.right) / 2 - disc.left, (dot.top + dot.bottom) / 2 - disc.top];
  return Math.hypot(x / disc.width - 0.587, y / disc.height - 0.336) < 0.01 ? 'Lisbon' : `${x}, ${y}`;
}"""


def top_of_list(page: Page) -> float:
    box = page.locator(".list").bounding_box()
    assert box is not None
    return box["y"]


def test_while_nothing_happens_the_globe_says_since_when_and_is_hushed_by_a_connection_or_a_loss(
    fake_visit: Callable[..., FakeVisit],
) -> None:
    visitor = fake_visit(webgl=True, viewport=LAPTOP)
    page, stream, quiet = visitor.page, visitor.stream, visitor.page.locator("#idle-notice")
    expect(quiet).to_be_hidden()
    stream.connect("Night Bus Home", (OSAKA, RECIFE), ago_s=185)
    expect(quiet).to_have_text("No connections right now. The last connection was 3 minutes ago.")
    for size in (PHONE, ON_ITS_SIDE, LAPTOP):
        page.set_viewport_size(size)
        expect(quiet).to_be_visible()
        assert page.evaluate(OVERLAPS, "#idle-notice") == []
    told = page.locator("[aria-live], [role=status]").all_text_contents()
    assert not any("right now" in text for text in told), "it interrupts nobody"
    stream.connect("Copper Sky", (LISBON, LAGOS))
    expect(page.locator("#feed li")).to_have_count(2)
    expect(quiet).to_be_hidden()
    stream.pass_time(22)
    expect(quiet).to_be_visible()
    before = top_of_list(page)
    stream.fail()
    expect(page.locator("#status")).to_have_attribute("data-state", "lost")
    expect(quiet).to_be_hidden()
    assert top_of_list(page) == before, "the list stays where it is"
    assert page.evaluate(OVERLAPS.replace(", .feed'", ", .source'"), "#status") == []


def test_without_webgl_a_picture_stands_for_the_globe_and_the_list_works(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(viewport=LAPTOP)
    page = visitor.page
    expect(page.locator(".notice")).to_be_visible()
    for size in (LAPTOP, ON_ITS_SIDE, PHONE):
        page.set_viewport_size(size)
        visitor.wait("getComputedStyle(document.querySelector('.placeholder svg')).opacity === '1'")
        assert page.evaluate(PLACEHOLDER) == {"land": True, "arcs": "1", "inside": True}
        assert page.evaluate(OVERLAPS, ".notice") == []
    visitor.stream.connect("Words Only", (LISBON, LAGOS))
    visitor.stream.pass_time(1)
    expect(page.locator("#feed li")).to_have_count(1)
    expect(page.locator("#pause")).to_be_visible()
    expect(page.locator("#zoom-in")).to_be_hidden()
    expect(page.locator(".placeholder .live path")).to_have_count(1)
    expect(page.locator(".placeholder svg:not(.live)")).to_be_hidden()
    assert page.evaluate(STANDS, ".placeholder .live .from") == "Lisbon"
    page.locator("#feed button").focus()
    page.keyboard.press("Enter")
    card = page.get_by_role("dialog", name="Words Only")
    page.locator(".placeholder .live path").evaluate("path => path.classList.add('old')")
    card.get_by_role("button", name="Show Lagos").click()
    # what else is shown begins anew, perhaps with the same
    expect(page.locator(".placeholder .live path.old")).to_have_count(0)
    assert visitor.errors == []


@pytest.mark.parametrize("script", ["pages/index.js", "feed/feed.js", "pydeck.js"])
def test_where_a_script_does_not_come_the_picture_stays_and_says_why_it_stands_still(
    idle: Server, visit: Callable[..., Visit], script: str
) -> None:
    page = visit(viewport=LAPTOP).page
    page.route(f"**/{script}*", lambda route: route.abort())
    page.goto(idle.url)
    expect(page.locator(".notice")).to_be_visible()
    expect(page.locator(".placeholder svg").first).to_have_css("opacity", "1")
    assert page.evaluate(PLACEHOLDER) == {"land": True, "arcs": "1", "inside": True}


def test_a_globe_whose_module_comes_last_is_drawn_all_the_same(
    idle: Server, fake_visit: Callable[..., FakeVisit]
) -> None:
    visitor, held = fake_visit("", webgl=True, viewport=LAPTOP), list[Route]()
    visitor.page.route("**/globe/view.js", lambda route: held.append(route))
    visitor.page.goto(idle.url, wait_until="commit")
    visitor.pass_time_until("document.getElementById('status')?.dataset.state === 'live'")  # begins without the globe
    held.pop().continue_()
    expect(visitor.page.locator('body[data-globe="ready"]')).to_be_attached()


def test_while_the_globe_loads_arcs_are_on_the_still_and_the_globe_goes_on_with_them(
    idle: Server, fake_visit: Callable[..., FakeVisit]
) -> None:
    visitor, held = fake_visit("", webgl=True, viewport=LAPTOP, timezone_id="Europe/Paris"), list[Route]()
    page = visitor.page
    page.route("**/pydeck.js*", lambda route: held.append(route))
    page.goto(idle.url, wait_until="commit")
    visitor.wait("document.getElementById('status')?.dataset.state === 'live'")
    visitor.stream.send(Song(f"Song {number}", (LISBON, LAGOS)) for number in range(7))
    visitor.stream.pass_time(2)
    arcs = page.locator(".placeholder .live path")
    expect(arcs).to_have_count(5)  # no more than fit
    visitor.wait("getComputedStyle(document.querySelector('.placeholder .live')).opacity === '1'")
    held[0].continue_()
    expect(page.locator("body[data-globe=ready]")).to_have_count(1)
    visitor.wait("Number(document.getElementById('stage').dataset.arcs) === 5")
    expect(arcs).to_have_count(0)
    assert visitor.errors == []


def test_a_slow_device_draws_fewer_pixels_and_labels(idle: Server, fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit("", webgl=True, device_scale_factor=1)
    visitor.hold(20)
    visitor.page.add_init_script(SLOW)
    page = visitor.open(idle.url)
    visitor.pass_time_until(f"Math.abs({PIXELS} - 0.65) < 0.01")
    visitor.stream.send(Song(f"Song {number}", (LISBON, LAGOS)) for number in range(4))
    visitor.pass_time_until("Number(document.getElementById('stage').dataset.arcs) === 4")
    visitor.stream.pass_time(3)  # all have come to their labels
    expect(page.locator(".label.song.shown")).to_have_count(1)  # of two that there is room for


@pytest.mark.parametrize("size", [PHONE, LAPTOP])
def test_the_list_does_not_move_when_the_stream_comes_goes_and_comes_back(
    idle: Server, fake_visit: Callable[..., FakeVisit], size: ViewportSize
) -> None:
    visitor = fake_visit("", viewport=size)
    page, stream = visitor.page, visitor.stream
    stream.plays = 9
    stream.stay_silent()
    page.goto(idle.url)
    expect(page.locator("#status")).to_have_text("Connecting…")
    before = top_of_list(page)
    stream.recover()
    expect(page.locator("#status")).to_have_text("Connected")
    expect(page.locator("#sources")).to_have_text("simulated")
    assert top_of_list(page) == before
    stream.fail()
    expect(page.locator("#status")).to_have_attribute("data-state", "lost")
    assert top_of_list(page) == before
    stream.recover(anew=True)
    stream.pass_silence(1)
    expect(page.locator("#status")).to_contain_text("The stream restarted.")
    assert top_of_list(page) == before
    page.keyboard.press(" ")
    expect(page.locator("#pause-note")).to_be_visible()
    assert top_of_list(page) == before
