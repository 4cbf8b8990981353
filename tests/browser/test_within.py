"""A connection whose times are not exact: the pages say within about how many seconds, and no milliseconds."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from playwright.sync_api import Locator, expect

from tests.browser.conftest import Visit
from tests.browser.steps import LAGOS, LISBON
from tests.serving import Server, post_plays

MS = re.compile(r"\bms\b")


def send_inexact_pair(server: Server) -> None:
    """Send two plays, 40 ms apart, each of which may be wrong by 1.45 s."""
    plays = [
        {
            "track": {"title": "Copper Sky", "artist": "The Harbour Lamps"},
            "listener": f"somebody in {city}",
            "place": {"geoname_id": city},
            "pressed_at": time.time() + 0.3 + after_s,
            "within_s": 1.45,
        }
        for city, after_s in ((LISBON, 0.0), (LAGOS, 0.04))
    ]
    assert post_plays(server, plays, X_Unison_Source="synthetic")["accepted"] == 2


def says_seconds(place: Locator) -> None:
    """Check that a part of a page says so many seconds, and no milliseconds."""
    expect(place).to_contain_text("within about 3 s")
    expect(place).not_to_contain_text(MS)


def test_the_list_the_details_the_share_dialog_and_the_moment_say_seconds(
    server: Server, visit: Callable[..., Visit]
) -> None:
    visitor = visit(webgl=False)
    page = visitor.open(server.url)
    send_inexact_pair(server)
    entry = page.locator("#feed li")
    expect(entry).to_have_count(1)
    says_seconds(entry)
    entry.get_by_role("button").first.click()
    details = page.get_by_role("dialog", name="Copper Sky")
    says_seconds(details)
    details.get_by_role("button", name="Share").click()
    share = page.get_by_role("dialog", name="Share this moment")
    says_seconds(share)
    page.keyboard.press("Escape")
    details.get_by_role("link", name="Copper Sky").click()
    says_seconds(page.locator("#told"))
    expect(page.locator("#told .kicker")).to_have_text("Two strangers, one song.")
    expect(page.locator("#told .small-print")).to_contain_text("Not every player tells the exact time of a press.")
    expect(page.locator("#others-title")).to_have_text("More from around that time")
    expect(page.locator("#told .hint")).to_have_text("No other connections around that time.")
    page.goto(f"{server.url}/embed?moment={page.url.rpartition('/')[2]}")
    says_seconds(page.locator("[data-caption=facts]"))
    page.goto(f"{server.url}/playlist")
    expect(page.locator("main")).not_to_contain_text(MS)
    page.goto(server.url)
    says_seconds(page.locator("#feed li"))
    assert visitor.errors == []
