"""What the processes beside a server have in common: how they begin, and how they end."""

from __future__ import annotations

import asyncio
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress

from nats.aio.client import Client

from webapp import logs
from webapp.bus.credentials import CredentialsError
from webapp.bus.log import UnavailableError
from webapp.bus.messages import Refused, Start, ToNode
from webapp.bus.natsclient import DeniedError, NatsClient, closed, connected
from webapp.bus.pipes import Pipe
from webapp.bus.shared import OtherRulesError, agree, agreement
from webapp.config import wants_json

Work = Callable[[Client, Start, Pipe[ToNode]], Coroutine[None, None, None]]

END_S = 3.0

log = logging.getLogger(__name__)


def serve(work: Work) -> None:
    """Run a process that a server started: read how to start, connect to NATS, and work until the server is gone.

    Args:
        work: is given the connection, what it was told, and the pipe to the server.
    """
    if wants_json(os.environ):
        logs.log_native_output()
    logs.set_up(as_json=wants_json(os.environ))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # to all processes of a service: the server ends us
    with socket.socket(fileno=int(sys.argv[1])) as end, suppress(KeyboardInterrupt):
        threading.Thread(target=_end_with_server, args=(end.fileno(),), daemon=True).start()
        asyncio.run(_serve(end, work))


def _end_with_server(pipe: int) -> None:
    """Wait until the server is gone; if this process then does not end by itself, end it."""
    waiting = select.poll()
    waiting.register(pipe, select.POLLHUP | select.POLLRDHUP)
    waiting.poll()
    time.sleep(END_S)
    os._exit(1)


async def _serve(end: socket.socket, work: Work) -> None:
    pipe: Pipe[ToNode] = Pipe(end, ToNode)  # type: ignore[arg-type]
    start = await pipe.receive()
    if not isinstance(start, Start):
        return
    try:
        client = await connected(start.access, start.node)
        try:
            start.rules = (await agree(client, agreement(start.rules, start.shown_per_s, start.secret))).rules
            await _while_connected(client, work(client, start, pipe))
        finally:
            await closed(client)
    except (CredentialsError, OtherRulesError, UnavailableError) as error:
        with suppress(OSError):
            is_final = isinstance(error, CredentialsError | DeniedError | OtherRulesError)
            await pipe.send(Refused(str(error), is_final))
    except OSError as error:
        log.debug("the server is gone: %s", error)
    finally:
        with suppress(OSError):  # the server then ends what does not end by itself
            end.shutdown(socket.SHUT_RDWR)


async def _while_connected(client: NatsClient, work: Coroutine[None, None, None]) -> None:
    """Work.

    Raises:
        UnavailableError: NATS ended the connection for good.
    """
    tasks = [asyncio.ensure_future(work), asyncio.ensure_future(client.is_gone.wait())]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    if client.is_gone.is_set() and not tasks[0].done():
        tasks[0].cancel()
        raise UnavailableError("NATS ended the connection")
    tasks[1].cancel()
    tasks[0].result()
