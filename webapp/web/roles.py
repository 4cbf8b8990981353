"""What a server of several does not answer, because it is for servers with another role."""

from __future__ import annotations

from flask import Flask, request
from werkzeug.exceptions import NotFound

from webapp.config import ROLES, Settings

EVERYWHERE = frozenset({"assets", "moderation", "probes", "status"})
WITH_PLAYS = frozenset({"confirmation"})
"""Blueprints that go with the ways in for plays. All others are for visitors."""


def init_app(app: Flask, settings: Settings) -> None:
    """Answer 404 to what another server does. Links to it can be made all the same."""
    if set(settings.roles) == set(ROLES):
        return
    ours = ", ".join(role for role in ROLES if role in settings.roles)

    @app.before_request
    def refuse() -> None:
        if not _is_ours(request.blueprint, settings) or isinstance(request.routing_exception, NotFound):
            raise NotFound(f"there is no {request.path[:80]} here: of {', '.join(ROLES)}, this server does {ours}")


def _is_ours(blueprint: str | None, settings: Settings) -> bool:
    if blueprint is None or blueprint in EVERYWHERE:
        return True
    return settings.takes_plays if blueprint in WITH_PLAYS else settings.shows
