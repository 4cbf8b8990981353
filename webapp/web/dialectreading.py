"""Has dialects read requests, without keeping others waiting for a large one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from webapp.engine.offload import offload
from webapp.ingest.submissions import Call, Dialect, Reply, Request

LARGE = 1 << 12
"""Bytes of a body that takes milliseconds to read; a now-playing message has about 1,000."""


T = TypeVar("T")


class DialectReader:
    """Has requests read: small ones at once; large ones in a worker thread, one after the other.

    A thousand listens take a tenth of a second, in which no viewer would get a frame. Several threads at once would
    leave the event loop fewer turns.
    """

    def __init__(self) -> None:
        self._one = threading.Lock()

    def read(self, dialect: Dialect, request: Request) -> Call | Reply:
        """Return what a dialect makes of a request."""
        return self._aside(request, lambda: dialect.read(request))

    def rest(self, call: Call, request: Request) -> Call:
        """Return the whole call, now that its credentials are known to be good."""
        return self._aside(request, call.rest) if call.rest else call

    def _aside(self, request: Request, read: Callable[[], T]) -> T:
        if len(request.body) < LARGE:
            return read()
        with self._one:
            return offload(read)
