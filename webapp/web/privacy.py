"""/privacy: in plain words what is kept of people, how long, and how to go. The texts follow from the settings."""

from __future__ import annotations

from flask import Blueprint, Response, render_template

from webapp.config import Settings
from webapp.engine.heardsongs import WATCH_S
from webapp.storage.citydatabase import CityDatabase
from webapp.web.responses import page_response


def create_blueprint(settings: Settings, addresses: CityDatabase) -> Blueprint:
    """Serve the page."""
    blueprint = Blueprint("privacy", __name__)

    @blueprint.get("/privacy")
    def page() -> Response:
        """Serve the page."""
        shown = {
            "days": settings.history_days,
            "k": settings.listeners_to_name_a_city,
            "connect": settings.connect,
            "visitor_plays": settings.visitor_plays,
            "shares": bool(settings.bus),
            "finds_addresses": settings.city_database is not None,
            "credit": addresses.credit,
            "watch_minutes": round(WATCH_S / 60),
        }
        return page_response(render_template("privacy.html", **shown))

    return blueprint
