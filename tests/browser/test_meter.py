from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.serving import Server


def test_the_meter_is_shown_to_whoever_asks_for_it(idle: Server, visit: Callable[..., Visit]) -> None:
    visitor = visit(webgl=False)
    page = visitor.open(f"{idle.url}/?fps=1")
    expect(page.locator(".meter")).to_have_text(re.compile(r"^\d+ fps, longest \d+ ms$"))
    visitor.open(idle.url)
    assert page.locator(".meter").count() == 0
    assert visitor.errors == []
