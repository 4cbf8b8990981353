"""What axe-core finds wrong with a page, in the sizes and themes that pages are looked at."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, ViewportSize

from tests.browser.conftest import Visit
from tests.serving import ROOT

FETCHED = sorted((ROOT / ".venv").glob("npm-*/node_modules/axe-core/axe.min.js"))
AXE = os.environ.get("AXE") or (str(FETCHED[-1]) if FETCHED else None)
Theme = Literal["dark", "light"]
THEMES: tuple[Theme, ...] = ("dark", "light")
SIZES: dict[str, ViewportSize] = {
    "laptop": {"width": 1440, "height": 900},
    "phone": {"width": 390, "height": 844},
}


RUN = """() => {
  window.found = null;
  axe.run(document, {resultTypes: ['violations']}).then(
    ({violations}) => { window.found = violations; },
    (error) => { window.found = [{id: String(error), nodes: []}]; },
  );
}"""


def bring_axe(page: Page) -> None:
    """Have axe-core in what the page opens from now on."""
    if AXE is None:
        pytest.skip("no axe-core: scripts/test fetches it")
    page.add_init_script(Path(AXE).read_text())


def complaints(visitor: Visit) -> list[str]:
    """What axe-core finds wrong with the page as it is now: the rule, and the elements that break it."""
    page = visitor.page
    page.evaluate(RUN)
    while (found := page.evaluate("found")) is None:
        visitor.run_timers()  # it sets timers
    return [f"{wrong['id']}: {[node['html'] for node in wrong['nodes']]}" for wrong in found]


def wrong_in_any_look(visitor: Visit) -> list[str]:
    """What axe finds on a page, and what sticks out of it, in each size and theme."""
    found, page = [], visitor.page
    for name, size in SIZES.items():
        for theme in THEMES:
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=theme)
            found += [f"{name}, {theme}: {complaint}" for complaint in complaints(visitor)]
            if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
                found.append(f"{name}, {theme}: something sticks out")
    return found


def in_each(themes: Sequence[Theme], visitor: Visit, state: str) -> list[str]:
    """What axe-core finds in a state of the page, in one theme after the other."""
    found = []
    for theme in themes:
        visitor.page.emulate_media(color_scheme=theme)
        visitor.wait(f"document.documentElement.dataset.look === '{theme}'")
        found += [f"{state}, {theme}: {complaint}" for complaint in complaints(visitor)]
    return found
