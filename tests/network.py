"""Machines that reach each other over links that can be cut. In user space, so that it needs no rights."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Protocol

LOOPBACK = "127.0.0.1"
_STEP = 1 << 16
Waits = Callable[[], Coroutine[Any, Any, object]]


class Network(Protocol):
    """Where programs run, and how they reach each other. Machines are known by name."""

    def host(self, name: str) -> str:
        """Return the address at which tests reach a machine."""

    def command(self, name: str) -> list[str]:
        """Return what to write before a command that is to run on a machine."""

    def reach(self, one: str, other: str, port: int) -> str:
        """Return the address, with a port, at which one machine reaches a port of another."""

    def cut(self, name: str) -> None:
        """Have nothing come to or from a machine; connections stay, and go on once it is healed."""

    def heal(self, name: str) -> None:
        """Undo a cut, and all else that was done to a machine."""


class Loopback:
    """One machine, whatever the name."""

    def host(self, name: str) -> str:
        """See `Network`."""
        return LOOPBACK

    def command(self, name: str) -> list[str]:
        """See `Network`."""
        return []

    def reach(self, one: str, other: str, port: int) -> str:
        """See `Network`."""
        return f"{LOOPBACK}:{port}"

    def cut(self, name: str) -> None:
        """See `Network`."""
        raise NotImplementedError("this machine cannot be cut off from itself")

    def heal(self, name: str) -> None:
        """See `Network`."""


class Links(Loopback):
    """Machines that reach each other through proxies. Tests reach them directly, also those that are cut off."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._servers: list[asyncio.Server] = []
        self._ports: dict[tuple[str, str, int], int] = {}
        self._open: dict[tuple[str, str], asyncio.Event] = {}
        self._cut: set[str] = set()
        self._is_over = asyncio.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._is_over.wait())
            for server in self._servers:
                server.close()

    def reach(self, one: str, other: str, port: int) -> str:
        """See `Network`."""
        if (one, other, port) not in self._ports:
            listening = asyncio.run_coroutine_threadsafe(self._listen(one, other, port), self._loop)
            self._ports[one, other, port] = listening.result()
        return f"{LOOPBACK}:{self._ports[one, other, port]}"

    async def _listen(self, one: str, other: str, port: int) -> int:
        is_open = self._open.setdefault((one, other), asyncio.Event())
        is_open.set()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(OSError, asyncio.CancelledError):
                await _join(reader, writer, port, is_open.wait)
            writer.close()

        self._servers.append(server := await asyncio.start_server(accept, LOOPBACK, 0))
        listened: int = server.sockets[0].getsockname()[1]
        return listened

    def cut(self, name: str) -> None:
        """See `Network`."""
        self._cut.add(name)
        self._loop.call_soon_threadsafe(self._apply)

    def heal(self, name: str) -> None:
        """See `Network`."""
        self._cut.discard(name)
        self._loop.call_soon_threadsafe(self._apply)

    def _apply(self) -> None:
        for ends, is_open in self._open.items():
            if self._cut.isdisjoint(ends):
                is_open.set()
            else:
                is_open.clear()

    def close(self) -> None:
        """End all links."""
        self._loop.call_soon_threadsafe(self._is_over.set)
        self._thread.join()


async def _join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, opened: Waits) -> None:
    """Carry bytes between a connection and a port, while the link is open."""
    await opened()
    there_reader, there_writer = await asyncio.open_connection(LOOPBACK, port)
    ways = [_carry(reader, there_writer, opened), _carry(there_reader, writer, opened)]
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        await opened()  # that a connection ended is not known over a cut link, either
    finally:
        for task in tasks:
            task.cancel()
        there_writer.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, opened: Waits) -> None:
    with suppress(OSError):
        while data := await reader.read(_STEP):
            await opened()
            writer.write(data)
            await writer.drain()
