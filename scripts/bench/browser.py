"""Shared parts of the page's benches: a Chromium that draws in software, its cost, and a synthetic stream."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import random
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, WebSocketRoute, sync_playwright

from tests.browser.fakestream import ASK
from tests.serving import Server

SOFTWARE_GL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-sandbox"]
NO_POPUP = "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup"
"""Else each new window also loads the pages of the address field."""
PATIENCE_MS = 120_000
PLAYS, HIT = 40, 400
"""The plays of a frame of the synthetic stream, and the number of the song that a crowd plays."""
FRAMES = """seconds => new Promise((done) => {
  let frames = 0;
  const began = performance.now();
  const count = (now) => {
    frames += 1;
    if (now - began >= 1000 * seconds) done([frames, (now - began) / 1000]);
    else requestAnimationFrame(count);
  };
  requestAnimationFrame(count);
})"""


@contextlib.contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """A headless Chromium on software GL."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*SOFTWARE_GL, NO_POPUP, *flags])
        yield browser
        browser.close()


@contextlib.contextmanager
def server(**env: str) -> Iterator[Server]:
    """Yield a server with an empty history."""
    with tempfile.TemporaryDirectory() as folder:
        running = Server(Path(folder) / "data", env)
        try:
            yield running
        finally:
            running.kill()


def frames(page: Page, seconds: float) -> tuple[int, float]:
    """Count a page's frames for that long; return also the seconds that it really took."""
    count, took = page.evaluate(FRAMES, seconds)
    return int(count), float(took)


def cpu_s(server: Server | None = None) -> float:
    """Return the processor time, in seconds, of a server, or of this process's children."""
    pids = (server.process.pid, *_descendants(server.process.pid)) if server else _descendants(os.getpid())
    return sum(map(_ticks, pids)) / os.sysconf("SC_CLK_TCK")


def _descendants(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        tasks = Path(f"/proc/{pid}/task").iterdir()
        children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
        return [each for child in children for each in (child, *_descendants(child))]
    return []


def _ticks(pid: int) -> int:
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])
    return 0


def machine() -> str:
    """Return a description of the machine."""
    cpuinfo = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.*)", cpuinfo.read_text()) if cpuinfo.exists() else None
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return f"{model[1] if model else platform.processor()}, {os.cpu_count()} cores, load {load}"


class FakeStream:
    """A synthetic `/stream` with random connections from a seed."""

    def __init__(self, page: Page, seed: int = 7) -> None:
        self._random = random.Random(seed)
        self._made = self._seq = 0
        self._newest: dict[str, Any] | None = None
        self._socket: WebSocketRoute | None = None
        page.route_web_socket("**/stream*", self._open)
        page.expose_function("tellToday", lambda _: self._today())
        page.add_init_script(ASK)

    def _open(self, socket: WebSocketRoute) -> None:
        self._socket = socket
        hello = {"type": "hello", "protocol": 1, "stream": "bench", "seq": 0, "now": time.time(), "window_s": 1}
        socket.send(json.dumps(hello | {"plays_by_source": {"synthetic": 1}, "recent": [], "gap": None}))

    def _today(self) -> str:
        answer: dict[str, Any] = {"since": 0, "city": None, "meetings": self._made, "countries": [], "farthest": None}
        return json.dumps(answer | {"stream": "bench", "seq": self._seq})

    def lead(self) -> None:
        """Send the newest connection as the lead story."""
        if self._socket is not None:
            self._socket.send(json.dumps({"type": "lead", "connection": self._newest}))

    def send(self, count: int, *, pulses: int = 0, sparks: int = 0, crowd: bool = False) -> None:
        """Send a frame with that many new connections, pulses and sparks; half of its plays are a crowd's."""
        if self._socket is None:
            return
        self._seq += 1
        counts = {"plays": PLAYS, "together": 2 * count, "connections": count, "shown": count}
        frame = {"type": "connections", "seq": self._seq, "now": time.time()}
        made: dict[str, Any] = {"connections": [self._connection() for _ in range(count)]}
        made["pulses"] = [self._event() | {"apart_ms": 40} for _ in range(pulses)]
        made["sparks"] = [self._event() for _ in range(sparks)]
        made["crowd"] = self._crowd() if crowd else None
        self._newest = (made["connections"] or [self._newest])[-1]
        counts |= {"plays_by_source": {"synthetic": PLAYS}}  # type: ignore[dict-item]
        self._socket.send(json.dumps(frame | made | {"counts": counts}))

    def _connection(self) -> dict[str, Any]:
        self._made += 1
        return {
            "id": f"{self._made:023d}",
            "source": "synthetic",
            "at": time.time(),
            "apart_ms": self._random.randrange(1000),
            "km": self._random.randrange(1000, 20000),
            "track": self._track(),
            "from": self._place(),
            "to": self._place(),
        }

    def _crowd(self) -> dict[str, Any]:
        """A song that half of the plays are of, each time in other cities."""
        cities = [{"city": self._place(), "plays": 3} for _ in range(6)]
        return {"track": self._song(HIT), "plays": PLAYS // 2, "cities": cities}

    def _event(self) -> dict[str, Any]:
        return {"source": "synthetic", "at": time.time(), "track": self._track(), "city": self._place()}

    def _track(self) -> dict[str, str]:
        return self._song(self._random.randrange(400))

    def _song(self, song: int) -> dict[str, str]:
        return {"id": f"{song:016d}", "title": f"Song {song}", "artist": "The Harbour Lamps"}

    def _place(self) -> dict[str, Any]:
        lon, lat = self._random.uniform(-180, 180), self._random.uniform(-50, 65)
        id = 1 + self._random.randrange(3000)
        return {"geoname_id": id, "city": f"City {id}", "country": "Land", "country_code": "XX", "lon": lon, "lat": lat}
