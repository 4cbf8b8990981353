"""How the server is doing, for its operators: /status for people, /metrics for machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from flask import Blueprint, Response, make_response, render_template, request

from webapp import gauges
from webapp.config import Settings
from webapp.engine.eventloop import EventLoop
from webapp.engine.live import Live
from webapp.health import Health
from webapp.metrics import Metrics
from webapp.recentfigures import SPAN_S, RecentFigures
from webapp.web.adminauth import AdminAuth, is_their_listener
from webapp.web.errors import JSON

WIDTH, HEIGHT = 300, 60
"""Of a plot, in its own units."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of the page: its path in /status.json, what it is called, its unit, and its name among recent values."""

    path: str
    name: str
    unit: str = ""
    recent: str = ""

    def text(self, stats: Any) -> str:
        """Look it up, and write it with its unit."""
        for part in self.path.split("."):
            stats = stats[part]
        return self._written(stats)

    def peak(self, stats: Any) -> str:
        """Write the highest of its recent values."""
        return self._written(max(stats["recent"][self.recent]))

    def points(self, stats: Any) -> str:
        """Return the line of its recent values, as assets/pages/status.js draws it."""
        values = stats["recent"][self.recent]
        scale = (HEIGHT - 4) / (max(values) or 1)
        places = zip(stats["recent"]["ago_s"], values, strict=True)
        return " ".join(
            f"{(1 - ago_s / SPAN_S) * WIDTH:.1f},{HEIGHT - 2 - value * scale:.1f}" for ago_s, value in places
        )

    def _written(self, value: float) -> str:
        return f"{value:,.10g} {self.unit}".rstrip()


PLOTTED = (
    Figure("viewers", "Viewers", recent="viewers"),
    Figure("last_10_s.plays_per_s", "Plays per second", recent="plays_per_s"),
    Figure("last_10_s.connections", "Connections, last 10 s", recent="connections"),
    Figure("lag_s", "Matching lag", "s", recent="lag_s"),
)
LISTED = (
    Figure("filters", "Filters in use"),
    Figure("plays_waiting", "Plays waiting to be matched"),
    Figure("backlog_bytes", "Queued for slow viewers", "bytes"),
    Figure("total.plays", "Plays matched since start"),
    Figure("total.late", "Late plays"),
    Figure("total.lost", "Plays lost before matching"),
    Figure("total.connections", "Connections found"),
    Figure("total.unmatched", "Plays that are not matched (no place or no exact time)"),
    Figure("total.thinned", "Connections left out (record limit)"),
)


def create_blueprint(
    settings: Settings,
    operators: AdminAuth,
    live: Live,
    loop: EventLoop,
    health: Health,
    metrics: Metrics,
    recent: RecentFigures,
) -> Blueprint:
    """Serve what operators see."""
    blueprint = Blueprint("status", __name__)

    @blueprint.before_request
    def require_operator() -> None:
        """Refuse everybody else."""
        operators.check(request)

    def figures() -> dict[str, Any]:
        """Return what the public is told, what is only the operator's, and what is wrong, a sentence each."""
        _, problems, warnings = health.report()
        read = loop.call(lambda: gauges.stats(live) | gauges.load(live) | {"recent": recent.columns()})
        return {**read, "problems": [*problems, *warnings]}

    @blueprint.get("/status")
    def page() -> Response:
        """Serve the page, with the numbers of now for browsers without JavaScript."""
        shown = {"stats": figures(), "is_apart": is_their_listener(request.environ, settings)}
        response = make_response(render_template("status.html", plotted=PLOTTED, listed=LISTED, **shown))
        response.headers["Cache-Control"] = "no-store"
        return response

    @blueprint.get("/status.json", endpoint="figures")
    def figures_json() -> Response:
        """Return the page's numbers, and what is wrong."""
        return Response(msgspec.json.encode(figures()), content_type=JSON, headers={"Cache-Control": "no-store"})

    @blueprint.get("/metrics", endpoint="metrics")
    def exposition() -> Response:
        """Return the metrics for Prometheus."""
        body, content_type = loop.call(metrics.exposition, request.headers.get("Accept", ""))
        return Response(body, content_type=content_type, headers={"Cache-Control": "no-store"})

    return blueprint
