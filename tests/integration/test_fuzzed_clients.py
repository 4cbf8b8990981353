"""What no music client would send: the bench, short, and with room for a slow machine."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bench.announcers import Listener
from bench.fuzz import fuzz, somebody
from bench.fuzzing import DOORS
from bench.memory import Memory

from tests.musicclients import messages
from tests.serving import Server

REQUESTS = 125
WAIT_S, GROWTH_MB = 10.0, 60.0


@pytest.fixture(scope="module")
def server(serve_shared: Callable[..., Server]) -> Server:
    return serve_shared()


@pytest.fixture(scope="module")
def who(server: Server) -> Listener:
    return somebody(server)


@pytest.mark.parametrize("door", DOORS)
def test_whatever_comes_is_answered_and_does_no_harm(server: Server, who: Listener, door: str) -> None:
    before_mb = Memory.of(server).pss
    seen = fuzz(server, door, who, range(REQUESTS))
    assert seen.statuses.keys() <= {2, 4}, seen.harm
    assert seen.statuses.total() == REQUESTS
    assert seen.slowest_s < WAIT_S, seen.harm
    assert "Traceback" not in server.log
    assert Memory.of(server).pss - before_mb < GROWTH_MB
    assert messages(server, dialect=door, kind="now_playing"), "some are as clients send them"
