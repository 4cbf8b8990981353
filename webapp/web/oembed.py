"""GET /oembed, oEmbed 1.0 (https://oembed.com): what a link to a page of ours is replaced with on other people's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from xml.sax.saxutils import escape

import msgspec
from flask import Blueprint, Response, request
from markupsafe import Markup
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.exceptions import NotImplemented as NoSuchFormat

from webapp.config import Settings
from webapp.core.gazetteer import Gazetteer
from webapp.graphics.cards import CARD
from webapp.scene import apart_in_english
from webapp.web import embedoptions
from webapp.web.connectiontext import wire_form
from webapp.web.hosts import is_listed, public_base
from webapp.web.momentlookup import Moments

WIDTH, HEIGHT = 640, 360
"""Of the frame, in CSS pixels, where there is room for it."""
CACHE_S = 3600
PROVIDER = "Unison"
FORMATS = {"json": "application/json+oembed", "xml": "text/xml+oembed"}
SANDBOX = "allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox"
ADDRESS_MOST = 2048


def create_blueprint(settings: Settings, gazetteer: Gazetteer, moments: Moments) -> Blueprint:
    """Serve the answers."""
    blueprint = Blueprint("oembed", __name__)

    @blueprint.after_request
    def for_everybody(response: Response) -> Response:
        """Let pages of other sites read the answer, whatever it is."""
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response

    @blueprint.get("/oembed")
    def answer() -> Response:
        """Say what stands for the page at `url`.

        Raises:
            NotFound: it is none of ours, or none that can be framed.
            NoSuchFormat: the format is another than json and xml.
            BadRequest: a size is none, or there is no url.
        """
        url, form = request.args.get("url"), request.args.get("format", "json")
        if form not in FORMATS:
            raise NoSuchFormat(f"format={form[:40]!r}: expected json or xml")
        if not url:
            raise BadRequest("url is missing; expected the address of a page of this server")
        size = _size("maxwidth", WIDTH), _size("maxheight", HEIGHT)
        found = _described(url, size, settings, lambda id: wire_form(moments.get(id), gazetteer))
        body, kind = (_xml(found), "text/xml") if form == "xml" else (msgspec.json.encode(found), "application/json")
        response = Response(body, content_type=f"{kind}; charset=utf-8")
        response.headers["Cache-Control"] = f"public, max-age={CACHE_S}"
        response.add_etag()
        response.make_conditional(request)
        return response

    return blueprint


def discovery(settings: Settings) -> list[tuple[str, str]]:
    """Return the media types and addresses with which the page that is asked for is found by oEmbed's consumers.

    There are none where nobody knows by which address this server is reached.
    """
    base = public_base(request, settings)
    if base is None:
        return []
    here = base + request.full_path.removesuffix("?")
    return [(kind, f"{base}/oembed?{urlencode({'url': here, 'format': form})}") for form, kind in FORMATS.items()]


def _size(name: str, usual: int) -> int:
    """Return the usual size, or what there is room for."""
    text = request.args.get(name)
    if text is None:
        return usual
    if not re.fullmatch("[0-9]{1,9}", text) or int(text) == 0:
        raise BadRequest(f"{name}={text[:40]!r}: expected a number of pixels, from 1")
    return min(usual, int(text))


def _described(
    url: str, size: tuple[int, int], settings: Settings, moment_of: Callable[[str], dict[str, Any]]
) -> dict[str, Any]:
    """Return what stands for a page; `moment_of` looks a moment up by its id."""
    base = public_base(request, settings)
    path, pairs = _page(url, base, settings)
    title, more = PROVIDER, dict[str, Any]()
    if found := re.fullmatch("/c/([^/]+)", path):
        title = _told(moment_of(found[1]))
        pairs = [*(pair for pair in pairs if pair[0] == "lang"), ("moment", found[1])]
        more = _picture(f"{base}{path}/card.png")
    elif path not in ("/", "/embed"):
        raise NotFound(f"{path[:80]!r} cannot be embedded; expected the globe's page, /embed or a moment")
    title = dict(pairs).get("title") or title
    query = urlencode(_known(pairs))
    address = f"{base}/embed" + (f"?{query}" if query else "")
    return {
        "version": "1.0",
        "type": "rich",
        "title": title,
        "provider_name": PROVIDER,
        "provider_url": f"{base}/",
        "cache_age": CACHE_S,
        "width": size[0],
        "height": size[1],
        "html": _frame(address, title, size, clear=dict(pairs).get("background") == embedoptions.TRANSPARENT),
        **more,
    }


def _page(url: str, base: str | None, settings: Settings) -> tuple[str, list[tuple[str, str]]]:
    """Return the path, and the query, of a page of ours.

    Raises:
        NotFound: the address is not ours, or nobody knows what ours is.
    """
    if base is None:
        raise NotFound("this server does not know its own address; its operator can set UNISON_PUBLIC_URL")
    try:
        parts, ours = urlsplit(url[:ADDRESS_MOST]), urlsplit(base)
    except ValueError:
        raise NotFound(f"{url[:80]!r} is not an address") from None
    here = parts.scheme in ("http", "https") and _is_ours(parts.netloc, ours.netloc, settings)
    if not here or not f"{parts.path}/".startswith(f"{ours.path}/"):
        raise NotFound(f"{url[:80]!r} is not an address of this server; expected one that begins with {base}")
    return parts.path.removeprefix(ours.path) or "/", parse_qsl(parts.query, keep_blank_values=True)


def _is_ours(host: str, known: str, settings: Settings) -> bool:
    """Tell whether a host is the one in our links, or another of our names."""
    return host.lower() == known.lower() or is_listed(host, settings)


def _known(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return what an embed knows of a query: the globe's page knows more."""
    names = {parameter.name for parameter in embedoptions.PARAMETERS}
    return [(name, value) for name, value in pairs if name in names]


def _told(told: dict[str, Any]) -> str:
    track, cities = told["track"], f"{told['from']['label']} and {told['to']['label']}"
    return f"{track['title']} by {track['artist']}: {cities}, {apart_in_english(told)}"


def _picture(address: str) -> dict[str, Any]:
    """Return a moment's picture, where the consumer has room for it: it is to respect the same bounds."""
    for name, side in zip(("maxwidth", "maxheight"), CARD, strict=True):
        if _size(name, side) < side:
            return {}
    return {"thumbnail_url": address, "thumbnail_width": CARD[0], "thumbnail_height": CARD[1]}


def _frame(address: str, title: str, size: tuple[int, int], clear: bool) -> str:
    """Return the frame as `assets/embed/snippets.js` has it, in a sandbox: nobody looks at what software puts there."""
    frame = Markup(
        '<iframe src="{}" title="{}" width="{}" height="{}"'
        ' style="border: 0; max-width: 100%{}" loading="lazy" sandbox="{}"></iframe>'
    )
    return str(frame.format(address, title, *size, "; color-scheme: light" if clear else "", SANDBOX))


def _xml(found: dict[str, Any]) -> str:
    """Return the answer as XML, which has no room for most control characters."""
    lines = [f"  <{name}>{escape(_printable(str(value)))}</{name}>" for name, value in found.items()]
    return "\n".join(['<?xml version="1.0" encoding="utf-8" standalone="yes"?>', "<oembed>", *lines, "</oembed>", ""])


def _printable(text: str) -> str:
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
