"""Reading of bodies: small ones at once, large ones in child processes.

Ten thousand plays take long to read, the longer the more of their tracks are new, and while that goes on no viewer gets
a frame. So what is large goes to a process of its own, of which there may be one a core; that way all cores take part.
One starts when it is first needed, and ends with the server, or with the connection to it; if it is lost, large bodies
are read here for ten seconds, and the next one starts another.
"""

from __future__ import annotations

import logging
import math
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import msgspec

from webapp.decoding import BodyError, TooManyPlaysError
from webapp.gazetteer import Gazetteer, load_gazetteer
from webapp.plays import Source
from webapp.reading import PlayReader, Taken

LARGE_BYTES = 1 << 16
CHILDREN_MOST = 4
_ANSWER_S = 60.0
_END_S = 5.0
_AGAIN_S = 10.0
_LENGTH = struct.Struct("<I")
_STEP = 1 << 20
_SEND_BUFFER = 4 << 20  # so that a body or its plays go at once, not with a turn of the loop for each part

T = TypeVar("T")

log = logging.getLogger(__name__)


class _Start(msgspec.Struct):
    """What the child is told first."""

    secret: bytes


class _Job(msgspec.Struct):
    """A body to be read, with what `PlayReader.take` is to know of it."""

    body: bytes
    now_ms: int
    source: Source
    lines: bool


class _Refused(msgspec.Struct):
    """The body cannot be used: too many plays, or another sentence for a person."""

    sentence: str
    too_many: bool


class _Answer(msgspec.Struct):
    taken: Taken | None = None
    refused: _Refused | None = None


class Readers:
    """Reads bodies of plays. Call it from any greenlet or thread.

    Args:
        gazetteer: where places are looked up.
        secret: key of the listener hashes.
        clock: tells the time, epoch milliseconds.
    """

    def __init__(self, gazetteer: Gazetteer, secret: bytes, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._here, self._reading = PlayReader(gazetteer, secret), threading.Lock()
        start = _Start(secret)
        self._children = [_Child(start) for _ in range(min(CHILDREN_MOST, len(os.sched_getaffinity(0))))]
        self._not_before_s = 0.0

    def take(self, body: bytes, source: Source, *, lines: bool) -> Taken:
        """Read a body as one that arrives now; see `PlayReader.take`."""
        if len(body) >= LARGE_BYTES and time.monotonic() >= self._not_before_s:
            child = min(self._children, key=lambda child: child.busy)
            try:
                return _outcome(child.asked(lambda: _Job(body, self._clock(), source, lines)))
            except OSError as error:
                self._not_before_s = max(self._not_before_s, time.monotonic() + _AGAIN_S)
                log.warning("a process that reads large bodies was lost (%s); this one is read here", error)
        with self._reading:
            return self._here.take(body, self._clock(), source, lines=lines)

    def stop(self) -> None:
        """End the children; what is still to be read is read here."""
        self._not_before_s = math.inf
        for child in self._children:
            child.stop()


def _outcome(answer: _Answer) -> Taken:
    if answer.refused:
        raise (TooManyPlaysError if answer.refused.too_many else BodyError)(answer.refused.sentence)
    assert answer.taken is not None
    return answer.taken


class _Child:
    """A process that reads bodies, and the connection to it; begun when it is first asked, or asked after it was lost.

    Attributes:
        busy: how many bodies it has to read.
    """

    def __init__(self, start: _Start) -> None:
        self.busy = 0
        self._start = start
        self._sending, self._receiving = threading.Lock(), threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: socket.socket | None = None

    def asked(self, job: Callable[[], _Job]) -> _Answer:
        """Have a body read; the job is asked for when it can be sent.

        The next one is sent meanwhile, so that the child need not wait for it.

        Raises:
            OSError: the child was lost.
        """
        self.busy += 1
        try:
            with self._sending:
                connection = self._sent(job)
            try:
                return _receive(connection, _Answer)
            except BaseException:  # whoever comes next must not get this answer
                if connection is self._connection:
                    self._end()
                raise
            finally:
                self._receiving.release()
        finally:
            self.busy -= 1

    def stop(self) -> None:
        """End it; who still waits for an answer gets an OSError."""
        self._end()

    def _sent(self, job: Callable[[], _Job]) -> socket.socket:
        """Send a job, wait for the turn to receive, for answers come in the order of jobs, and say from where."""
        try:
            connection = self._connection or self._begin()
            _send(connection, job())
            self._receiving.acquire()
        except BaseException:  # half a job may have gone
            self._end()
            raise
        return connection

    def _begin(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            for end in (ours, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)  # or what the kernel allows
            ours.settimeout(_ANSWER_S)
            self._connection = ours
            command = [sys.executable, "-m", "webapp.readers", str(theirs.fileno())]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
        _send(ours, self._start)
        return ours

    def _end(self) -> None:
        connection, process = self._connection, self._process
        self._connection = self._process = None
        if connection:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)  # upon which the child ends, unless it is stuck
            connection.close()
        if process:
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _send(connection: socket.socket, message: msgspec.Struct) -> None:
    data = msgspec.msgpack.encode(message)
    connection.sendall(_LENGTH.pack(len(data)))
    connection.sendall(data)


def _receive(connection: socket.socket, kind: type[T]) -> T:
    """Return the next message; a ConnectionResetError if there is none."""
    (length,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size))
    return msgspec.msgpack.decode(_exactly(connection, length), type=kind)


def _exactly(connection: socket.socket, size: int) -> bytearray:
    data = bytearray(size)
    view, got = memoryview(data), 0
    while got < size:
        step = connection.recv_into(view[got : got + _STEP])
        if not step:
            raise ConnectionResetError("it ended")
        got += step
    return data


def _serve(connection: socket.socket) -> None:
    start = _receive(connection, _Start)
    reader = PlayReader(load_gazetteer(), start.secret)
    while True:
        job = _receive(connection, _Job)
        try:
            answer = _Answer(taken=reader.take(job.body, job.now_ms, job.source, lines=job.lines))
        except (BodyError, TooManyPlaysError) as error:
            answer = _Answer(refused=_Refused(str(error), isinstance(error, TooManyPlaysError)))
        _send(connection, answer)


def _main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is for the server, which ends us
    with socket.socket(fileno=int(sys.argv[1])) as connection, suppress(ConnectionError):
        connection.setblocking(True)
        _serve(connection)


if __name__ == "__main__":
    _main()
