"""One batch to the server and its answer, over one connection that is kept."""

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
    """The server will never take plays from here; the message is a sentence for a person."""


class Complaint(msgspec.Struct, frozen=True):
    """What is wrong with one play of a batch."""

    index: int
    error: str
    field: str | None = None


class Answer(msgspec.Struct, frozen=True):
    """What became of a batch."""

    accepted: int
    late: int = 0
    rejected: int = 0
    errors: tuple[Complaint, ...] = ()


@dataclass(frozen=True, slots=True)
class Away:
    """No answer to a batch.

    Attributes:
        why: in words.
        perhaps_taken: the server may have the plays, only its answer was lost.
        busy: it is there and asks for patience.
        retry_s: how long it wants to be left alone, if it said so.
    """

    why: str
    perhaps_taken: bool
    busy: bool = False
    retry_s: float | None = None


@dataclass(frozen=True, slots=True)
class Spoiled:
    """The whole batch was refused for something in it; nothing of it was taken."""

    why: str


class Client:
    """Speaks to one Unison server."""

    def __init__(self, url: str, source: str, token: str | None = None, kept: DataDirToken | None = None) -> None:
        """Connect at the first batch.

        Args:
            url: where the server is, such as http://127.0.0.1:8000.
            source: what the plays are marked as: synthetic or replay.
            token: what allows to send; never printed.
            kept: the token in the server's data folder, sent if no other is given; read again when it is refused.
        """
        self.url = url.rstrip("/")
        self._kept = None if token else kept
        self._headers = {"Content-Type": "application/x-ndjson", "X-Unison-Source": source}
        self._authorize(token or (kept.value if kept else None))
        self._pool = urllib3.PoolManager(maxsize=1, retries=False, timeout=TIMEOUT)

    def post(self, body: bytes) -> Answer | Away | Spoiled:
        """Send a batch of NDJSON.

        Raises:
            Refusal: a later try would end the same way.
        """
        try:
            response = self._pool.request(
                "POST", f"{self.url}/api/plays", body=body, headers=self._headers, redirect=False
            )
        except SSLError as error:
            raise Refusal(f"{self.url} has no certificate that is trusted here: {error}") from error
        except HTTPError as error:
            return _no_answer(error)
        return self._read(response)

    def _authorize(self, token: str | None) -> None:
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        """Close the connection."""
        self._pool.clear()

    def _read(self, response: urllib3.BaseHTTPResponse) -> Answer | Away | Spoiled:
        status = response.status
        if status in (429, 503):
            return Away(f"it answers {status}", False, status == 429, _retry_after(response))
        if status >= 500:
            return Away(f"it answers {status}", True, False, _retry_after(response))
        if status == 401 and self._kept and self._kept.renew():
            self._authorize(self._kept.value)
            return Away("its token is another one now", False)
        if status in (400, 413):
            return Spoiled(f"the server answers {status}: {_text(response.data)}")
        if status != 202:
            self._refuse(response)
        try:
            return msgspec.json.decode(response.data, type=Answer)
        except msgspec.MsgspecError as error:
            raise Refusal(f"{self.url} answers, but not as Unison does: {error}") from error

    def _refuse(self, response: urllib3.BaseHTTPResponse) -> NoReturn:
        if response.status == 401:
            given = "Authorization" in self._headers
            unknown = "the server does not know this token" if given else "the server wants a token"
            raise Refusal(f"{unknown}: give one with --token or in UNISON_TOKEN, or the server's --data-dir")
        if response.status in (301, 302, 303, 307, 308):
            raise Refusal(f"{self.url} has moved: give --url {response.headers.get('Location', '')[:200]!r}")
        raise Refusal(f"{self.url}/api/plays answers {response.status}: {_text(response.data)}")


def _no_answer(error: HTTPError) -> Away:
    if isinstance(error, NameResolutionError):
        return Away("no such host is known", False)
    if isinstance(error, NewConnectionError):
        return Away("no connection", False)
    if isinstance(error, ConnectTimeoutError):
        return Away("no connection in time", False)
    return Away("no answer in time" if isinstance(error, ReadTimeoutError) else "the connection broke", True)


def _retry_after(response: urllib3.BaseHTTPResponse) -> float | None:
    try:
        return min(max(0.0, float(response.headers.get("Retry-After", ""))), RETRY_AFTER_MAX_S)
    except ValueError:
        return None


def _text(data: bytes) -> str:
    words = " ".join(data[:300].decode("utf-8", "replace").split())
    return words or "nothing"
