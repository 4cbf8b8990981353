"""Listening sockets, TCP or Unix, and their addresses."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

BACKLOG = 2048
USER_TIMEOUT_S = 60.0
"""How long the kernel keeps a connection whose client acknowledges nothing."""
_HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
_BEYOND = {
    "0.0.0.0": [(socket.AF_INET, "192.0.2.1")],
    "::": [(socket.AF_INET6, "2001:db8::1"), (socket.AF_INET, "192.0.2.1")],
}
"""Addresses of other machines, reserved for documentation (RFC 5737, RFC 3849), by the wildcard address of a socket."""


class Urls(NamedTuple):
    """Addresses of a server: on this machine, for operators if they have a port, and on other machines."""

    here: str
    operators: str | None = None
    elsewhere: Sequence[str] = ()


def listen_on(host: str, port: int, setting: str = "--port", *, shared: bool = False) -> socket.socket:
    """Listen on an address and a port; `::` includes IPv4.

    Args:
        host: name or address.
        port: the port; 0 picks a free one.
        setting: the port's setting, for the error message.
        shared: whether other servers of this user listen there, too, among which the kernel shares connections out.

    Raises:
        OSError: the address cannot be used; the message is a sentence.
    """
    try:
        host = host.removeprefix("[").removesuffix("]")
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        # A name such as localhost may have both families; more clients use IPv4.
        family, _, _, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
        both = host == "::" and socket.has_dualstack_ipv6()
        listener = socket.create_server(address, family=family, backlog=BACKLOG, reuse_port=shared, dualstack_ipv6=both)
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]  # the rest repeats the address
        raise OSError(f"cannot listen on {host}, port {port}: {reason}; set another with {setting}") from error
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # else a client that reads nothing would keep its connection for ever
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(1000 * USER_TIMEOUT_S))
    return listener


def free_port(host: str, port: int) -> int:
    """Return a port that nobody listens on; see `listen_on`."""
    with listen_on(host, port) as listener:
        return int(listener.getsockname()[1])


def listen_at(path: Path, mode: int) -> socket.socket:
    """Listen on a Unix socket; replace one that a server left behind.

    Args:
        path: the path of the socket.
        mode: its permissions; a client needs write permission.

    Raises:
        OSError: the path cannot be used; the message is a sentence.
    """
    path = path.absolute()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o777 & ~mode)  # gives the socket its permissions from the start
    try:
        _remove_stale(path)
        listener.bind(str(path))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise OSError(f"cannot listen on {path}: {error.strerror or error}; set another with --uds") from error
    finally:
        os.umask(mask)
    return listener


def _remove_stale(path: Path) -> None:
    """Remove a socket on which no server listens.

    Raises:
        OSError: a server listens, or the path is not a socket.
    """
    if not os.path.lexists(path):
        return
    if not stat.S_ISSOCK(path.lstat().st_mode):
        raise OSError("a file of that name exists and is not a socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe, suppress(ConnectionRefusedError):
        probe.connect(str(path))
        raise OSError("another server is listening there")
    path.unlink()


def close_and_remove(listener: socket.socket) -> None:
    """Close a socket, and remove the file of a Unix socket."""
    name = listener.getsockname()
    listener.close()
    if isinstance(name, str):
        Path(name).unlink(missing_ok=True)


def url(listener: socket.socket) -> str:
    """Return the address of a listening socket on this machine."""
    if listener.family == socket.AF_UNIX:
        return f"unix:{listener.getsockname()}"
    host, port = listener.getsockname()[:2]
    return _http(_HERE.get(host, host), port)


def urls_elsewhere(listener: socket.socket) -> list[str]:
    """Return the addresses for other machines of a socket bound to all addresses; an empty list for others."""
    return [] if listener.family == socket.AF_UNIX else list(_urls_elsewhere(*listener.getsockname()[:2]))


def _urls_elsewhere(host: str, port: int) -> Iterator[str]:
    for family, beyond in _BEYOND.get(host, []):
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((beyond, port))  # sends nothing, but chooses this machine's address
            yield _http(probe.getsockname()[0], port)


def _http(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
