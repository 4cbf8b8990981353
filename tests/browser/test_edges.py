from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator

from tests.browser.conftest import Visit
from tests.serving import Server

SIDEWAYS = {"width": 874, "height": 402}
CUT = {"left": 59, "right": 62, "top": 0, "bottom": 21}
"""What a telephone's camera and its corners take of the screen, and the bar at its foot."""


def edges(thing: Locator) -> tuple[float, float, float]:
    """How far a thing is from the left, the right and the foot of the screen."""
    box = thing.bounding_box()
    assert box is not None
    return box["x"], SIDEWAYS["width"] - box["x"] - box["width"], SIDEWAYS["height"] - box["y"] - box["height"]


def test_on_a_telephone_on_its_side_nothing_lies_under_its_camera_or_its_bar(
    idle: Server, visit: Callable[..., Visit]
) -> None:
    visitor = visit(webgl=False, viewport=SIDEWAYS)
    page = visitor.page
    page.context.new_cdp_session(page).send("Emulation.setSafeAreaInsetsOverride", {"insets": CUT})
    for address in ("/", "/?lang=ar"):
        visitor.open(idle.url + address)
        for name in (
            ".wordmark",
            ".tagline",
            "#explore",
            ".tools button",
            "#counters",
            ".feed-head",
            ".list",
            "footer a",
        ):
            things = page.locator(f"{name}:visible").all()
            assert things or name == ".tagline", name  # there is no room for that one
            for thing in things:
                left, right, _ = edges(thing)
                assert left >= CUT["left"], name
                assert right >= CUT["right"], name
        for name in (".tools button", "footer a"):
            assert min(edges(thing)[2] for thing in page.locator(f"{name}:visible").all()) >= CUT["bottom"], name
        assert page.evaluate("[document.documentElement.scrollWidth, innerWidth]") == [SIDEWAYS["width"]] * 2
