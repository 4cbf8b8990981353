"""Has dialects read requests, without keeping others waiting for a large one."""

from __future__ import annotations

import threading

from webapp.engine.offload import offload
from webapp.ingest.submissions import Call, Dialect, Reply, Request

LARGE = 1 << 12
"""Bytes of a body that takes milliseconds to read; a now-playing message has about 1,000."""


class DialectReader:
    """Has requests read: small ones at once; large ones in a worker thread, one after the other.

    A thousand listens take a tenth of a second, in which no viewer would get a frame. Several threads at once would
    leave the event loop fewer turns.
    """

    def __init__(self) -> None:
        self._one = threading.Lock()

    def read(self, dialect: Dialect, request: Request) -> Call | Reply:
        """Return what a dialect makes of a request."""
        if len(request.body) < LARGE:
            return dialect.read(request)
        with self._one:
            return offload(dialect.read, request)
