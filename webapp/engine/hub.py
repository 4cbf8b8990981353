"""The hub: the only writer and reader of all viewers' sockets after their handshakes.

A frame is encoded once for all viewers that get it and written with one system call each, by the event loop's one
thread. What a socket does not take waits in that viewer's own bounded queue; a viewer that stays behind is closed,
alone. The hub carries bytes and knows nothing of what they mean.
"""

import logging
import socket
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Self

import gevent
from gevent.event import Event

from webapp.engine import wsframes
from webapp.engine.disconnect import DISMISSED, Disconnect
from webapp.engine.viewer import Viewer
from webapp.engine.writer import Bound, State

log = logging.getLogger(__name__)

CHUNK = 1024
_TICK_S = 0.25


class Hub:
    """All viewers of this process, on the gevent loop of the thread that calls `start`.

    Every method belongs to that thread. None of them waits, except `close`.

    Args:
        backlog_bytes: bound of one viewer's queued frames; twice the largest frame if that is more.
        ping_s: each viewer is pinged once in this time, and dropped when it is silent from one ping to the next.
        deadline_s: a viewer whose socket took nothing for this long is closed.
        bye: makes the text payload with which a viewer is dismissed.
        chunk: how many viewers are written to before others on the loop have their turn.

    Attributes:
        viewers: how many are open.
        dropped: ends that were not clean, by the metric of their `Disconnect`.
    """

    def __init__(
        self,
        *,
        backlog_bytes: int = 1 << 20,
        ping_s: float = 25.0,
        deadline_s: float = 20.0,
        bye: Callable[[], bytes] | None = None,
        chunk: int = CHUNK,
    ):
        self.bound = Bound(backlog_bytes)
        self.ping_s, self.deadline_s = ping_s, deadline_s
        self.now_s = 0.0  # of ticks: it stands still while the process does, so a pause closes nobody
        self.waiting: set[Viewer] = set()
        self.viewers = 0
        self.dropped: Counter[str] = Counter()
        self._bye = bye
        self._is_closing = False
        self._pings: deque[Viewer] = deque()  # in the order in which they are pinged; those gone leave at their turn
        self._pings_due = 0.0
        self._sockets = 0
        self._chunk = chunk
        self._all_closed = Event()
        self._jobs: deque[tuple[bytes, Iterator[Viewer]]] = deque()
        self._owed = 0
        self._tick_s = min(_TICK_S, ping_s / 8, deadline_s / 8)
        self.loop: Any = None
        self._pump: Any = None
        self._timer: Any = None

    def start(self) -> Self:
        """Begin, on the loop of this thread."""
        self.loop = gevent.get_hub().loop
        self._pump = self.loop.timer(0)
        self._timer = self.loop.timer(self._tick_s, self._tick_s)
        self._timer.start(self._tick)
        return self

    @property
    def backlog(self) -> int:
        """Bytes queued for all viewers, each shared frame counted for every viewer that waits for it."""
        return sum(viewer.queued_bytes for viewer in self.waiting)

    # Viewers come and go.

    def join(
        self, sock: socket.socket, subscribers: set[Viewer], opening: Iterator[bytes], on_close: Callable[[], None]
    ) -> Viewer:
        """Take over a socket whose handshake is done. Never raises for what the socket does.

        Args:
            sock: unpatched and non-blocking; the hub closes it.
            subscribers: the viewers whose frames it gets, from the next `send` on; the hub adds it to them.
            opening: text payloads that come first, outside the queue's bound; each is asked for when the socket has
                taken the one before, in a callback of the loop, so the iterator must not wait or switch greenlets.
            on_close: called once, on the loop, after the socket is closed.
        """
        viewer = self._add(sock, subscribers, on_close)
        if self._is_closing:
            self.dismiss(viewer)
        else:
            viewer.open(opening)
        return viewer

    def refuse(self, sock: socket.socket, why: Disconnect, on_close: Callable[[], None]) -> None:
        """Take a socket over only to close it with a close frame."""
        self._add(sock, set(), on_close).close(why)

    def _add(self, sock: socket.socket, subscribers: set[Viewer], on_close: Callable[[], None]) -> Viewer:
        viewer = Viewer(self, sock, subscribers, on_close)
        self.viewers += 1
        self._sockets += 1
        self._all_closed.clear()
        self._pings.append(viewer)
        return viewer

    def dismiss(self, viewer: Viewer) -> None:
        """Say goodbye to one viewer, behind what it still has to get."""
        last = []
        try:
            if self._bye is not None:
                last.append(wsframes.text_frame(self._bye()))
        except Exception:
            log.exception("no goodbye")
        viewer.finish(DISMISSED, *last)

    def on_closing(self, _: Viewer, why: Disconnect) -> None:
        """Count a viewer out, and why."""
        self.viewers -= 1
        if why.metric:
            self.dropped[why.metric] += 1

    def on_closed(self, viewer: Viewer) -> None:
        """Tell the hub's user that a viewer's socket is closed."""
        self._sockets -= 1
        if not self._sockets:
            self._all_closed.set()
        self.loop.run_callback(_contained, viewer.on_close)

    # Frames.

    def send(self, subscribers: set[Viewer], payload: bytes) -> None:
        """Send one text message to those who are subscribers now; later ones do not get it."""
        if subscribers:
            self.send_frame((subscribers,), wsframes.text_frame(payload))

    def send_frame(self, groups: Iterable[set[Viewer]], frame: bytes) -> None:
        """Send one frame, encoded by `wsframes.text_frame`, to several sets of subscribers.

        Writing to 10,000 sockets takes 60 ms, so it is done in chunks and the loop serves others in between; but not
        too often, as gevent may run callbacks for a whole switch interval, 5 ms, before it comes back. Each viewer
        still gets every frame in order: the frames wait in one queue, each with the viewers that it is for, and are
        written one after the other. When more than one frame a viewer is owed, frames come first: the rest is written
        before this returns.
        """
        viewers = [viewer for subscribers in groups for viewer in subscribers]
        self.bound.fit(frame)
        if viewers:
            self._jobs.append((frame, iter(viewers)))
            self._owed += len(viewers)
            self._pump.start(self._deliver)
        while self._jobs and self._owed > self.viewers:
            self._deliver()

    def _deliver(self) -> None:
        room = self._chunk
        while room and self._jobs:
            frame, viewers = self._jobs[0]
            chunk = list(islice(viewers, room))
            for viewer in chunk:
                viewer.write(frame)
            if len(chunk) < room:
                self._jobs.popleft()
            room -= len(chunk)
            self._owed -= len(chunk)
        if self._jobs:
            self._pump.start(self._deliver)

    # Time.

    def _tick(self) -> None:
        self.now_s += self._tick_s
        for viewer in list(self.waiting):
            viewer.check_deadline()
        # Each viewer is pinged once in ping_s; taking each tick's share of them spreads the pings.
        self._pings_due += len(self._pings) * self._tick_s / self.ping_s
        for _ in range(min(int(self._pings_due), len(self._pings))):
            viewer = self._pings.popleft()
            if viewer.state is not State.GONE:
                self._pings.append(viewer)
                viewer.keep_alive()
        self._pings_due %= 1

    def close(self, bye: Callable[[], bytes] | None = None, wait_s: float = 5.0) -> None:
        """Say goodbye to every viewer behind what it still has to get, and wait until all are gone or time is up.

        Call it in a greenlet. Viewers that join from now on are sent away the same way.

        Args:
            bye: makes a text payload for each viewer.
            wait_s: what has not been taken by then is lost.
        """
        self._bye, self._is_closing = bye or self._bye, True
        while self._jobs:
            self._deliver()
        for count, viewer in enumerate(list(self._pings), 1):
            self.dismiss(viewer)
            if count % self._chunk == 0:
                gevent.sleep(0)
        if self._sockets:
            self._all_closed.wait(wait_s)
        for viewer in self._pings:
            viewer.abort(DISMISSED)
        for watcher in (self._timer, self._pump):
            watcher.stop()


def _contained(function: Callable[[], None]) -> None:
    try:
        function()
    except Exception:
        log.exception("a callback of the hub's user failed")
