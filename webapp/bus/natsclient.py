"""Connections to NATS that come back by themselves."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import nats.errors
from nats.aio.client import Client

from webapp.bus.credentials import CERTIFICATE, Access, CredentialsError
from webapp.bus.log import UnavailableError

CONNECT_S = 2
FIRST_S, FIRST_TRIES, FOR_EVER = 8.0, 2, -1
CLOSE_S = 1.0
PING_S = 1
"""How often a connection is tried; two pings without an answer end it, and another server is connected to."""
PINGS = 2
WAIT_S = 0.2
PENDING_BYTES = 32 << 20

AWAY = (nats.errors.Error, OSError)
"""What the client raises if NATS does not answer; a time-out is an OSError."""

NO_TLS = "the NATS servers do not offer TLS"
REFUSED = "the NATS servers refuse these credentials"

log = logging.getLogger(__name__)


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Raise an `UnavailableError` that begins with these words if NATS does not answer."""
    try:
        yield
    except UnavailableError:
        raise
    except AWAY as error:
        raise UnavailableError(f"{what}: {error or type(error).__name__}") from error


class DeniedError(UnavailableError):
    """NATS does not accept this server; the message is for its operator."""


class NatsClient(Client):
    """A connection that reads its files of credentials each time it is made, and is never in clear where TLS is set.

    Args:
        access: where the servers are, and how to identify.

    Attributes:
        is_gone: set once the connection is not made again, since NATS ended it for good.
    """

    def __init__(self, access: Access) -> None:
        super().__init__()
        self._access = access
        self.is_gone = asyncio.Event()

    @property
    def ssl_context(self) -> ssl.SSLContext:
        """How to encrypt."""
        with _as_error_of_nats():
            return self._access.tls()

    def _connect_command(self) -> bytes:
        """Return the message that identifies this client; the base class sends passwords to whoever does not ask."""
        if self._access.is_encrypted and not self._server_info.get("tls_required"):
            raise nats.errors.Error(NO_TLS)
        if self._access.credentials:
            with _as_error_of_nats():
                identity = self._access.identity()
            self._auth_configured = True
            self._public_nkey, self._signature_cb = identity.public, identity.sign
            self._user_jwt_cb = identity.jwt.encode if identity.jwt else None
        return super()._connect_command()


@contextmanager
def _as_error_of_nats() -> Iterator[None]:
    """Raise errors as the client's own: it tries again after these only."""
    try:
        yield
    except CredentialsError as error:
        raise nats.errors.Error(str(error)) from error


async def connected(access: Access, name: str) -> NatsClient:
    """Return a connection to one of the servers. If it is lost, it is made again, until it is closed.

    Raises:
        CredentialsError: a file by which to identify cannot be used.
        DeniedError: NATS refuses this identity, or cannot prove its own.
        UnavailableError: no server takes the connection now.
    """
    access.check()
    client = NatsClient(access)
    logging.getLogger("asyncio").addFilter(_is_news)
    errors = deque[str](maxlen=8)
    denied = set[str]()

    async def note_error(error: Exception) -> None:
        text = str(error) or type(error).__name__
        if not client.is_connected:
            errors.append(text)
        if "permissions violation" in text.lower() and text not in denied:
            denied.add(text)
            log.warning("%s; see the accounts in docs/cluster.md", text, extra={"event": "bus_denied"})
        was_connected = client.options["max_reconnect_attempts"] == FOR_EVER
        if was_connected and "authorization violation" in text.lower() and REFUSED not in denied:
            denied.add(REFUSED)
            log.warning("%s; trying again", REFUSED, extra={"event": "bus_denied"})
        log.debug("NATS: %s", text)

    async def note_loss() -> None:
        denied.discard(REFUSED)
        if not client.is_closed:
            log.warning("the connection to NATS was lost", extra={"event": "bus_lost"})

    async def note_end() -> None:
        client.is_gone.set()

    user, password = access.user
    connecting = asyncio.ensure_future(
        client.connect(
            access.servers,
            name=name,
            user=user if password else None,
            password=password or None,
            token=None if password else user or None,
            inbox_prefix=access.inbox,
            connect_timeout=CONNECT_S,
            ping_interval=PING_S,
            max_outstanding_pings=PINGS,
            reconnect_time_wait=WAIT_S,  # type: ignore[arg-type]  # seconds, and parts of one
            max_reconnect_attempts=FIRST_TRIES,
            pending_size=PENDING_BYTES,
            error_cb=note_error,
            closed_cb=note_end,
            disconnected_cb=note_loss,
            reconnected_cb=_note_return,
        )
    )
    await _finished(connecting, FIRST_S)
    if client.is_connected:
        client.options["max_reconnect_attempts"] = FOR_EVER  # from now on; at first it would never give up
        return client
    await closed(client)
    raise _refusal(errors, access)


def _refusal(errors: deque[str], access: Access) -> UnavailableError:
    """Return why there is no connection, as far as can be told."""
    for said, sentence in (
        ("authorization violation", REFUSED),
        ("user authentication", REFUSED),
        (NO_TLS, NO_TLS),
        ("certificate verify failed", "the certificate of the NATS servers is not valid"),
        ("certificate required", f"the NATS servers ask for a certificate; set {CERTIFICATE}"),
    ):
        if any(said.lower() in each.lower() for each in errors):
            return DeniedError(sentence)
    return UnavailableError(f"none of {len(access.servers)} NATS servers answers")


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
