"""The whole application for unit tests; nothing of it runs unless a test starts it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from webapp.app import make_app
from webapp.config import Settings
from webapp.services import Services


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """The services of an application with an empty history and visitors' plays."""
    services = Services(Settings(data_dir=tmp_path / "data", visitor_plays=True))
    yield services
    services.stop()


@pytest.fixture
def app(services: Services) -> Flask:
    """An application with these services, which requests do not start."""
    return make_app(services, lambda: None)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the application."""
    return app.test_client()
