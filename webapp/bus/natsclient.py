"""Connections to NATS that come back by themselves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

import nats.errors
from nats.aio.client import Client

from webapp.bus.log import UnavailableError

CONNECT_S = 2
FIRST_S = 5.0
PING_S = 1
"""How often a connection is tried; two pings without an answer end it, and another server is connected to."""
PINGS = 2
WAIT_S = 0.2
PENDING_BYTES = 32 << 20

log = logging.getLogger(__name__)


async def connected(servers: Sequence[str], name: str) -> Client:
    """Return a connection to one of the servers. If it is lost, it is made again, until it is closed.

    Raises:
        UnavailableError: no server takes the connection now.
    """
    client = Client()
    logging.getLogger("asyncio").addFilter(_is_news)

    async def note_loss() -> None:
        if not client.is_closed:
            log.warning("the connection to NATS was lost", extra={"event": "bus_lost"})

    try:
        async with asyncio.timeout(FIRST_S):  # it would try for ever
            await client.connect(
                list(servers),
                name=name,
                connect_timeout=CONNECT_S,
                ping_interval=PING_S,
                max_outstanding_pings=PINGS,
                reconnect_time_wait=WAIT_S,  # type: ignore[arg-type]  # seconds, and parts of one
                max_reconnect_attempts=-1,
                pending_size=PENDING_BYTES,
                error_cb=_note_error,
                disconnected_cb=note_loss,
                reconnected_cb=_note_return,
            )
    except (nats.errors.Error, OSError, TimeoutError) as error:
        with suppress(nats.errors.Error, OSError):
            await client.close()
        if "authorization" in f"{error} {client.last_error}".lower():
            raise UnavailableError("the NATS servers refuse this user or password") from error
        raise UnavailableError(f"none of {len(servers)} NATS servers answers") from error
    return client


async def _note_error(error: Exception) -> None:
    log.debug("NATS: %s", error or type(error).__name__)


def _is_news(record: logging.LogRecord) -> bool:
    """Drop asyncio's complaint about each TLS connection that ends."""
    return "eof_received" not in record.getMessage()


async def _note_return() -> None:
    log.info("connected to NATS again", extra={"event": "bus_back"})
