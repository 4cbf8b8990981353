from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.test_axe import bring_axe, complaints
from tests.serving import Server

pytestmark = pytest.mark.timeout(300)


def test_an_embed_is_put_together_seen_and_copied(server: Server, visit: Callable[..., Visit]) -> None:
    visitor = visit(viewport={"width": 1200, "height": 900}, reduced_motion="reduce")
    bring_axe(visitor.page)
    page = visitor.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(server.url + "/embed/builder")
    page.get_by_label("Picture first").check()  # it is quick to preview
    page.get_by_label("Theme").select_option("light")
    page.locator("#ask-accent").fill("#ffe000")
    country, city = (page.get_by_role("combobox", name=name) for name in ("Country", "City"))
    city.fill("reci")
    page.get_by_role("option", name="Recife Brazil").click()
    expect(city).to_have_value("Recife, Brazil")
    expect(page.locator("#preview")).to_have_attribute("src", re.compile("&city=3390760$"))
    page.get_by_role("button", name="Clear the city").click()
    expect(city).to_have_value("")
    country.fill("BR")  # who knows the code gives it
    page.get_by_label("Size").select_option("320x240")
    query = "theme=light&accent=ffe000&poster=1&country=BR"
    expect(page.locator("#preview")).to_have_attribute("src", f"/embed?{query}")
    expect(page.frame_locator("#preview").locator("#load")).to_be_visible()
    expect(page.locator("#preview")).to_have_css("width", "320px")
    expect(page.locator("#contrast")).to_contain_text("On the light theme its contrast is 1.1 to 1, too little")
    expect(page.locator("#as-oembed")).to_contain_text(f"{server.url}/oembed?url=")
    page.get_by_role("button", name="Copy: Frame").click()
    expect(page.locator("#copied")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert f'src="{server.url}/embed?{query.replace("&", "&amp;")}"' in copied
    assert 'width="320" height="240"' in copied
    country.fill("QQ")
    expect(page.locator("#wrong-country")).to_contain_text("'QQ': ")
    expect(country).to_have_attribute("aria-invalid", "true")
    country.fill("brazil")
    country.blur()  # a name typed in full is meant
    expect(country).to_have_value("Brazil")
    expect(country).to_have_attribute("aria-invalid", "false")
    city.fill("nowhere at all")
    city.blur()
    expect(page.locator("#wrong-city")).to_have_text("Nothing found for “nowhere at all”.")
    page.get_by_label("Moment").fill(server.url + "/c/065dqbqj40000000000000g")
    expect(page.locator("#preview")).to_have_attribute("src", f"/embed?{query}&moment=065dqbqj40000000000000g")
    expect(page.locator("#wrong-moment")).to_contain_text("'065dqbqj40000000000000g' is left out: ")
    assert complaints(page) == []
    assert visitor.errors == []
