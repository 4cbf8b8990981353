"""What is read of a request's lists of languages, types and their like: their beginnings, for each entry takes time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LISTS = ("HTTP_ACCEPT", "HTTP_ACCEPT_LANGUAGE", "HTTP_ACCEPT_ENCODING", "HTTP_IF_NONE_MATCH", "CONTENT_TYPE")
LIST_MOST = 500
"""Characters; browsers send some 150 at most."""


def init_app(app: Flask) -> None:
    """Shorten the lists before anything reads them."""
    answers = app.wsgi_app

    def answered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        for name in LISTS:
            if len(environ.get(name, "")) > LIST_MOST:
                environ[name] = shortened(environ[name])
        return answers(environ, start_response)

    app.wsgi_app = answered  # type: ignore[method-assign]  # as Flask's documentation has it


def shortened(text: str) -> str:
    """Return as many whole entries of a list as LIST_MOST characters hold."""
    return text[:LIST_MOST].rpartition(",")[0]
