"""Viewers of one filter come to one of the servers that share a port, so that its frames are made once.

The kernel gives a connection to any of them. After the handshake that one hands the socket to the server whose filter
it is, over a Unix socket. Viewers without a filter stay where they are, and so do those whose server does not answer.
"""

from __future__ import annotations

import array
import logging
import socket as native
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import gevent
import msgspec
from gevent import monkey, socket

from webapp.core.filters import Filter

NAME = "viewers.sock"
MESSAGE_BYTES, SINCE_MOST = 1 << 14, 64
AGAIN_S, STEP_S = 0.1, 0.01
PATIENCE_S = 1.0
"""How long a viewer waits for a server that takes nothing."""

Take = Callable[[Any, "Handed"], None]
log = logging.getLogger(__name__)

_Socket: Any = monkey.get_original("socket", "socket")


class Handed(msgspec.Struct, frozen=True, array_like=True):
    """What goes with a viewer's socket.

    Attributes:
        wanted: its filter.
        since: where it wants to go on.
        address: whose it is, for limits.
    """

    wanted: Filter
    since: str | None
    address: str


class Neighbours:
    """The servers that share a port; each has a Unix socket.

    Args:
        folder: has a folder for each, named by numbers from 1 on.
        number: of this server.
        count: of the servers.
    """

    def __init__(self, folder: Path, number: int, count: int) -> None:
        self._paths, self._place = [folder / str(n) / NAME for n in range(1, count + 1)], number - 1
        self._listener: socket.socket | None = None
        self._to: dict[int, Any] = {}

    def start(self) -> None:
        """Listen; a server before this one, which is ending, hears nothing new."""
        path, listener = self._paths[self._place], socket.socket(native.AF_UNIX, native.SOCK_SEQPACKET)
        try:
            path.unlink(missing_ok=True)
            listener.bind(str(path))
            listener.listen(len(self._paths))
        except OSError as error:  # such as a path that is too long
            listener.close()
            log.warning("each server makes the frames of all filters, because %s cannot be used (%s)", path, error)
        else:
            self._listener = listener

    def accept(self, take: Take) -> None:
        """Wait for a neighbour, and take what it hands over for as long as it is there; call it again and again."""
        if self._listener is None:
            gevent.sleep(AGAIN_S)
            return
        with suppress(OSError):  # it is closed meanwhile
            gevent.spawn(self._take_all, self._listener.accept()[0], take)

    def _take_all(self, neighbour: socket.socket, take: Take) -> None:
        room = native.CMSG_SPACE(array.array("i", [0]).itemsize)
        with neighbour, suppress(OSError):
            while True:
                data, extra, _, _ = neighbour.recvmsg(MESSAGE_BYTES, room)
                if not data:
                    return
                for _, _, fds in extra:
                    sock = _Socket(fileno=array.array("i", fds)[0])
                    sock.setblocking(False)
                    take(sock, msgspec.msgpack.decode(data, type=Handed))

    def hand_over(self, sock: Any, handed: Handed) -> bool:
        """Give a viewer to the server whose filter it wants; return whether that has it now."""
        place = self._place_of(handed.wanted)
        if place == self._place:
            return False
        try:
            is_sent = self._is_sent(place, sock, msgspec.msgpack.encode(handed))
        except OSError:  # that server is gone, or was
            if (broken := self._to.pop(place, None)) is not None:
                broken.close()
            return False
        if is_sent:
            sock.close()  # the other server's descriptor keeps the connection open
        return is_sent

    def _is_sent(self, place: int, sock: Any, message: bytes) -> bool:
        """Send a viewer; give up if a server takes nothing for long."""
        fds, until_s = array.array("i", [sock.fileno()]), time.monotonic() + PATIENCE_S
        while time.monotonic() < until_s:
            try:
                to = self._to.get(place) or self._connected(place)
                to.sendmsg([message], [(native.SOL_SOCKET, native.SCM_RIGHTS, fds)])
            except BlockingIOError:
                gevent.sleep(STEP_S)
            else:
                return True
        return False

    def _place_of(self, wanted: Filter) -> int:
        if not wanted:
            return self._place
        return zlib.crc32(msgspec.msgpack.encode(wanted)) % len(self._paths)

    def _connected(self, place: int) -> Any:
        to = _Socket(native.AF_UNIX, native.SOCK_SEQPACKET)
        to.setblocking(False)
        try:
            to.connect(str(self._paths[place]))
        except OSError:
            to.close()
            raise
        self._to[place] = to
        return to

    def stop(self) -> None:
        """Hand over and take nothing more."""
        listener, self._listener = self._listener, None
        for each in (listener, *self._to.values()):
            if each is not None:
                each.close()
        self._to = {}
