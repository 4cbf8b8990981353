"""Addresses in a page's head, for sites that preview a link to it; `templates/parts/linkpreview.html` has the rest."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Flask, request

from webapp.config import Settings
from webapp.graphics.cards import CARD
from webapp.web import regional
from webapp.web.hosts import public_base


@dataclass(frozen=True, slots=True)
class Links:
    """Absolute addresses of a page and its picture."""

    page: str
    card: str


def init_app(app: Flask) -> None:
    """Tell templates how large the pictures are."""
    app.jinja_env.globals["card_size"] = CARD


def links(settings: Settings, path: str, card: str, *names: str) -> Links | None:
    """Return a page's and its picture's addresses, with these of the query's names and the language that was asked for.

    There are none where nobody knows by which address this server is reached.
    """
    base = public_base(request, settings)
    if base is None:
        return None
    given = [pair for pair in request.args.items(multi=True) if pair[0] in (*names, "lang")]
    pictured = [(name, regional.canonical(value) if name == "lang" else value) for name, value in given]
    return Links(_with(f"{base}{path}", given), _with(f"{base}{card}", pictured))


def _with(address: str, query: list[tuple[str, str]]) -> str:
    return f"{address}?{urlencode(query)}" if query else address
