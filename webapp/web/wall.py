"""What the page has on a screen on a wall (`?wall=1`): a code that leads a passer-by's phone here."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import request
from flask_babel import gettext

from webapp.config import Settings
from webapp.core.filters import FILTER_NAMES
from webapp.web.hosts import public_base
from webapp.web.languages import sentence

PRESS, LOOK = sentence("Scan, press play"), sentence("Scan to open the globe")


@dataclass(frozen=True, slots=True)
class Wall:
    """What a wall offers to phones.

    Attributes:
        address: where its code leads, without the scheme; "" where the server's address is not known.
        code: the address of the code itself.
        caption: what the code is for.
    """

    address: str
    code: str
    caption: str


def is_wall() -> bool:
    """Tell whether the page is for a wall, as `assets/pages/boot.js` does."""
    return request.args.get("wall", "0") != "0"


def wall(settings: Settings) -> Wall:
    """Return what a wall offers: `/connect` where listeners may connect their players, else the globe it shows."""
    base = public_base(request, settings) or ""
    shown = [(str(name), request.args[name]) for name in FILTER_NAMES if name in request.args]
    query = urlencode([("connect", "1")] if settings.connect else shown)
    path = "/connect" if base and settings.connect else ""
    can_press = settings.connect or settings.visitor_plays
    return Wall(
        base.partition("://")[2] + path,
        f"{request.script_root}/code.svg" + (f"?{query}" if query else ""),
        gettext(PRESS if can_press else LOOK),
    )
