"""Addresses in a page's head, for sites that preview a link to it; `templates/parts/linkpreview.html` has the rest."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import request

from webapp.web.hosts import public_base
from webapp.web.runtime import unison


@dataclass(frozen=True, slots=True)
class Links:
    """Absolute addresses of a page and its picture."""

    page: str
    card: str


def links(path: str, card: str, *names: str) -> Links | None:
    """Return a page's and its picture's addresses, with these of the query's names and the language that was asked for.

    There are none where nobody knows by which address this server is reached.
    """
    base = public_base(request, unison().settings)
    if base is None:
        return None
    query = urlencode([pair for pair in request.args.items(multi=True) if pair[0] in (*names, "lang")])
    return Links(*(f"{base}{each}?{query}" if query else f"{base}{each}" for each in (path, card)))
