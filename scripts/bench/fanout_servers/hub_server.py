"""Our server for fanout.py: `hub_server.py FD BYTES BOUND` serves a socket as `unison serve` does, with only the hub.

The process, the worker, the handshake and the handover are production's; only what is sent is another's. A viewer's
backlog is bounded to BOUND bytes, and `GET /dropped` counts who was closed, by reason.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from webapp.config import Settings
from webapp.serving import Server
from webapp.sockets import Urls


def make_app() -> Any:
    """Return an application with only a stream; the worker imports it after gevent's patches."""
    from flask import Flask

    from webapp.web import websocket

    app = Flask(__name__)
    subscribers = app.extensions["subscribers"] = set()

    def join(sock: Any, on_close: Callable[[], None]) -> None:
        app.extensions["hub"].join(sock, subscribers, iter(()), on_close)

    websocket.route(app, "/stream", lambda _request: join)

    @app.get("/dropped")
    def dropped() -> dict[str, int]:
        return dict(app.extensions["hub"].dropped)

    return app


def send(app: Any, size: int) -> None:
    """Send one text four times a second, for ever."""
    import gevent
    from bench.fanout_servers.pace import Pace, text

    pace = Pace()
    while True:
        gevent.sleep(pace.next_s())
        app.extensions["hub"].send(app.extensions["subscribers"], text(size).encode())


class HubServer(Server):
    """`unison serve` with another application."""

    size = bound = 0

    def load(self) -> Any:
        """Make the application."""
        self._app = make_app()
        return self._app

    def start_worker(self, _worker: Any) -> None:
        """Make the hub."""
        import gevent

        from webapp.engine.filelimits import raise_file_limit
        from webapp.engine.hub import Hub

        raise_file_limit()
        self._app.extensions["hub"] = Hub(backlog_bytes=self.bound).start()
        gevent.spawn(send, self._app, self.size)

    def stop_worker(self, _arbiter: Any, _worker: Any) -> None:
        """Do nothing."""


def main(fd: int, size: int, bound: int) -> None:
    """Serve until a signal."""
    HubServer.size, HubServer.bound = size, bound
    HubServer(Settings(), {}, [fd], Urls("")).run()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
