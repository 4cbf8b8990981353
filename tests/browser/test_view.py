"""What a globe that comes late is told: another one stands in its place, which notes what it is asked to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import History, Visit
from tests.waiting import until

NOTING = """export function createGlobe(stage, {reducedMotion}) {
  window.asked = [['reducedMotion', reducedMotion]];
  return new Proxy({}, {get: (_, name) => (one, how) => void window.asked.push([name, one?.id ?? one, how ?? {}])});
}"""
"""In place of assets/globe/globe.js."""
TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


class Late:
    """A page whose globe comes once it is let in."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._waiting: list[Route] = []
        page.route("**/globe/globe.js", lambda route: route.fulfill(body=NOTING, content_type="text/javascript"))
        page.route("**/pydeck.js", lambda route: self._waiting.append(route))

    def come(self) -> list[list[Any]]:
        """Let the globe in, and return what it was told until it was there."""
        until(lambda: self._waiting, pause=lambda: self._page.wait_for_timeout(50))
        self._waiting.pop().fulfill(body="", content_type="text/javascript")
        expect(self._page.locator('body[data-globe="ready"]')).to_be_attached()
        asked: list[list[Any]] = self._page.evaluate("window.asked")
        return asked


@pytest.mark.parametrize("path", ["/", "/embed", "/c/{moment}"])
def test_a_wish_for_less_motion_while_the_globe_loads_is_heard(
    history: History, visit: Callable[..., Visit], path: str
) -> None:
    page = visit(reduced_motion="no-preference").page
    late = Late(page)
    page.goto(history.url + path.format(moment=history.moment), wait_until="commit")
    expect(page.locator("#stage .placeholder .live")).to_be_attached()
    page.emulate_media(reduced_motion="reduce")
    page.evaluate(TWO_FRAMES)  # browsers tell it with a frame
    assert ["reducedMotion", True] in late.come()


def test_an_embeds_moment_stands_on_the_still_and_is_one_arc_on_the_globe(
    history: History, visit: Callable[..., Visit]
) -> None:
    page = visit().page
    late = Late(page)
    page.goto(f"{history.url}/embed?moment={history.moment}", wait_until="commit")
    expect(page.locator("#stage .placeholder .live path").first).to_be_attached()
    asked = [each for each in late.come() if each[0] in ("connect", "spotlight")]
    assert asked[-1][:2] == ["spotlight", history.moment]
    assert asked[-1][2]["alone"] is True
    expect(page.locator("#stage .placeholder .live path")).to_have_count(0)
