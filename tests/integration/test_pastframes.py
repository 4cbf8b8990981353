from __future__ import annotations

import time
from typing import Any

import pytest

from tests.plays import connect_pair, send_crowd
from tests.serving import Server, ask, get_json, stream, wait_until_written

CLOSED_S = 1.0
"""So long after plays arrive their slice is closed."""


def as_kept(frame: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a streamed frame: all but its sparks, and when it was sent."""
    return {name: frame[name] for name in ("type", "seq", "connections", "pulses", "counts")}


def test_the_past_is_what_was_streamed(common: Server) -> None:
    start = int(time.time()) - 20
    with stream(common) as viewer:
        send_crowd(common)
        frames = viewer.frames_past(time.time() + CLOSED_S)
    wait_until_written(common)
    past = get_json(common, f"/api/past?from={start}&seconds=60")
    kept = {frame["seq"]: as_kept(frame) for frame in past["frames"]}
    assert sum(len(frame["connections"]) for frame in frames) >= 1
    assert any(frame["pulses"] for frame in frames)
    assert [kept[frame["seq"]] for frame in frames] == [as_kept(frame) for frame in frames]
    nows = [frame["now"] for frame in past["frames"]]
    assert nows == sorted(nows)
    assert past["oldest"] <= nows[0]


def test_of_the_past_a_filter_leaves_what_passes_it_what_only_a_filter_was_shown_too(common: Server) -> None:
    start = int(time.time()) - 1
    with stream(common) as everyone, stream(common, artist="marisol vey") as filtered:
        send_crowd(common, "Marisol Vey")
        until = time.time() + CLOSED_S
        shown = [c["id"] for frame in everyone.frames_past(until) for c in frame["connections"]]
        more = [c["id"] for frame in filtered.frames_past(until) for c in frame["connections"]]
    connect_pair(common, "Another", "North Quay Choir")
    wait_until_written(common)
    past = get_json(common, f"/api/past?from={start}&seconds=60&artist=Marisol%20Vey")
    assert {c["id"] for frame in past["frames"] for c in frame["connections"]} == {*shown, *more}
    assert all(frame["pulses"] == [] for frame in past["frames"])


def test_seconds_before_all_that_is_kept_are_empty(idle: Server) -> None:
    assert get_json(idle, "/api/past?from=1790000000&seconds=10")["frames"] == []


@pytest.mark.parametrize(
    ("query", "named"),
    [("seconds=5", "from=''"), ("from=x&seconds=5", "from='x'"), ("from=1e9&seconds=5", "from='1e9'"),
     ("from=1790000000", "seconds=''"), ("from=1790000000&seconds=61", "seconds='61'"),
     ("from=1790000000&seconds=0", "seconds='0'"), ("from=99999999999&seconds=60&city=1", "city='1'"),
     ("from=1&from=2&seconds=1", "from is given 2 times"), ("from=1&seconds=1&until=3", "'until'")],
)  # fmt: skip
def test_what_cannot_be_looked_back_to_is_named(idle: Server, query: str, named: str) -> None:
    answer = ask(idle, f"/api/past?{query}")
    assert (answer.status, named in answer.error) == (400, True)
