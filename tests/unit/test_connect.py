"""The page on which listeners connect their players, and what it asks for; and the page on privacy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import TestResponse

from tests.citydatabases import write_cities
from webapp.app import make_app
from webapp.config import Settings
from webapp.ingest.submissions import Song
from webapp.services import Services
from webapp.storage.accounts import Announced, LastSong
from webapp.web.clientguides import GUIDES
from webapp.web.connect import SIGNED, TOKENS

OSAKA = 1853909
FROM = {"REMOTE_ADDR": "192.0.2.1"}


@pytest.fixture
def open_services(tmp_path: Path) -> Iterator[Callable[..., Services]]:
    """Return a function that makes services that are open, and of which nothing runs."""
    with ExitStack() as stack:

        def make(**settings: Any) -> Services:
            services = Services(Settings(data_dir=tmp_path / "data", **settings))
            services._open()
            for part in (services._data_dir, services.history, services.accounts):
                stack.callback(part.close)
            return services

        yield make


@pytest.fixture
def services(open_services: Callable[..., Services]) -> Services:
    """The services of a server where listeners can connect their players."""
    return open_services(connect=True)


def signed(client: FlaskClient) -> dict[str, str]:
    return {SIGNED: client.get("/connect/csrf").json["token"]}  # type: ignore[index]


def make(client: FlaskClient, city: object = OSAKA, **headers: str) -> TestResponse:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/connect", json={"city": city}, headers=signed(client) | names)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def told(client: FlaskClient, token: str) -> Any:
    return client.get("/connect/status", headers=bearer(token)).json


def announce(
    services: Services, id: str, title: str = "Slow Lighthouse", *, is_press: bool = True, client: str
) -> None:
    """Do what the front door does with a now-playing message."""
    song = LastSong(1, 1_790_000_000.5, None)
    services.accounts.note_announced(id, Announced(song, client, is_press=is_press, city=OSAKA if is_press else None))
    services.songs.note(id, Song(title, "Marisol Vey"))


def test_a_token_is_made_for_a_city(services: Services, client: FlaskClient) -> None:
    answer = make(client, Origin="http://localhost", Sec_Fetch_Site="same-origin")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    made = answer.json
    assert made is not None
    assert made["city"]["city"] == "Osaka"
    owner = services.accounts.by_token(made["token"])
    assert owner is not None
    assert (owner.id, owner.scope, owner.city) == (made["user"], "listener", OSAKA)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"city": "Osaka"}', b'{"city": 1}', b'{"city": -1}', b"\xff"])
def test_a_wish_without_a_city_is_refused(services: Services, client: FlaskClient, body: bytes) -> None:
    assert client.post("/connect", data=body, headers=signed(client)).status_code == 400
    assert services.accounts.all() == []


@pytest.mark.parametrize("given", [{}, {SIGNED: ""}, {SIGNED: "x.y.z"}])
def test_a_token_is_made_only_for_a_page_that_could_read_ours(
    services: Services, client: FlaskClient, given: dict[str, str]
) -> None:
    assert client.post("/connect", json={"city": OSAKA}, headers=given).status_code == 403
    assert services.accounts.all() == []


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/connect/csrf"), ("POST", "/connect"), ("GET", "/connect/status"), ("DELETE", "/connect")],
)
def test_pages_of_other_sites_do_nothing_here(
    services: Services, client: FlaskClient, method: str, path: str, headers: dict[str, str]
) -> None:
    owned = services.accounts.create()
    sent = signed(client) | bearer(owned.text) | headers
    assert client.open(path, method=method, json={"city": OSAKA}, headers=sent).status_code == 403
    assert services.accounts.by_id(owned.principal.id) is not None
    assert len(services.accounts.all()) == 1


def test_one_address_gets_some_tokens_only(services: Services, client: FlaskClient) -> None:
    headers = signed(client)

    def status() -> int:
        return client.post("/connect", json={"city": OSAKA}, headers=headers, environ_overrides=FROM).status_code

    assert [status() for _ in range(TOKENS.burst + 1)] == [201] * TOKENS.burst + [429]
    assert len(services.accounts.all()) == TOKENS.burst


def test_the_status_tells_what_came(services: Services, client: FlaskClient) -> None:
    made = make(client).json
    assert made is not None
    token, id = made["token"], made["user"]
    first = told(client, token)
    assert (first["state"], first["user"], first["city"]["city"]) == ("waiting", id, "Osaka")
    assert (first["song"], first["pressed_at"], first["presses"]) == (None, None, 0)

    services.accounts.note_scrobbles(id, 1.0, "mpdscribble", 2)
    assert (told(client, token)["state"], told(client, token)["scrobbles"]) == ("connected", 2)
    announce(services, id, is_press=False, client="poller")
    assert (told(client, token)["state"], told(client, token)["song"]) == ("polling", None)
    announce(services, id, client="mpdscribble")
    now = told(client, token)
    assert (now["state"], now["pressed_at"], now["presses"]) == ("playing", 1_790_000_000.5, 1)
    assert now["song"] == {"title": "Slow Lighthouse", "artist": "Marisol Vey"}
    assert now["pressed_in"]["city"] == "Osaka"


def test_a_token_deletes_itself_and_all_that_is_kept_of_it(services: Services, client: FlaskClient) -> None:
    made = make(client).json
    assert made is not None
    announce(services, made["user"], client="mpdscribble")
    answer = client.delete("/connect", headers=bearer(made["token"]))
    assert (answer.status_code, answer.json, answer.headers["Cache-Control"]) == (
        200,
        {"deleted": made["user"]},
        "no-store",
    )
    assert services.accounts.all() == []
    assert services.songs.watch(made["user"]) is None
    for method, path in (("GET", "/connect/status"), ("DELETE", "/connect")):
        gone = client.open(path, method=method, headers=bearer(made["token"]))
        assert (gone.status_code, gone.json) == (401, {"error": "this token is not valid"})


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", "Basic wrong", "Token {token}"])
def test_nobody_is_told_anything_without_a_token(services: Services, client: FlaskClient, header: str | None) -> None:
    owned = services.accounts.create()
    headers = {} if header is None else {"Authorization": header.format(token=owned.text)}
    assert client.get("/connect/status", headers=headers).status_code == 401
    assert client.delete("/connect", headers=headers).status_code == 401
    assert services.accounts.by_id(owned.principal.id) is not None


def test_tokens_that_cannot_be_read_now_are_not_called_wrong(services: Services, client: FlaskClient) -> None:
    services.accounts.problem = "the accounts are damaged"
    assert client.get("/connect/status", headers=bearer("x")).status_code == 503


def test_the_page_has_a_guide_for_each_player(services: Services, client: FlaskClient) -> None:
    assert services.settings.connect
    page = html.fromstring(client.get("/connect").text)
    assert page.xpath("//input[@type='radio']/@value") == [guide.id for guide in GUIDES]
    assert [each.get("class") for each in page.iter("div")].count("guide") == len(GUIDES)
    texts = [each.get("data-text") for each in page.iter()]
    assert "ND_LISTENBRAINZ_BASEURL={base}/1/" in texts
    assert page.xpath("string(//noscript)")


@pytest.mark.parametrize(
    ("privacy_k", "promise", "notes"),
    [
        (0, "Your song appears on the globe, from your city.", []),
        (
            1,
            "Your play is counted. ",
            ["Your city is named once at least 1 listener presses play there within an hour."],
        ),
        (
            3,
            "Your play is counted. ",
            ["Your city is named once at least 3 listeners press play there within an hour."],
        ),
    ],
)
def test_the_page_promises_no_city_that_may_not_be_named(
    open_services: Callable[..., Services], privacy_k: int, promise: str, notes: list[str]
) -> None:
    services = open_services(connect=True, privacy_k=privacy_k)
    page = html.fromstring(make_app(services, lambda: None).test_client().get("/connect").text)
    assert [
        promise in str(each.text) for each in page.iter("p") if (each.text or "").startswith("Get a token, put")
    ] == [True]
    assert [each.text.strip() for each in page.iter("p") if each.get("id") == "naming" and each.text] == notes


@pytest.mark.parametrize("path", ["/connect", "/connect/csrf", "/connect/status"])
def test_without_the_setting_there_is_no_such_page_and_no_link_to_it(
    open_services: Callable[..., Services], path: str
) -> None:
    client = make_app(open_services(), lambda: None).test_client()
    answer = client.get(path)
    assert answer.status_code == 404
    assert "UNISON_CONNECT=1 allows it" in answer.json["error"]  # type: ignore[index]
    for page in ("/", "/privacy"):
        assert not html.fromstring(client.get(page).text).xpath("//a[starts-with(@href, '/connect')]")


def test_the_globes_page_links_to_it_and_to_privacy(services: Services, client: FlaskClient) -> None:
    assert services.settings.connect
    links = {each.get("href") for each in html.fromstring(client.get("/").text).iter("a")}
    assert {"/connect", "/privacy"} <= links


def test_privacy_says_what_the_settings_have(open_services: Callable[..., Services], tmp_path: Path) -> None:
    path = write_cities(tmp_path / "cities.mmdb", {})
    services = open_services(connect=True, privacy_k=5, history_days=7, city_database=path)
    services.addresses.open()
    text = make_app(services, lambda: None).test_client().get("/privacy").text
    assert "at least 5 listeners pressed play there within the last hour" in text
    assert "kept for 7 days" in text
    assert "which city a play comes from" in text
    assert "the globe may show it for a moment, with its song, its city and its second" in text
    assert "starts your song at about the same time" in text
    assert "always named" not in text
    assert services.addresses.credit is not None
    assert services.addresses.credit[0] in text


def test_privacy_says_that_several_servers_share_a_log(open_services: Callable[..., Services]) -> None:
    alone = make_app(open_services(), lambda: None).test_client().get("/privacy").text
    assert "several servers" not in alone


def test_privacy_says_nothing_of_what_is_off(open_services: Callable[..., Services]) -> None:
    text = make_app(open_services(history_days=1), lambda: None).test_client().get("/privacy").text
    assert "kept for 1 day;" in text
    assert "Your city is always named" in text
    assert not any(words in text for words in ("within the last hour", "a digest of the token", "which city a play"))
