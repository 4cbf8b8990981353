"""The body of a request: read whole, bounded in size and time; and drained where nobody read it."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol, TypeVar

import gevent
from flask import Flask
from flask import request as current_request
from gevent import monkey
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    LengthRequired,
    RequestEntityTooLarge,
    RequestTimeout,
    TooManyRequests,
    UnsupportedMediaType,
)
from werkzeug.wrappers import Request

from webapp.engine.offload import offload
from webapp.wsgikeys import BUFFERED, DRAIN_S, DRAINS, FRAMING, MAX_DRAIN

BODY_MOST = 10 << 20
BODIES_MOST = 96 << 20
READ_S = 30.0
_STEP = 1 << 13
_DIGITS_MOST = 20
_SHORT = 1 << 16  # what inflates to no more needs no memory held
_FRAMING_MOST = 1 << 14  # around chunks, beyond as many as the body has: chunks are read one by one
_GZIP = 16 + zlib.MAX_WBITS
_MEMBERS_MOST = 256  # a gzip file may be several in a row; what follows one is copied, so thousands would cost seconds


class HasStatus(Protocol):
    """An answer, as far as draining has to know it."""

    status_code: int


ResponseT = TypeVar("ResponseT", bound=HasStatus)
Hold = Callable[[int], None]
"""What is told of each part of a body that comes, how many bytes it has."""


class NoRoomError(TooManyRequests):
    """Bodies take all the memory that they may have; the request is to come again."""

    def __init__(self) -> None:
        super().__init__("too many plays are being received; try again in 1 s", retry_after=1)


class MemoryBudget:
    """Memory for the bodies of all requests that are being read or worked on.

    Args:
        most: bytes; beyond them a request is to come again.
    """

    def __init__(self, most: int = BODIES_MOST) -> None:
        self._most = most
        self._used = 0
        self._lock = threading.Lock()

    @contextmanager
    def account(self, free: int = 0) -> Iterator[Hold]:
        """Give what to call with the bytes that come, as they come; all is given back at the end.

        Args:
            free: so many bytes do not count.
        """
        came = held = 0

        def hold(size: int) -> None:
            nonlocal came, held
            came += size
            if (more := came - free - held) <= 0:
                return
            with self._lock:
                if self._used + more > self._most:
                    raise NoRoomError
                self._used += more
            held += more

        try:
            yield hold
        finally:
            with self._lock:
                self._used -= held


def read_body(request: Request, hold: Hold, most: int = BODY_MOST) -> bytes:
    """Return the body, inflated, of so many bytes at most; `hold` is told how much memory it takes.

    Raises:
        HTTPException: it is too large, too slow, cut short, or its coding is unknown or broken.
    """
    coding = request.environ.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip"):
        raise UnsupportedMediaType(
            f"Content-Encoding {coding[:40]!r} is not supported; send gzip, or no Content-Encoding"
        )
    body = _read(request, hold, most)
    if not coding.endswith("gzip"):
        return body
    try:
        return offload(inflate, body, min(_SHORT, most))
    except RequestEntityTooLarge:
        hold(most)
        return offload(inflate, body, most)


def _read(request: Request, hold: Hold, most: int) -> bytes:
    length = _length(request)
    if length is not None and length > most:
        raise _too_large(f"{length} bytes are", most)
    if _is_chunked(request) and not request.environ.get("wsgi.input_terminated"):
        raise LengthRequired("this server does not accept chunked bodies; send Content-Length")
    if length and (arrived := request.environ.get(BUFFERED)) and length <= arrived():
        hold(length)  # it is all there, so there is nothing to wait for
        whole: bytes = request.environ["wsgi.input"].read(length)
        return whole
    body = _read_in_time(request, hold, most)
    if len(body) > most:
        raise _too_large("it is", most)
    if length is not None and len(body) < length:
        raise BadRequest(f"the body ended after {len(body)} of the {length} bytes in Content-Length")
    return body


def _length(request: Request) -> int | None:
    """Return what Content-Length says; werkzeug's way to it is longer."""
    said = request.environ.get("CONTENT_LENGTH", "")
    is_plain = said.isascii() and said.isdecimal() and len(said) < _DIGITS_MOST and not _is_chunked(request)
    return int(said) if is_plain else request.content_length


def _read_in_time(request: Request, hold: Hold, most: int) -> bytes:
    try:
        with _deadline(READ_S):
            return b"".join(_held(_pieces(request, most + 1), hold))
    except TimeoutError:
        raise RequestTimeout(f"the body did not arrive within {READ_S:g} s") from None
    except HTTPException:
        raise
    except Exception as error:  # each server has errors of its own for a client that leaves and for malformed chunks
        raise BadRequest("the body is incomplete, or its chunks are malformed") from error


def _pieces(request: Request, most: int) -> Iterator[bytes]:
    """Read in steps, each as long as all before: to read many short ones is dear, and what a step waits for is held.

    Raises:
        BadRequest: the chunks are so small that most of what comes is not the body's.
    """
    read, step = 0, _STEP
    framing = request.environ.get(FRAMING, lambda _: 0)
    while read < most and (piece := request.stream.read(min(most - read, step))):
        read += len(piece)
        step += len(piece)
        if framing(read) > read + _FRAMING_MOST:
            raise BadRequest("the chunks of the body are too small; send larger ones")
        yield piece


def _held(pieces: Iterator[bytes], hold: Hold) -> Iterator[bytes]:
    for piece in pieces:
        hold(len(piece))
        yield piece


def _too_large(what: str, most: int) -> RequestEntityTooLarge:
    return RequestEntityTooLarge(f"{what} more than the {most} bytes of one request; send less at a time")


def inflate(body: bytes, most: int = BODY_MOST) -> bytes:
    """Return what a gzip body holds, never more than so many bytes.

    Raises:
        HTTPException: it is not gzip, cut short, or too large.
    """
    pieces, left = [], most + 1
    for _ in range(_MEMBERS_MOST):
        member = zlib.decompressobj(_GZIP)
        try:
            pieces.append(member.decompress(body, left))
        except zlib.error as error:
            raise BadRequest(f"the body is not gzip, as Content-Encoding says, or damaged ({error})") from None
        left -= len(pieces[-1])
        if left <= 0:
            raise _too_large("inflated, it is", most)
        if not member.eof:
            raise BadRequest("the gzip body is cut short")
        body = member.unused_data.lstrip(b"\0")
        if not body:
            return b"".join(pieces)
    raise BadRequest(f"the gzip body has more than {_MEMBERS_MOST} members; send the plays in several requests")


def init_app(app: Flask) -> None:
    """Have Flask drain each request that it answers."""
    app.after_request(lambda response: drain(current_request, response))


def drain(request: Request, response: ResponseT) -> ResponseT:
    """Read what is left of the request's body before its answer is sent.

    An answer sent while the client still writes is lost to a reset once the buffers between them are full, which they
    are from about 3 MB on.
    """
    if request.environ.get(DRAINS):
        return response
    has_body = request.content_length or _is_chunked(request)
    is_read = has_body and getattr(request.stream, "is_exhausted", False)
    if has_body and not is_read and response.status_code != RequestTimeout.code:
        # That a body breaks off or comes too slowly is no reason to keep the answer from whoever still listens.
        with suppress(Exception), _deadline(DRAIN_S):
            for _ in _pieces(request, MAX_DRAIN):
                pass
    return response


def _is_chunked(request: Request) -> bool:
    return "chunked" in request.environ.get("HTTP_TRANSFER_ENCODING", "").lower()


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Raise a TimeoutError in what takes longer; under a threaded server only its own time-outs hold."""
    if not monkey.is_module_patched("threading"):
        yield
        return
    with gevent.Timeout(seconds, TimeoutError()):
        yield
