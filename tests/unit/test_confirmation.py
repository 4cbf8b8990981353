"""The page where a listener lets an app send their plays."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from lxml import html

from webapp.services import Services
from webapp.web.confirmation import TRIES

PAGE = "/api/auth/"


@pytest.fixture
def opened(services: Services) -> Iterator[Services]:
    """Services that are open, and of which nothing runs."""
    services._open()
    yield services
    for part in (services.accounts, services.history, services._data_dir):
        part.close()


def send(client: FlaskClient, asked: str, token: str, **headers: str) -> tuple[int, str]:
    """Type a token; return the status and what the page says."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = client.post(PAGE, data={"token": asked, "unison_token": token}, headers=names)
    said = html.fromstring(answer.text).xpath("string(//*[@role='status' or @role='alert'])")
    return answer.status_code, str(said)


@pytest.mark.parametrize("path", ["/api/auth", PAGE])
def test_the_page_asks_for_the_listeners_token(opened: Services, client: FlaskClient, path: str) -> None:
    asked = opened.principals.request_tokens.make()
    answer = client.get(path, query_string={"api_key": "0" * 32, "token": asked})
    assert answer.status_code == 200
    page = html.fromstring(answer.text)
    assert page.xpath("//form/@method") == ["post"]
    assert page.xpath("//form/input[@type='hidden' and @name='token']/@value") == [asked]
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_right_token_connects_the_app(opened: Services, client: FlaskClient) -> None:
    made, asked = opened.accounts.create(), opened.principals.request_tokens.make()
    told = "The app is connected. Close this page and go back to it."
    assert send(client, asked, f" {made.text}\n", Origin="http://localhost", Sec_Fetch_Site="same-origin") == (
        200,
        told,
    )
    assert opened.principals.request_tokens.take(asked) == made.principal.id


def test_a_wrong_token_is_told_and_can_be_typed_again(opened: Services, client: FlaskClient) -> None:
    made, asked = opened.accounts.create(), opened.principals.request_tokens.make()
    assert send(client, asked, "wrong") == (403, "This token is not valid.")
    assert send(client, asked, made.text)[0] == 200


def test_a_blocked_token_and_a_services_connect_no_app(
    opened: Services, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked, service, asked = opened.accounts.create(), opened.accounts.create("service"), _asked(opened)
    monkeypatch.setattr(opened.principals, "_is_blocked", lambda id: id == blocked.principal.id)
    assert [send(client, asked, each.text)[0] for each in (blocked, service)] == [403, 403]
    assert opened.principals.request_tokens.is_open(asked)


def test_while_tokens_cannot_be_read_none_is_called_wrong(opened: Services, client: FlaskClient) -> None:
    asked, opened.accounts.problem = _asked(opened), "the disk is gone"
    assert client.post(PAGE, data={"token": asked, "unison_token": "any"}).status_code == 503


def _asked(opened: Services) -> str:
    return opened.principals.request_tokens.make()


@pytest.mark.parametrize("asked", ["", "0" * 32, "<script>"])
def test_a_request_that_nobody_made_has_expired(opened: Services, client: FlaskClient, asked: str) -> None:
    made = opened.accounts.create()
    assert client.get(PAGE, query_string={"token": asked}).status_code == 410
    assert send(client, asked, made.text) == (410, "This request has expired. Start again in the app.")


def test_a_request_is_confirmed_once(opened: Services, client: FlaskClient) -> None:
    made, asked = opened.accounts.create(), opened.principals.request_tokens.make()
    assert [send(client, asked, made.text)[0] for _ in range(2)] == [200, 410]


@pytest.mark.parametrize("headers", [{"Sec_Fetch_Site": "cross-site"}, {"Origin": "https://elsewhere.example"}])
def test_a_page_of_another_site_connects_nothing(
    opened: Services, client: FlaskClient, headers: dict[str, str]
) -> None:
    made, asked = opened.accounts.create(), opened.principals.request_tokens.make()
    answer = client.post(
        PAGE,
        data={"token": asked, "unison_token": made.text},
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )
    assert answer.status_code == 403
    assert opened.principals.request_tokens.is_open(asked)


def test_nobody_tries_tokens_without_end(opened: Services, client: FlaskClient) -> None:
    asked = opened.principals.request_tokens.make()
    environ = {"REMOTE_ADDR": "192.0.2.1"}
    tries = [
        client.post(PAGE, data={"token": asked, "unison_token": "wrong"}, environ_overrides=environ).status_code
        for _ in range(TRIES.burst + 1)
    ]
    assert tries == [403] * TRIES.burst + [429]


def test_a_large_form_is_refused(opened: Services, client: FlaskClient) -> None:
    asked = opened.principals.request_tokens.make()
    assert client.post(PAGE, data={"token": asked, "unison_token": "x" * 5_000}).status_code == 413
