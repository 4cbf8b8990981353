"""Every recorded request of a real client, through the whole application: its exact answer."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.requests_fixtures import NOW_S, Exchange, exchanges
from tests.unit.dialect_world import PRINCIPAL, REQUEST_TOKEN, TOKEN, TOKEN_ID
from webapp.app import make_app
from webapp.config import Settings
from webapp.services import Services
from webapp.web.frontdoor import DIALECTS

SECRET = b"a secret for tests"
HOST = "globe.example"
RECORDED = [each for dialect in DIALECTS for each in exchanges(dialect.name)]


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


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Services:
    """Services at a known time and with a known secret, and of which nothing runs."""
    folder: Path = tmp_path_factory.mktemp("recorded")
    services = Services(Settings(data_dir=folder, hosts=(HOST,)))
    services._secret = SECRET
    services.clock._wall = lambda: NOW_S
    _swap(services, OneAccount())
    return services


def _swap(services: Services, accounts: Any) -> None:
    services.accounts = services.principals._accounts = services.announcements._accounts = accounts


@pytest.fixture
def client(services: Services) -> FlaskClient:
    services.rates._buckets.clear()
    return make_app(services, lambda: None).test_client()


@pytest.mark.parametrize("prefix", ["", "/"], ids=["as it is", "a slash more"])
@pytest.mark.parametrize("exchange", RECORDED, ids=lambda exchange: exchange.name)
def test_a_recorded_request_has_its_exact_answer(
    services: Services, client: FlaskClient, exchange: Exchange, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = services.principals.request_tokens
    monkeypatch.setattr(tokens, "make", lambda: REQUEST_TOKEN)
    monkeypatch.setattr(tokens, "take", lambda asked: TOKEN_ID if asked == REQUEST_TOKEN else None)
    sent = exchange.filled(token=TOKEN, user=TOKEN_ID)
    path, _, query = sent.path.partition("?")
    answer = client.open(
        method=sent.method,
        input_stream=io.BytesIO(sent.body),
        content_length=len(sent.body),
        headers=sent.headers,
        base_url=f"https://{HOST}",
        environ_overrides={"PATH_INFO": prefix + path, "QUERY_STRING": query},
    )
    assert (answer.status_code, answer.data) == (sent.status, sent.answer)
    assert {name: answer.headers[name] for name in sent.answer_headers} == sent.answer_headers
