from typing import Any

import pytest
from flask import Flask
from werkzeug.exceptions import Forbidden, Unauthorized
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from webapp.config import Settings
from webapp.web.hosts import is_loopback, is_own_host, public_base
from webapp.web.security import check_sender, init_app, who_may_send

HERE = Settings()
EVERYWHERE = Settings(host="0.0.0.0")
TOKENS = Settings(tokens=("first-token", "zweites-tökchen"), open_ingest=True)


def request(peer: str = "127.0.0.1", host: str = "127.0.0.1:8000", scheme: str = "http", **headers: str) -> Request:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    builder = EnvironBuilder(
        "/api/plays",
        f"{scheme}://localhost",
        headers=list(names.items()),
        environ_base={"REMOTE_ADDR": peer},
        method="POST",
    )
    return Request(builder.get_environ() | {"HTTP_HOST": host})


def refusal(settings: Settings, sent: Request) -> str:
    """Return the sentence of a 401."""
    with pytest.raises(Unauthorized) as caught:
        check_sender(sent, settings)
    assert "Bearer" in dict(caught.value.get_headers())["WWW-Authenticate"]
    return str(caught.value.description)


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_this_machine_may_send_without_a_token(peer: str) -> None:
    check_sender(request(peer), HERE)


@pytest.mark.parametrize("peer", ["192.168.0.9", "::ffff:192.168.0.9", "2001:db8::1", "", "localhost.example"])
def test_another_machine_may_not(peer: str) -> None:
    assert "this request is from elsewhere" in refusal(HERE, request(peer))


@pytest.mark.parametrize("name", ["Forwarded", "X_Forwarded_For", "X_Forwarded_Proto", "X_FORWARDED_ANYTHING", "Via"])
def test_what_a_proxy_passed_on_is_not_from_this_machine(name: str) -> None:
    assert "through a proxy" in refusal(HERE, request(**{name: "a"}))


def test_a_server_that_others_reach_takes_nothing_without_tokens() -> None:
    assert "it is bound to 0.0.0.0" in refusal(EVERYWHERE, request())


def test_open_ingest_takes_plays_from_anyone() -> None:
    check_sender(
        request("203.0.113.9", "unison.example", X_Forwarded_For="a", Origin="https://elsewhere.example"),
        Settings(host="0.0.0.0", open_ingest=True),
    )


@pytest.mark.parametrize("given", ["Bearer first-token", "bearer  first-token ", "Bearer zweites-tökchen"])
def test_any_of_the_tokens_opens_from_anywhere(given: str) -> None:
    sent = given.encode().decode("latin-1")  # as a server hands the bytes of a header on
    check_sender(request("203.0.113.9", X_Forwarded_For="a", Authorization=sent), TOKENS)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (None, "a token is needed"),
        ("", "a token is needed"),
        ("first-token", "a token is needed"),
        ("Basic first-token", "a token is needed"),
        ("Bearer", "not one of"),
        ("Bearer first-toke", "not one of"),
        ("Bearer first-token2", "not one of"),
        ("Bearer first-token,zweites-tökchen", "not one of"),
        ("Bearer FIRST-TOKEN", "not one of"),
    ],
)
def test_with_tokens_set_a_wrong_one_or_none_never_opens(given: str | None, says: str) -> None:
    headers = {} if given is None else {"Authorization": given.encode().decode("latin-1")}
    sentence = refusal(TOKENS, request(**headers))
    assert says in sentence
    assert "first-token" not in sentence


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": "http://[elsewhere]"},
        {"Origin": "http://127.0.0.1:8001"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"host": "rebound.example:8000", "Origin": "http://rebound.example:8000", "Sec_Fetch_Site": "same-origin"},
        {"host": "rebound.example"},
    ],
)
def test_a_page_of_another_site_cannot_send_through_its_visitors_browser(headers: dict[str, Any]) -> None:
    with pytest.raises(Forbidden):
        check_sender(request(**headers), HERE)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:8000", "Sec_Fetch_Site": "same-origin"},
        {"host": "localhost:8000", "Origin": "http://localhost:8000"},
        {"host": "unison.localhost"},
        {"host": "[::1]:8000"},
        {"host": "studio.lan"},
        {"host": "STUDIO.lan:8000"},
        {"host": "unison.example"},
        {"host": ""},
        {"Sec_Fetch_Site": "none"},
    ],
)
def test_our_own_pages_and_names_may_send(headers: dict[str, Any]) -> None:
    check_sender(request(**headers), Settings(hosts=("studio.lan",), public_url="https://unison.example"))


@pytest.mark.parametrize(
    "host", ["evil.example\\@localhost", "localhost@evil.example", "localhost/", "a b", "[::1", "-"]
)
def test_a_malformed_host_is_not_ours(host: str) -> None:
    assert not is_own_host(host, Settings(hosts=("", "a b", "[::1")))


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "LOCALHOST.", "::1", "[::1]", "::1%lo", "a.localhost"])
def test_loopback_is_known_by_all_its_names(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize("address", ["", "0.0.0.0", "::", "128.0.0.1", "localhost.example", "127.0.0.1.example", "1"])
def test_other_addresses_are_not_loopback(address: str) -> None:
    assert not is_loopback(address)


def test_absolute_links_begin_with_the_public_url_where_there_is_one() -> None:
    settings = Settings(public_url="https://unison.example/")
    assert public_base(request(host="evil.example"), settings) == "https://unison.example"


def test_absolute_links_else_begin_with_a_host_that_is_ours_or_are_not_known() -> None:
    settings = Settings(hosts=("studio.lan",))
    assert public_base(request(host="localhost:8000"), settings) == "http://localhost:8000"
    assert public_base(request(host="studio.lan", scheme="https"), settings) == "https://studio.lan"
    assert public_base(request(host="evil.example"), settings) is None
    assert public_base(request(host=""), settings) is None


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (HERE, "from this machine only"),
        (EVERYWHERE, "refused"),
        (TOKENS, "with a token"),
        (Settings(host="0.0.0.0", open_ingest=True), "from anyone"),
    ],
)
def test_the_operator_is_told_who_may_send(settings: Settings, says: str) -> None:
    assert says in who_may_send(settings)
    assert "first-token" not in who_may_send(settings)


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)
    for path in ("/page", "/api/things"):
        app.add_url_rule(path, path, lambda: "text", methods=["GET", "POST"])
    app.add_url_rule("/own", "own", lambda: ("text", {"Content-Security-Policy": "default-src 'self'"}))
    init_app(app)
    return app


def test_no_inline_script_and_no_other_host_may_run_or_load(app: Flask) -> None:
    header = app.test_client().get("/page").headers["Content-Security-Policy"]
    directives = dict(directive.split(" ", 1) for directive in header.split("; "))
    assert (directives["default-src"], directives["script-src"]) == ("'none'", "'self'")
    assert "unsafe" not in header
    assert "//" not in header
    assert "*" not in header


def test_an_answer_keeps_a_policy_of_its_own(app: Flask) -> None:
    assert app.test_client().get("/own").headers.getlist("Content-Security-Policy") == ["default-src 'self'"]


@pytest.mark.parametrize(
    ("method", "path", "shared"),
    [
        ("GET", "/api/things", True),
        ("HEAD", "/api/things", True),
        ("GET", "/api/missing", True),
        ("POST", "/api/things", False),
        ("OPTIONS", "/api/things", False),
        ("GET", "/page", False),
    ],
)
def test_other_sites_pages_may_read_the_api_and_nothing_else(app: Flask, method: str, path: str, shared: bool) -> None:
    answer = app.test_client().open(path, method=method)
    assert answer.headers.get("Access-Control-Allow-Origin") == ("*" if shared else None)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("kind", "is_part"),
    [
        ("text/javascript; charset=utf-8", True),
        ("text/css; charset=utf-8", True),
        ("application/octet-stream", True),
        ("image/svg+xml", False),
        ("text/html; charset=utf-8", False),
        ("application/json", False),
    ],
)
def test_what_may_be_shown_as_a_document_has_a_policy_and_a_part_of_one_has_no_idle_headers(
    app: Flask, kind: str, is_part: bool
) -> None:
    app.add_url_rule("/kind", view_func=lambda: app.response_class("x", content_type=kind))
    headers = app.test_client().get("/kind").headers
    assert (headers["Content-Type"], headers["X-Content-Type-Options"]) == (kind, "nosniff")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert ("default-src 'none'" not in headers["Content-Security-Policy"]) == is_part
    for name in ("Referrer-Policy", "Permissions-Policy", "Cross-Origin-Opener-Policy"):
        assert (name not in headers) == is_part
