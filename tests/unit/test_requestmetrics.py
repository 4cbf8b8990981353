from __future__ import annotations

import logging

import pytest
from flask import Flask

from webapp.config import Settings
from webapp.metrics import Metrics
from webapp.web import requestmetrics

TOKEN = "0d6a5c1e-8f3b-4c27-9a54-b1e2d3f40516"


@pytest.mark.parametrize(
    "path",
    [
        f"/webhook/{TOKEN}",
        f"/webhook/{TOKEN}/x",
        "/Webhook/another-secret",
        "/globe/webhook/another-secret",
        f"/{TOKEN}",
        f"/1/{TOKEN.upper()}/listens",
        f"/{TOKEN.replace('-', '')}",
    ],
)
def test_no_path_that_may_hold_a_token_is_logged(path: str, caplog: pytest.LogCaptureFixture) -> None:
    app = Flask(__name__)
    requestmetrics.init_app(app, Settings(log_requests=True), Metrics())
    with caplog.at_level(logging.INFO):
        app.test_client().post(path)
        app.test_client().get("/status")
    assert [line.getMessage().rsplit(" ", 2)[0] for line in caplog.records] == ["POST none 404", "GET /status 404"]
