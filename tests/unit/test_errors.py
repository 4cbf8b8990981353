from __future__ import annotations

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient

from webapp.core.filters import FilterError
from webapp.storage.datadir import DataDirError

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    @app.get("/in-use")
    def in_use() -> str:
        raise DataDirError("another server uses <this> folder")

    @app.get("/api/gone")
    @app.get("/gone")
    def gone() -> str:
        abort(410, "it is older than the oldest that is kept")

    @app.get("/filtered")
    def filtered() -> str:
        raise FilterError("city='Atlantis': expected the GeoNames id of a city")

    return app.test_client()


@pytest.mark.parametrize("headers", [{}, {"Accept": "*/*"}, {"Accept": "application/json"}])
def test_a_program_is_told_in_json(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.get("/gone", headers=headers)
    assert (answer.status_code, answer.json) == (410, {"error": "it is older than the oldest that is kept"})


def test_a_browser_gets_a_page_with_a_way_back_in_its_language(client: FlaskClient) -> None:
    answer = client.get("/nowhere", headers={**BROWSER, "Accept-Language": "de"})
    assert (answer.status_code, answer.content_type) == (404, "text/html; charset=utf-8")
    assert "Seite nicht gefunden" in answer.text
    assert '<a href="/">Globus öffnen</a>' in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Accept" in answer.headers["Vary"]


def test_what_failed_is_said_and_escaped(client: FlaskClient) -> None:
    answer = client.get("/in-use", headers=BROWSER)
    assert answer.status_code == 503
    assert "another server uses &lt;this&gt; folder" in answer.text


def test_the_api_speaks_json_to_browsers_too(client: FlaskClient) -> None:
    assert client.get("/api/gone", headers=BROWSER).json == {"error": "it is older than the oldest that is kept"}


@pytest.mark.parametrize(
    "path", ["/filtered", "/card.png?city=Atlantis", "/code.svg?city=Atlantis", "/moments.atom?city=x"]
)
def test_a_filter_that_cannot_be_used_is_a_bad_request_everywhere(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 400
    assert "expected the GeoNames id of a city" in (answer.json or {})["error"]
