"""Touches and drags with the mouse, with timestamps of their own, so that a busy machine does not change them."""

from __future__ import annotations

import time

from playwright.sync_api import Page

Point = tuple[float, float]


def swipe(page: Page, *ways: tuple[Point, Point]) -> None:
    """Go from one point to the other in 0.2 s with as many fingers as there are ways.

    They come down one after the other, as fingers do.
    """
    session = page.context.new_cdp_session(page)
    began = time.time() - 0.3

    def send(kind: str, at_s: float, points: list[Point]) -> None:
        told = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "timestamp": began + at_s, "touchPoints": told})

    for number in range(1, len(ways) + 1):
        send("touchStart", number * 0.02, [start for start, _ in ways[:number]])
    for share in (0.25, 0.5, 0.75, 1):
        send("touchMove", 0.1 + share * 0.2, [along(start, end, share) for start, end in ways])
    send("touchEnd", 0.3, [])
    session.detach()


def drag(page: Page, start: Point, end: Point) -> None:
    """Go from one point to the other in 0.2 s with the mouse, and let go on the way."""
    session = page.context.new_cdp_session(page)
    began = time.time() - 0.2

    def send(kind: str, share: float) -> None:
        x, y = along(start, end, share)
        mouse = {"x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1, "timestamp": began + share * 0.2}
        session.send("Input.dispatchMouseEvent", {"type": kind, **mouse})

    send("mousePressed", 0)
    for step in range(1, 11):
        send("mouseMoved", step / 10)
    send("mouseReleased", 1)
    session.detach()


def along(start: Point, end: Point, share: float) -> Point:
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share
