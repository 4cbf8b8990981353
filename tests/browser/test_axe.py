from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Visit
from tests.browser.steps import LAGOS, LISBON, send_pair
from tests.serving import ROOT, Server

pytestmark = pytest.mark.timeout(300)
FETCHED = sorted((ROOT / ".venv").glob("axe-core-*/node_modules/axe-core/axe.min.js"))
AXE = os.environ.get("AXE") or (str(FETCHED[-1]) if FETCHED else None)
SIZES = {"laptop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}


def complaints(page: Page) -> list[str]:
    """What axe-core finds wrong with the page as it is now: the rule, and the elements that break it."""
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{wrong['id']}: {[node['html'] for node in wrong['nodes']]}" for wrong in found["violations"]]


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_on_the_page_its_settings_its_help_and_its_card(
    server: Server, visit: Callable[..., Visit], size: str, theme: str
) -> None:
    if AXE is None:
        pytest.skip("no axe-core: scripts/test fetches it")
    visitor = visit(viewport=SIZES[size], color_scheme=theme, reduced_motion="reduce")
    visitor.page.add_init_script(Path(AXE).read_text())
    page = visitor.open(server.url + "/?t=1790000000")
    send_pair(server, "Night Bus Home", cities=(LISBON, LAGOS))
    visitor.wait("document.querySelectorAll('#feed li').length === 1")
    assert complaints(page) == []
    page.keyboard.press(" ")
    page.locator("#settings-open").click()
    assert complaints(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    visitor.wait("document.getElementById('help').open")
    assert complaints(page) == []
    page.keyboard.press("Escape")
    page.locator("#feed button").click()
    visitor.wait("document.getElementById('card').open")
    assert complaints(page) == []
    assert visitor.errors == []
