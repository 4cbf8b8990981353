"""Answers to requests that gunicorn itself refuses: as the application answers errors, not as gunicorn's own pages.

A request that cannot be parsed never reaches the application. gunicorn's master imports this module, so what serves
requests is imported late.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from gunicorn.http import errors
from gunicorn.util import http_date

Refusal = tuple[int, str, str]
"""Status, reason and sentence."""
_FAILED: Refusal = (500, "Internal Server Error", "the server could not answer this request")
_REFUSALS: tuple[tuple[type[Exception], Refusal], ...] = (
    (errors.LimitRequestLine, (414, "URI Too Long", "the first line of the request is too long")),
    (errors.LimitRequestHeaders, (431, "Request Header Fields Too Large", "the headers are too many or too long")),
    (errors.UnsupportedTransferCoding, (501, "Not Implemented", "this transfer coding is not supported; use chunked")),
    (errors.ExpectationFailed, (417, "Expectation Failed", "this expectation is not supported; use 100-continue")),
    (
        errors.InvalidHTTPVersion,
        (505, "HTTP Version Not Supported", "this HTTP version is not supported; use HTTP/1.1"),
    ),
    (errors.ParseException, (400, "Bad Request", "the request is not well-formed HTTP/1.1")),
)
"""For errors of gunicorn's parser, the first that fits."""


def refuse(client: Any, error: BaseException) -> bool:
    """Answer a request that could not be parsed; return False, and answer 500, where the request is not at fault.

    Args:
        client: the connection, which the caller closes.
        error: what gunicorn raised.
    """
    fitting = (refusal for kind, refusal in _REFUSALS if isinstance(error, kind))
    status, reason, sentence = next(fitting, _FAILED)
    if status == 400:
        sentence = f"{sentence}: {str(error)[:100]}"
    with suppress(OSError):
        client.sendall(_answer(status, reason, sentence))
        client.linger()
    return status != 500


def _answer(status: int, reason: str, sentence: str) -> bytes:
    from webapp.web.securityheaders import ALWAYS

    body = json.dumps({"error": sentence}).encode() + b"\n"
    own = {"Date": http_date(), "Connection": "close", "Content-Type": "application/json", "Cache-Control": "no-store"}
    headers = {**own, "Content-Length": str(len(body)), **ALWAYS}
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
