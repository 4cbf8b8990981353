"""A small application with only the hub, for the hub's tests.

`POST /send/<channel>` sends its body; `/opening` with a number and a size sets the first frames of the next viewers.
"""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from flask import Flask, request
from werkzeug.wrappers import Request

from webapp.engine.eventloop import EventLoop
from webapp.engine.hub import Hub
from webapp.engine.viewer import Viewer
from webapp.web import websocket


class Service:
    """The hub, started by the first request."""

    def __init__(self) -> None:
        self.channels: dict[str, set[Viewer]] = {}
        self.opening = (0, 0)
        self.joined = self.gone = 0
        self.loop = EventLoop()
        self._hub: Hub | None = None
        self._lock = threading.Lock()

    @property
    def hub(self) -> Hub:
        with self._lock:
            if self._hub is None:
                self.loop.start()
                self._hub = self.loop.call(_make_hub)
        return self._hub

    def channel(self, name: str) -> set[Viewer]:
        return self.channels.setdefault(name, set())

    def count_gone(self, then: Callable[[], None]) -> None:
        self.gone += 1
        then()

    def first(self) -> Iterator[bytes]:
        count, size = self.opening
        for index in range(count):
            if size < 0:
                raise RuntimeError("an opening that fails")
            yield b"opening %d " % index + b"x" * size


def _make_hub() -> Hub:
    options: dict[str, Any] = {
        name: float(value) for name, _, value in (pair.partition("=") for pair in os.environ["HUB"].split())
    }
    return Hub(**options).start()


app = Flask(__name__)
service = Service()


def admit(request: Request) -> websocket.Join:
    name = request.args.get("channel", "")

    def join(sock: Any, on_close: Callable[[], None]) -> None:
        service.joined += 1
        hub, channel = service.hub, service.channel(name)
        service.loop.call(hub.join, sock, channel, service.first(), lambda: service.count_gone(on_close))

    return join


websocket.route(app, "/stream", admit)


@app.post("/send/")
@app.post("/send/<name>")
def send(name: str = "") -> dict[str, Any]:
    payload, times = request.get_data(), int(request.args.get("times", 1))
    hub = service.hub
    for index in range(times):
        service.loop.call(hub.send, service.channel(name), payload.replace(b"#", b"%d" % index))
    return stats()


@app.post("/opening/<int:count>/<int(signed=True):size>")
def opening(count: int, size: int) -> dict[str, Any]:
    service.opening = (count, size)
    return stats()


@app.get("/stats")
def stats() -> dict[str, Any]:
    hub = service.hub
    return service.loop.call(
        lambda: {
            "viewers": hub.viewers,
            "backlog": hub.backlog,
            "dropped": dict(hub.dropped),
            "joined": service.joined,
            "gone": service.gone,
            "files": len([*Path("/proc/self/fd").iterdir()]),
            "channels": {name: len(channel) for name, channel in service.channels.items()},
        }
    )


@app.post("/close")
def close() -> dict[str, Any]:
    wait_s = float(request.args["wait_s"])
    service.loop.spawn(lambda: service.hub.close(lambda: b"bye", wait_s=wait_s))
    return stats()


@app.post("/reset")
def reset() -> dict[str, Any]:
    """Reset all counts; no viewer may be connected."""
    hub = service.hub
    service.loop.call(hub.dropped.clear)
    service.joined, service.gone, service.opening = 0, 0, (0, 0)
    service.channels.clear()
    return stats()
