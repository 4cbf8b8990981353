"""GET /moments.atom: the latest moments as an Atom feed (RFC 4287), of everything or of a filter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode
from xml.etree import ElementTree

from flask import Blueprint, Response, request
from werkzeug.exceptions import BadRequest

from webapp.core.filters import Filter, FilterError
from webapp.core.records import Connection
from webapp.web import connectiontext, languages
from webapp.web.hosts import public_base
from webapp.web.runtime import offload, unison
from webapp.web.xmltext import add, document

MOMENTS = 50
ATOM = "http://www.w3.org/2005/Atom"

blueprint = Blueprint("atom", __name__)


@blueprint.get("/moments.atom")
def feed() -> Response:
    """Serve the feed; a filter narrows it as it does the stream."""
    app, pairs = unison(), list(request.args.items(multi=True))
    try:
        wanted = Filter.parse(pairs, app.gazetteer, others=["lang"])
    except FilterError as error:
        raise BadRequest(str(error)) from None
    found = offload(app.history.latest, wanted, MOMENTS)
    base = public_base(request, app.settings) or ""
    response = Response(_written(found, base, urlencode(pairs)), content_type="application/atom+xml; charset=utf-8")
    response.headers.update({"Cache-Control": "max-age=60", "Vary": "Accept-Language"})
    response.add_etag()
    response.make_conditional(request)
    return response


def _written(found: Sequence[Connection], base: str, query: str) -> bytes:
    after = f"?{query}" if query else ""
    address = f"{base}/moments.atom{after}"
    root = ElementTree.Element("feed", {"xmlns": ATOM, "xml:lang": languages.language().replace("_", "-")})
    add(root, id=address if base else f"urn:unison:moments{after}")  # an id is absolute, whatever the links are
    add(root, title="Unison", updated=_time(found[0].at_ms if found else 0))
    ElementTree.SubElement(ElementTree.SubElement(root, "author"), "name").text = "Unison"
    ElementTree.SubElement(root, "link", {"rel": "self", "href": address})
    ElementTree.SubElement(root, "link", {"rel": "alternate", "type": "text/html", "href": f"{base}/{after}"})
    for connection in found:
        _entry(root, connection, base)
    return document(root)


def _entry(root: ElementTree.Element, connection: Connection, base: str) -> None:
    told = connectiontext.in_words(connectiontext.wire_form(connection))
    entry = ElementTree.SubElement(root, "entry")
    add(entry, id=f"urn:unison:{connection.id}", updated=_time(connection.at_ms))
    add(entry, title=f"{told['title']} – {told['artist']}")
    add(entry, summary=f"{told['from']} – {told['to']}. {told['apart']}, {told['distance']}")
    ElementTree.SubElement(entry, "link", {"href": f"{base}/c/{connection.id}"})
    ElementTree.SubElement(entry, "category", {"term": connection.source})


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
