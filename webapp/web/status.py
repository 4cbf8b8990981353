"""GET /status: how the server is doing, for people; /metrics has all of it, for machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, make_response, render_template

from webapp.web.runtime import unison

blueprint = Blueprint("status", __name__)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of the page: its path in /api/stats, what it is called, and its unit."""

    path: str
    name: str
    unit: str = ""

    def text(self, stats: Any) -> str:
        """Look it up, and write it with its unit."""
        for part in self.path.split("."):
            stats = stats[part]
        return f"{stats:,.10g} {self.unit}".rstrip()


PLOTTED = (
    Figure("viewers", "Viewers"),
    Figure("last_10_s.plays_per_s", "Plays a second"),
    Figure("last_10_s.connections", "Connections in 10 s"),
    Figure("lag_s", "Matching behind the clock", "s"),
)
LISTED = (
    Figure("filters", "Distinct filters watched"),
    Figure("plays_waiting", "Plays that wait for their slice to close"),
    Figure("backlog_bytes", "Waiting for viewers that are slow", "bytes"),
    Figure("total.plays", "Plays matched since the start"),
    Figure("total.late", "Plays that came too late"),
    Figure("total.lost", "Plays lost before they were matched"),
    Figure("total.connections", "Connections found"),
    Figure("total.thinned", "Connections thinned out"),
)


@blueprint.get("/status")
def page() -> Response:
    """Serve the page, with the numbers of now for browsers without JavaScript."""
    app = unison()
    stats = app.loop.call(app.stats)
    _, problems, warnings = app.health()
    response = make_response(
        render_template("status.html", stats=stats, plotted=PLOTTED, listed=LISTED, problems=[*problems, *warnings])
    )
    response.headers["Cache-Control"] = "no-store"
    return response
