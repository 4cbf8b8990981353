"""GET /moments.atom: the latest moments as an Atom feed (RFC 4287), of everything or of a filter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from flask import Blueprint, Response, request

from webapp.config import Settings
from webapp.core.filters import Filter
from webapp.core.gazetteer import Gazetteer
from webapp.core.records import Connection
from webapp.engine.offload import offload
from webapp.storage.history import History
from webapp.web import languages
from webapp.web.connectiontext import in_words, wire_form
from webapp.web.hosts import public_base
from webapp.web.xmltext import add, document

MOMENTS = 50
ATOM = "http://www.w3.org/2005/Atom"

Shown = tuple[Connection, Mapping[str, Any]]
"""A connection, and its form on the wire."""


def create_blueprint(settings: Settings, gazetteer: Gazetteer, history: History) -> Blueprint:
    """Serve the feed."""
    blueprint = Blueprint("atom", __name__)

    @blueprint.get("/moments.atom")
    def feed() -> Response:
        """Serve the latest moments; a filter narrows them as it does the stream."""
        pairs = list(request.args.items(multi=True))
        found = offload(history.latest, Filter.parse(pairs, gazetteer, history.aliases, ["lang"]), MOMENTS)
        shown = [(connection, wire_form(connection, gazetteer)) for connection in found]
        body = _written(shown, public_base(request, settings) or "", urlencode(pairs))
        response = Response(body, content_type="application/atom+xml; charset=utf-8")
        response.headers.update({"Cache-Control": "max-age=60", "Vary": "Accept-Language"})
        response.add_etag()
        response.make_conditional(request)
        return response

    return blueprint


def _written(shown: Sequence[Shown], base: str, query: str) -> bytes:
    after = f"?{query}" if query else ""
    address = f"{base}/moments.atom{after}"
    root = ElementTree.Element("feed", {"xmlns": ATOM, "xml:lang": languages.language().replace("_", "-")})
    add(root, id=address if base else f"urn:unison:moments{after}")  # an id is absolute, whatever the links are
    add(root, title="Unison", updated=_time(shown[0][0].at_ms if shown else 0))
    ElementTree.SubElement(ElementTree.SubElement(root, "author"), "name").text = "Unison"
    ElementTree.SubElement(root, "link", {"rel": "self", "href": address})
    ElementTree.SubElement(root, "link", {"rel": "alternate", "type": "text/html", "href": f"{base}/{after}"})
    for each in shown:
        _entry(root, *each, base)
    return document(root)


def _entry(root: ElementTree.Element, connection: Connection, wire: Mapping[str, Any], base: str) -> None:
    told = in_words(wire)
    entry = ElementTree.SubElement(root, "entry")
    add(entry, id=f"urn:unison:{connection.id}", updated=_time(connection.at_ms))
    add(entry, title=f"{told['title']} – {told['artist']}")
    add(entry, summary=f"{told['from']} – {told['to']}. {told['apart']}, {told['distance']}")
    ElementTree.SubElement(entry, "link", {"href": f"{base}/c/{connection.id}"})
    ElementTree.SubElement(entry, "category", {"term": connection.source})


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
