"""What a browser sees where there is nothing."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.axe import bring_axe, wrong_in_any_look
from tests.browser.conftest import Visit
from tests.serving import Server


def test_a_page_that_is_not_there_says_so_and_leads_back(idle: Server, visit: Callable[..., Visit]) -> None:
    visitor = visit(webgl=False)
    page = visitor.page
    bring_axe(page)
    answer = page.goto(f"{idle.url}/nowhere")
    assert answer is not None
    assert answer.status == 404
    assert wrong_in_any_look(visitor) == []
    page.get_by_role("link", name="Open the globe").click()
    expect(page.locator("#stage")).to_be_visible()
