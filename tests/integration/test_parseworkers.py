"""Large bodies, which a process of their own reads: clients cannot tell, whatever becomes of that process."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable

import pytest

from tests.integration.children import child_of, children_of, until_gone
from tests.integration.ingest_client import play, send
from tests.serving import Answer, FlaskServer, Server
from tests.waiting import until
from webapp.engine.parseworkers import LARGE_BYTES, TYPED_MOST

PLAYS = 1_000
LOST = re.compile(r"a parse process (died|did not start) \(")


def large(**changes: object) -> list[dict[str, object]]:
    plays = [play(listener=f"listener {number}", **changes) for number in range(PLAYS)]
    assert len(json.dumps(plays)) > LARGE_BYTES
    return plays


def accepted_of_four_at_once(server: Server) -> list[int]:
    """Send four large bodies side by side, and return how many plays of each were accepted."""
    answers: list[Answer] = []
    senders = [threading.Thread(target=lambda: answers.append(send(server, large()))) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    return [answer.json["accepted"] for answer in answers]


@pytest.fixture(scope="module")
def server(serve_shared: Callable[..., Server]) -> Server:
    """A server that loses its readers."""
    return serve_shared()


def test_a_large_body_is_answered_as_a_small_one_is(server: Server) -> None:
    bad = play(place={"city": "Atlantis", "country": "GR"})
    small = send(server, [play(), bad]).json
    answer = send(server, [*large(), bad]).json
    assert (answer["accepted"], answer["rejected"]) == (PLAYS, 1)
    assert answer["errors"] == [small["errors"][0] | {"index": PLAYS}]
    assert send(server, large(pressed_at=time.time() - 4)).json["late"] == PLAYS
    assert send(server, [*large(), "x" * LARGE_BYTES]).json["rejected"] == 1
    assert send(server, large() * 11).status == 413
    broken = send(server, json.dumps(large()).encode()[:-1])
    assert (broken.status, "not JSON" in broken.error or "ends" in broken.error) == (400, True), broken.error


def test_a_short_body_with_many_places_given_as_text_goes_to_a_reader_too(serve: Callable[..., Server]) -> None:
    server = serve()
    few, many = ([play(place="München, Deutschland") for _ in range(count)] for count in (TYPED_MOST, TYPED_MOST + 1))
    assert len(json.dumps(many)) < LARGE_BYTES
    assert send(server, few).json["accepted"] == len(few)
    assert children_of(server, "webapp.engine.parseworkers") == []
    answer = send(server, many).json
    assert (answer["accepted"], {note["city"]["label"] for note in answer["notes"]}) == (len(many), {"Munich"})
    assert len(children_of(server, "webapp.engine.parseworkers")) == 1


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGSTOP])
def test_a_reader_that_is_lost_costs_no_play(serve: Callable[..., Server], signum: signal.Signals) -> None:
    server = serve()
    assert send(server, large()).json["accepted"] == PLAYS
    first = child_of(server, "webapp.engine.parseworkers")
    os.kill(first, signum)
    assert accepted_of_four_at_once(server) == [PLAYS] * 4
    until_gone(first)
    until(lambda: LOST.search(server.log))


def test_a_reader_goes_with_its_server_however_that_ends(serve: Callable[..., Server]) -> None:
    for end in (Server.stop, Server.kill):
        server = serve()
        assert send(server, large()).json["accepted"] == PLAYS
        reader = child_of(server, "webapp.engine.parseworkers")
        end(server)
        until_gone(reader)


def test_flasks_own_server_reads_large_bodies_too(flask_server: FlaskServer) -> None:
    assert accepted_of_four_at_once(flask_server) == [PLAYS] * 4
    assert "Traceback" not in flask_server.log
