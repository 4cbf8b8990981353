"""Requests of real clients, damaged at random: no dialect redirects, fails or logs an error."""

from __future__ import annotations

import logging
from dataclasses import replace
from random import Random

import pytest

from tests.requests_fixtures import Exchange
from tests.unit.recorded_world import RECORDED, client_of, recorded_services, send
from webapp.services import Services
from webapp.web.frontdoor import DIALECTS

TRIES = 150
PIECES = (
    b"", b"&", b"=", b"%", b"%ZZ", b"[0]", b"[-1]", b"[99999999]", b"{", b"}", b"[", b"]", b'"', b"null", b"\\ud800",
    b"\x00", b"\xff\xfe", b"1e999", b"-1", b"9" * 40, b"a" * 5_000, b"\r\n\r\n", b"\xf0\x9f\x8e\xb5", b"[" * 2_000,
)  # fmt: skip


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Services:
    return recorded_services(tmp_path_factory.mktemp("fuzzed"))


@pytest.mark.parametrize("dialect", [dialect.name for dialect in DIALECTS])
def test_a_damaged_request_gets_an_answer(services: Services, dialect: str, caplog: pytest.LogCaptureFixture) -> None:
    chance, client = Random(dialect), client_of(services)
    recorded = [each for each in RECORDED if each.name.startswith(f"{dialect}/")]
    for _ in range(TRIES):
        services.rates._tokens.clear()
        services.rates._addresses.clear()
        sent = damaged(chance.choice(recorded), chance)
        status = send(client, sent).status_code
        assert status < 300 or 400 <= status < 500, sent
    assert [line.getMessage() for line in caplog.records if line.levelno >= logging.ERROR] == []


def damaged(sent: Exchange, chance: Random) -> Exchange:
    """Return a request with a damaged body, and now and then another query, method or header."""
    body = sent.body
    for _ in range(chance.randint(1, 4)):
        body = _damaged(body, chance)
    path, _, query = sent.path.partition("?")
    if chance.random() < 0.3:
        query = _damaged(query.encode("latin-1"), chance).decode("latin-1")
    method = chance.choice(("GET", "HEAD", "PUT", "OPTIONS", "DELETE")) if chance.random() < 0.1 else sent.method
    headers = dict(sent.headers)
    if headers and chance.random() < 0.2:
        name = chance.choice(list(headers))
        headers[name] = chance.choice(("", "x", "gzip", "ÿ", "Token", "Token " + "a" * 500, "application/json"))
    return replace(sent, body=body, path=f"{path}?{query}" if query else path, method=method, headers=headers)


def _damaged(text: bytes, chance: Random) -> bytes:
    """Cut a piece out of a text, and put another one there."""
    start = chance.randint(0, len(text))
    end = min(len(text), start + chance.choice((0, 1, 3, 20)))
    piece = chance.choice((*PIECES, text[:50], bytes(chance.randrange(256) for _ in range(8))))
    return text[:start] + piece + text[end:]
