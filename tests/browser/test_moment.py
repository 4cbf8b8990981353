"""The page of a moment, and the menu that passes it on."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Response, expect

from tests.browser.axe import SIZES, THEMES, bring_axe, in_each
from tests.browser.conftest import History, Visit
from tests.browser.steps import changed, picture

PHONE = {"viewport": SIZES["phone"], "has_touch": True}
SHEET = """Object.assign(navigator, {
  canShare: () => true,
  share: async (what) => { window.sent = what; },
})"""
"""What a telephone has and a desktop's browser has not: the system's sheet."""
WHAT_IS_PICTURED = "A globe with an arc from Lisbon, Portugal to Lagos, Nigeria: Copper Sky by The Harbour Lamps"


@pytest.fixture
def moment(history: History) -> str:
    """The address of a moment, in whose second another one happened."""
    return f"{history.url}/c/{history.moment}"


def of_server(moment: str) -> str:
    """The address of the server that has the moment."""
    return moment.rsplit("/c/", 1)[0]


def look(visitor: Visit, address: str) -> Page:
    """Go to a moment and wait until its arc stands, with its three labels."""
    visitor.page.goto(address)
    visitor.wait("document.body.dataset.globe === 'ready'")
    visitor.wait("document.querySelectorAll('.label.shown').length === 3")
    return visitor.page


def pass_time(page: Page, seconds: float) -> None:
    """Move the page's clock on, and have it draw a frame after that."""
    page.clock.fast_forward(round(1000 * seconds))
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def stand(page: Page) -> None:
    """Pass time in steps of the camera's: it moves at most a tenth of a second with each frame."""
    for _ in range(30):
        pass_time(page, 0.1)


def is_share(answer: Response) -> bool:
    return answer.url.endswith("/share") and answer.request.method == "POST"


def test_the_globe_plays_that_arc_and_plays_it_again(moment: str, visit: Callable[..., Visit]) -> None:
    visitor = visit().still()
    visitor.page.clock.install()
    page = look(visitor, moment)
    said = set(page.locator(".label.shown").all_inner_texts())
    assert {re.sub(r"\s+", " ", text) for text in said} == {
        "Copper Sky The Harbour Lamps", "Lisbon Portugal", "Lagos Nigeria",
    }  # fmt: skip
    stand(page)  # the arc has landed, and the rings around its ends are gone
    standing = picture(page)
    again = "document.getElementById('again').click(), document.querySelectorAll('.label.shown').length"
    assert page.evaluate(again) == 0
    anew = (changed(page, standing, picture(page)) > 30 for _ in range(30))  # the first ones may show what was before
    assert any(anew), "the arc begins anew"
    visitor.wait("document.querySelectorAll('.label.shown').length === 3")
    stand(page)
    assert changed(page, standing, picture(page)) < 30, "and comes to be as it was"
    assert page.locator("#stage").get_attribute("data-played") == "2"
    assert visitor.errors == []


def test_whoever_wants_less_motion_sees_the_arc_stand(moment: str, visit: Callable[..., Visit]) -> None:
    visitor = visit(reduced_motion="reduce")
    visitor.page.clock.install()
    page = look(visitor, moment)
    pass_time(page, 1)  # it has faded in
    standing = picture(page)
    page.locator("#again").click()
    pass_time(page, 1)  # an arc that flies would be on its way: some 500 pixels
    assert changed(page, standing, picture(page)) < 100
    assert page.locator("#settings [data-switch=motion]").is_checked() is False


def test_it_is_told_in_the_visitors_time_and_leads_on(moment: str, visit: Callable[..., Visit]) -> None:
    visitor = visit(webgl=False, timezone_id="Asia/Tokyo")
    page = visitor.page
    page.goto(moment)
    expect(page.locator("#local")).to_have_text(re.compile(r"^\d+ \w+ \d{4}, \d\d:\d\d:\d\d in your time zone$"))
    expect(page.locator("#when")).to_have_text(re.compile(r"UTC$"))
    page.get_by_role("link", name="Night Bus Home").click()
    expect(page.locator("h1")).to_have_text("Night Bus Home")
    page.get_by_role("link", name="Show Recife").click()
    expect(page.locator(".chip")).to_contain_text("Filter: Recife")
    page.go_back()
    page.get_by_role("link", name="Open the live globe").click()
    expect(page.locator("#counters")).to_be_visible()
    assert visitor.errors == []


def test_a_share_on_a_telephone(moment: str, visit: Callable[..., Visit]) -> None:
    visitor = visit(webgl=False, **PHONE)
    page = visitor.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.add_init_script(SHEET)
    page.add_init_script("window.open = (address) => { window.opened = address; }")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(moment)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert not [url for url in asked if "card.png" in url]
    with page.expect_response(is_share) as told:
        page.get_by_role("button", name="Share").tap()
    assert told.value.status == 204
    menu = page.get_by_role("dialog", name="Share this moment")
    box = menu.bounding_box()
    assert box is not None
    assert (round(box["width"]), round(box["y"] + box["height"])) == (390, 844)
    visitor.wait("document.querySelector('#share img').naturalWidth === 1200")
    expect(menu.get_by_role("img", name=WHAT_IS_PICTURED)).to_be_visible()
    assert asked.count(f"{moment}/card.png?lang=en-IE") == 1
    assert menu.bounding_box() == box, "there was room for it"
    menu.get_by_role("button", name="Share via…").tap()
    visitor.wait("'sent' in window")
    sent = page.evaluate("({url: sent.url, text: sent.text})")
    assert sent == {"url": moment, "text": what_is_said()}
    menu.get_by_role("button", name="Copy link").tap()
    expect(menu.locator("#share-note")).to_have_text("Link copied.")
    assert page.evaluate("navigator.clipboard.readText()") == moment
    menu.get_by_role("button", name="Copy embed code").tap()
    expect(menu.locator("#share-note")).to_have_text("Embed code copied.")
    origin, id = moment.split("/c/")
    assert f'<iframe src="{origin}/embed?moment={id}"' in page.evaluate("navigator.clipboard.readText()")
    with page.expect_download() as saved:
        menu.get_by_role("link", name="Download QR code").tap()
    assert (saved.value.url, saved.value.suggested_filename) == (f"{moment}/code.svg", f"unison-{id}.svg")
    menu.get_by_role("button", name="Mastodon").tap()
    menu.get_by_role("textbox", name="Your Mastodon server").fill("nowhere")
    page.keyboard.press("Enter")
    expect(menu.locator("#share-note")).to_contain_text("mastodon.social")
    menu.get_by_role("textbox", name="Your Mastodon server").fill("@me@mastodon.example")
    page.keyboard.press("Enter")
    visitor.wait("'opened' in window")
    assert page.evaluate("opened").startswith("https://mastodon.example/share?text=Copper%20Sky")
    page.reload()
    page.get_by_role("button", name="Share").tap()
    menu.get_by_role("button", name="Mastodon").tap()
    expect(menu.get_by_role("textbox", name="Your Mastodon server")).to_have_value("mastodon.example")


def what_is_said() -> str:
    return "Copper Sky by The Harbour Lamps: Lisbon, Portugal and Lagos, Nigeria pressed play together, 40 ms apart."


def test_the_menu_takes_the_keys_and_gives_the_focus_back(moment: str, visit: Callable[..., Visit]) -> None:
    page = visit(webgl=False).page
    page.goto(moment)
    opener = page.get_by_role("button", name="Share")
    opener.focus()
    menu = page.get_by_role("dialog", name="Share this moment")
    for close in ("Escape", "Enter"):
        page.keyboard.press("Enter")
        expect(menu).to_be_visible()
        expect(menu.get_by_role("button", name="Close")).to_be_focused()
        page.keyboard.press(close)
        expect(menu).to_be_hidden()
        expect(opener).to_be_focused()
    page.keyboard.press("Enter")
    found: list[Any] = menu.get_by_role("link").evaluate_all("links => links.map(({text, href}) => [text, href])")
    hosts = {text: re.sub(r"^https?://([^/:]+).*$", r"\1", href) for text, href in found}
    assert hosts == {
        "Facebook": "www.facebook.com", "X": "x.com", "WhatsApp": "wa.me", "Bluesky": "bsky.app",
        "Download story image": "127.0.0.1", "Download QR code": "127.0.0.1",
    }  # fmt: skip
    page.mouse.click(5, 5)
    expect(menu).to_be_hidden()


def test_without_a_clipboard_the_link_can_be_copied_by_hand(moment: str, visit: Callable[..., Visit]) -> None:
    page = visit(webgl=False).page
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.goto(moment)
    page.get_by_role("button", name="Share").click()
    page.get_by_role("button", name="Copy embed code").click()
    expect(page.locator("#share-note")).to_have_text("Copy it from the field above.")
    assert page.evaluate("getSelection().toString()").startswith("<iframe")


def test_the_card_on_the_globe_opens_the_same_menu_and_leads_to_the_page(
    moment: str, visit: Callable[..., Visit]
) -> None:
    visitor = visit(webgl=False)
    page = visitor.open(of_server(moment))
    page.locator("#feed li button", has_text="Copper Sky").click()
    card = page.get_by_role("dialog", name="Copper Sky")
    with page.expect_response(is_share) as told:
        card.get_by_role("button", name="Share").click()
    assert (told.value.status, told.value.url) == (204, f"{moment}/share")
    menu = page.get_by_role("dialog", name="Share this moment")
    expect(menu.get_by_role("textbox", name="Link to this moment")).to_have_value(moment)
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(card.get_by_role("button", name="Share")).to_be_focused()
    card.get_by_role("link", name="Copper Sky").click()
    expect(page.locator("h1")).to_have_text("Copper Sky")
    assert visitor.errors == []


@pytest.mark.parametrize(("size", "locale"), [("laptop", "en-IE"), ("phone", "ar-EG")])
def test_axe_finds_nothing_on_the_page_of_a_moment_and_its_menu(
    moment: str, visit: Callable[..., Visit], size: str, locale: str
) -> None:
    visitor = visit(viewport=SIZES[size], locale=locale, reduced_motion="reduce")
    bring_axe(visitor.page)
    page = look(visitor, moment)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert in_each(THEMES, visitor, "a moment") == []
    page.locator("#share-open").click()
    page.locator("[data-share=Mastodon]").click()
    assert in_each(THEMES, visitor, "its menu") == []
    page.keyboard.press("Escape")
    page.locator("#settings-open").click()
    assert in_each(THEMES[:1], visitor, "its settings") == []
    assert visitor.errors == []


def test_without_webgl_or_scripts_the_page_says_it_all(moment: str, visit: Callable[..., Visit]) -> None:
    visitor = visit(webgl=False)
    visitor.page.goto(moment)
    visitor.wait("document.body.dataset.globe === 'none'")
    expect(visitor.page.locator(".notice")).to_be_visible()
    plain = visit(webgl=False, java_script_enabled=False).page
    plain.goto(moment)
    for page in (visitor.page, plain):
        expect(page.locator(".placeholder")).to_be_visible()
        expect(page.locator("#told")).to_contain_text("3,791 km")
        expect(page.get_by_role("link", name="Night Bus Home")).to_be_visible()
    expect(plain.get_by_role("button", name="Share")).to_be_hidden()


def test_a_moment_that_has_passed_says_so(moment: str, visit: Callable[..., Visit]) -> None:
    page = visit(webgl=False).page
    answer = page.goto(f"{of_server(moment)}/c/{'0' * 23}")
    assert answer is not None
    assert answer.status == 410
    expect(page.locator("h1")).to_have_text("This moment is no longer available.")


def test_what_the_system_refuses_is_told_and_a_picture_that_fails_leaves_no_gap(
    moment: str, visit: Callable[..., Visit]
) -> None:
    page = visit(webgl=False).page
    page.add_init_script("navigator.share = () => Promise.reject(new DOMException('', 'NotAllowedError'))")
    page.route("**/card.png*", lambda route: route.abort())
    page.goto(moment)
    page.get_by_role("button", name="Share").click()
    page.get_by_role("button", name="Share via…").click()
    expect(page.locator("#share-note")).to_contain_text("Copy the link instead")
    expect(page.locator("#share .picture")).to_be_hidden()


def test_a_picture_that_does_not_come_in_time_is_not_waited_for(moment: str, visit: Callable[..., Visit]) -> None:
    visitor = visit(webgl=False, **PHONE)
    page = visitor.page
    page.add_init_script(SHEET)
    page.route("**/story.png*", lambda route: None)
    page.goto(moment)
    page.get_by_role("button", name="Share").tap()
    page.get_by_role("button", name="Share via…").tap()
    visitor.wait("'sent' in window")
    assert page.evaluate("[sent.url, 'files' in sent]") == [moment, False]


APART = """() => {
  const box = (element) => element.getBoundingClientRect();
  const {left, top, right, bottom} = box(document.querySelector('.told > .sleeve'));
  const range = document.createRange();
  return [...document.querySelectorAll('.told > .kicker, .told h1, .told .by, .told .way')].filter((element) => {
    range.selectNodeContents(element);
    return [...range.getClientRects()].some((line) =>
      line.left < right && line.right > left && line.top < bottom && line.bottom > top);
  }).map((element) => element.textContent.trim());
}"""
"""The words that the sleeve covers."""


@pytest.mark.parametrize("size", [(1440, 900), (390, 844), (320, 640), (844, 390)])
def test_a_moment_has_its_songs_sleeve_which_covers_no_word(
    history: History, visit: Callable[..., Visit], size: tuple[int, int]
) -> None:
    visitor = visit(webgl=False, viewport={"width": size[0], "height": size[1]})
    page = visitor.page
    page.goto(f"{history.url}/c/{history.moment}")
    box = page.locator(".told > .sleeve").bounding_box()
    assert box is not None
    assert round(box["width"]) == round(box["height"]) >= 64
    assert page.evaluate(APART) == []
