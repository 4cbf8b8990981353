from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import SIZES, bring_axe, complaints, wrong_in_any_look
from tests.browser.conftest import Visit
from tests.serving import Server
from webapp.web.embedbuilder import COLOURS, WRITTEN
from webapp.web.languages import LANGUAGES

pytestmark = pytest.mark.timeout(300)
TEXTS = """() => [...document.querySelectorAll("title, body, body *:not(pre, script)")].flatMap((element) => [
    ...[...element.childNodes].filter(({nodeType}) => nodeType === Node.TEXT_NODE).map(({data}) => data.trim()),
    ...["aria-label", "placeholder", "title"].map((name) => element.getAttribute(name) ?? ""),
])"""
NAMES = {"iframe", "oEmbed", *LANGUAGES.values(), *COLOURS.values(), WRITTEN["at"]}
"""What is the same in every language."""


def test_an_embed_is_put_together_seen_and_copied(idle: Server, visit: Callable[..., Visit]) -> None:
    visitor = visit(webgl=False, viewport={"width": 1200, "height": 900}, reduced_motion="reduce")
    bring_axe(visitor.page)
    page = visitor.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(idle.url + "/embed/builder")
    page.get_by_label("Load on click").check()  # it is quick to preview
    page.get_by_label("Theme").select_option("light")
    page.locator("#ask-accent").fill("#ffe000")
    country, city = (page.get_by_role("combobox", name=name) for name in ("Country", "City"))
    city.fill("reci")
    expect(page.locator("#found-city + .found-note")).to_have_css("width", "1px")  # it is for those who do not see
    page.get_by_role("option", name="Recife Brazil").click()
    expect(city).to_have_value("Recife, Brazil")
    expect(page.locator("#preview")).to_have_attribute("src", re.compile("&city=3390760$"))
    page.get_by_role("button", name="City: clear").click()
    expect(city).to_have_value("")
    country.fill("BR")  # who knows the code gives it
    page.get_by_label("Size").select_option("320x240")
    query = "theme=light&accent=ffe000&poster=1&country=BR"
    expect(page.locator("#preview")).to_have_attribute("src", f"/embed?{query}")
    expect(page.frame_locator("#preview").locator("#load")).to_be_visible()
    expect(page.locator("#preview")).to_have_css("width", "320px")
    expect(page.locator("#contrast")).to_contain_text("On the light theme the contrast is 1.1:1, which is too low")
    page.locator("#ask-accent").fill("#123")
    expect(page.get_by_label("Accent: choose a colour")).to_have_value("#112233")
    page.locator("#ask-accent").fill("ffe")
    expect(page.get_by_label("Accent: choose a colour")).to_have_value("#ffffee")
    page.locator("#ask-background").fill("transparent")
    expect(page.locator("#contrast")).to_contain_text("The contrast with your page's background is unknown.")
    page.locator("#ask-accent").fill("ff")
    expect(page.locator("#contrast")).to_have_text("Enter a hex colour, such as #ff5e8a.")
    page.locator("#ask-accent").fill("#ffe000")
    page.locator("#ask-background").fill("")
    expect(page.locator("#contrast")).to_contain_text("On the light theme the contrast is 1.1:1, which is too low")
    expect(page.locator("#as-oembed")).to_contain_text(f"{idle.url}/oembed?url=")
    page.get_by_role("button", name="Copy: iframe").click()
    expect(page.locator("#copied")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert f'src="{idle.url}/embed?{query.replace("&", "&amp;")}"' in copied
    assert 'width="320" height="240"' in copied
    country.fill("QQ")
    expect(page.locator("#wrong-country")).to_contain_text("'QQ': there is no such country")
    expect(country).to_have_attribute("aria-invalid", "true")
    country.fill("brazil")
    country.blur()  # a name typed in full is meant
    expect(country).to_have_value("Brazil")
    expect(country).to_have_attribute("aria-invalid", "false")
    city.fill("nowhere at all")
    city.blur()
    expect(page.locator("#wrong-city")).to_have_text("No results for “nowhere at all”.")
    page.get_by_role("textbox", name="Moment").fill(idle.url + "/c/065dqbqj40000000000000g")
    expect(page.locator("#preview")).to_have_attribute("src", f"/embed?{query}&moment=065dqbqj40000000000000g")
    expect(page.locator("#wrong-moment")).to_contain_text("'065dqbqj40000000000000g' is ignored: ")
    assert complaints(visitor) == []

    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_label("Size").select_option("1200x630")
    expect(page.locator("#measures")).to_have_text(re.compile("^1200 × 630 pixels, shown at [23][0-9]%$"))
    page.get_by_role("checkbox", name="Transparent").check()
    expect(page.locator("#preview")).to_have_attribute("src", re.compile("&background=transparent&"))
    page.get_by_label("Background: choose a colour").fill("#204060")
    expect(page.locator("#preview")).to_have_attribute("src", re.compile("&background=204060&"))
    expect(page.get_by_role("checkbox", name="Transparent")).not_to_be_checked()
    page.get_by_role("textbox", name="Moment").scroll_into_view_if_needed()
    seen = page.locator("#preview").bounding_box()
    assert seen is not None
    assert seen["y"] >= 0  # it stays in sight
    assert seen["x"] >= 0
    assert seen["x"] + seen["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert complaints(visitor) == []
    assert visitor.errors == []


def said(page: Page, url: str) -> set[str]:
    """What has letters on the page, once it has had reason to say something about what is chosen."""
    page.goto(url)
    page.locator("[name=poster]").check()
    page.locator("#size").select_option("1200x630")
    page.locator("#ask-accent").fill("#ffe000")
    page.locator("#ask-city").fill("nowhere at all")
    page.locator("#ask-city").blur()
    page.locator("[data-copies]").first.click()
    for name in ("contrast", "wrong-city", "copied", "measures"):
        expect(page.locator(f"#{name}")).not_to_be_empty()
    return {text for text in page.evaluate(TEXTS) if any(letter.isalpha() for letter in text)}


def test_it_speaks_the_visitors_language_and_is_laid_out_from_its_side(
    idle: Server, visit: Callable[..., Visit]
) -> None:
    url = idle.url + "/embed/builder"
    visitor = visit(webgl=False, viewport=SIZES["laptop"], locale="ar-EG", reduced_motion="reduce")
    page = visitor.page
    bring_axe(page)
    arabic = said(page, url)
    form, preview, room = (page.locator(name).bounding_box() for name in ("#choice", "#preview", "#room"))
    assert form is not None
    assert preview is not None
    assert room is not None
    assert form["x"] > preview["x"] + preview["width"]
    assert preview["x"] == pytest.approx(room["x"], abs=1)
    page.locator("#ask-country").fill("QQ")
    expect(page.locator("#wrong-country")).to_have_attribute("lang", "en")  # what the server says is not translated
    expect(page.locator("#wrong-city")).to_have_attribute("lang", "ar")
    assert wrong_in_any_look(visitor) == []
    english = said(visit(webgl=False, viewport=SIZES["laptop"], reduced_motion="reduce").page, url)
    assert len(english) > 70
    assert arabic & english == NAMES
