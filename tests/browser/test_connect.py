"""/connect and /privacy in a browser: by keyboard alone, on a phone, without JavaScript, and as axe-core sees them."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser.axe import SIZES, bring_axe, complaints, wrong_in_any_look
from tests.browser.conftest import Visit
from tests.conftest import lasting
from tests.serving import Server
from webapp.web.clientguides import GUIDES

pytestmark = pytest.mark.timeout(300)
LIGHT = "getComputedStyle(document.querySelector('.light')).animationName"


@pytest.fixture(scope="module")
def connecting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server where listeners can connect their players."""
    with lasting(tmp_path_factory.mktemp("connecting"), UNISON_CONNECT="1") as server:
        yield server


def play(server: Server, token: str, title: str) -> None:
    """Send what a player sends when a song starts."""
    listen = {"track_metadata": {"track_name": title, "artist_name": "Marisol Vey"}}
    body = json.dumps({"listen_type": "playing_now", "payload": [listen]}).encode()
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(server.url + "/1/submit-listens", body, headers), timeout=20):
        pass


def get_token(page: Page) -> str:
    """Get a token for Recife, by the keyboard."""
    page.locator("#city-q").fill("reci")  # at once, so that one list of cities comes
    page.get_by_role("option", name="Recife Brazil").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#city-q")).to_have_value("Recife, Brazil")
    page.keyboard.press("Enter")
    expect(page.locator("#token-title")).to_be_focused()
    return page.locator("#token-text").inner_text()


def test_a_listener_connects_and_leaves_by_the_keyboard(connecting: Server, visit: Callable[..., Visit]) -> None:
    visitor = visit(webgl=False, viewport=SIZES["laptop"], reduced_motion="reduce")
    bring_axe(visitor.page)
    page = visitor.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(connecting.url + "/connect")
    page.get_by_role("button", name="Get a token").press("Enter")
    expect(page.locator("#problem")).to_have_text("Choose a city first.")
    expect(page.locator("#city-q")).to_be_focused()
    token = get_token(page)
    expect(page.locator("#place")).to_have_text("Recife, Brazil")
    expect(page.locator("#said")).to_have_text("Waiting for your first play…")
    assert page.evaluate(LIGHT) == "none"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#copied")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == token

    page.get_by_role("radio", name="Navidrome").focus()
    for _ in range(5):
        page.keyboard.press("ArrowDown")
    user = page.locator("#user-text").inner_text()
    lines = f"[unison]\nurl = {connecting.url}/\nusername = {user}\npassword = {token}"
    expect(page.locator("#mpdscribble-1")).to_have_text(lines)
    expect(page.locator(".guide:visible")).to_have_count(1)
    page.get_by_role("button", name="Copy: mpdscribble").press("Enter")
    assert page.evaluate("navigator.clipboard.readText()") == lines
    assert complaints(visitor) == []

    play(connecting, token, "Slow Lighthouse")
    expect(page.locator("#said")).to_have_text(
        re.compile(r"Your play arrived: Slow Lighthouse · Marisol Vey, at \d.+\.")
    )
    expect(page.locator("#naming")).to_contain_text("once at least 3 listeners press play there within an hour.")
    expect(page.locator("#arrival")).to_have_attribute("data-state", "playing")
    assert complaints(visitor) == []

    page.get_by_role("button", name="Delete my token").press("Enter")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    expect(page.get_by_role("dialog")).to_contain_text("Moments hold no listener. They stay until they age out.")
    assert complaints(visitor) == []
    page.keyboard.press("Escape")
    expect(page.locator("#delete")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_have_text("Your token is deleted.")
    expect(page.locator("#city-q")).to_be_focused()
    expect(page.locator("#token")).to_be_hidden()
    page.get_by_text("I have a token").click()
    page.get_by_label("Your Unison token").fill(token)
    page.keyboard.press("Enter")
    expect(page.locator("#wrong")).to_have_text("This token is not valid.")
    assert [error for error in visitor.errors if "401" not in error] == []


def test_a_play_is_said_to_be_on_the_globe_only_where_all_cities_are_named(
    serve: Callable[..., Server], visit: Callable[..., Visit]
) -> None:
    server = serve(UNISON_CONNECT="1", UNISON_PRIVACY_K="0")
    page = visit(webgl=False).page
    page.goto(server.url + "/connect")
    token = get_token(page)
    play(server, token, "Slow Lighthouse")
    told = re.compile(r"You are on the globe: Slow Lighthouse · Marisol Vey, from Recife, at \d.+\.")
    expect(page.locator("#said")).to_have_text(told)
    expect(page.locator("#naming")).to_have_count(0)


def test_a_token_is_lost_with_the_page_unless_its_tab_keeps_it(connecting: Server, visit: Callable[..., Visit]) -> None:
    page = visit(webgl=False).page
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.goto(connecting.url + "/connect")
    token = get_token(page)
    expect(page.locator("#once")).to_be_visible()
    assert page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])").find(token) < 0
    page.evaluate("location.assign('/privacy')")
    expect(page.locator("#token-text")).to_have_text(token)
    assert asked == ["beforeunload"]

    page.get_by_label("Keep it in this tab until I close it").check()
    page.reload()
    expect(page.locator("#token-text")).to_have_text(token)
    expect(page.locator("#once")).to_be_hidden()
    page.get_by_label("Keep it in this tab until I close it").uncheck()
    page.reload()
    expect(page.locator("#get")).to_be_visible()
    page.get_by_text("I have a token").click()
    page.get_by_label("Your Unison token").fill(token)
    page.keyboard.press("Enter")
    expect(page.locator("#place")).to_have_text("Recife, Brazil")
    assert asked == ["beforeunload"]


@pytest.mark.parametrize("locale", ["en-IE", "ar-EG"])
def test_nothing_is_wrong_with_the_page_in_any_look(
    connecting: Server, visit: Callable[..., Visit], locale: str
) -> None:
    visitor = visit(webgl=False, locale=locale, reduced_motion="reduce")
    bring_axe(visitor.page)
    page = visitor.page
    page.goto(connecting.url + "/connect#vlc")
    expect(page.locator("#vlc")).to_be_visible()
    assert wrong_in_any_look(visitor) == []
    page.goto(connecting.url + "/privacy")
    assert wrong_in_any_look(visitor) == []
    assert visitor.errors == []


def test_every_player_fits_on_a_phone(connecting: Server, visit: Callable[..., Visit]) -> None:
    page = visit(webgl=False, viewport=SIZES["phone"]).page
    page.goto(connecting.url + "/connect")
    get_token(page)
    for guide in GUIDES:
        page.locator(f"#choice input[value={guide.id}]").evaluate("(radio) => radio.click()")
        expect(page.locator(f"#{guide.id}")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, guide.id


def test_a_player_that_the_address_does_not_fit_says_why(connecting: Server, visit: Callable[..., Visit]) -> None:
    page = visit(webgl=False).page
    page.goto(connecting.url + "/connect#mopidy")
    expect(page.locator("#mopidy .need")).to_contain_text("It sends over https only")
    page.goto(connecting.url + "/connect?#vlc")
    expect(page.locator("#vlc")).to_be_visible()
    expect(page.locator("#vlc .need[data-need]:visible")).to_have_count(0)


def test_without_javascript_the_page_has_the_guides_and_says_who_can_make_a_token(
    connecting: Server, visit: Callable[..., Visit]
) -> None:
    page = visit(webgl=False, java_script_enabled=False).page
    page.goto(connecting.url + "/connect")
    expect(page.locator("noscript .notice code")).to_be_visible()
    expect(page.locator("#ask")).to_be_hidden()
    expect(page.locator(".guide:visible")).to_have_count(len(GUIDES))
    expect(page.locator("#mpdscribble-1")).to_contain_text(f"url = {connecting.url}/")


def test_the_globes_page_leads_to_it(connecting: Server, visit: Callable[..., Visit]) -> None:
    page = visit(webgl=False, viewport=SIZES["phone"]).open(connecting.url)
    page.get_by_role("link", name="Put your player on the globe").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Put your player on the globe")
