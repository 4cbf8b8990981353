"""Servers that share a port: the viewers of a filter come to the one whose filter it is, if that one takes them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gevent
import pytest

from tests.waiting import loop_until
from webapp.core.filters import Filter
from webapp.engine import handover
from webapp.engine.handover import Handed, Neighbours

FILTERS = [Filter(city=number) for number in range(20)]


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Neighbours, Neighbours]]:
    for number in ("1", "2"):
        (tmp_path / number).mkdir()
    made = Neighbours(tmp_path, 1, 2), Neighbours(tmp_path, 2, 2)
    for each in made:
        each.start()
    yield made
    for each in made:
        each.stop()


def ends() -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    return ours, theirs


def test_a_filter_has_one_server_whichever_is_asked(two: tuple[Neighbours, Neighbours]) -> None:
    taken: list[tuple[Any, Handed]] = []
    for each in two:
        gevent.spawn(each.accept, lambda sock, handed: taken.append((sock, handed)))
    for wanted in FILTERS:
        handed, came = Handed(wanted, "s:1", "192.0.2.1"), len(taken)
        outcomes = []
        for each in two:
            ours, theirs = ends()
            outcomes.append(each.hand_over(theirs, handed))
            if outcomes[-1]:
                loop_until(lambda came=came: len(taken) > came)  # type: ignore[misc]
                sock, as_it_came = taken[-1]
                sock.sendall(b"hello")
                assert (as_it_came, ours.recv(5)) == (handed, b"hello")
                sock.close()
            else:
                theirs.close()
            ours.close()
        assert sorted(outcomes) == [False, True]
    assert not two[0].hand_over(None, Handed(Filter(), None, "")), "who has no filter stays"


def test_a_server_that_hangs_keeps_nobody_for_long(
    two: tuple[Neighbours, Neighbours], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover, "PATIENCE_S", 0.05)
    one, _ = two  # the other one accepts nothing
    wanted = next(each for each in FILTERS if one._place_of(each) == 1)
    given, kept = [], 0
    with gevent.Timeout(60):
        while kept < 3:
            ours, theirs = ends()
            given.append(ours)
            if not one.hand_over(theirs, Handed(wanted, None, "192.0.2.1")):
                kept += 1
                theirs.close()
    assert len(given) < 2_000
    for each in given:
        each.close()


def test_a_server_that_is_not_there_is_not_waited_for(tmp_path: Path) -> None:
    alone = Neighbours(tmp_path, 1, 2)
    ours, theirs = ends()
    wanted = next(each for each in FILTERS if alone._place_of(each) == 1)
    assert not alone.hand_over(theirs, Handed(wanted, None, "192.0.2.1"))
    ours.close()
    theirs.close()
