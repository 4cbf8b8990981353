"""The whole application, in which the requests in `tests/data/requests/` are good; nothing of it runs."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.requests_fixtures import NOW_S, Exchange, exchanges
from tests.unit.dialect_world import PRINCIPAL, REQUEST_TOKEN, TOKEN, TOKEN_ID
from webapp.app import make_app
from webapp.config import Settings
from webapp.services import Services
from webapp.web.frontdoor import DIALECTS

SECRET = b"a secret for tests"
HOST = "globe.example"
RECORDED = [each.filled(token=TOKEN, user=TOKEN_ID) for dialect in DIALECTS for each in exchanges(dialect.name)]


class OneAccount:
    """Accounts with the token of the recorded requests."""

    problem, used_until_s = None, None

    def by_token(self, text: str) -> Any:
        return PRINCIPAL if text == TOKEN else None

    def by_id(self, id: str) -> Any:
        return PRINCIPAL if id == TOKEN_ID else None

    def token_of(self, id: str) -> str | None:
        return TOKEN if id == TOKEN_ID else None

    def recent(self, count: int) -> list[str]:
        return [TOKEN_ID][:count]

    def activity(self, id: str) -> None:
        return None

    def note_announced(self, id: str, announced: object) -> None:
        assert id == TOKEN_ID

    def note_scrobbles(self, id: str, at_s: float, client: str, count: int) -> None:
        assert id == TOKEN_ID


def recorded_services(folder: Path) -> Services:
    """Return services at the time and with the secret of the recorded requests."""
    services = Services(Settings(data_dir=folder, hosts=(HOST,)))
    services._secret = SECRET
    services.clock._wall = lambda: NOW_S
    accounts: Any = OneAccount()
    services.accounts = services.principals._accounts = services.announcements._accounts = accounts
    tokens: Any = services.principals.request_tokens
    tokens.make = lambda: REQUEST_TOKEN
    tokens.take = lambda asked: TOKEN_ID if asked == REQUEST_TOKEN else None
    return services


def client_of(services: Services) -> FlaskClient:
    """Return a client with all of its rate left."""
    services.rates._tokens.clear()
    services.rates._addresses.clear()
    return make_app(services, lambda: None).test_client()


def send(client: FlaskClient, sent: Exchange, prefix: str = "") -> TestResponse:
    """Send a request."""
    path, _, query = sent.path.partition("?")
    return client.open(
        method=sent.method,
        input_stream=io.BytesIO(sent.body),
        content_length=len(sent.body),
        headers=sent.headers,
        base_url=f"https://{HOST}",
        environ_overrides={"PATH_INFO": prefix + unquote(path, "latin-1"), "QUERY_STRING": query},
    )
