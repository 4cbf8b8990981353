"""Measure what a first visit loads, when arcs appear, and what a second visit requests again.

    python scripts/bench/load.py [--rounds 3]

It uses a real server and a headless Chromium on software GL; each round starts with an empty cache. The stream brings
connections as soon as it is open, so that the wait is the page's. The first arcs are on the still that stands where the
globe will be, and the globe takes them over as soon as it is there. Exits with 1 if a limit is exceeded.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, BrowserContext

sys.path.insert(0, str(Path(__file__).parent.parent))
from bench.browser import PATIENCE_MS, FakeStream, chromium, machine, server

WIRE_MAX_MB = 1.2
FIRST_ARC_MAX_S = 2.5
STEP_MS = 50
ON_THE_PLACEHOLDER = "document.querySelector('.placeholder .live path') !== null"
ON_THE_GLOBE = "document.querySelector('#stage[data-arcs]') !== null"
DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@dataclass(slots=True)
class Load:
    """One visit: bytes and requests over the wire, and seconds to an arc on the placeholder and on the globe."""

    size: int = 0
    requests: int = 0
    still_s: float = 0.0
    globe_s: float = 0.0


def visit(context: BrowserContext, url: str) -> Load:
    """Open the page and wait for its first arc."""
    page, load, cached = context.new_page(), Load(), set[str]()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.on("Network.requestServedFromCache", lambda event: cached.add(event["requestId"]))

    def finished(event: dict[str, object]) -> None:
        if event["requestId"] not in cached and int(str(event["encodedDataLength"]).split(".")[0]) > 0:
            load.size += int(str(event["encodedDataLength"]).split(".")[0])
            load.requests += 1

    wire.on("Network.loadingFinished", finished)
    stream = FakeStream(page)
    began = time.monotonic()

    def wait(up: str) -> float:
        while not page.evaluate(up) and time.monotonic() - began < PATIENCE_MS / 1000:
            stream.send(1)
            page.wait_for_timeout(STEP_MS)
        page.evaluate(DRAWN)
        return time.monotonic() - began

    page.goto(url, wait_until="commit")
    load.still_s, load.globe_s = wait(f"{ON_THE_PLACEHOLDER} || {ON_THE_GLOBE}"), wait(ON_THE_GLOBE)
    page.close()
    return load


def both(browser: Browser, url: str) -> tuple[Load, Load]:
    """Visit twice."""
    with browser.new_context(viewport={"width": 900, "height": 700}) as context:
        return visit(context, url), visit(context, url)


def main() -> int:
    """Measure and print; return 1 if a limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often (3)")
    options = parser.parse_args()
    print(machine())
    with server() as running, chromium() as browser:
        loads = [both(browser, running.url) for _ in range(options.rounds)]
    megabytes = median(first.size for first, _ in loads) / 1e6
    stills, globes = (
        [median(getattr(load[i], name) for load in loads) for i in (0, 1)] for name in ("still_s", "globe_s")
    )
    again = median(second.requests for _, second in loads)
    print(f"first visit: {megabytes:.2f} MB over the wire (limit {WIRE_MAX_MB}) in {loads[0][0].requests} requests")
    print(f"first arc after {stills[0]:.2f} s (limit {FIRST_ARC_MAX_S}), {stills[1]:.2f} s on a second visit")
    print(f"on the globe after {globes[0]:.2f} s, {globes[1]:.2f} s on a second visit")
    print(f"a second visit makes {again:.0f} requests; {machine()}")
    return int(megabytes > WIRE_MAX_MB or stills[0] > FIRST_ARC_MAX_S)


if __name__ == "__main__":
    raise SystemExit(main())
