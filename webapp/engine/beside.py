"""A process that runs beside the server and talks with it at any time, and that another one follows if it is lost."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import gevent
from gevent import socket
from gevent.lock import RLock

from webapp.bus.messages import FromNode, Start, ToNode
from webapp.bus.pipes import Frames, framed

END_S = 3.0
AGAIN_S = 1.0
STEP_S = 0.02
_STEP = 1 << 18

log = logging.getLogger(__name__)


class Beside:
    """A process of our own that calls `webapp.bus.processes.serve`.

    Args:
        name: what metrics call it.
        module: the module's name.
        start: makes what it is told first.

    Attributes:
        name: what metrics call it.
        started: how many processes there have been.
    """

    def __init__(self, name: str, module: str, start: Callable[[], Start]) -> None:
        self.name, self.started = name, 0
        self._module, self._start = module, start
        self._process: subprocess.Popen[bytes] | None = None
        self._end: socket.socket | None = None
        self._frames = Frames[FromNode](FromNode)  # type: ignore[arg-type]
        self._come = deque[FromNode]()
        self._sending = RLock()

    @property
    def pid(self) -> int:
        """Its number; 0 if there is none now."""
        return self._process.pid if self._process else 0

    def begin(self) -> None:
        """Start the process."""
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-P", "-m", self._module, str(theirs.fileno())]
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], process_group=0
            )
        self._end, self.started = ours, self.started + 1
        self._frames, self._come = Frames(FromNode), deque()  # type: ignore[arg-type]
        self.send(self._start())

    def send(self, message: ToNode) -> None:
        """Send a message.

        Raises:
            OSError: the process is gone.
        """
        with self._sending:
            if self._end is None:
                raise ConnectionResetError(f"the process {self.name} is gone")
            self._end.sendall(framed(message))

    def receive(self) -> FromNode:
        """Wait for the next message and return it.

        Raises:
            OSError: the process is gone.
        """
        while not self._come:
            end = self._end
            data = end.recv(_STEP) if end else b""
            if not data:
                raise ConnectionResetError(f"the process {self.name} is gone")
            self._come.extend(self._frames.feed(data))
        return self._come.popleft()

    def end(self) -> None:
        """End the process: it closes when its pipe does."""
        end, process = self._end, self._process
        self._end = self._process = None
        if end:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        if process:
            until_s = time.monotonic() + END_S
            while process.poll() is None and time.monotonic() < until_s:
                gevent.sleep(STEP_S)
            if process.poll() is None:
                process.kill()
                process.wait()
