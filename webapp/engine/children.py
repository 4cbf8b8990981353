"""Child processes that answer: what a process asks goes over a socket pair, as MessagePack behind its length.

A child begins when it is first asked, or asked after it was lost, and ends with its parent, or with the connection to
it.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic, TypeVar

import msgspec

ANSWER_S = 60.0
BEHIND = 10
"""By how much the niceness of a child is more that gives way."""
_END_S = 1.0  # of the seconds that a service has to end in
_LENGTH = struct.Struct("<I")
_STEP = 1 << 20
_SEND_BUFFER = 4 << 20  # so that a message goes at once, not with a turn of the loop for each part

T = TypeVar("T")


class Child(Generic[T]):
    """A process that runs a module of ours, which calls `serve`. Call it from any greenlet or thread.

    Args:
        module: its name.
        start: makes what the child is told first.
        answer: what it answers with.
        answer_s: after how many seconds without an answer it counts as lost.

    Attributes:
        busy: how many questions it has to answer.
    """

    def __init__(
        self, module: str, start: Callable[[], msgspec.Struct], answer: type[T], answer_s: float = ANSWER_S
    ) -> None:
        self.busy = 0
        self._answer_s = answer_s
        self._module, self._start, self._answer = module, start, answer
        self._sending, self._receiving = threading.Lock(), threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: socket.socket | None = None

    def asked(self, question: Callable[[], msgspec.Struct]) -> T:
        """Return the answer to a question, which is asked for when it can be sent.

        The next one is sent meanwhile, so that the child need not wait for it.

        Raises:
            OSError: the child was lost.
        """
        self.busy += 1
        try:
            with self._sending:
                connection = self._sent(question)
            try:
                return _receive(connection, self._answer)
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

    def _sent(self, question: Callable[[], msgspec.Struct]) -> socket.socket:
        """Send a question, wait for the turn to receive, for answers come in order, and say from where."""
        try:
            connection = self._connection or self._begin()
            _send(connection, question())
            self._receiving.acquire()
        except BaseException:  # half a question may have gone
            self._end()
            raise
        return connection

    def _begin(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            for end in (ours, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)  # or what the kernel allows
            ours.settimeout(self._answer_s)
            self._connection = ours
            # -P: what lies in the current folder is none of its modules
            command = [sys.executable, "-P", "-m", self._module, str(theirs.fileno())]
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                process_group=0,  # a terminal's Ctrl-C is for the parent
            )
        _send(ours, self._start())
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


def serve(
    start: type[msgspec.Struct], question: type[msgspec.Struct], begin: Callable[[Any], Callable[[Any], msgspec.Struct]]
) -> None:
    """Answer what the parent asks until it is gone; this is all that a child does.

    Args:
        start: what the child is told first.
        question: what it is asked then.
        begin: takes the first and returns what answers the others.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # to all processes of a service: the parent ends us
    with socket.socket(fileno=int(sys.argv[1])) as connection, suppress(ConnectionError):
        connection.setblocking(True)
        answer = begin(_receive(connection, start))
        collect_seldom()
        while True:
            _send(connection, answer(_receive(connection, question)))


def give_way() -> None:
    """Let whoever serves viewers come first where there are too few cores."""
    os.nice(BEHIND)


def collect_seldom() -> None:
    """Have Python look for cycles seldom: to look at all that is kept for long costs as much as a slice."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


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
