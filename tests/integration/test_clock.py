"""A server whose clock is set while it runs, by Debian's libfaketime; that of this test goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.integration.reloads import Sender, kept
from tests.serving import Server, Stream, ask, get_json, get_text, post_plays, stream, wait_until_written
from tests.waiting import DEADLINE_S, until

DAY_S = 86_400
FORWARD_S = 40 * DAY_S


class SetServer(Server):
    """A server with a clock of its own."""

    def __init__(self, folder: Path, library: str) -> None:
        self._offset = folder / "offset"
        self.plan(0)
        faked = {"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": str(self._offset), "FAKETIME_CACHE_DURATION": "1"}
        kept_real = {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}
        super().__init__(folder / "data", {"UNISON_OPEN_INGEST": "1", **faked, **kept_real})

    def set_clock(self, ahead_s: int) -> None:
        """Set its clock so far ahead of the true one, and wait until it tells that time."""
        self.plan(ahead_s)
        until(lambda: abs(get_json(self, "/api/stats")["now"] - time.time() - ahead_s) < 5)

    def plan(self, ahead_s: int) -> None:
        """Say how far ahead its clock is to be, within a second or from its start on."""
        part = self._offset.with_suffix(".part")
        part.write_text(f"{ahead_s:+d}\n")
        part.rename(self._offset)


@pytest.fixture
def server(tmp_path: Path, library: str) -> Iterator[SetServer]:
    server = SetServer(tmp_path, library)
    yield server
    server.kill()
    print(server.log)


def counted(server: Server, name: str) -> float:
    """Return the value of a metric."""
    line = next(line for line in get_text(server, "/metrics").splitlines() if line.startswith(f"{name} "))
    return float(line.rpartition(" ")[2])


@pytest.mark.parametrize(("ahead_s", "way"), [(-60, "back"), (FORWARD_S, "forward")])
def test_where_the_clock_was_set_the_stream_goes_on_and_no_play_is_late(
    server: SetServer, ahead_s: int, way: str
) -> None:
    def is_set(frame: dict[str, Any]) -> bool:
        return bool(abs(frame["now"] - time.time() - ahead_s) < 20)

    with Sender(server) as sender, stream(server, DEADLINE_S) as viewer:
        before = viewer.until(lambda frame: frame["counts"]["plays"] > 0)
        began_s = time.monotonic()
        server.set_clock(ahead_s)
        plays = viewer.until(lambda frame: is_set(frame) and frame["counts"]["plays"] > 0)
        assert time.monotonic() - began_s < 30
        sender.takes(20)
        seen = viewer.until(lambda frame: frame["seq"] >= plays["seq"] + 4)
    until(lambda: total(server)["plays"] + total(server)["late"] >= sender.taken)
    assert total(server)["late"] == sender.late <= 1  # one may have been read before
    assert counted(server, f'unison_clock_jumps_total{{direction="{way}"}}') == 1
    ready = ask(server, "/readyz")
    assert (ready.status, ready.json["status"]) == (200, "degraded")
    assert f"the clock was set {way} by" in ready.json["warnings"][0]
    assert f"the clock was set {way} by" in server.log
    assert gap_after(server, viewer, seen) == (0, 0)
    gap, real = gap_after(server, viewer, before)
    assert gap == (real if way == "back" else 0)


def total(server: Server) -> dict[str, int]:
    """Return the sums since the start."""
    found: dict[str, int] = get_json(server, "/api/stats")["total"]
    return found


def gap_after(server: Server, viewer: Stream, frame: dict[str, Any]) -> tuple[int, int]:
    """Return the gap that a viewer is told who comes back after a frame, and how many frames it did not get."""
    with stream(server, since=f"{viewer.hello['stream']}:{frame['seq']}") as again:
        return again.hello["gap"], again.hello["seq"] - frame["seq"]


def test_a_clock_that_is_wrong_for_a_while_costs_no_record(server: SetServer) -> None:
    old = show_a_connection(server)
    server.set_clock(FORWARD_S)
    ahead = show_a_connection(server)
    assert {old, ahead} <= kept_ids(server)
    server.set_clock(0)
    new = show_a_connection(server)
    assert {old, ahead, new} <= kept_ids(server)
    newest = {each["id"] for each in get_json(server, "/api/connections")["connections"]}
    assert {old, new} <= newest
    assert ahead not in newest, "what is ahead of the clock is not the newest"
    assert ask(server, f"/c/{ahead}").status == 200


def test_a_start_with_a_clock_that_is_far_ahead_costs_no_record(server: SetServer) -> None:
    old = show_a_connection(server)
    server.kill()
    server.plan(FORWARD_S)
    server.start(server.port)
    new = show_a_connection(server)
    assert {old, new} <= kept_ids(server)


def kept_ids(server: Server) -> set[str]:
    """Return the ids of all connections in the history's file."""
    return set(kept(server, "SELECT id FROM connections"))


def show_a_connection(server: Server) -> str:
    """Have two people press play together, wait until that is written and pruning had its turn; return its id."""
    with stream(server, DEADLINE_S) as viewer:
        found = connected(server, viewer)
        wait_until_written(server, DEADLINE_S)
        for _ in range(6):  # at least a second; pruning has its turn after each write
            viewer.next()
    wait_until_written(server, DEADLINE_S)
    return found


def connected(server: Server, viewer: Stream) -> str:
    """Send two plays until they are a connection: on a busy machine they may come late."""
    for number in range(10):
        post_plays(server, [play(f"ann {number}", "Osaka", "JP"), play(f"bob {number}", "Recife", "BR")])
        with suppress(TimeoutError):
            return str(viewer.connections(1, timeout_s=6)[0]["id"])
    raise AssertionError("no two plays were a connection")


def play(listener: str, city: str, country: str) -> dict[str, Any]:
    """Return a play that counts from its arrival."""
    place = {"city": city, "country": country}
    return {"track": {"title": "Night Bus Home", "artist": "Ada Lumen"}, "listener": listener, "place": place}
