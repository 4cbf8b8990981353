import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from webapp.config import Settings
from webapp.web.hosts import is_loopback, is_own_host, public_base
from webapp.web.securityheaders import init_app


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
    assert (directives["default-src"], directives["script-src"]) == ("'self'", "'self'")
    assert {directives[f"{kind}-src"] for kind in ("frame", "media", "object", "worker")} == {"'none'"}
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
    for name in ("Content-Security-Policy", "Referrer-Policy", "Permissions-Policy", "Cross-Origin-Opener-Policy"):
        assert (name not in headers) == is_part
