"""Connections to NATS that come back by themselves."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import nats.errors
from nats.aio.client import Client

from webapp.bus.log import UnavailableError

CONNECT_S = 2
FIRST_S, FIRST_TRIES = 8.0, 2
CLOSE_S = 1.0
PING_S = 1
"""How often a connection is tried; two pings without an answer end it, and another server is connected to."""
PINGS = 2
WAIT_S = 0.2
PENDING_BYTES = 32 << 20

AWAY = (nats.errors.Error, OSError)
"""What the client raises if NATS does not answer; a time-out is an OSError."""

log = logging.getLogger(__name__)


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Raise an `UnavailableError` that begins with these words if NATS does not answer."""
    try:
        yield
    except AWAY as error:
        raise UnavailableError(f"{what}: {error or type(error).__name__}") from error


async def connected(servers: Sequence[str], name: str) -> Client:
    """Return a connection to one of the servers. If it is lost, it is made again, until it is closed.

    Raises:
        UnavailableError: no server takes the connection now.
    """
    client = Client()
    logging.getLogger("asyncio").addFilter(_is_news)
    errors = deque[str](maxlen=8)

    async def note_error(error: Exception) -> None:
        if not client.is_connected:
            errors.append(str(error).lower())
        log.debug("NATS: %s", error or type(error).__name__)

    async def note_loss() -> None:
        if not client.is_closed:
            log.warning("the connection to NATS was lost", extra={"event": "bus_lost"})

    connecting = asyncio.ensure_future(
        client.connect(
            list(servers),
            name=name,
            connect_timeout=CONNECT_S,
            ping_interval=PING_S,
            max_outstanding_pings=PINGS,
            reconnect_time_wait=WAIT_S,  # type: ignore[arg-type]  # seconds, and parts of one
            max_reconnect_attempts=FIRST_TRIES,
            pending_size=PENDING_BYTES,
            error_cb=note_error,
            disconnected_cb=note_loss,
            reconnected_cb=_note_return,
        )
    )
    await _finished(connecting, FIRST_S)
    if client.is_connected:
        client.options["max_reconnect_attempts"] = -1  # from now on; at first it would try for ever
        return client
    await closed(client)
    if any("authorization" in error for error in errors):
        raise UnavailableError("the NATS servers refuse this user or password")
    raise UnavailableError(f"none of {len(servers)} NATS servers answers")


async def closed(client: Client) -> None:
    """Close a connection."""
    await _finished(asyncio.ensure_future(client.close()), CLOSE_S)


async def _finished(task: asyncio.Future[None], seconds: float) -> None:
    """Wait for a task of the client, but not longer; it does not always heed being cancelled."""
    await asyncio.wait([task], timeout=seconds)
    task.cancel()
    with suppress(asyncio.CancelledError, asyncio.InvalidStateError, *AWAY):
        task.result()


def _is_news(record: logging.LogRecord) -> bool:
    """Drop asyncio's complaint about each TLS connection that ends."""
    return "eof_received" not in record.getMessage()


async def _note_return() -> None:
    log.info("connected to NATS again", extra={"event": "bus_back"})
