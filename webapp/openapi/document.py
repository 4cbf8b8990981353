"""The whole document."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.openapi import connecting, dialects, listenbrainz, operators, plays, reading, schemas, sharing, visitors
from webapp.openapi.operations import JSON, REASONS, SAME, Json, Operation, answer, error, media
from webapp.web import connect
from webapp.web.hosts import PROBES

PATH, PAGE = "/openapi.json", "/docs/api"
EXAMPLE = "https://unison.example.org"
"""Stands for the server's address where that is not known."""
TAGS = {
    plays.TAG: "Our own way to send plays.",
    reading.STREAM_TAG: "Connections as they happen.",
    reading.TAG: "What was shown, and how to find it. Pages of other sites may read these answers.",
    dialects.TAG: (
        "The protocols that music apps already speak. Set the app to this server's address, and give it the token of "
        "`/connect`. Only messages that something plays now count as a press; scrobbles are accepted and counted."
    ),
    sharing.TAG: "Pictures, playlists and feeds. They need no token.",
    visitors.TAG: "For our own pages only: a browser that sends these for a page of another site gets 403.",
    operators.TAG: "How the server does, and what it hides.",
}
_TEXT = (
    "Unison connects people who press play on the same song in the same second. It takes plays, matches them, and "
    "streams the connections.\n\n"
    'Errors are JSON, `{"error": "<sentence>"}`, unless a dialect has its own form. Browsers that ask for a page '
    "outside `/api/` get a page with the sentence. Ignore fields that you do not know.\n\n"
    "An address gets 10 new pages or answers a second, after a burst of 100; beyond that it gets 429."
)


@dataclass(frozen=True, slots=True)
class Server:
    """What the document says of its server.

    Attributes:
        version: of the program.
        base: the address of the server, without a slash at its end; "" if it is not known.
        wants_tokens: senders of plays need a token.
        has_operators_token: operators need a token; else they are on the server's machine, or on the operators' port.
    """

    version: str = ""
    base: str = ""
    wants_tokens: bool = True
    has_operators_token: bool = False


def operations(server: Server) -> list[Operation]:
    """Return all operations, by group."""
    local: list[str | None] = [] if server.has_operators_token else [None]
    return [
        *plays.operations(["sender"] if server.wants_tokens else ["sender", None]),
        *reading.operations(),
        *dialects.operations(),
        *sharing.operations(),
        *visitors.operations(),
        *connecting.operations(),
        *operators.operations(["operator", "operatorPassword", *local]),
        _itself(),
    ]


def document(server: Server) -> Json:
    """Return the document."""
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Unison",
            "version": server.version,
            "summary": "Two strangers, one song, the same second.",
            "description": _TEXT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": server.base or "/"}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": _paths(server),
        "components": {
            "schemas": _schemas(),
            "parameters": reading.parameters(),
            "responses": {f"Error{status}": error(status, text) for status, text in REASONS.items()},
            "securitySchemes": _security(),
        },
    }


def _paths(server: Server) -> dict[str, Json]:
    paths: dict[str, Json] = {}
    for each in operations(server):
        told = each.described(server.base or EXAMPLE)
        if each.path not in PROBES:  # these answer to any name
            told["responses"]["421"] = {"$ref": "#/components/responses/Error421"}
        paths.setdefault(each.path, {})[each.method] = told
    return paths


def _schemas() -> dict[str, Json]:
    parts = (plays, reading, listenbrainz, dialects, sharing, visitors, connecting, operators)
    found = schemas.shown()
    for part in parts:
        found |= part.schemas()
    return found


def _security() -> dict[str, Json]:
    token = {"type": "http", "scheme": "bearer"}
    return {
        "sender": {**token, "description": "A token that may send plays; `unison token` prints one."},
        "listener": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token` and the listener's token.",
        },
        "visitor": {
            "type": "apiKey",
            "in": "header",
            "name": visitors.SIGNED,
            "description": "What `GET /play/token` returned.",
        },
        "connect": {
            "type": "apiKey",
            "in": "header",
            "name": connect.SIGNED,
            "description": "What `GET /connect/csrf` returned.",
        },
        "ownToken": {**token, "description": "A listener's own token."},
        "operator": {**token, "description": "`UNISON_ADMIN_TOKEN`."},
        "operatorPassword": {
            "type": "http",
            "scheme": "basic",
            "description": "`UNISON_ADMIN_TOKEN` as the password of any user.",
        },
    }


def _itself() -> Operation:
    content = {JSON: media({"type": "object"})}
    return Operation(
        id="getDocument",
        method="get",
        path=PATH,
        tag=reading.TAG,
        summary="Get this document",
        text=f"`{PAGE}` is a page for people.",
        answers={"200": answer("The document.", content), **SAME},
        docs="https://spec.openapis.org/oas/v3.1.1.html",
    )
