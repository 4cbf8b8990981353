"""The dialect of Web Scrobbler's webhook: its requests, its events, and any bytes at all."""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.requests_fixtures import NOW_S, Exchange, described, exchanges
from webapp.core import precision
from webapp.core.principals import Principal
from webapp.ingest.submissions import Call, Dialect, Outcome, RateStatus, Reply, Request, Submission, TokenGiven
from webapp.ingest.webscrobbler import WebScrobbler, read_event

TOKEN = "0c7a51de-93b4-4f0e-8a21-6d5e4f3c2b1a"
PRINCIPAL = Principal("abcdefghij", "listener", None, 60, 0.0)
RATE = RateStatus(limit=60, remaining=41, reset_s=19, now_s=NOW_S)
DIALECT: Dialect = WebScrobbler()
EXCHANGES = [each.filled(token=TOKEN) for each in exchanges("webscrobbler")]
SONG = {"parsed": {"track": "Night Bus", "artist": "Blue Annex"}, "metadata": {"startTimestamp": NOW_S - 60}}


def request(body: Any, path: str = f"/webhook/{TOKEN}", method: str = "POST", query: bytes = b"") -> Request:
    encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request(method, path, query, {}, encoded, "https://globe.example:443", NOW_S)


def answered(asked: Request, **changes: Any) -> Reply:
    call = DIALECT.read(asked)
    if isinstance(call, Reply):
        return call
    is_known = call.credentials == TokenGiven(TOKEN)
    return DIALECT.reply(call, Outcome(**{"principal": PRINCIPAL if is_known else None, "rate": RATE} | changes))


def submissions(name: str, **data: Any) -> list[Submission]:
    call = DIALECT.read(request({"eventName": name, "time": NOW_S * 1000, "data": data}))
    assert isinstance(call, Call)
    assert call.action == "submit", call.about
    return list(call.submissions)


def test_songs_beyond_the_most_are_skipped_and_cost_no_memory() -> None:
    many = json.dumps({"eventName": "scrobble", "data": {"songs": [SONG] * 60 + [{}] * 100_000}}).encode()
    tracemalloc.start()
    try:
        found, (_, peak) = read_event(many, NOW_S), tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(found) == 50
    assert peak < 200_000


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda each: each.name)
def test_a_request_is_understood_and_gets_its_exact_answer(exchange: Exchange) -> None:
    asked = exchange.request()
    assert DIALECT.handles(asked.method, asked.path, asked.query)
    call = DIALECT.read(asked)
    assert isinstance(call, Call)
    assert [described(each) for each in call.submissions] == list(exchange.plays)
    reply = answered(asked)
    assert (reply.status, reply.body) == (exchange.status, exchange.answer)


@pytest.mark.parametrize("path", ["", "/webhooks", "/webhook/a/b", "/webhook2", "/api/webhook"])
def test_other_addresses_are_not_this_dialects(path: str) -> None:
    assert not DIALECT.handles("POST", path, b"token=x")


@pytest.mark.parametrize("name", ["paused", "resumedplaying", "loved", "modechanged", ""])
def test_only_the_start_of_a_song_is_a_press(name: str) -> None:
    assert submissions(name, song=SONG) == []
    assert answered(request({"eventName": name, "time": 1, "data": {"song": SONG}})).status == 200
    assert [each.kind for each in submissions("nowplaying", song=SONG)] == ["now_playing"]
    assert [each.kind for each in submissions("scrobble", song=SONG)] == ["scrobble"]


def test_its_precision_is_that_of_an_unknown_client() -> None:
    assert submissions("nowplaying", song=SONG)[0].precision == precision.UNKNOWN


def test_several_scrobbles_are_taken_with_the_time_of_each() -> None:
    songs = [SONG | {"metadata": {"startTimestamp": NOW_S - 100 * n}} for n in (3, 2, 1)]
    found = submissions("scrobble", song=songs[0], songs=songs, currentlyPlaying=False)
    assert [each.listened_s for each in found] == [NOW_S - 300, NOW_S - 200, NOW_S - 100]


@pytest.mark.parametrize(
    ("metadata", "sent", "listened_s"),
    [
        ({"startTimestamp": 1_764_499_000}, 1_764_499_900_000, 1_764_499_000),
        ({"startTimestamp": "soon"}, 1_764_499_900_000, 1_764_499_900),
        (None, 1_764_499_900_500, 1_764_499_900.5),
        (None, 1_764_499_900, 1_764_499_900),
        ({}, None, NOW_S),
        ({}, "x", NOW_S),
        ({}, -5, NOW_S),
    ],
)
def test_a_scrobbles_time_is_its_songs_start_else_when_it_was_sent(metadata: Any, sent: Any, listened_s: float) -> None:
    call = DIALECT.read(
        request({"eventName": "scrobble", "time": sent, "data": {"song": SONG | {"metadata": metadata}}})
    )
    assert isinstance(call, Call)
    assert [each.listened_s for each in call.submissions] == [listened_s]


def test_corrections_come_before_what_the_page_says() -> None:
    song = {
        "parsed": {"track": "night bus [HD]", "artist": "", "album": "Page", "duration": 200.5},
        "processed": {"track": "Night Bus", "artist": "Blue Annex", "album": "", "duration": 201},
    }
    found = submissions("nowplaying", song=song)[0].song
    assert (found.title, found.artist, found.album, found.duration_s) == ("Night Bus", "Blue Annex", "Page", 200.5)


@pytest.mark.parametrize("duration", [None, 0, -1, "abc", 1e12, True])
def test_a_wrong_duration_goes_and_the_play_stays(duration: Any) -> None:
    song = {"parsed": {"track": "T", "artist": "A", "duration": duration}}
    assert submissions("nowplaying", song=song)[0].song.duration_s is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"null",
        b'{"eventName":NaN}',
        b'{"eventName":"\\ud800"}',
        b'{"eventName":5}',
        {},
        {"eventName": "nowplaying"},
        {"eventName": "nowplaying", "data": []},
        {"eventName": "nowplaying", "data": {"song": None}},
        {"eventName": "nowplaying", "data": {"song": {}}},
        {"eventName": "nowplaying", "data": {"song": {"parsed": {"track": "T", "artist": " "}}}},
        {"eventName": "nowplaying", "data": {"song": {"parsed": {"track": ["T"], "artist": "A"}}}},
        {"eventName": "scrobble", "data": {"songs": []}},
        {"eventName": "scrobble", "data": {"songs": [5]}},
    ],
)
def test_what_is_no_event_is_a_bad_request(body: Any) -> None:
    reply = answered(request(body))
    assert reply.status == 400
    assert json.loads(reply.body)["error"]


@pytest.mark.parametrize(
    ("path", "query"),
    [("/webhook", b""), ("/webhook", b"token="), ("/webhook/wrong", b""), ("/webhook", b"token=wrong")],
)
@pytest.mark.parametrize("body", [b"{", {"eventName": "nowplaying", "data": {"song": SONG}}])
def test_an_address_without_a_good_token_is_refused_whatever_the_body(path: str, query: bytes, body: Any) -> None:
    reply = answered(request(body, path, query=query))
    assert (reply.status, json.loads(reply.body)) == (401, {"error": "the address must end with a token that is good"})


def test_the_address_opened_in_a_browser_says_what_it_is_for() -> None:
    reply = answered(request(b"", method="GET"))
    assert (reply.status, dict(reply.headers)["Allow"]) == (405, "POST, OPTIONS")
    assert answered(request(b"", "/webhook/wrong", "GET")).body == reply.body


def test_a_browser_may_post_from_any_page() -> None:
    headers = dict(answered(request(b"", method="OPTIONS")).headers)
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Access-Control-Allow-Methods"] == "POST, OPTIONS"
    assert dict(answered(request(b"{}")).headers)["Access-Control-Allow-Origin"] == "*"


def test_an_excess_is_told_with_when_to_try_again() -> None:
    event = {"eventName": "nowplaying", "data": {"song": SONG}}
    reply = answered(request(event), is_limited=True)
    assert (reply.status, dict(reply.headers)["Retry-After"]) == (429, "19")


def test_a_play_that_is_refused_is_a_bad_request() -> None:
    reply = answered(request({"eventName": "nowplaying", "data": {"song": SONG}}), refused={0: "no such place"})
    assert (reply.status, json.loads(reply.body)) == (400, {"error": "no such place"})


@pytest.mark.parametrize(
    "body",
    [
        b'{"x":' + b"[" * 250_000,
        b'{"eventName":"scrobble","data":{"songs":[' + b"{}," * 150_000 + b"{}]}}",
        b'{"eventName":"nowplaying","data":{"song":{"parsed":{"track":' + b"[[]," * 100_000,
        b'{"eventName":"nowplaying","data":{"song":{"flags":[' + b"[]," * 150_000 + b"{}]}}}",
    ],
    ids=range(4),
)
def test_a_body_that_is_made_to_be_costly_is_not(body: bytes) -> None:
    assert len(body) <= DIALECT.body_most
    tracemalloc.start()
    try:
        started = time.perf_counter()
        reply = answered(request(body))
        took_s, (_, peak) = time.perf_counter() - started, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert reply.status == 400
    assert took_s < 2
    assert peak < 32 << 20


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["eventName", "time", "data", "song", "songs", "parsed", "processed", "metadata", "track"]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@given(st.binary(max_size=80) | JUNK.map(msgspec.json.encode))
def test_any_bytes_are_answered_in_the_dialects_form(body: bytes) -> None:
    reply = answered(request(body))
    assert reply.status in (200, 400)
    assert json.loads(reply.body)


@given(st.sampled_from(["nowplaying", "scrobble"]), JUNK, JUNK)
def test_any_event_is_answered(name: str, data: Any, song: Any) -> None:
    body = {"eventName": name, "time": data, "data": {"song": song, "songs": data}}
    assert answered(request(msgspec.json.encode(body))).status in (200, 400)
