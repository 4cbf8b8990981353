from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.test_axe import bring_axe, complaints
from tests.serving import Server

pytestmark = pytest.mark.timeout(300)


def test_an_embed_is_put_together_seen_and_copied(idle: Server, visit: Callable[..., Visit]) -> None:
    visitor = visit(viewport={"width": 1200, "height": 900}, reduced_motion="reduce")
    bring_axe(visitor.page)
    page = visitor.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(idle.url + "/embed/builder")
    page.get_by_label("Picture first").check()  # it is quick to preview
    page.get_by_label("Theme").select_option("light")
    page.locator("#accent").fill("#ffe000")
    page.get_by_label("Country").fill("BR")
    page.get_by_label("Size").select_option("320x240")
    query = "theme=light&accent=ffe000&poster=1&country=BR"
    expect(page.locator("#preview")).to_have_attribute("src", f"/embed?{query}")
    expect(page.frame_locator("#preview").locator("#load")).to_be_visible()
    expect(page.locator("#preview")).to_have_css("width", "320px")
    expect(page.locator("#contrast")).to_contain_text("On the light theme its contrast is 1.1 to 1, too little")
    expect(page.locator("#as-oembed")).to_contain_text(f"{idle.url}/oembed?url=")
    page.get_by_role("button", name="Copy: Frame").click()
    expect(page.locator("#copied")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert f'src="{idle.url}/embed?{query.replace("&", "&amp;")}"' in copied
    assert 'width="320" height="240"' in copied
    page.get_by_label("Country").fill("QQ")
    expect(page.locator("#notes")).to_contain_text("country='QQ': expected")
    assert complaints(page) == []
    assert visitor.errors == []
