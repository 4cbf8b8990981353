"""Common steps of the browser tests: send a pair of plays, read the list, compare screenshots."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from tests.serving import Server, post_plays

OSAKA, TOKYO, RECIFE, LAGOS, LISBON = 1853909, 1850147, 3390760, 2332459, 2267057


def send_pair(server: Server, title: str, artist: str = "The Harbour Lamps", *, cities: tuple[int, int]) -> None:
    """Send two plays of a song, 40 ms apart; they are slightly in the future, so that neither is late."""
    send_pairs(server, [(title, cities)], artist)


def send_pairs(server: Server, songs: list[tuple[str, tuple[int, int]]], artist: str = "The Harbour Lamps") -> None:
    """Send two plays for each of several songs at once."""
    pressed_at = time.time() + 0.3
    plays = [
        {
            "track": {"title": title, "artist": artist},
            "listener": f"somebody in {city}",
            "place": {"geoname_id": city},
            "pressed_at": pressed_at + 0.04 * number,
        }
        for title, cities in songs
        for number, city in enumerate(cities)
    ]
    answer = post_plays(server, plays, X_Unison_Source="synthetic")
    assert (answer["accepted"], answer["late"]) == (len(plays), 0), answer


def titles(page: Page) -> list[str]:
    """Return the titles in the list, newest first."""
    return page.locator("#feed .title").all_text_contents()


def picture(page: Page) -> str:
    """Return a screenshot of the globe without labels and today's total, to compare with `changed`."""
    over = "'.labels, .on-globe, #today'"
    page.evaluate(f"document.querySelectorAll({over}).forEach(({{style}}) => (style.visibility = 'hidden'))")
    return base64.b64encode(page.locator("#stage").screenshot(animations="disabled")).decode()


def settled_picture(page: Page, pass_time: Callable[[float], None]) -> str:
    """Pass time until the globe no longer changes, as a busy machine draws it late; return its picture."""
    after = picture(page)
    for _ in range(20):
        before = after
        pass_time(1)
        after = picture(page)
        if changed(page, before, after) == 0:
            break
    return after


def changed(page: Page, before: str, after: str) -> int:
    """Return how many pixels differ clearly between two screenshots."""
    compare = """async ([a, b]) => {
      const pixels = async (data) => {
        const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
        const bitmap = await createImageBitmap(new Blob([bytes], {type: 'image/png'}));
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
        canvas.getContext('2d').drawImage(bitmap, 0, 0);
        return canvas.getContext('2d').getImageData(0, 0, bitmap.width, bitmap.height).data;
      };
      const [first, second] = [await pixels(a), await pixels(b)];
      let count = 0;
      for (let i = 0; i < first.length; i += 4) {
        const apart = [0, 1, 2].map((k) => Math.abs(first[i + k] - second[i + k]));
        count += Math.max(...apart) > 40;
      }
      return count;
    }"""
    result: Any = page.evaluate(compare, [before, after])
    return int(result)
