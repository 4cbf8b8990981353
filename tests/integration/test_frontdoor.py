"""The front door of a real server: bases as people type them, and what is kept of whoever comes through it."""

from __future__ import annotations

import base64
import http.client
import json
import socket
from collections.abc import Callable, Iterator
from hashlib import md5
from ipaddress import ip_address
from pathlib import Path

import pytest

from tests.citydatabases import write_cities
from tests.musicclients import accounts_beside, announce, make_tokens, messages
from tests.plays import ARTIST, OSAKA, RECIFE
from tests.serving import FlaskServer, Server, ask, get_json, get_text
from tests.waiting import until
from webapp.storage.accounts import NewToken

ADDRESSES = ("203.0.113.77", "2001:db8:77::5")
PROXIED = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
JSON = {"Content-Type": "application/json"}


def exchange(
    server: Server, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, str]:
    """Send a request exactly as it is; return the status and the body."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


def listen(title: str) -> bytes:
    told = {"track_metadata": {"track_name": title, "artist_name": ARTIST}}
    return json.dumps({"listen_type": "playing_now", "payload": [told]}).encode()


@pytest.mark.parametrize(
    "base",
    [
        "", "/", "//", "/1", "/1/", "//1//", "/1/submit-listens", "/apis/listenbrainz", "/apis/listenbrainz/1/",
        "//apis//listenbrainz/1/submit-listens/",
    ],
)  # fmt: skip
def test_a_base_may_be_typed_in_many_ways(common: Server, base: str, title: str) -> None:
    (made,) = make_tokens(common, OSAKA)
    headers = {"Authorization": f"Token {made.text}"}
    assert exchange(common, "POST", base or "/", listen(title), headers) == (200, '{"status":"ok"}')


def handshake(server: Server, token: NewToken, path: str = "/?hs=true") -> str:
    """Return the path of a handshake, and its query."""
    stamp = str(int(get_json(server, "/api/stats")["now"]))
    digest = md5((md5(token.text.encode()).hexdigest() + stamp).encode()).hexdigest()
    return f"{path}&p=1.2&u={token.principal.id}&t={stamp}&a={digest}&c=mdc&v=0.1"


@pytest.mark.parametrize("path", ["/?hs=true", "//?hs=true", "/?p=1.2&hs=true"])
def test_a_handshake_comes_to_the_root_beside_the_page(common: Server, path: str) -> None:
    (made,) = make_tokens(common, OSAKA)
    status, text = exchange(common, "GET", handshake(common, made, path))
    lines = text.splitlines()
    assert (status, lines[0], len(lines)) == (200, "OK", 4)
    assert all(line.startswith(f"http://127.0.0.1:{common.port}/") for line in lines[2:])
    assert "<html" in ask(common, "/").text


def test_a_handshake_through_a_proxy_gets_addresses_with_its_scheme_and_name(located: Server) -> None:
    (made,) = make_tokens(located, OSAKA)
    status, text = exchange(located, "GET", handshake(located, made), headers=PROXIED | {"Host": "radio.example"})
    assert (status, text.splitlines()[0]) == (200, "OK")
    assert text.splitlines()[2] == "https://radio.example:443/audioscrobbler/1.2/nowplaying"
    assert exchange(located, "GET", handshake(located, made), headers=PROXIED | {"Host": "else.example"})[0] == 421


@pytest.fixture
def located(serve: Callable[..., Server], tmp_path: Path) -> Server:
    """A server behind a trusted proxy, with a database of addresses, that logs all it can."""
    path = tmp_path / "cities.mmdb"
    cities = {f"{address}/128" if ":" in address else f"{address}/32": _cairo() for address in ADDRESSES}
    return serve(
        UNISON_CITY_DATABASE=str(write_cities(path, cities)),
        UNISON_TRUSTED_PROXIES="127.0.0.1",
        UNISON_HOSTS="radio.example",
        UNISON_LOG_REQUESTS="1",
        UNISON_LOG_LEVEL="debug",
    )


def _cairo() -> dict[str, str]:
    return {"city": "Cairo", "country_code": "EG"}


def test_an_address_tells_the_city_and_neither_it_nor_a_token_is_kept(located: Server, title: str) -> None:
    (made,) = make_tokens(located, None)
    for number, address in enumerate(ADDRESSES):
        headers = {"X-Forwarded-For": address}
        token = {"Authorization": f"Token {made.text}"}
        assert exchange(located, "POST", "/1/submit-listens", listen(f"{title} {number}"), headers | token)[0] == 200
        _come_through_every_door(located, made.text, headers)
    assert messages(located, dialect="listenbrainz", outcome="press") == 2
    until(lambda: "unison_plays_matched_total" in get_text(located, "/metrics"))
    metrics = get_text(located, "/metrics").encode()
    assert located.stop() == 0
    kept = [
        metrics,
        located.log.encode(),
        *(path.read_bytes() for path in located.data_dir.rglob("*") if path.is_file()),
    ]
    with accounts_beside(located) as accounts:
        assert accounts.activity(made.principal.id), "the token was used"
    for secret in (made.text.encode(), *_forms(ADDRESSES)):
        assert not [one for one in kept if secret in one], secret


def _come_through_every_door(server: Server, token: str, headers: dict[str, str]) -> None:
    """Send requests with tokens and without, good ones and bad ones."""
    for method, path in (
        ("POST", f"/webhook/{token}"),
        ("POST", "/webhook/wrong"),
        ("GET", f"/1/validate-token?token={token}"),
        ("POST", f"/2.0/?method=auth.getMobileSession&api_key=x&username=ana&password={token}"),
        ("POST", "/2.0/?method=auth.getMobileSession&api_key=x&username=ana&authToken=wrong"),
        ("GET", "/?hs=true&u=ana&t=1&a=wrong"),
        ("POST", "/1/submit-listens"),
        ("GET", f"/api/auth/?token={token}"),
    ):
        assert exchange(server, method, path, b"{}", headers | JSON)[0] < 500


def _forms(addresses: tuple[str, ...]) -> Iterator[bytes]:
    """Yield addresses as text, in binary, and in base64."""
    for address in addresses:
        packed = ip_address(address).packed
        yield from (address.encode(), ip_address(address).exploded.encode(), base64.b64encode(packed))
        if len(packed) > 4:
            yield packed


def test_the_page_shows_the_credit_of_the_database(located: Server, common: Server) -> None:
    credit = '<a href="https://db-ip.com" rel="noopener">IP Geolocation by DB-IP</a>'
    assert credit in ask(located, "/").text
    assert "DB-IP" not in ask(common, "/").text


def test_a_database_that_breaks_is_told_and_costs_nobody_the_stream(located: Server, tmp_path: Path) -> None:
    (tmp_path / "cities.mmdb").write_bytes(b"broken")
    located.until_logged("is not a database of cities in MaxMind's format")
    told = get_json(located, "/readyz")
    assert told["status"] == "degraded"
    assert "cities.mmdb is not a database" in told["warnings"][0]


def test_a_server_does_not_start_with_a_broken_database(serve: Callable[..., Server], tmp_path: Path) -> None:
    (tmp_path / "broken.mmdb").write_bytes(b"broken")
    with pytest.raises(RuntimeError, match=r"UNISON_CITY_DATABASE: .* is not a database of cities"):
        serve(UNISON_CITY_DATABASE=str(tmp_path / "broken.mmdb"))


def test_after_a_downtime_the_first_message_of_a_token_used_before_is_no_press(
    serve: Callable[..., Server], library: str, title: str
) -> None:
    server = serve()
    used, new = make_tokens(server, OSAKA, RECIFE)
    announce(server, used, title)
    later = {"LD_PRELOAD": library, "FAKETIME": "+60s", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}
    server.restart(**later)
    for token, song in ((used, f"{title}, begun meanwhile"), (used, f"{title}, next"), (new, f"{title}, new")):
        announce(server, token, song)
    assert messages(server, kind="now_playing", outcome="after_downtime") == 1
    assert messages(server, kind="now_playing", outcome="press") == 2


def test_flasks_own_server_takes_plays_and_logs_no_token(flask_server: FlaskServer, title: str) -> None:
    ask(flask_server, "/healthz")  # it starts with its first request
    (made,) = make_tokens(flask_server, OSAKA)
    announce(flask_server, made, title)
    assert messages(flask_server, dialect="listenbrainz", outcome="press") == 1
    assert exchange(flask_server, "POST", f"/webhook/{made.text}", b"{}", JSON)[0] == 400
    flask_server.until_logged("POST /webhook/... HTTP")
    assert made.text not in flask_server.log


@pytest.mark.parametrize("end", [b"", b"\r\n", b"\r\n\r\n"])
def test_line_ends_after_a_body_are_no_request(common: Server, end: bytes) -> None:
    body = b"s=00000000000000000000000000000000&a=Ana&t=Tide"
    head = f"POST /audioscrobbler/1.2/nowplaying HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection(("127.0.0.1", common.port), timeout=20) as connection:
        connection.sendall(f"{head}\r\n".encode() + body + end)
        connection.sendall(f"{head}Connection: close\r\n\r\n".encode() + body + end)
        answers = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    assert answers.count(b"HTTP/1.1 200 OK") == answers.count(b"HTTP/1.1 ") == answers.count(b"BADSESSION\n") == 2
