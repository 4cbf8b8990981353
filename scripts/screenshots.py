"""Take screenshots of a server with simulated traffic: `python scripts/screenshots.py [--stages [NAME ...]]`.

Without options, it takes the README's pictures anew, in `tests/pictures`: each shows a lead story. With `--stages`, it
takes pictures of each stage of the page, as a laptop and as a phone show it, in `build/pictures`: look at them after a
change of the page. The sun stands where it is now: nightfall is over Europe in the evening.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from bench.browser import chromium, server
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parent.parent
LAPTOP = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}
WALL = {"viewport": {"width": 1920, "height": 1080}}
DEMO = {"UNISON_DEMO": "1", "UNISON_VISITOR_PLAYS": "1", "UNISON_PUBLIC_URL": "https://unison.example.org"}
EVERYDAY = ("--scenario", "everyday", "--rate", "40", "--seed", "7")
RELEASE_NIGHT = ("--scenario", "release-night", "--seed", "7")
FILL_S = 40
"""How long traffic runs before the first picture, so that the list is full and the totals are large."""
LOAD_MS = 60_000
CITY, COUNTRY = "London", "United Kingdom"
PRESSES_MAX = 15
"""Presses until one meets nobody; the server takes 20 at once."""
OUTCOME = "#play:is([data-state=together], [data-state=pulse], [data-state=alone])"


class Shot(NamedTuple):
    """A picture.

    Attributes:
        name: of its file, without ".png".
        visitor: Playwright's options of the page.
        bring: what the visitor does on the page until it shows what the picture is of.
        traffic: options of `unison seed`.
        path: of the page.
    """

    name: str
    visitor: dict[str, Any]
    bring: Callable[[Page], None]
    traffic: tuple[str, ...] = EVERYDAY
    path: str = "/"


def hear_a_story(page: Page) -> None:
    """Wait until a story begins and both its cities are named; the one on arrival may be about to end."""
    page.wait_for_selector("#today[data-known]")
    page.wait_for_selector(".story")
    first = page.locator(".sentence").first.text_content()
    page.locator(".story:not(.leaving) .sentence").filter(has_not_text=first).wait_for()
    page.locator(".label.spot.city.shown").nth(1).wait_for(state="attached")  # only its parts have a size


def choose_an_entry(page: Page) -> None:
    """Open the card of a connection from the list."""
    page.locator("#feed h3 button").nth(1).click(force=True)  # or it waits until the list stands still
    page.locator(".label.spot.shown").nth(2).wait_for(state="attached")


def see_a_crowd(page: Page) -> None:
    """Wait for the banner, and end the story that is told on arrival."""
    page.locator("#crowd").wait_for()
    page.keyboard.press("Shift")


def choose_a_city(page: Page) -> None:
    """Choose the visitor's city, and close its panel."""
    summary = page.locator(".your-city summary")
    summary.click()
    page.get_by_role("combobox", name="City name").fill(CITY)
    page.get_by_role("option", name=f"{CITY} {COUNTRY}").first.click()
    summary.click()
    page.locator("#home-day bdi").first.wait_for()


def press_alone(page: Page) -> None:
    """Choose a city, and press play on one song after the other until nobody else did in that second."""
    choose_a_city(page)
    for number in range(PRESSES_MAX):
        page.locator("#feed .play").nth(number % 3).click(force=True)
        page.locator(OUTCOME).wait_for()
        if page.locator("#play .closest").is_visible():
            return
        page.locator("#feed-title").click()  # ends the spotlight on whom they met
    raise RuntimeError(f"each of {PRESSES_MAX} presses met somebody")


def on_both(name: str, bring: Callable[[Page], None], traffic: tuple[str, ...] = EVERYDAY) -> list[Shot]:
    """Return a stage's pictures: of a laptop and of a phone."""
    return [Shot(name, LAPTOP, bring, traffic), Shot(f"{name}-phone", PHONE, bring, traffic)]


README = [Shot("globe", LAPTOP, hear_a_story), Shot("phone", PHONE, hear_a_story)]
STAGES = {
    "arrival": on_both("arrival", hear_a_story),
    "spotlight": on_both("spotlight", choose_an_entry),
    "crowd": on_both("crowd", see_a_crowd, RELEASE_NIGHT),
    "near-miss": on_both("near-miss", press_alone),
    "home": on_both("home", choose_a_city),
    "wall": [Shot("wall", WALL, hear_a_story, path="/?wall=1")],
}


@contextmanager
def seeded_server(traffic: Iterable[str]) -> Iterator[str]:
    """Start a server with simulated traffic, and yield its address once it has some history."""
    with server(**DEMO) as running:
        where = ["--url", running.url, "--data-dir", str(running.data_dir)]
        seed = [sys.executable, str(ROOT / "scripts" / "seed_plays.py"), *where, *traffic]
        sender = subprocess.Popen(seed, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(FILL_S)
            yield running.url
        finally:
            sender.terminate()
            sender.wait(15)


def take(browser: Browser, url: str, shot: Shot, folder: Path, seconds: float) -> None:
    """Open the page as a visitor in Berlin, let them act, wait, and save a screenshot."""
    page = browser.new_page(**shot.visitor, color_scheme="dark", locale="en-IE", timezone_id="Europe/Berlin")
    page.set_default_timeout(LOAD_MS)
    page.goto(url + shot.path)
    page.wait_for_selector('body[data-globe="ready"]')
    shot.bring(page)
    page.wait_for_timeout(1000 * seconds)
    page.screenshot(path=folder / f"{shot.name}.png")
    page.close()
    print(folder / f"{shot.name}.png", flush=True)


def main() -> None:
    """Take the pictures, with one server for each kind of traffic."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--stages", nargs="*", choices=STAGES, metavar="NAME", help=f"all or some of {', '.join(STAGES)}"
    )
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="where to save the pictures")
    parser.add_argument("--seconds", type=float, default=3, help="how long to wait before each picture (3)")
    options = parser.parse_args()
    is_readme = options.stages is None
    shots = README if is_readme else [shot for name in options.stages or STAGES for shot in STAGES[name]]
    folder = options.to or ROOT / ("tests/pictures" if is_readme else "build/pictures")
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for traffic in dict.fromkeys(shot.traffic for shot in shots):
            with seeded_server(traffic) as url:
                for shot in shots:
                    if shot.traffic == traffic:
                        take(browser, url, shot, folder, options.seconds)


if __name__ == "__main__":
    main()
