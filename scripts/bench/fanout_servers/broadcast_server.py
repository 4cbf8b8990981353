"""A server for fanout.py: `broadcast_server.py FD BYTES` serves a listening socket with `websockets`."""

import asyncio
import socket
import sys

from bench.fanout_servers.pace import Pace, text
from websockets.asyncio.server import Server, ServerConnection, broadcast, serve

BACKLOG = 2048
"""As ours; with asyncio's 100 many of the first viewers would have to retry."""


async def stay(viewer: ServerConnection) -> None:
    """Keep a viewer until it leaves."""
    await viewer.wait_closed()


async def main(fd: int, size: int) -> None:
    """Send to all, without compression or pings, which cost time."""
    listener = socket.socket(fileno=fd)
    async with serve(stay, sock=listener, backlog=BACKLOG, compression=None, ping_interval=None) as server:
        await send(server, size)


async def send(server: Server, size: int) -> None:
    """Broadcast one text four times a second, for ever."""
    pace = Pace()
    while True:
        await asyncio.sleep(pace.next_s())
        broadcast(server.connections, text(size))


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
