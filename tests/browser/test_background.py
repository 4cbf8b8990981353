"""A tab in the background costs nothing, and comes back as if nothing had waited."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.steps import LAGOS, LISBON, OSAKA, RECIFE, send_pair, send_pairs
from tests.browser.tabs import tab
from tests.serving import Server, stream

pytestmark = pytest.mark.timeout(300)

GPU_WORK = """(() => {
  window.gpuWork = 0;
  const asks = /^(draw|clear|texSub|texImage|buffer(Sub)?Data|blit|readPixels|flush|finish)/;
  const gl = WebGL2RenderingContext.prototype;
  for (const [name, {value: original}] of Object.entries(Object.getOwnPropertyDescriptors(gl))) {
    if (typeof original !== 'function' || !asks.test(name)) continue;
    gl[name] = function (...rest) {
      window.gpuWork += 1;
      return original.apply(this, rest);
    };
  }
})()"""
LISTED = "document.querySelectorAll('#feed li').length"
ARCS = "Number(document.getElementById('stage').dataset.arcs ?? 0)"
LIT = "document.querySelectorAll('#feed li.fresh').length"
NUMBERS = "['shown', 'found'].map((name) => document.querySelector(`[data-count=${name}]`).textContent).join()"
TWELVE = [(f"Song {number}", (LISBON, LAGOS) if number % 2 else (OSAKA, RECIFE)) for number in range(12)]


def test_a_tab_in_the_background_asks_nothing_of_the_gpu_and_comes_back_without_a_burst(
    server: Server, chromium: Browser
) -> None:
    with tab(chromium, GPU_WORK) as page:
        page.send("Page.navigate", url=server.url)
        page.wait("document.body?.dataset.globe === 'ready'")
        send_pair(server, "Before", cities=(LISBON, LAGOS))
        page.wait(f"{ARCS} === 1")
        page.leave()
        before = page.value("gpuWork")
        assert before > 100
        send_pairs(server, TWELVE)
        page.wait(f"{LISTED} === 13")
        assert page.value("gpuWork") == before
        assert page.value(NUMBERS) == "13,13"
        page.come_back()
        page.wait(f"gpuWork > {before}")
        send_pair(server, "After", cities=(LISBON, LAGOS))
        page.wait(f"{LISTED} === 14 && {ARCS} > 1")
        send_pair(server, "Last", cities=(LISBON, LAGOS))
        page.wait(f"{LISTED} === 15 && {ARCS} > 2")  # a burst would have gone on meanwhile
        assert page.value(ARCS) == 3
        assert page.value(LIT) == 3, "what came meanwhile does not light up, all at once"


@pytest.mark.long
def test_a_tab_that_the_browser_froze_draws_nothing_of_what_it_is_handed_afterwards(
    server: Server, chromium: Browser
) -> None:
    with tab(chromium) as page:
        page.send("Page.navigate", url=server.url)
        page.wait("document.body?.dataset.globe === 'ready'")
        page.leave()
        page.freeze(True)
        with stream(server) as viewer:
            send_pairs(server, TWELVE)
            viewer.connections(12)  # the frozen tab was sent them, too
        page.freeze(False)
        page.come_back()
        page.wait(f"{LISTED} === 12")
        send_pair(server, "After", cities=(LISBON, LAGOS))
        page.wait(f"{LISTED} === 13 && {ARCS} > 0")
        assert (page.value(ARCS), page.value(LIT)) == (1, 1)
