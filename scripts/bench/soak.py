"""Check that the page does not grow: an hour of traffic in ten minutes.

    python scripts/bench/soak.py [--minutes 10] [--rate 24]

A headless Chromium on software GL shows the page while a stream brings connections six times as fast as a server
shows them, with pulses and sparks. Each ten seconds there is a lead story, and half of the time one song has a crowd,
whose banner comes and goes and whose cities flare. Each minute, after a garbage collection, it counts the page's
JavaScript heap, its DOM nodes and listeners, and its objects on the GPU. Exits with 1 if any of these is higher at the
end than after the second minute, apart from the changing number of labels.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page

sys.path.insert(0, str(Path(__file__).parent.parent))
from bench.browser import PATIENCE_MS, FakeStream, chromium, machine, server

FRAMES_PER_S = 4
LEAD_S = 10
"""Between two stories."""
HEAP_MB, NODES, LISTENERS, BUFFERS, TEXTURES, OTHERS = 2.0, 250, 10, 0, 0, 0
"""Allowed growth since the second minute. A label has six nodes, and about twenty labels come and go."""
DRAWN_LEAST = 0.9
"""Of what was sent: less, and it was not the traffic that is spoken of."""
SETTLE = 2

WATCH_GPU = """(() => {
  const alive = window.gpuAlive = {Buffer: new Set(), Texture: new Set()};
  const others = ['VertexArray', 'Framebuffer', 'Renderbuffer', 'Program', 'Shader', 'Sampler', 'Query'];
  const rest = alive.Other = new Set();
  const gl = WebGL2RenderingContext.prototype;
  for (const kind of [...Object.keys(alive), ...others].filter((kind) => kind !== 'Other')) {
    const [create, remove, kept] = [gl[`create${kind}`], gl[`delete${kind}`], alive[kind] ?? rest];
    gl[`create${kind}`] = function (...asked) {
      const made = create.apply(this, asked);
      kept.add(made);
      return made;
    };
    gl[`delete${kind}`] = function (gone) {
      kept.delete(gone);
      return remove.call(this, gone);
    };
  }
})()"""
ALIVE = "['Buffer', 'Texture', 'Other'].map((kind) => gpuAlive[kind].size)"
DRAWN = "Number(document.getElementById('stage').dataset.arcs ?? 0)"


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a page: its heap in MB, and numbers of objects."""

    heap_mb: float
    nodes: int
    listeners: int
    buffers: int
    textures: int
    others: int

    def grown(self, since: Size) -> list[str]:
        """Return a sentence for each exceeded limit."""
        limits = Size(HEAP_MB, NODES, LISTENERS, BUFFERS, TEXTURES, OTHERS)
        rows = zip(self.__slots__, astuple(since), astuple(self), astuple(limits), strict=True)
        return [
            f"{name} went from {before:g} to {now:g}, more than {most:g} up"
            for name, before, now, most in rows
            if now - before > most
        ]


def size(page: Page, wire: CDPSession) -> Size:
    """Measure a page after garbage collection."""
    for _ in range(SETTLE):  # one collection may release objects that hold others
        wire.send("HeapProfiler.collectGarbage")
    metrics: dict[str, Any] = {each["name"]: each["value"] for each in wire.send("Performance.getMetrics")["metrics"]}
    heap_mb = round(metrics["JSHeapUsedSize"] / 1e6, 2)
    return Size(heap_mb, int(metrics["Nodes"]), int(metrics["JSEventListeners"]), *page.evaluate(ALIVE))


def traffic(page: Page, stream: FakeStream, seconds: float, rate: float) -> int:
    """Send that many connections a second, with a crowd in the second half; return how many were sent."""
    began, sent, leads = time.monotonic(), 0, 0
    while (passed := time.monotonic() - began) < seconds:
        due = round(min(passed + 1 / FRAMES_PER_S, seconds) * rate)
        stream.send(due - sent, pulses=1, sparks=2, crowd=passed > seconds / 2)
        sent = due
        if passed >= LEAD_S * leads:
            stream.lead()
            leads += 1
        page.wait_for_timeout(1000 / FRAMES_PER_S)
    return sent


def soak(page: Page, url: str, *, seconds: float, times: int, rate: float) -> Iterator[tuple[Size, int, int]]:
    """Return the page's size after each period of traffic, and the numbers of connections sent and drawn."""
    page.add_init_script(WATCH_GPU)
    stream, wire, sent = FakeStream(page), page.context.new_cdp_session(page), 0
    wire.send("Performance.enable")
    page.goto(url)
    page.wait_for_selector("body[data-globe=ready]", timeout=PATIENCE_MS)
    for _ in range(times):
        sent += traffic(page, stream, seconds, rate)
        yield size(page, wire), sent, page.evaluate(DRAWN)


def main() -> int:
    """Measure and print; return 1 if the page grew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=10, help="of traffic, 3 at least (10)")
    parser.add_argument("--rate", type=float, default=24.0, help="connections a second (24)")
    options = parser.parse_args()
    print(f"{machine()}\nmin   heap MB    nodes  listeners  buffers  textures  others      came     drawn")
    sizes: list[Size] = []
    with server() as running, chromium() as browser:
        page = browser.new_page(viewport={"width": 900, "height": 700})
        for now, sent, drawn in soak(page, running.url, seconds=60, times=max(3, options.minutes), rate=options.rate):
            sizes.append(now)
            cells = f"{now.heap_mb:9.2f}{now.nodes:9}{now.listeners:11}{now.buffers:9}{now.textures:10}{now.others:8}"
            print(f"{len(sizes):3} {cells}{sent:10,}{drawn:10,}", flush=True)
    grown = sizes[-1].grown(sizes[1])
    if drawn < DRAWN_LEAST * sent:
        grown.append(f"only {drawn:,} of {sent:,} connections were drawn")
    print(f"{machine()}; after minute 2 it stayed flat" if not grown else "; ".join(grown))
    return int(bool(grown))


if __name__ == "__main__":
    raise SystemExit(main())
