from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import PATIENCE_MS, Visit
from tests.browser.fingers import drag, swipe
from tests.browser.steps import send_pair
from tests.serving import Server

pytestmark = pytest.mark.timeout(300)
"""The globe does not drift, so that what turns it is the gesture."""
REYKJAVIK, MURMANSK = 3413829, 524305
PHONE = {"viewport": {"width": 390, "height": 700}, "has_touch": True, "is_mobile": True}

LISTENED = """{
  let make;
  Object.defineProperty(window, 'createDeck', {
    get: () => make && ((...options) => (window.deckOfTest = make(...options))),
    set: (made) => { make = made; },
  });
  addEventListener('pointerup', () => { window.atRelease = deckOfTest.getViewports()[0].longitude; }, true);
  addEventListener('touchmove', (event) => { window.taken = event.defaultPrevented; });
}"""
SHORT_REST = """document.addEventListener('readystatechange', () => {
  const scene = document.getElementById('scene');
  scene.textContent = scene.textContent.replace(/"restS": [0-9.]+/, '"restS": 0.6');
}, {once: true})"""
DISC = """() => {
  const {cameraPosition, height, focalDistance} = deckOfTest.getViewports()[0];
  const distance = Math.hypot(...cameraPosition) / 256;
  return height * focalDistance / Math.sqrt(distance ** 2 - 1);
}"""
"""The radius in pixels of the globe as it is drawn, of a sphere whose own is 256."""
LOSE = """() => {
  const canvas = document.querySelector('.canvas canvas');
  canvas.id = 'first';
  canvas.getContext('webgl2').getExtension('WEBGL_lose_context').loseContext();
}"""
LONG_PAGE = "body { height: auto; overflow: auto; } #stage { height: 80vh; margin-bottom: 150vh; }"
STYLE = """css => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [sheet];
}"""


class Camera(NamedTuple):
    """Where the globe is looked at, and from how near, in doublings of its size."""

    lon: float
    lat: float
    near: float


def looked(visitor: Visit, url: str) -> Page:
    """A page whose camera a test can read."""
    visitor.page.add_init_script(LISTENED)
    return visitor.open(url)


def camera(page: Page) -> Camera:
    lon, lat, zoom = page.evaluate("""() => {
      const {longitude, latitude, zoom} = deckOfTest.getViewports()[0];
      return [longitude, latitude, zoom];
    }""")
    return Camera(lon, lat, zoom - math.log2(math.cos(math.radians(lat))))


FIVE_FRAMES = """new Promise((done) => {
  let left = 5;
  const next = () => (left-- ? requestAnimationFrame(next) : done());
  next();
})"""


def camera_once(page: Page, reached: Callable[[Camera], bool]) -> Camera:
    """The camera when it is where it should be, and has come to rest."""
    before = camera(page)
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while True:
        page.evaluate(FIVE_FRAMES)
        now = camera(page)
        if now == before and reached(now):
            return now
        assert time.monotonic() < deadline, f"it never came there: {now}"
        before = now


def disc_that_fits(page: Page) -> float:
    """The radius in pixels that the globe should have on a stage as large as this."""
    radius: float = page.evaluate("""() => {
      const {discOfHeight, discOfWidth} = JSON.parse(document.getElementById('scene').textContent).camera;
      const {clientWidth, clientHeight} = document.getElementById('stage');
      return Math.min(clientHeight * discOfHeight, clientWidth * discOfWidth) / 2;
    }""")
    return radius


def camera_that_fits(page: Page) -> Camera:
    """The camera once the globe is as large as the stage allows, and at rest."""
    return camera_once(page, lambda _: page.evaluate(DISC) == pytest.approx(disc_that_fits(page), rel=0.01))


def lengthen(page: Page) -> None:
    """Make the page one that scrolls."""
    page.evaluate(STYLE, LONG_PAGE)
    expect(page.locator("#stage")).to_have_attribute("data-gestures", "shared")


def test_a_drag_goes_on_after_release_and_after_a_rest_the_globe_drifts_again(
    idle: Server, visit: Callable[..., Visit]
) -> None:
    visitor = visit(smooth=True)
    visitor.page.add_init_script(SHORT_REST)
    page = looked(visitor, idle.url)
    drag(page, (200, 300), (300, 300))
    released = page.evaluate("atRelease")
    glided = camera_once(page, lambda now: now.lon < released - 3)
    visitor.wait(f"deckOfTest.getViewports()[0].longitude < {glided.lon - 1}")
    for _ in range(8):
        page.mouse.wheel(0, -1000)
    nearest = camera_once(page, lambda now: now.near > 5.5)
    page.mouse.dblclick(200, 300)  # as near as can be: deck takes it for a zoom that never ends
    visitor.wait(f"deckOfTest.getViewports()[0].longitude < {nearest.lon - 1}")
    assert visitor.errors == []


def test_a_drag_that_the_graphics_context_did_not_outlive_does_not_hold_the_globe(
    idle: Server, visit: Callable[..., Visit]
) -> None:
    visitor = visit(smooth=True)
    visitor.page.add_init_script(SHORT_REST)
    page = looked(visitor, idle.url)
    before = camera(page).lon
    page.mouse.move(200, 300)
    page.mouse.down()
    page.mouse.move(300, 300, steps=5)
    visitor.wait(f"deckOfTest.getViewports()[0].longitude < {before - 10}")
    page.evaluate(LOSE)
    visitor.wait("document.querySelector('.canvas canvas') && !document.getElementById('first')")
    page.mouse.up()
    visitor.wait("deckOfTest.getViewports().length === 1")
    anew = camera(page).lon
    visitor.wait(f"deckOfTest.getViewports()[0].longitude < {anew - 1}")


def test_after_a_flight_to_the_north_the_globe_still_fits_a_window_that_changes(
    server: Server, visit: Callable[..., Visit]
) -> None:
    page = looked(visit(smooth=True, reduced_motion="reduce"), server.url)
    camera_that_fits(page)
    send_pair(server, "Northern Line", cities=(REYKJAVIK, MURMANSK))
    page.locator("#feed button").press("Enter")
    camera_once(page, lambda now: now.lat > 60)
    page.keyboard.press("Escape")  # gives the globe its size back
    for width, height in ((900, 400), (900, 640)):
        before = disc_that_fits(page)
        page.set_viewport_size({"width": width, "height": height})
        assert disc_that_fits(page) != pytest.approx(before, rel=0.1)
        camera_that_fits(page)


def test_the_wheel_brings_the_globe_nearer_but_in_a_page_that_scrolls_only_with_ctrl(
    idle: Server, visit: Callable[..., Visit]
) -> None:
    visitor = visit(smooth=True, reduced_motion="reduce")
    page = looked(visitor, idle.url)
    note = page.locator(".gesture-note")
    far = camera_that_fits(page).near
    page.mouse.move(200, 300)
    page.mouse.wheel(0, -100)
    near = camera_once(page, lambda now: now.near > far + 0.5).near
    page.mouse.wheel(0, 100)
    camera_once(page, lambda now: abs(now.near - far) < 1e-6)
    page.mouse.dblclick(200, 300)
    camera_once(page, lambda now: abs(now.near - far - 1) < 1e-6)
    expect(note).to_have_count(0)

    lengthen(page)
    before = camera_once(page, lambda now: True)
    page.mouse.wheel(0, 100)
    expect(note).to_have_text("Hold Ctrl and scroll to zoom")
    visitor.wait("scrollY === 100")
    assert camera(page) == before
    expect(note).to_be_hidden()
    page.keyboard.down("Control")
    page.mouse.wheel(0, 100)
    page.keyboard.up("Control")
    camera_once(page, lambda now: abs(now.near - before.near - far + near) < 1e-6)
    assert page.evaluate("[scrollY, visualViewport.scale, innerWidth]") == [100, 1, 900]

    page.evaluate(STYLE, "")
    expect(page.locator("#stage")).to_have_attribute("data-gestures", "own")


def test_one_finger_turns_the_globe_but_in_a_page_that_scrolls_it_takes_two(
    idle: Server, visit: Callable[..., Visit]
) -> None:
    page = looked(visit(**PHONE, smooth=True, reduced_motion="reduce"), idle.url)
    note = page.locator(".gesture-note")
    start = camera_that_fits(page)
    swipe(page, ((200, 250), (120, 250)))
    turned = camera_once(page, lambda now: now.lon > start.lon + 10)
    swipe(page, ((150, 250), (125, 250)), ((200, 250), (225, 250)))
    camera_once(page, lambda now: abs(now.near - turned.near - 1) < 0.1)
    page.touchscreen.tap(195, 250)
    page.touchscreen.tap(195, 250)
    camera_once(page, lambda now: abs(now.near - turned.near - 2) < 0.1)
    expect(note).to_have_count(0)

    lengthen(page)
    before = camera_once(page, lambda now: True)
    swipe(page, ((200, 300), (200, 200)))
    expect(note).to_have_text("Use two fingers to turn the globe")
    expect(note).to_be_hidden()  # the page has come to rest by then
    scrolled = page.evaluate("scrollY")
    assert scrolled > 50
    assert camera(page) == before
    # up and down, two fingers that keep their distance would scroll the page, too
    swipe(page, ((170, 300), (170, 200)), ((220, 300), (220, 200)))
    up = camera_once(page, lambda now: now.lat < before.lat - 2)
    assert page.evaluate("taken")
    swipe(page, ((170, 200), (170, 300)), ((220, 200), (220, 300)))
    camera_once(page, lambda now: now.lat > up.lat + 2)
    swipe(page, ((150, 250), (125, 250)), ((200, 250), (225, 250)))
    camera_once(page, lambda now: abs(now.near - before.near - 1) < 0.1)
    assert page.evaluate("[scrollY, visualViewport.scale]") == [scrolled, 1]


def test_in_a_frame_the_wheel_is_the_page_s_around_it(idle: Server, visit: Callable[..., Visit]) -> None:
    visitor = visit(smooth=True)
    page = visitor.page

    def framable(route: Route) -> None:
        answer = route.fetch()
        headers = {name: value for name, value in answer.headers.items() if name != "content-security-policy"}
        route.fulfill(response=answer, headers=headers)

    frame_of_it = f"<iframe src='{idle.url}/' style='width: 880px; height: 560px'></iframe>"
    around = f"<!doctype html>{frame_of_it}<p style='height: 300vh'>"
    page.route(idle.url + "/", framable)
    page.route(idle.url + "/around", lambda route: route.fulfill(body=around, content_type="text/html"))
    page.goto(idle.url + "/around")
    frame = page.frame_locator("iframe")
    expect(frame.locator("body")).to_have_attribute("data-globe", "ready")
    page.mouse.move(300, 250)
    page.mouse.wheel(0, 100)
    expect(frame.locator(".gesture-note")).to_have_text("Hold Ctrl and scroll to zoom")
    visitor.wait("scrollY === 100")
