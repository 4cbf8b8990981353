"""The one event loop that all moving parts live on: the server's own, or that of a thread of ours."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, ParamSpec, TypeVar

import gevent
from gevent import monkey
from gevent.event import Event

P = ParamSpec("P")
T = TypeVar("T")

RETRY_S = 1.0

log = logging.getLogger(__name__)


class EventLoop:
    """A gevent loop: under gunicorn's gevent worker the server's, under a threaded server that of a new thread."""

    def __init__(self) -> None:
        self._loop: Any = None
        self._end: Event | None = None
        self._thread = 0
        self._greenlets: list[gevent.Greenlet[..., None]] = []

    def start(self) -> None:
        """Begin; everything below works from here on."""
        if monkey.is_module_patched("threading"):
            self._loop = gevent.get_hub().loop
            return
        ready = threading.Event()
        threading.Thread(target=self._run, args=(ready,), name="unison", daemon=True).start()
        ready.wait()

    def _run(self, ready: threading.Event) -> None:
        self._loop, self._end = gevent.get_hub().loop, Event()
        self._thread = threading.get_ident()
        watcher = self._loop.async_()
        watcher.start(lambda: None)  # a loop that watches nothing ends as one that would block forever
        ready.set()
        self._end.wait()

    def spawn(self, function: Callable[..., object], *args: object) -> None:
        """Run a function in a greenlet of the loop, from any thread, and return at once."""
        self._loop.run_callback_threadsafe(gevent.spawn, function, *args)

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function on the loop, from any thread, and return what it returns or raise what it raises."""
        if self._end is None or threading.get_ident() == self._thread:
            return function(*args, **kwargs)
        result: Future[T] = Future()
        self.spawn(_settle, result, lambda: function(*args, **kwargs))
        return result.result()

    def forever(self, step: Callable[[], None]) -> None:
        """Run a step again and again in a greenlet; one that fails is logged, and tried again after a second."""
        self.call(lambda: self._greenlets.append(gevent.spawn(_repeat, step)))

    def stop(self) -> None:
        """End what runs forever, and the thread if there is one."""
        self.call(gevent.killall, self._greenlets)
        if self._end is not None:
            self.spawn(self._end.set)


def _settle(result: Future[T], function: Callable[[], T]) -> None:
    try:
        result.set_result(function())
    except BaseException as error:
        result.set_exception(error)


def _repeat(step: Callable[[], None]) -> None:
    while True:
        try:
            step()
        except Exception:
            log.exception("a step failed")
            gevent.sleep(RETRY_S)
