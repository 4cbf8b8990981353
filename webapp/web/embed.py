"""GET /embed, the globe for other people's pages, and /embed.js, the script that puts it there."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import HTTPException

from webapp.config import Settings
from webapp.core.filters import Filter
from webapp.core.gazetteer import Gazetteer
from webapp.engine.clock import Clock
from webapp.engine.offload import offload
from webapp.graphics import contrast
from webapp.graphics.palette import GROUNDS
from webapp.resources import ASSETS
from webapp.scene import COVER, scene
from webapp.web import embedoptions
from webapp.web.assets import SERVED, Assets, packed
from webapp.web.connectiontext import wire_form
from webapp.web.embedoptions import TRANSPARENT, EmbedOptions
from webapp.web.momentlookup import Moments
from webapp.web.oembed import discovery
from webapp.web.responses import localised
from webapp.web.securityheaders import CONTENT_SECURITY_POLICY, policy

SHORT = "public, max-age=300"
DAY = "public, max-age=86400"
ROOM = {"discOfHeight": 0.8, "discOfWidth": 0.8}
"""Of the frame, for the globe's disc: there is little else in it."""


def create_blueprint(
    settings: Settings, gazetteer: Gazetteer, moments: Moments, clock: Clock, assets: Assets
) -> Blueprint:
    """Serve what other people's pages embed."""
    blueprint = Blueprint("embed", __name__)

    def asked() -> EmbedOptions:
        return embedoptions.read(request.args.items(multi=True), gazetteer, clock.now())

    @blueprint.get("/embed")
    def page() -> Response:
        """Serve the globe without the page around it; what cannot be used of the query is noted in the console."""
        wish = asked()
        shown = _shown(wish, moments, gazetteer)
        described = {"scene": _scene(wish, gazetteer), "look": _look(wish), "full": _full(wish)}
        html = render_template("embed.html", wish=wish, shown=shown, found=discovery(settings), **described)
        response = localised(html)
        response.headers["Content-Security-Policy"] = _policy(settings.frame_ancestors)
        # A page that isolates itself (Cross-Origin-Embedder-Policy) frames only what says both of these.
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        response.headers["Cross-Origin-Embedder-Policy"] = "require-corp"
        return packed(response)

    @blueprint.get("/embed/look.css")
    def look() -> Response:
        """Serve the colours that are asked for as a style sheet: the page's policy allows no styles within it."""
        headers = {"Cache-Control": DAY, "Cross-Origin-Resource-Policy": "cross-origin"}
        return Response(_sheet(asked()), mimetype="text/css", headers=headers)

    @blueprint.get("/embed.js")
    def script() -> Response:
        """Serve the script for other people's pages, at an address that stays."""
        return _lasting(offload(assets.body, "embed/host.js", "identity"), SERVED[".js"])

    @blueprint.get("/embed.d.ts")
    def declarations() -> Response:
        """Serve what the script offers, for TypeScript."""
        return _lasting((ASSETS / "embed" / "embed.d.ts").read_bytes(), "text/plain; charset=utf-8")

    return blueprint


def _policy(origins: Sequence[str]) -> str:
    """Return what the frame may do, and who may frame it: with *, pages that were opened from a file, too."""
    rules = {name: value for name, value in CONTENT_SECURITY_POLICY.items() if name != "frame-ancestors"}
    return policy(rules if "*" in origins else {**rules, "frame-ancestors": " ".join(["'self'", *origins])})


def _shown(wish: EmbedOptions, moments: Moments, gazetteer: Gazetteer) -> Any:
    """Return the moment that is asked for, as the stream would have it; one that is not here is noted."""
    if wish.moment is None:
        return None
    try:
        return wire_form(moments.get(wish.moment), gazetteer)
    except HTTPException as error:
        wish.notes.append(f"moment={wish.moment!r} is ignored: {error.description}")
        wish.moment = None
        return None


def _full(wish: EmbedOptions) -> str:
    """Return the address of the full page for what is shown."""
    chosen = {"lang": wish.lang} if wish.lang else {}
    query = urlencode(chosen if wish.moment else {**wish.filters, **chosen})
    path = f"/c/{wish.moment}" if wish.moment else "/"
    return request.script_root + path + (f"?{query}" if query else "")


def _scene(wish: EmbedOptions, gazetteer: Gazetteer) -> dict[str, Any]:
    """Return the globe's scene as an embed has it."""
    described = scene(Filter.parse(wish.filters.items(), gazetteer).center(gazetteer))
    described["camera"] |= ROOM if wish.autorotate else {**ROOM, "turnDegPerS": 0.0}
    for layer in described["layers"]:
        if layer["id"] == "ocean" and wish.background == TRANSPARENT:
            layer["clear"] = 1.0
    described["deviceProps"]["webgl"]["alpha"] = wish.background == TRANSPARENT
    for theme, ground in _grounds(wish).items():
        _repaint(described["themes"][theme], wish, ground)
    return described


def _repaint(paint: dict[str, Any], wish: EmbedOptions, ground: contrast.Colour) -> None:
    """Give a theme's layers the colours that are asked for."""
    if wish.accent:
        paint["arcs"]["pairs"] = contrast.pairs(contrast.rgb(wish.accent), ground)
    if wish.background is None:
        return
    paint["stars"]["bright"] = 0.0  # whoever chose a ground wants that
    if wish.background == TRANSPARENT:
        paint["arcs"]["cover"] = 1.0  # light would be lost on a bright page
    else:
        paint["ocean"]["ground"] = ground
        paint["arcs"]["cover"] = max(paint["arcs"].get("cover", COVER["arcs"]), contrast.luminance(ground))


def _grounds(wish: EmbedOptions) -> dict[str, contrast.Colour]:
    """Return what the globe stands on, by theme."""
    if wish.background in (None, TRANSPARENT):
        return {theme: contrast.rgb(ground) for theme, ground in GROUNDS.items()}
    return dict.fromkeys(GROUNDS, contrast.rgb(str(wish.background)))


def _look(wish: EmbedOptions) -> str | None:
    """Return the address of the style sheet with the colours that are asked for, or None where none are."""
    named = {"accent": wish.accent, "background": wish.background if wish.background != TRANSPARENT else None}
    query = urlencode({name: value.removeprefix("#") for name, value in named.items() if value})
    return f"{request.script_root}/embed/look.css?{query}" if query else None


def _sheet(wish: EmbedOptions) -> str:
    """Return a style sheet with the colours that are asked for."""
    lines = []
    if wish.background not in (None, TRANSPARENT):
        lines.append(f"--ground: {wish.background};")
    if wish.accent:
        accent, grounds = contrast.rgb(wish.accent), _grounds(wish)
        near, far = zip(*(contrast.pairs(accent, grounds[theme])[0] for theme in ("light", "dark")), strict=True)
        lines += [f"--accent: {_either(near)};", f"--accent-far: {_either(far)};"]
    return f":root:root {{ {' '.join(lines)} }}\n"


def _either(both: Any) -> str:
    light, dark = map(contrast.to_hex, both)
    return f"light-dark({light}, {dark})"


def _lasting(body: bytes, content_type: str) -> Response:
    """Return what other people's pages load, to be asked for again soon."""
    response = Response(body, content_type=content_type)
    response.headers["Cache-Control"] = SHORT
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.set_etag(hashlib.blake2b(body, digest_size=8).hexdigest(), weak=True)
    return packed(response)
