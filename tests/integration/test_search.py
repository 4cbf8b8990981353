from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.serving import Server, ask, get_json, post_plays, stream

OSAKA, RECIFE = 1853909, 3390760


def looked_for(server: Server, **query: str) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = get_json(server, "/api/search?" + urlencode(query))["results"]
    return results


def send_pair(server: Server, title: str, artist: str) -> None:
    at = time.time() - 0.2
    plays = [
        {"track": {"title": title, "artist": artist}, "listener": str(city), "place": {"geoname_id": city},
         "pressed_at": at}
        for city in (OSAKA, RECIFE)
    ]  # fmt: skip
    assert post_plays(server, plays)["accepted"] == 2


def test_what_was_just_connected_is_found_and_its_filter_shows_it(server: Server) -> None:
    assert looked_for(server, q="marisol") == []
    with stream(server) as viewer:
        send_pair(server, "Night Bus Home", "Marisol Vey")
        (connection,) = viewer.connections(1)
    deadline = time.monotonic() + 10
    while not (results := looked_for(server, q="mari", kind="artist")) and time.monotonic() < deadline:
        pass
    assert results == [{"kind": "artist", "label": "Marisol Vey", "detail": "", "filter": {"artist": "Marisol Vey"}}]
    (track,) = looked_for(server, q="night bus", kind="track")
    assert track["filter"] == {"track": connection["track"]["id"]}
    for result in (results[0], track):
        with stream(server, **result["filter"]) as viewer:
            assert [each["id"] for each in viewer.hello["recent"]] == [connection["id"]]


def test_places_are_found_without_any_traffic(server: Server) -> None:
    osaka = looked_for(server, q="osaka")[0]
    assert (osaka.pop("lon"), osaka.pop("lat")) == pytest.approx((135.5, 34.7), abs=0.1)
    assert osaka == {"kind": "city", "label": "Osaka", "detail": "Japan", "filter": {"city": str(OSAKA)}}
    japan = looked_for(server, q="japan")[0]
    assert japan["filter"] == {"country": "JP"}
    assert (japan["lon"], japan["lat"]) == pytest.approx((139.7, 35.7), abs=0.1)  # Tokyo


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "q is missing or empty"),
        ("?q=", "q is missing or empty"),
        ("?q=%20%09", "q is missing or empty"),
        ("?q=a&q=b", "q is given 2 times"),
        ("?q=" + "a" * 3000, "has 3000 characters; expected at most 100"),
        ("?q=a%00b", "control character"),
        ("?q=osaka&kind=town", "expected one of artist, track, country, city"),
    ],
)
def test_what_cannot_be_looked_for_is_told_why(idle: Server, query: str, said: str) -> None:
    answer = ask(idle, "/api/search" + query)
    assert (answer.status, said in answer.error) == (400, True), answer.text


def test_ten_kilobytes_are_refused(server: Server) -> None:
    answer = ask(server, "/api/search?q=" + "a" * 10_240)
    assert (answer.status, "too long" in answer.text) == (414, True)
