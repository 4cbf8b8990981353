"""A connection that died without a word, as after a sleep or on another network: a proxy stops forwarding."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Frame, Page, expect

from tests.browser.conftest import Visit
from tests.browser.steps import LAGOS, LISBON, OSAKA, RECIFE, send_pair
from tests.hosting import hosting
from tests.proxying import Proxy, proxying
from tests.serving import Server

pytestmark = pytest.mark.timeout(240)

NOTE_STATES = """addEventListener('DOMContentLoaded', () => {
  const status = document.getElementById('status');
  window.told = [];
  const note = () => told.at(-1) === status.dataset.state || told.push(status.dataset.state);
  new MutationObserver(note).observe(status, {attributes: true});
})"""
LIVE = "document.getElementById('status')?.dataset.state === 'live'"


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    with proxying(server.port) as between:
        yield between


def watched(page: Page) -> Page:
    """Have a page note the states of its stream."""
    page.add_init_script(NOTE_STATES)
    return page


def listed(frame: Page | Frame) -> list[str]:
    return frame.locator("#feed .title").all_text_contents()


def until_live(frame: Page | Frame) -> None:
    expect(frame.locator("#status")).to_have_attribute("data-state", "live")


def test_a_silent_connection_is_said_after_3_s_and_replaced_after_6_s_without_repeating_or_losing(
    server: Server, proxy: Proxy, visit: Callable[..., Visit]
) -> None:
    page = watched(visit(webgl=False).page)
    with hosting() as host:
        with page.expect_event("framenavigated", lambda frame: "/embed" in frame.url) as entered:
            page.goto(host.page(f"<div data-unison data-feed=1></div><script src='{proxy.url}/embed.js'></script>"))
        embed = entered.value
        until_live(embed)
        own = watched(page.context.new_page())
        own.goto(proxy.url)
        until_live(own)
        send_pair(server, "Before", cities=(OSAKA, RECIFE))
        for frame in (own, embed):
            expect(frame.locator("#feed li")).to_have_count(1)
        proxy.silence()
        send_pair(server, "Meanwhile", cities=(LISBON, LAGOS))
        expect(own.locator("#status")).to_contain_text("No updates for")
        expect(own.locator("#status")).to_contain_text("Reconnected after")
        away = int("".join(filter(str.isdigit, own.locator("#status").inner_text().split(",")[0])))
        assert away >= 6, "away counts from the last frame"
        assert "Nothing missed" in own.locator("#status").inner_text()
        send_pair(server, "After", cities=(LAGOS, OSAKA))
        for frame in (own, embed):
            expect(frame.locator("#feed li")).to_have_count(3)
            assert listed(frame) == ["After", "Meanwhile", "Before"]
            told = frame.evaluate("told.filter((state) => state !== 'connecting')")
            assert told == ["live", "stalled", "lost", "live"]


def test_on_a_wake_a_dead_connection_is_replaced_at_once(
    server: Server, proxy: Proxy, visit: Callable[..., Visit]
) -> None:
    visitor = visit(webgl=False)
    page = watched(visitor.page)
    page.goto(proxy.url)
    until_live(page)
    for number, event in enumerate(["new Event('online')", "new PageTransitionEvent('pageshow', {persisted: true})"]):
        page.evaluate("told.length = 0")
        proxy.silence()
        page.evaluate(f"dispatchEvent({event})")
        visitor.wait("told.length > 1 && told.at(-1) === 'live'")
        assert page.evaluate("told") == ["lost", "live"], "it did not wait for silence"
        send_pair(server, f"Song {number}", cities=(LISBON, LAGOS))
        expect(page.locator("#feed li")).to_have_count(number + 1)
