"""Take the README's screenshots of a server with simulated traffic: `python scripts/screenshots.py`.

Each shows a lead story, some seconds after its sentence appeared. They go to `tests/pictures`, or with `--to FOLDER`
elsewhere. The sun stands where it is now: nightfall is over Europe in the evening.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.browser import SOFTWARE_GL
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parent.parent
LAPTOP = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}
VISITORS: dict[str, dict[str, Any]] = {"globe": LAPTOP, "phone": PHONE}
TRAFFIC = ["--rate", "40", "--seed", "7"]
LOAD_MS = 60_000


@contextmanager
def running(command: list[str], **options: object) -> Iterator[subprocess.Popen[str]]:
    """Run a program until the block ends."""
    process = subprocess.Popen(command, text=True, **options)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.terminate()
        process.wait(15)


@contextmanager
def seeded_server() -> Iterator[str]:
    """Start a server with simulated traffic, and yield its address."""
    program = str(Path(sys.executable).with_name("unison"))
    with tempfile.TemporaryDirectory() as data_dir:
        serve = [program, "serve", "--port", "0", "--data-dir", data_dir]
        with running(serve, stdout=subprocess.PIPE) as server:
            assert server.stdout is not None
            url = next(found[1] for line in server.stdout if (found := re.search(r"Unison is on (http\S+)", line)))
            seed = [sys.executable, str(ROOT / "scripts" / "seed_plays.py"), "--url", url, "--data-dir", data_dir]
            with running([*seed, *TRAFFIC], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
                yield url


def take(browser: Browser, url: str, visitor: dict[str, Any], target: Path, seconds: float) -> None:
    """Open the page as a visitor in Berlin, wait for a story to begin, and save a screenshot."""
    page = browser.new_page(**visitor, color_scheme="dark", locale="en-IE", timezone_id="Europe/Berlin")
    page.goto(url)
    page.wait_for_selector('body[data-globe="ready"]', timeout=LOAD_MS)
    page.wait_for_selector(".story", timeout=LOAD_MS)
    first = page.locator(".sentence").text_content()
    while page.locator(".sentence").last.text_content() == first:
        page.wait_for_timeout(100)
    page.wait_for_timeout(1000 * seconds)
    page.screenshot(path=target)
    page.close()
    print(target)


def main() -> None:
    """Take a screenshot in each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=ROOT / "tests" / "pictures", metavar="FOLDER")
    parser.add_argument("--seconds", type=float, default=6, help="how long after a story began (6)")
    options = parser.parse_args()
    options.to.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with seeded_server() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=SOFTWARE_GL)
        time.sleep(5)
        for name, visitor in VISITORS.items():
            take(browser, url, visitor, options.to / f"{name}.png", options.seconds)
        browser.close()


if __name__ == "__main__":
    main()
