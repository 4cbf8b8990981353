"""What a browser sees where there is nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.test_axe import SIZES, THEMES, bring_axe, complaints
from tests.serving import Server


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
def test_a_page_that_is_not_there_says_so_and_leads_back(
    server: Server, visit: Callable[..., Visit], size: str, theme: str
) -> None:
    page = visit(viewport=SIZES[size], color_scheme=theme).page
    bring_axe(page)
    answer = page.goto(f"{server.url}/nowhere")
    assert answer is not None
    assert answer.status == 404
    assert complaints(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.get_by_role("link", name="To the globe").click()
    expect(page.locator("#stage")).to_be_visible()
