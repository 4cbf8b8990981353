"""What the server signs for visitors, and what it tells of a press."""

from __future__ import annotations

import time

import pytest
from flask.testing import FlaskClient
from itsdangerous import BadData
from msgspec import to_builtins

from webapp.core.matchlookup import Press
from webapp.services import Services
from webapp.web.visitortokens import VisitorTokens


def tokens(ahead_s: float = 0.0) -> VisitorTokens:
    """Tokens of one server whose clock is ahead by so much."""
    return VisitorTokens(lambda: b"k" * 32, lambda: time.time() + ahead_s)


def test_what_a_tab_was_given_is_good_for_its_time_and_after_the_clock_was_set_back() -> None:
    given = tokens().sign("tab", "a use")
    for ahead_s in (0, 50, -3_600):
        assert tokens(ahead_s).read(given, 60, "a use") == "tab"
    with pytest.raises(BadData):
        tokens(120).read(given, 60, "a use")


def test_what_was_given_for_one_use_is_no_good_for_another() -> None:
    for kind in ("another use", None):
        with pytest.raises(BadData):
            tokens().read(tokens().sign("tab", "a use"), 60, kind)


def test_nobody_waits_for_what_comes_of_a_press_of_before_the_clock_was_set_back(
    services: Services, client: FlaskClient
) -> None:
    services.start()
    signed = VisitorTokens(services.secret, services.clock.now)
    ahead_ms = round(time.time() * 1000) + 60_000
    press = signed.sign(to_builtins(Press("0" * 16, 1, ahead_ms, after=5)), "unison press")
    services.live.channels._ring.since = 8
    nothing = ("met", "pulse", "near", "searched", "ask_after_s")
    nobody: dict[str, object] = {**dict.fromkeys(nothing), "alone": False}
    assert client.get(f"/play/{press}").json == nobody
