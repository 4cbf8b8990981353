"""What load balancers ask a server of any role: whether it lives, and whether it is ready."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response

from webapp.health import Health
from webapp.web.errors import JSON


def create_blueprint(health: Health) -> Blueprint:
    """Serve /healthz and /readyz."""
    blueprint = Blueprint("probes", __name__)

    @blueprint.get("/healthz")
    def healthz() -> Response:
        """Say that the process lives."""
        return _json({"status": "ok"})

    @blueprint.get("/readyz")
    def readyz() -> Response:
        """Say whether the stream works, else answer 503; `degraded` (200) is trouble that the stream does not feel."""
        status, problems, warnings = health.report()
        body = {"status": status, "problems": problems, "warnings": warnings}
        return _json(body, 503 if problems else 200)

    return blueprint


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, {"Cache-Control": "no-store"}, content_type=JSON)
