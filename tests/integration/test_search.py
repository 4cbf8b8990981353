from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.plays import OSAKA, connect_pair
from tests.serving import Server, ask, get_json, stream
from tests.waiting import until


def looked_for(server: Server, **query: str) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = get_json(server, "/api/search?" + urlencode(query))["results"]
    return results


def test_what_was_just_connected_is_found_and_its_filter_shows_it(common: Server) -> None:
    assert looked_for(common, q="zephyrine") == []
    connection = connect_pair(common, "Quartz Canal", "Zephyrine Oak")
    results = until(lambda: looked_for(common, q="zeph", kind="artist"))
    name = "Zephyrine Oak"
    assert results == [{"kind": "artist", "label": name, "detail": "", "filter": {"artist": name}}]
    (track,) = looked_for(common, q="quartz can", kind="track")
    assert track["filter"] == {"track": connection["track"]["id"]}
    for result in (results[0], track):
        with stream(common, **result["filter"]) as viewer:
            assert [each["id"] for each in viewer.hello["recent"]] == [connection["id"]]


def test_places_are_found_without_any_traffic(idle: Server) -> None:
    osaka = looked_for(idle, q="osaka")[0]
    assert (osaka.pop("lon"), osaka.pop("lat")) == pytest.approx((135.5, 34.7), abs=0.1)
    names = {"kind": "city", "label": "Osaka", "detail": "Japan", "country_code": "JP"}
    assert osaka == {**names, "filter": {"city": str(OSAKA)}}
    japan = looked_for(idle, q="japan")[0]
    assert japan["filter"] == {"country": "JP"}
    assert (japan["lon"], japan["lat"]) == pytest.approx((139.7, 35.7), abs=0.1)  # Tokyo


def test_a_country_is_found_by_its_name_in_another_language(idle: Server) -> None:
    found = [looked_for(idle, q="Deutschland", lang=lang) for lang in ("de", "en")]
    assert [[result["label"] for result in results if result["kind"] == "country"] for results in found] == [
        ["Germany"],
        ["Germany"],
    ]


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


def test_ten_kilobytes_are_refused(idle: Server) -> None:
    answer = ask(idle, "/api/search?q=" + "a" * 10_240)
    assert (answer.status, "too long" in answer.text) == (414, True)
