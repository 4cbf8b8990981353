"""`GET /api/today` of a real server: what everyone was shown, up to which frame, and what is refused."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.plays import LAGOS, LISBON, OSAKA, PARIS, RECIFE, connect_pair, send_pair
from tests.serving import Answer, Server, ask, post, stream
from tests.waiting import until

ADMIN = {"Authorization": "Bearer an-admin-token"}
QUARTER_S = 900


def quarter(hours_ago: int = 0) -> int:
    """Return where the quarter hour began in which we are now, or were so many hours ago."""
    return (int(time.time()) // QUARTER_S - 4 * hours_ago) * QUARTER_S


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    return serve(UNISON_SHOWN_PER_S="0", UNISON_ADMIN_TOKEN="an-admin-token")


def today(server: Server, city: int | None = None) -> Answer:
    query = {"since": str(quarter(1))} | ({} if city is None else {"city": str(city)})
    return ask(server, f"/api/today?{urlencode(query)}")


def counted(frames: Iterator[dict[str, Any]], title: str) -> list[dict[str, Any]]:
    """Return the frames up to the one with a song."""
    found = []
    for frame in frames:
        found.append(frame)
        if any(each["track"]["title"] == title for each in frame["connections"]):
            return found
    raise AssertionError("the stream ended")


def test_the_totals_and_the_frames_after_them_are_all_that_was_shown(server: Server) -> None:
    frames: list[dict[str, Any]] = []
    with stream(server) as viewer:
        for number, cities in enumerate([(OSAKA, RECIFE), (LISBON, LAGOS), (PARIS, OSAKA), (RECIFE, LAGOS)]):
            send_pair(server, f"Song {number}", cities=cities)
            frames += counted(iter(viewer), f"Song {number}")
            told = today(server).json
            assert told["stream"] == viewer.hello["stream"]
            later = [c for frame in frames if frame["seq"] > told["seq"] for c in frame["connections"]]
            assert told["meetings"] + len(later) == number + 1
        last = frames[-1]["seq"]
        until(lambda: today(server).json["seq"] >= last)
    everything = [c for frame in frames for c in frame["connections"]]
    told = today(server).json
    assert told["meetings"] == 4
    assert told["countries"] == ["BR", "FR", "JP", "NG", "PT"]
    assert told["farthest"] == max(everything, key=lambda each: each["km"])
    of_osaka = today(server, OSAKA).json
    assert (of_osaka["meetings"], of_osaka["countries"], of_osaka["city"]["city"]) == (2, ["BR", "FR"], "Osaka")
    assert {each["geoname_id"] for each in (of_osaka["farthest"]["from"], of_osaka["farthest"]["to"])} == {
        OSAKA,
        RECIFE,
    }
    server.restart()
    told = today(server).json
    assert (told["meetings"], told["seq"]) == (4, 0), "another stream, of which nothing is counted yet"


def test_the_farthest_connection_is_not_told_once_it_is_hidden(server: Server) -> None:
    far = connect_pair(server, "Far", cities=(OSAKA, RECIFE))
    near = connect_pair(server, "Near", cities=(LISBON, LAGOS))
    until(lambda: today(server).json["meetings"] == 2)
    assert today(server).json["farthest"]["id"] == far["id"]
    headers = ADMIN | {"Content-Type": "application/json"}
    post(server, "/api/admin/moderation", json.dumps({"rule": "word: far"}).encode(), headers)
    told = today(server).json
    assert (told["meetings"], told["farthest"]["id"]) == (2, near["id"])


def test_pages_of_other_sites_may_read_it_and_nobody_keeps_it(idle: Server) -> None:
    answer = today(idle)
    assert (answer.status, answer.kind, answer.json["meetings"]) == (200, "application/json", 0)
    assert (answer.headers["Access-Control-Allow-Origin"], answer.headers["Cache-Control"]) == ("*", "no-store")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "since='': expected epoch seconds, a multiple of 900, such as 1"),
        ("since=yesterday", "since='yesterday': expected epoch seconds, a multiple of 900"),
        ("since=-900", "since='-900': expected epoch seconds, a multiple of 900"),
        ("since=1790000001", "since='1790000001': expected epoch seconds, a multiple of 900"),
        ("since=0", "since=0: expected a time at most 25 hours ago"),
        ("since=99999999900", "since=99999999900: expected a time at most 25 hours ago, and not in the future"),
        ("since=0&since=900", "since is given 2 times; give it once"),
        ("since={now}&city=1", "city='1': expected the GeoNames id of a city"),
        ("since={now}&city=x", "city='x': expected the GeoNames id of a city"),
        ("since={now}&city=1853909&city=1853909", "city is given twice"),
        ("since={now}&country=BR", "country='BR': 'country' is not a parameter; expected since and city"),
    ],
)
def test_what_is_refused_is_named(idle: Server, query: str, said: str) -> None:
    answer = ask(idle, f"/api/today?{query.format(now=quarter())}")
    assert answer.status == 400
    assert said in answer.error


def test_the_longest_day_and_the_quarter_hour_that_begins_just_now_are_taken(idle: Server) -> None:
    for since in (quarter(25), quarter(), quarter() + QUARTER_S):
        assert ask(idle, f"/api/today?since={since}").status == 200
    assert ask(idle, f"/api/today?since={quarter(25) - QUARTER_S}").status == 400
