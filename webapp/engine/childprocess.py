"""Child processes that answer: what a process asks goes over a socket pair, as MessagePack behind its length.

A child begins when it is first asked, or asked after it was lost, and ends with its parent, or with the connection to
it. One that is stuck (see `watchdog`) is killed, and lost.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar

import msgspec

from webapp import logs
from webapp.config import wants_json
from webapp.engine.childmessages import receive, send, send_failure
from webapp.engine.watchdog import STUCK_S, Watchdog, look_s

ANSWER_S = 60.0
BEHIND = 10
"""By how much the niceness of a child is more that gives way."""
_END_S = 1.0  # of the seconds that a service has to end in
_SEND_BUFFER = 4 << 20  # so that a message goes at once, not with a turn of the loop for each part

log = logging.getLogger(__name__)

T = TypeVar("T")


class StartError(OSError):
    """A child process could not be started."""


class LostError(OSError):
    """A child process was lost before it answered; the message says how."""


class Child(Generic[T]):
    """A process that runs a module of ours, which calls `serve`. Call it from any greenlet or thread.

    Args:
        name: what metrics call it, whatever its module is called.
        module: the module's name.
        start: makes what the child is told first.
        answer: what it answers with.
        answer_s: how many seconds of processor time an answer may take; see `Watchdog`.
        stuck_s: after how many seconds without any work it is stuck.
        files: descriptors that it gets, under the same numbers; looked at whenever a process starts.

    Attributes:
        name: what metrics call it.
        module: the module's name.
        busy: how many questions it has to answer.
        started: how many processes there have been.
    """

    def __init__(
        self,
        name: str,
        module: str,
        start: Callable[[], msgspec.Struct],
        answer: type[T],
        answer_s: float = ANSWER_S,
        stuck_s: float = STUCK_S,
        files: Sequence[int] = (),
    ) -> None:
        self.busy = self.started = 0
        self._answer_s, self._stuck_s, self._files = answer_s, stuck_s, files
        self._stopped = False
        self.name, self.module, self._start, self._answer = name, module, start, answer
        self._sending, self._receiving = threading.Lock(), threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: socket.socket | None = None

    @property
    def pid(self) -> int:
        """The number of its process; 0 where there is none."""
        process = self._process
        return process.pid if process else 0

    @property
    def running(self) -> bool:
        """Whether there is a process that is not known to be lost."""
        return self._connection is not None

    def asked(self, question: Callable[[], msgspec.Struct]) -> T:
        """Return the answer to a question, which is asked for when it can be sent.

        The next one is sent meanwhile, so that the child need not wait for it.

        Raises:
            StartError: there is no child, and none could be started.
            LostError: the child was lost.
        """
        self.busy += 1
        try:
            return self._answered(question)
        except StartError:
            raise
        except OSError as error:
            raise LostError(str(error)) from error
        finally:
            self.busy -= 1

    def stop(self) -> None:
        """End it, for good; who still waits for an answer gets a LostError."""
        self._stopped = True
        self._end()

    def _answered(self, question: Callable[[], msgspec.Struct]) -> T:
        with self._sending:
            connection, watchdog = self._sent(question)
        try:
            return receive(connection, self._answer, watchdog.check)
        except BaseException as error:  # whoever comes next must not get this answer
            if connection is self._connection:
                self._end(stuck=isinstance(error, TimeoutError))
            raise
        finally:
            self._receiving.release()

    def _sent(self, question: Callable[[], msgspec.Struct]) -> tuple[socket.socket, Watchdog]:
        """Send a question, wait for the turn to receive, for answers come in order, and say from where."""
        try:
            connection = self._connection or self._begin()
            send(connection, question(), self._watchdog().check)
            self._receiving.acquire()
        except BaseException as error:  # half a question may have gone
            self._end(stuck=isinstance(error, TimeoutError))
            raise
        return connection, self._watchdog()

    def _watchdog(self) -> Watchdog:
        return Watchdog(self._process.pid if self._process else 0, self._answer_s, self._stuck_s)

    def _begin(self) -> socket.socket:
        if self._stopped:
            raise StartError("cannot start a process: the server is stopping")
        try:
            ours = self._started()
        except OSError as error:
            raise StartError(error.errno, f"cannot start a process: {error.strerror}") from error
        self.started += 1
        send(ours, self._start(), self._watchdog().check)
        return ours

    def _started(self) -> socket.socket:
        """Start a process and return the connection to it."""
        ours, theirs = socket.socketpair()
        with theirs:
            for end in (ours, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)  # or what the kernel allows
            ours.settimeout(look_s(self._stuck_s))
            self._connection = ours
            # -P: what lies in the current folder is none of its modules
            command = [sys.executable, "-P", "-m", self.module, str(theirs.fileno())]
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno(), *self._files],
                process_group=0,  # a terminal's Ctrl-C is for the parent
            )
        return ours

    def _end(self, *, stuck: bool = False) -> None:
        connection, process = self._connection, self._process
        self._connection = self._process = None
        if connection:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)  # upon which the child ends, unless it is stuck
            connection.close()
        if process:
            if stuck:
                process.kill()
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                with suppress(subprocess.TimeoutExpired):  # the kernel keeps one that waits for a broken disk
                    process.wait(_END_S)


def readiest(children: Sequence[Child[T]]) -> Child[T]:
    """Return the least busy child, of these one that runs."""
    return min(children, key=lambda child: (child.busy, not child.running))


def serve(
    start: type[msgspec.Struct], question: type[msgspec.Struct], begin: Callable[[Any], Callable[[Any], msgspec.Struct]]
) -> None:
    """Answer what the parent asks until it is gone; this is all that a child does.

    Args:
        start: what the child is told first.
        question: what it is asked then.
        begin: takes the first and returns what answers the others.
    """
    if wants_json(os.environ):
        logs.log_native_output()
    logs.set_up(as_json=wants_json(os.environ))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # to all processes of a service: the parent ends us
    with socket.socket(fileno=int(sys.argv[1])) as connection, suppress(OSError):
        connection.setblocking(True)
        try:
            answer = begin(receive(connection, start))
            collect_seldom()
            while True:
                send(connection, answer(receive(connection, question)))
        except ConnectionError:
            raise
        except Exception as error:  # what it knows may be half changed: another one has to take over
            send_failure(connection, error)


def give_way() -> None:
    """Let whoever serves viewers come first where there are too few cores."""
    os.nice(BEHIND)


def collect_seldom() -> None:
    """Have Python look for cycles seldom: to look at all that is kept for long costs as much as a slice."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
