from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PATIENCE_MS, Visit
from tests.serving import Server

pytestmark = pytest.mark.timeout(300)


def test_the_meter_is_shown_to_whoever_asks_for_it(idle: Server, visit: Callable[..., Visit]) -> None:
    visitor = visit()
    page = visitor.open(f"{idle.url}/?fps=1")
    expect(page.locator(".meter")).to_have_text(re.compile(r"^\d+ fps, longest \d+ ms$"), timeout=PATIENCE_MS)
    page.goto(idle.url)
    expect(page.locator("#status")).to_have_attribute("data-state", "live", timeout=PATIENCE_MS)
    assert page.locator(".meter").count() == 0
    assert visitor.errors == []
