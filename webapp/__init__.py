"""Unison: strangers who press play on the same song in the same second, on a globe."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from webapp.config import Settings

__all__ = ["create_app"]


def create_app(settings: "Settings | None" = None) -> "Flask":
    """Build the application (see `webapp.app`); the import is late so that the pure core needs no Flask."""
    from webapp.app import create_app as build

    return build(settings)
