"""Sends batches of plays to a server over one kept-alive connection."""

from dataclasses import dataclass
from typing import NoReturn

import msgspec
import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)

from webapp.seed.tokens import DataDirToken

TIMEOUT = urllib3.Timeout(connect=2.0, read=2.5)
RETRY_AFTER_MAX_S = 60.0


class Refusal(Exception):  # noqa: N818 - not this program's error
    """The server will not accept plays, so retrying is useless; the message is for a person."""


class PlayError(msgspec.Struct, frozen=True):
    """An error of one play of a batch."""

    index: int
    error: str
    field: str | None = None


class Answer(msgspec.Struct, frozen=True):
    """The server's answer to a batch: numbers of plays, and the first errors."""

    accepted: int
    late: int = 0
    rejected: int = 0
    errors: tuple[PlayError, ...] = ()


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The server did not process a batch; retry later.

    Attributes:
        reason: the reason, in words.
        may_have_arrived: the server may have accepted the plays and only its answer was lost.
        busy: the server is there, but limits requests.
        retry_s: how long the server asks to wait, if it says so.
    """

    reason: str
    may_have_arrived: bool
    busy: bool = False
    retry_s: float | None = None


@dataclass(frozen=True, slots=True)
class BatchRejected:
    """The server rejected the whole batch for something in it, and accepted no play."""

    reason: str


class Client:
    """An HTTP client for one Unison server."""

    def __init__(
        self,
        url: str,
        source: str,
        token: str | None = None,
        stored_token: DataDirToken | None = None,
        timeout: urllib3.Timeout = TIMEOUT,
    ) -> None:
        """Prepare the client; it connects with the first batch.

        Args:
            url: the server's address, such as http://127.0.0.1:8000.
            source: the source of the plays: synthetic or replay.
            token: the token for sending plays; never printed.
            stored_token: the token in the server's data folder, used without `token`; reloaded when rejected.
            timeout: how long to wait for a connection and for an answer.
        """
        self.url = url.rstrip("/")
        self._stored_token = None if token else stored_token
        self._headers = {"Content-Type": "application/x-ndjson", "X-Unison-Source": source}
        self._authorize(token or (stored_token.value if stored_token else None))
        self._pool = urllib3.PoolManager(maxsize=1, retries=False, timeout=timeout)

    def post(self, body: bytes) -> Answer | Unavailable | BatchRejected:
        """Send a batch of NDJSON.

        Raises:
            Refusal: retrying is useless.
        """
        try:
            response = self._pool.request(
                "POST", f"{self.url}/api/plays", body=body, headers=self._headers, redirect=False
            )
        except SSLError as error:
            raise Refusal(f"the certificate of {self.url} is not trusted: {error}") from error
        except HTTPError as error:
            return _no_answer(error)
        return self._read(response)

    def _authorize(self, token: str | None) -> None:
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        """Close the connection."""
        self._pool.clear()

    def _read(self, response: urllib3.BaseHTTPResponse) -> Answer | Unavailable | BatchRejected:
        status = response.status
        if status in (429, 503):
            return Unavailable(f"it answers {status}", False, status == 429, _retry_after(response))
        if status >= 500:
            return Unavailable(f"it answers {status}", True, False, _retry_after(response))
        if status == 401 and self._stored_token and self._stored_token.reload():
            self._authorize(self._stored_token.value)
            return Unavailable("its token changed", False)
        if status in (400, 413):
            return BatchRejected(f"the server answers {status}: {_text(response.data)}")
        if status != 202:
            self._refuse(response)
        try:
            return msgspec.json.decode(response.data, type=Answer)
        except msgspec.MsgspecError as error:
            raise Refusal(f"{self.url} is not a Unison server: {error}") from error

    def _refuse(self, response: urllib3.BaseHTTPResponse) -> NoReturn:
        if response.status == 401:
            has_token = "Authorization" in self._headers
            problem = "the server does not know this token" if has_token else "the server requires a token"
            raise Refusal(f"{problem}: give one with --token or in UNISON_TOKEN, or the server's --data-dir")
        if response.status in (301, 302, 303, 307, 308):
            raise Refusal(f"{self.url} has moved: use --url {response.headers.get('Location', '')[:200]!r}")
        raise Refusal(f"{self.url}/api/plays answers {response.status}: {_text(response.data)}")


def _no_answer(error: HTTPError) -> Unavailable:
    if isinstance(error, NameResolutionError):
        return Unavailable("unknown host", False)
    if isinstance(error, NewConnectionError):
        return Unavailable("no connection", False)
    if isinstance(error, ConnectTimeoutError):
        return Unavailable("connection timed out", False)
    return Unavailable("answer timed out" if isinstance(error, ReadTimeoutError) else "connection lost", True)


def _retry_after(response: urllib3.BaseHTTPResponse) -> float | None:
    try:
        return min(max(0.0, float(response.headers.get("Retry-After", ""))), RETRY_AFTER_MAX_S)
    except ValueError:
        return None


def _text(data: bytes) -> str:
    words = " ".join(data[:300].decode("utf-8", "replace").split())
    return words or "nothing"
