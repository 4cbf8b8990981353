"""The path under which a proxy serves the application: that of UNISON_PUBLIC_URL."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, redirect, request
from werkzeug.wrappers import Response

from webapp.config import SettingError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_BARE = "unison.path_without_slash"
"""Key of the WSGI environment."""


def init_app(app: Flask, public_url: str) -> None:
    """Take the path off each request that has it, and have links begin with it; some proxies take it off themselves.

    Raises:
        SettingError: requests for the path could not be told from requests for a page of ours.
    """
    prefix = urlsplit(public_url).path.rstrip("/")
    if not prefix:
        return
    _check(app, public_url, prefix.split("/")[1])
    answers = app.wsgi_app

    def answered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        environ["SCRIPT_NAME"], environ[_BARE] = prefix, path == prefix
        if f"{path}/".startswith(f"{prefix}/"):
            environ["PATH_INFO"] = path.removeprefix(prefix) or "/"
        return answers(environ, start_response)

    app.wsgi_app = answered  # type: ignore[method-assign]  # as Flask's documentation has it
    app.before_request_funcs[None].insert(0, _add_slash)  # before a page that is kept could be the answer


def _add_slash() -> Response | None:
    """Lead from the path to the same with a slash: without it relative addresses mean what is beside the path."""
    if not request.environ[_BARE]:
        return None
    query = request.query_string.decode("latin-1")
    return redirect(f"{request.script_root}/?{query}".removesuffix("?"), 308)


def _check(app: Flask, public_url: str, first: str) -> None:
    taken = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()}
    if first in taken:
        raise SettingError(
            f"UNISON_PUBLIC_URL={public_url!r}: expected a path that does not begin with /{first},"
            " because this server has its own pages there"
        )
