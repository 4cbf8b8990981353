"""Names that a server is asked for by: which it answers to, and that none but ours gets into a link."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.conftest import lasting
from tests.serving import Server, ask, post_plays, stream, wait_until_written

EVIL = "rebound.example:8000"
PLAYS = [
    {"track": {"title": "Slow Lighthouse", "artist": "Marisol Vey"}, "listener": who, "place": {"geoname_id": place}}
    for who, place in [("a", 1853909), ("b", 3390760)]
]


class Everywhere(Server):
    """A server that other machines reach."""

    host = "0.0.0.0"


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("public")
    names = {"UNISON_PUBLIC_URL": "https://unison.example", "UNISON_HOSTS": "studio.lan:8443,radio.example"}
    with lasting(folder, **names, UNISON_TOKENS="secret", UNISON_VISITOR_PLAYS="1") as server:
        yield server


@pytest.fixture(scope="module")
def everywhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    env = {"UNISON_HOSTS": "studio.lan:8443,radio.example", "UNISON_OPEN_INGEST": "1", "UNISON_SHOWN_PER_S": "0"}
    server = Everywhere(tmp_path_factory.mktemp("everywhere") / "data", env)
    yield server
    server.kill()


@pytest.fixture(scope="module")
def moment(everywhere: Server) -> str:
    """The id of a moment of the server that other machines reach."""
    with stream(everywhere) as viewer:
        post_plays(everywhere, PLAYS)
        (found,) = viewer.connections(1)
    wait_until_written(everywhere)
    return str(found["id"])


ALL = [
    "/",
    "/metrics",
    "/stream",
    "/play",
    "/play/token",
    "/assets/x/pages/index.js",
    "/embed.js",
    "/api/stats",
    "/nowhere",
]


LITERALS = ["a.localhost", "127.0.0.1", "192.0.2.9:80", "[2001:db8::1]", "[::1]:8000"]


@pytest.mark.parametrize("name", [EVIL, "unison.example.org", "127.0.0.1.example", "2130706433", "user@localhost"])
def test_on_loopback_a_name_that_is_not_ours_gets_421_on_everything(idle: Server, name: str) -> None:
    for path in ALL:
        answer = ask(idle, path, Host=name)
        assert answer.status == 421, path
        assert "UNISON_HOSTS" in answer.error
        assert repr(name) in answer.error
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_what_is_answered_before_flask_gets_421_too(idle: Server) -> None:
    for path in ("/api/plays", "/play", "/c/x/share"):
        assert ask(idle, path, "POST", Host=EVIL, Content_Type="application/json").status == 421
    handshake = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13"}
    key = {"Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
    assert ask(idle, "/stream", Host=EVIL, Origin=f"http://{EVIL}", **handshake, **key).status == 421


def test_with_a_public_url_a_name_that_is_not_ours_gets_421(public: Server) -> None:
    for path in ALL:
        assert ask(public, path, Host="rebound.example").status == 421
    answer = ask(public, "/api/plays", "POST", Host="rebound.example", Authorization="Bearer secret")
    assert (answer.status, "UNISON_HOSTS" in answer.error) == (421, True)


@pytest.mark.parametrize(
    "name",
    [
        "unison.example",
        "UNISON.example:443",
        "unison.example.",
        "studio.lan",
        "radio.example:99",
        "localhost:1",
        *LITERALS,
    ],
)
def test_our_names_loopback_and_ip_literals_pass(public: Server, name: str) -> None:
    assert ask(public, "/api/stats", Host=name).status == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_are_answered_by_any_name(idle: Server, path: str) -> None:
    assert ask(idle, path, Host=EVIL).status == 200


def sent(server: Server, text: str) -> str:
    """Send a request as it is, and return the answer up to its body."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(text.encode())
        return connection.makefile("rb").read(4096).decode("latin-1")


def test_a_request_without_a_host_passes(idle: Server) -> None:
    assert sent(idle, "GET /api/stats HTTP/1.0\r\n\r\n").startswith("HTTP/1.0 200")


def test_a_host_that_is_given_twice_is_not_ours(idle: Server) -> None:
    answer = sent(idle, "GET / HTTP/1.1\r\nHost: localhost\r\nHost: rebound.example\r\nConnection: close\r\n\r\n")
    assert answer.split()[1] in ("400", "421")


def test_a_server_that_others_reach_by_any_name_answers_to_all(everywhere: Server) -> None:
    assert ask(everywhere, "/api/stats", Host=EVIL).status == 200


def pages(moment: str) -> list[str]:
    """Return addresses whose answers have absolute links, and such as lead elsewhere by careless redirects."""
    own = quote(f"http://radio.example/c/{moment}", safe="")
    linked = ["/", "/?country=BR", "/embed", "/embed/builder", "/moments.atom", "/playlist.xspf", "/playlist.jspf"]
    linked += ["/playlist.m3u", "/playlist", "/code.svg", f"/c/{moment}", f"/oembed?url={own}", "/stats", "/status"]
    linked += [f"/oembed?url={own}&format=xml", f"/c/{moment}/code.svg", "/robots.txt", "/nowhere"]
    careless = ["/embed//builder", "/embed/", "/c//x", f"/c/{moment}/", "//rebound.example/", "//embed", "/stats/"]
    return linked + careless + ["/%2F%2Frebound.example", "/\\rebound.example", "/embed/builder/", "/playlist//"]


@pytest.mark.parametrize("name", [EVIL, "rebound.example", "192.0.2.66:81"])
def test_no_link_and_no_redirect_takes_a_host_that_is_not_ours(everywhere: Server, moment: str, name: str) -> None:
    forwarded = "".join(
        f"X-Forwarded-{what}: {name}\r\n" for what in ("Host", "Server", "Prefix", "Port", "Proto", "For")
    )
    more = f"{forwarded}Forwarded: host={name};proto=https\r\nX-Original-Host: {name}\r\nX-Host: {name}\r\n"
    more += f"X-Original-URL: //{name}/\r\nX-Rewrite-URL: //{name}/\r\nAccept: text/html, */*\r\nConnection: close\r\n"
    for path in pages(moment):
        request = f"GET {path} HTTP/1.1\r\nHost: {name}\r\n{more}\r\n"
        with socket.create_connection(("127.0.0.1", everywhere.port), timeout=30) as connection:
            connection.sendall(request.encode())
            answer = connection.makefile("rb").read().decode("utf-8", "replace")
        known = answer.replace(quote("//rebound.example"), "").replace("'//rebound.example/'", "")  # a path, quoted
        assert f"//{name}" not in known, path
        assert quote(f"//{name}", safe="") not in answer, path
        assert not re.search(r"(?im)^location: *(?!/[^/\\])", answer), path


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("studio.lan", "http://studio.lan:8443"),
        ("studio.lan:9", "http://studio.lan:8443"),
        ("STUDIO.LAN:8443", "http://studio.lan:8443"),
        ("radio.example:9", "http://radio.example"),
    ],
)
def test_links_to_a_listed_host_have_the_port_of_its_entry(
    everywhere: Server, moment: str, name: str, base: str
) -> None:
    feed = ask(everywhere, "/moments.atom", Host=name)
    assert f'href="{base}/c/{moment}"' in feed.text
    found = ask(everywhere, f"/oembed?url={quote(f'{base}/c/{moment}')}", Host=name)
    assert found.json["thumbnail_url"] == f"{base}/c/{moment}/card.png"
    assert "public" in found.headers["Cache-Control"]
    for path in pages(moment):
        assert ":9/" not in ask(everywhere, path, Host=name).body.decode("latin-1"), path


def test_a_stranger_cannot_have_links_say_https(everywhere: Server, moment: str) -> None:
    assert "https://radio" not in ask(everywhere, "/moments.atom", Host="radio.example", X_Forwarded_Proto="https").text


def test_links_to_loopback_have_its_port_and_are_in_no_shared_cache(everywhere: Server, moment: str) -> None:
    linked = [path for path in pages(moment)[:12] if not path.startswith(("/playlist", "/stats", "/oembed"))]
    linked += ["/playlist.xspf", f"/oembed?url={quote(f'http://localhost:4321/c/{moment}')}", f"/c/{moment}/story.png"]
    for path in linked:
        answer = ask(everywhere, path, Host="localhost:4321")
        directives = answer.headers["Cache-Control"].replace(" ", "").split(",")
        assert (answer.status, directives[0]) == (200, "private"), path
        assert not {"public", "s-maxage"} & set(directives), path
    assert f"http://localhost:4321/c/{moment}" in ask(everywhere, "/moments.atom", Host="localhost:4321").text


def test_with_a_public_url_links_are_the_same_by_every_name_and_may_be_shared(public: Server) -> None:
    for name in ("unison.example", "localhost:8000", "192.0.2.66:81", "studio.lan"):
        found = ask(public, f"/oembed?url={quote('https://unison.example/embed')}", Host=name)
        assert found.json["provider_url"] == "https://unison.example/"
        assert found.headers["Cache-Control"].startswith("public")
