"""Thousands of viewers in one process: the load of `fanout.py`.

Each viewer is a socket that shakes hands and then reads frames of a known size, whose text starts with the time of
sending, in nanoseconds of CLOCK_MONOTONIC. It ignores the rest of a frame, and answers pings. Between two reads it
sleeps a millisecond, so that a server's send() does not wake it; so latencies are up to a millisecond too long, for
every server.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import select
import socket
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from multiprocessing.connection import Connection
from typing import Any, Concatenate, ParamSpec, TypeVar

from bench.fanout_servers.pace import DIGITS, TICK_NS

P = ParamSpec("P")
T = TypeVar("T")

HEADER = 4
STAMP = slice(HEADER, HEADER + DIGITS)
HANDSHAKE = (
    b"GET /stream HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
PONG = b"\x8a\x80\x00\x00\x00\x00"
TEXT, CLOSE, PING = 0x81, 0x88, 0x89
AT_ONCE = 256
"""Concurrent handshakes; more would only wait in the server's queue."""
REST_S = 0.001
GRACE_S = 1.0
SKEW_NS = 5_000_000
"""A measurement starts and ends this long before a tick, when a server that keeps up is idle."""
STALLED_BUFFER = 4096
PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Watched:
    """What viewers received in a period.

    Attributes:
        seconds: how long.
        frames: those sent in that time, of all viewers, that came by a second after it.
        cpu_s: processor time of the server in that time.
        waited_s: how long it could have run meanwhile but had to wait for its core, which others used.
        own_cpu_s: that of the viewers.
        p50_s: latencies, from before a server's first send to when a viewer read it, as are p99_s and max_s.
    """

    seconds: float
    frames: int
    cpu_s: float
    waited_s: float
    own_cpu_s: float
    p50_s: float
    p99_s: float
    max_s: float


def processor(pids: Sequence[int]) -> tuple[float, float]:
    """Return the seconds in which processes ran, and in which they waited for a core.

    Of all threads, to the nanosecond (`/proc/PID/stat` has 10 ms); work that the kernel does within a send() is in it.
    """
    tasks = [task.path for pid in pids for task in os.scandir(f"/proc/{pid}/task")]
    ran, waited = zip(*map(_schedule_ns, tasks), strict=True)
    return sum(ran) / 1e9, sum(waited) / 1e9


def _schedule_ns(task: str) -> tuple[int, int]:
    with contextlib.suppress(OSError), open(f"{task}/schedstat") as stat:  # noqa: PTH123
        ran, waited, _ = stat.read().split()
        return int(ran), int(waited)
    return 0, 0


class Viewers:
    """The sockets, on one epoll; `end` is set to leave `serve`."""

    def __init__(self, port: int, payload_bytes: int) -> None:
        self._port, self._size = port, HEADER + payload_bytes
        self._epoll = select.epoll()
        self._socks: dict[int, socket.socket] = {}
        self._joining: set[int] = set()
        self._partial: dict[int, bytes] = {}  # incomplete frames, and those of joining viewers
        self._stalled: list[socket.socket] = []
        self._span = range(0)
        self._latencies = array("q")
        self.left = 0

    def turn(self) -> None:
        """Read what there is; sleep if it was little."""
        events = self._epoll.poll(0, 4096)
        for fd, _ in events:
            self._read(fd)
        if len(events) < 64:
            time.sleep(REST_S)

    def _read(self, fd: int) -> None:
        try:
            data = os.read(fd, 4 * self._size)
        except OSError:
            data = b""
        if len(data) == self._size and data[0] == TEXT and fd not in self._partial:
            self._note(data)
        elif data:
            self._read_slowly(fd, data)
        else:
            self._close(fd)

    def _note(self, frame: bytes) -> None:
        if (sent := int(frame[STAMP])) in self._span:
            self._latencies.append(time.monotonic_ns() - sent)

    def _read_slowly(self, fd: int, data: bytes) -> None:
        data = self._partial.pop(fd, b"") + data
        if fd in self._joining:
            head, found, data = data.partition(b"\r\n\r\n")
            if not found:
                self._partial[fd] = head
                return
            if not head.startswith(b"HTTP/1.1 101"):
                raise RuntimeError(f"the server refused a viewer: {head[:200]!r}")
            self._joining.discard(fd)
        while len(data) >= 2 and len(data) >= (size := self._frame_size(data)):
            self._take(fd, data[:size])
            data = data[size:]
        if data and fd in self._socks:
            self._partial[fd] = data

    def _frame_size(self, data: bytes) -> int:
        return self._size if data[0] == TEXT else 2 + data[1]

    def _take(self, fd: int, frame: bytes) -> None:
        if frame[0] == TEXT:
            self._note(frame)
        elif frame[0] == PING:
            with contextlib.suppress(OSError):
                os.write(fd, PONG)
        elif frame[0] == CLOSE:
            self._close(fd)

    def _close(self, fd: int) -> None:
        if (sock := self._socks.pop(fd, None)) is not None:
            self._joining.discard(fd)
            self._partial.pop(fd, None)
            sock.close()
            self.left += 1

    def join(self, count: int, per_s: float = inf) -> float:
        """Let that many more viewers join, at a rate; return the seconds until the last handshake is done."""
        began, asked = time.monotonic(), 0
        while asked < count or self._joining:
            due = min(count, (time.monotonic() - began) * per_s + 1)
            while asked < due and len(self._joining) < AT_ONCE:
                self._ask()
                asked += 1
            self.turn()
            if time.monotonic() - began > PATIENCE_S:
                raise TimeoutError(f"{len(self._joining)} of {count} viewers still wait after {PATIENCE_S:g} s")
        return time.monotonic() - began

    def _ask(self) -> None:
        sock = socket.create_connection(("127.0.0.1", self._port), PATIENCE_S)
        sock.sendall(self._handshake(sock.fileno()))
        sock.setblocking(False)
        fd = sock.fileno()
        self._socks[fd], self._partial[fd] = sock, b""
        self._joining.add(fd)
        self._epoll.register(fd, select.EPOLLIN)

    def _handshake(self, _: int) -> bytes:
        return HANDSHAKE

    def watch(self, pids: Sequence[int], seconds: float) -> Watched:
        """Measure for that many seconds what arrives, and the processor time of the server's processes."""
        begin = (time.monotonic_ns() // TICK_NS + 2) * TICK_NS - SKEW_NS
        self._latencies, self._span = array("q"), range(begin, begin + int(seconds * 1e9))
        self._turn_until(begin)
        before = *processor(pids), time.process_time()
        self._turn_until(self._span.stop)
        after = *processor(pids), time.process_time()
        self._turn_until(self._span.stop + int(GRACE_S * 1e9))
        ran, waited, own = (end - start for start, end in zip(before, after, strict=True))
        return _watched(seconds, ran, waited, own, sorted(self._latencies))

    def _turn_until(self, at_ns: int) -> None:
        while time.monotonic_ns() < at_ns:
            self.turn()

    def stall(self, count: int) -> None:
        """Let that many viewers stop reading for good, with small kernel buffers."""
        for fd in list(self._socks)[:count]:
            sock = self._socks.pop(fd)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, STALLED_BUFFER)
            self._epoll.unregister(fd)
            self._stalled.append(sock)

    def ended(self) -> tuple[int, int]:
        """Return how many of the stalled viewers, and of the others, the server has closed or reset."""
        poll = select.poll()
        for sock in self._stalled:
            poll.register(sock, select.POLLRDHUP)
        return len(poll.poll(0)), self.left

    def leave(self) -> None:
        """Let all viewers leave."""
        for fd in list(self._socks):
            self._close(fd)
        self.left = 0


def _watched(seconds: float, cpu: float, waited: float, own: float, latencies: list[int]) -> Watched:
    if not latencies:
        return Watched(seconds, 0, cpu, waited, own, inf, inf, inf)
    p50, p99 = (latencies[len(latencies) * share // 100] / 1e9 for share in (50, 99))
    return Watched(seconds, len(latencies), cpu, waited, own, p50, p99, latencies[-1] / 1e9)


class Generator:
    """Viewers in a separate process: `call(Viewers.join, 100)`. Use it in a `with` block."""

    def __init__(self, port: int, payload_bytes: int, kind: type[Viewers] = Viewers) -> None:
        fork = multiprocessing.get_context("fork")
        self._pipe, theirs = fork.Pipe()
        self._process = fork.Process(target=_obey, args=(theirs, kind, port, payload_bytes), daemon=True)
        self._process.start()

    def call(self, method: Callable[Concatenate[Any, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a method there, and return its result or raise its exception."""
        self.tell(method, *args, **kwargs)
        answer: T = self.answer()
        return answer

    def tell(self, method: Callable[Concatenate[Any, P], T], *args: P.args, **kwargs: P.kwargs) -> None:
        """Start a call there; `answer` returns the result."""
        self._pipe.send((method.__name__, args, kwargs))

    def waits(self, seconds: float) -> bool:
        """Wait at most that long, and return whether there is no answer yet."""
        return not self._pipe.poll(seconds)

    def answer(self) -> Any:
        """Wait for the answer."""
        answer = self._pipe.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def __enter__(self) -> Generator:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()


def _obey(pipe: Connection[Any, Any], kind: type[Viewers], port: int, payload_bytes: int) -> None:
    viewers = kind(port, payload_bytes)
    while True:
        while not pipe.poll():
            viewers.turn()
        name, args, kwargs = pipe.recv()
        try:
            pipe.send(getattr(viewers, name)(*args, **kwargs))
        except Exception as error:
            pipe.send(error)
