"""GET /embed/builder: where an embed is put together, for people who put it into their pages."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext

from webapp.config import Settings
from webapp.graphics.palette import GROUNDS
from webapp.web.assets import packed
from webapp.web.embedoptions import PARAMETERS, Parameter
from webapp.web.hosts import public_base
from webapp.web.languages import LANGUAGES, sentence
from webapp.web.responses import localised
from webapp.web.securityheaders import CONTENT_SECURITY_POLICY, policy

GROUPS = {
    sentence("Appearance"): ("theme", "accent", "background", "title", "lang"),
    sentence("Elements"): ("feed", "lead", "labels", "controls", "logo", "autorotate", "poster"),
    sentence("Filters"): ("artist", "country", "city", "track", "moment", "at"),
}
"""The parameters as they are asked for."""
CALLED = {
    "theme": sentence("Theme"),
    "accent": sentence("Accent"),
    "background": sentence("Background"),
    "title": sentence("Title"),
    "lang": sentence("Language"),
    "feed": sentence("List"),
    "lead": sentence("Lead story"),
    "labels": sentence("Labels"),
    "controls": sentence("Controls"),
    "logo": sentence("Logo"),
    "autorotate": sentence("Auto-rotate"),
    "poster": sentence("Load on click"),
    "artist": sentence("Artist"),
    "country": sentence("Country"),
    "city": sentence("City"),
    "track": sentence("Song"),
    "moment": sentence("Moment"),
    "at": sentence("Time"),
}
"""What the form calls a parameter."""
SOUGHT = {
    "artist": sentence("Artist name"),
    "country": sentence("Country name"),
    "city": sentence("City name"),
    "track": sentence("Title or artist"),
}
"""What is looked for by its name, and what its field asks for while it is empty."""
COLOURS = {"accent": "#ff5e8a", "background": "#04060f"}
"""What is a colour, and where its picker begins; the same shows how one is written."""
WRITTEN = {"moment": sentence("Link or ID"), "at": "2026-09-21T14:13:20Z"}
"""What else asks for something while it is empty."""
CHOICES = {
    "theme": {"auto": sentence("Auto"), "dark": sentence("Dark"), "light": sentence("Light")},
    "lang": {"": sentence("Visitor's language"), **LANGUAGES},
}
"""What there is to choose from, and what each is called."""


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter as the form asks for it, in the visitor's language; `usual` is what an embed has unless told."""

    name: str
    called: str
    does: str
    kind: str
    usual: str
    choices: dict[str, str]
    asks: str


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together."""

    name: str
    fields: list[Field]


def create_blueprint(settings: Settings) -> Blueprint:
    """Serve the builder."""
    blueprint = Blueprint("embedbuilder", __name__)

    @blueprint.get("/embed/builder")
    def page() -> Response:
        """Serve the page; it may frame what it previews."""
        base = public_base(request, settings) or ""
        response = localised(render_template("embedbuilder.html", base=base, groups=groups(), grounds=GROUNDS))
        response.headers["Content-Security-Policy"] = policy({**CONTENT_SECURITY_POLICY, "frame-src": "'self'"})
        return packed(response)

    return blueprint


def groups() -> list[Group]:
    """Return what the form asks for."""
    fields = {parameter.name: _field(parameter) for parameter in PARAMETERS}
    return [Group(gettext(name), [fields[field] for field in names]) for name, names in GROUPS.items()]


def _field(parameter: Parameter) -> Field:
    name = parameter.name
    asks = (SOUGHT | COLOURS | WRITTEN).get(name)
    return Field(
        name,
        gettext(CALLED[name]),
        gettext(parameter.does).replace("`", ""),
        _kind(parameter),
        parameter.default.strip("`") if parameter.default.startswith("`") else "",
        {value: gettext(called) for value, called in CHOICES.get(name, {}).items()},
        gettext(asks) if asks else "",
    )


def _kind(parameter: Parameter) -> str:
    """Return how a parameter is asked for."""
    if parameter.default in ("`0`", "`1`"):
        return "switch"
    kinds: dict[str, Collection[str]] = {"search": SOUGHT, "colour": COLOURS, "choice": CHOICES}
    return next((kind for kind, names in kinds.items() if parameter.name in names), "text")
