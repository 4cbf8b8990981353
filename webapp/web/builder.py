"""GET /embed/builder: where an embed is put together, for people who put it into their pages."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from flask import Blueprint, Response, make_response, render_template, request

from webapp.graphics.looks import OCEAN
from webapp.scene import PAPER_OCEAN
from webapp.web.embedding import PARAMETERS, Parameter
from webapp.web.languages import LANGUAGES
from webapp.web.pages import packed
from webapp.web.runtime import unison
from webapp.web.security import CONTENT_SECURITY_POLICY, policy, public_base

GROUPS = {
    "Looks": ("theme", "accent", "background", "title", "lang"),
    "Parts": ("feed", "labels", "controls", "logo", "autorotate", "poster"),
    "Only": ("artist", "country", "city", "track", "moment", "at"),
}
"""The parameters as they are asked for."""
CALLED = {
    "lang": "Language",
    "feed": "List",
    "controls": "Buttons",
    "logo": "Wordmark",
    "autorotate": "Turning",
    "poster": "Picture first",
    "track": "Song",
    "at": "Time",
}
"""What the form calls a parameter whose name says too little."""
SOUGHT = {
    "artist": "A name",
    "country": "Name of a country",
    "city": "Name of a city",
    "track": "Title, or artist",
}
"""What is looked for by its name, and what its field asks for while it is empty."""
COLOURS = {"accent": "#ff5e8a", "background": "#04060f"}
"""What is a colour, and where its picker begins; the same shows how one is written."""
WRITTEN = {"moment": "Its link, or its id", "at": "2026-09-21T14:13:20Z"}
"""What else asks for something while it is empty."""
CHOICES = {"theme": ("auto", "dark", "light"), "lang": ("", *LANGUAGES)}

blueprint = Blueprint("builder", __name__)


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter as the form asks for it; `usual` is what an embed has unless told."""

    name: str
    called: str
    does: str
    kind: str
    usual: str
    choices: tuple[str, ...]
    asks: str


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together."""

    name: str
    fields: list[Field]


@blueprint.get("/embed/builder")
def page() -> Response:
    """Serve the page; it may frame what it previews."""
    base = public_base(request, unison().settings) or ""
    grounds = {"dark": OCEAN["ground"], "light": PAPER_OCEAN["ground"]}
    response = make_response(render_template("builder.html", base=base, groups=groups(), grounds=grounds))
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Content-Security-Policy"] = policy({**CONTENT_SECURITY_POLICY, "frame-src": "'self'"})
    return packed(response)


def groups() -> list[Group]:
    """Return what the form asks for."""
    by_name = {parameter.name: parameter for parameter in PARAMETERS}
    fields = {
        name: Field(
            name,
            CALLED.get(name, name.capitalize()),
            found.does.replace("`", "").removeprefix("1 shows ").capitalize(),
            _kind(found),
            found.default.strip("`") if found.default.startswith("`") else "",
            CHOICES.get(name, ()),
            (SOUGHT | COLOURS | WRITTEN).get(name, ""),
        )
        for name, found in by_name.items()
    }
    return [Group(name, [fields[field] for field in names]) for name, names in GROUPS.items()]


def _kind(parameter: Parameter) -> str:
    """Return how a parameter is asked for."""
    if parameter.default in ("`0`", "`1`"):
        return "switch"
    kinds: dict[str, Collection[str]] = {"search": SOUGHT, "colour": COLOURS, "choice": CHOICES}
    return next((kind for kind, names in kinds.items() if parameter.name in names), "text")
