"""The hub: the only writer and reader of all viewers' sockets after their handshakes.

A frame is encoded once for all viewers of a audience and written with one system call each, by the event loop's one
thread. What a socket does not take waits in that viewer's own bounded backlog; a viewer that stays behind is closed,
alone. The hub carries bytes and knows nothing of what they mean.
"""

import logging
import socket
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from math import inf
from typing import Any, ParamSpec, TypeVar

import gevent
import gevent.monkey
from gevent.event import Event

from webapp.engine import wsframes
from webapp.engine.viewer import Viewer

log = logging.getLogger(__name__)
_thread_id = gevent.monkey.get_original("threading", "get_ident")  # a patched one tells greenlets apart
P = ParamSpec("P")
T = TypeVar("T")

SEND_BUFFER_BYTES = 32 * 1024
"""Per socket; else the kernel takes 4 MB for a stalled viewer before the hub notices."""
REASONS = ("slow", "stalled", "silent", "protocol", "flood", "lost", "failed")
"""Why a viewer's end was not a clean one; `Hub.dropped` says what each means."""
CLOSE_S = 5.0
"""How long a client has to take our close frame and to close."""
_CHUNK = 1024
_TICK_S = 0.25


class Audience:
    """The viewers that get the same frames. `len(audience)` is how many there are."""

    __slots__ = ("__weakref__", "viewers")

    def __init__(self) -> None:
        self.viewers: set[Viewer] = set()

    def __len__(self) -> int:
        return len(self.viewers)


class Hub:
    """All viewers of this process, on the gevent loop of the thread that makes it.

    Every method but `call` belongs to that thread. None of them waits, except `close`.

    Args:
        backlog_bytes: bound of one viewer's queued frames; twice the largest frame if that is more.
        ping_s: each viewer is pinged once in this time, and given up when it let a whole turn pass in silence.
        deadline_s: a viewer whose socket took nothing for this long is closed.
        on_drop: called with the reason of each end that was not a clean one (see `dropped`).
        bye: makes the text payload with which a viewer is dismissed.

    Attributes:
        viewers: how many are open.
        dropped: ends by reason. slow: beyond the bound of its backlog; stalled: beyond the write deadline; silent: no
            pong; protocol: bytes that are no websocket frames; flood: too many; lost: the connection broke or ended
            without a close frame; failed: its opening raised an error.
    """

    def __init__(
        self,
        *,
        backlog_bytes: int = 1 << 20,
        ping_s: float = 25.0,
        deadline_s: float = 20.0,
        on_drop: Callable[[str], None] | None = None,
        bye: Callable[[], bytes] | None = None,
    ):
        self.loop: Any = gevent.get_hub().loop
        self._thread = _thread_id()
        self.bound = backlog_bytes
        self.ping_s, self.deadline_s = ping_s, deadline_s
        self.viewers = 0
        self.dropped: Counter[str] = Counter()
        self.clock = 0.0  # of ticks: it stands still while the process does, so a pause closes nobody
        self.waiting: set[Viewer] = set()  # those with a backlog
        self._on_drop = on_drop
        self._bye = bye
        self._closing = False
        self._turns: deque[Viewer] = deque()  # in the order in which they are pinged; those gone leave at their turn
        self._turns_due = 0.0
        self._open = 0
        self._all_gone = Event()
        self._jobs: deque[tuple[bytes, Iterator[Viewer]]] = deque()
        self._owed = 0
        self._pump: Any = self.loop.timer(0)
        self._tick_s = min(_TICK_S, ping_s / 8, deadline_s / 8)
        self._timer: Any = self.loop.timer(self._tick_s, self._tick_s)
        self._timer.start(self._tick)

    @property
    def backlog(self) -> int:
        """Bytes queued for all viewers, each shared frame counted for every viewer that waits for it."""
        return sum(viewer.backlog.size for viewer in self.waiting if viewer.backlog)

    def join(
        self, sock: socket.socket, audience: Audience, opening: Iterator[bytes], on_gone: Callable[[], None]
    ) -> Viewer:
        """Take over a socket whose handshake is done. Never raises for what the socket does.

        Args:
            sock: unpatched and non-blocking; the hub closes it.
            audience: whose frames it gets, from the next `send` on.
            opening: text payloads that come first, outside the backlog's bound; each is asked for when the socket has
                taken the one before, in a callback of the loop, so the iterator must not wait or switch greenlets.
            on_gone: called once, on the loop, after the socket is closed.
        """
        viewer = self._admit(sock, audience, on_gone)
        if self._closing:
            self.dismiss(viewer)
            return viewer
        self._contain(viewer, _set_up, viewer, iter(opening))
        self.on_writable(viewer)
        return viewer

    def refuse(self, sock: socket.socket, code: int, text: str, on_gone: Callable[[], None] = lambda: None) -> None:
        """Take a socket over only to close it with a close frame."""
        self._admit(sock, Audience(), on_gone).leave(code, None, text)

    def _admit(self, sock: socket.socket, audience: Audience, on_gone: Callable[[], None]) -> Viewer:
        viewer = Viewer(self, sock, audience, on_gone)
        self.viewers += 1
        self._open += 1
        self._all_gone.clear()
        audience.viewers.add(viewer)
        self._turns.append(viewer)
        viewer.watcher.start(self._on_readable, viewer)
        return viewer

    def send(self, audience: Audience, payload: bytes) -> None:
        """Send one text message to all viewers that are in the audience now; later ones do not get it."""
        if audience.viewers:
            self.send_frame((audience,), wsframes.text_frame(payload))

    def send_frame(self, audiences: Iterable[Audience], frame: bytes) -> None:
        """Send one frame, encoded by `wsframes.text_frame`, to the viewers of several audiences.

        Writing to 10,000 sockets takes 60 ms, so it is done in chunks and the loop serves others in between; but not
        too often, as gevent may run callbacks for a whole switch interval, 5 ms, before it comes back. Each viewer
        still gets every frame in order: the frames wait in one queue, each with the viewers that it is for, and are
        written one after the other. When more than one frame a viewer is owed, frames come first: the rest is written
        before this returns.
        """
        viewers = [viewer for audience in audiences for viewer in audience.viewers]
        self.bound = max(self.bound, 2 * len(frame))
        if viewers:
            self._jobs.append((frame, iter(viewers)))
            self._owed += len(viewers)
            self._pump.start(self._deliver)
        while self._jobs and self._owed > self.viewers:
            self._deliver()

    def _deliver(self) -> None:
        room = _CHUNK
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

    def close(
        self, bye: Callable[[], bytes] | None = None, code: int = wsframes.GOING_AWAY, wait_s: float = 5.0
    ) -> None:
        """Say goodbye to every viewer behind what it still has to get, and wait until all are gone or time is up.

        Call it in a greenlet. Who joins from now on is sent away the same way.

        Args:
            bye: makes a text payload for each viewer.
            code: of the close frames.
            wait_s: what has not been taken by then is lost.
        """
        self._bye, self._closing = bye or self._bye, True
        while self._jobs:
            self._deliver()
        for count, viewer in enumerate(list(self._turns), 1):
            self.dismiss(viewer, code)
            if count % _CHUNK == 0:
                gevent.sleep(0)
        if self._open:
            self._all_gone.wait(wait_s)
        for viewer in self._turns:
            viewer.drop(None)
        for watcher in (self._timer, self._pump):
            watcher.stop()

    def dismiss(self, viewer: Viewer, code: int = wsframes.GOING_AWAY) -> None:
        """Say goodbye to one viewer behind what it still has to get."""
        last: list[bytes] = []
        try:
            if self._bye is not None:
                last.append(wsframes.text_frame(self._bye()))
        except Exception:
            log.exception("no goodbye")
        viewer.leave(code, None, last=last)

    def _tick(self) -> None:
        self.clock += self._tick_s
        for viewer in list(self.waiting):
            self._check_deadline(viewer)
        # Everyone has one turn in ping_s; taking each tick's share of them spreads the pings.
        self._turns_due += len(self._turns) * self._tick_s / self.ping_s
        for _ in range(min(int(self._turns_due), len(self._turns))):
            viewer = self._turns.popleft()
            if viewer.watcher is not None:
                self._turns.append(viewer)
                self._contain(viewer, viewer.take_turn)
        self._turns_due %= 1

    def _check_deadline(self, viewer: Viewer) -> None:
        backlog = viewer.backlog
        late_s = self.clock - backlog.progress if backlog else -inf
        if backlog and backlog.closing and late_s > CLOSE_S:
            viewer.drop(None)
        elif late_s > self.deadline_s:
            viewer.leave(wsframes.TRY_AGAIN_LATER, "stalled")

    def _on_readable(self, viewer: Viewer) -> None:
        self._contain(viewer, viewer.receive)

    def on_writable(self, viewer: Viewer) -> None:
        """Write more of a viewer's backlog."""
        self._contain(viewer, viewer.drain)

    def _contain(self, viewer: Viewer, function: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Call a function whose errors are this one viewer's end and nobody else's concern."""
        try:
            function(*args, **kwargs)
        except OSError:
            viewer.drop("lost")
        except Exception:
            log.exception("a viewer failed")
            viewer.leave(wsframes.INTERNAL_ERROR, "failed")

    def depart(self, viewer: Viewer, reason: str | None) -> None:
        """Take a viewer out of its audience, once, and count why."""
        if viewer.audience is None:
            return
        viewer.audience.viewers.discard(viewer)
        viewer.audience = None
        self.viewers -= 1
        if reason is not None:
            self.dropped[reason] += 1
            if self._on_drop is not None:
                self.loop.run_callback(_guarded, self._on_drop, reason)

    def forget(self, viewer: Viewer) -> None:
        """Let go of a viewer whose socket is closed."""
        self.waiting.discard(viewer)
        self._open -= 1
        if not self._open:
            self._all_gone.set()
        self.loop.run_callback(_guarded, viewer.on_gone)


def _set_up(viewer: Viewer, opening: Iterator[bytes]) -> None:
    viewer.wait(opening)
    viewer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    if viewer.sock.family != socket.AF_UNIX:
        viewer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _guarded(function: Callable[..., None], *args: Any) -> None:
    try:
        function(*args)
    except Exception:
        log.exception("a callback of the hub's user failed")
