"""ListenBrainz's dialect: real clients' requests, what is lenient and what is strict, and any bytes at all."""

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
from webapp.core import precision, validation
from webapp.core.principals import Principal
from webapp.ingest.listenbrainz import LONG_BYTES, ListenBrainz
from webapp.ingest.listens import AHEAD_S, EARLIEST_S, LISTEN_BYTES, LISTENS_MOST
from webapp.ingest.submissions import Call, Dialect, Outcome, RateStatus, Reply, Request, Submission, TokenGiven

TOKEN = "0c7a51de-93b4-4f0e-8a21-6d5e4f3c2b1a"
PRINCIPAL = Principal("abcdefghij", "listener", None, 60, 0.0)
RATE = RateStatus(limit=60, remaining=41, reset_s=19, now_s=NOW_S)
RATE_HEADERS = {
    "X-RateLimit-Limit": "60",
    "X-RateLimit-Remaining": "41",
    "X-RateLimit-Reset": str(int(NOW_S) + 19),
    "X-RateLimit-Reset-In": "19",
}
DIALECT: Dialect = ListenBrainz()
MBID = "5f0f6f4a-8c1d-4a57-9f6e-3b1d0c2e7a91"
EXCHANGES = [each.filled(token=TOKEN, user=PRINCIPAL.id) for each in exchanges("listenbrainz")]
OK = {"status": "ok"}


def request(path: str = "/1/submit-listens", body: bytes = b"", method: str = "POST", **headers: str) -> Request:
    path, _, query = path.partition("?")
    given = {"authorization": f"Token {TOKEN}"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method, path, query.encode(), given, body, "https://globe.example:443", NOW_S)


def outcome(call: Call, **changes: Any) -> Outcome:
    is_known = call.credentials == TokenGiven(TOKEN)
    return Outcome(**{"principal": PRINCIPAL if is_known else None, "rate": RATE} | changes)


def read(asked: Request) -> Call | Reply:
    """Read a request whole."""
    call = DIALECT.read(asked)
    return call.rest() if isinstance(call, Call) and call.rest else call


def answered(asked: Request, **changes: Any) -> Reply:
    call = read(asked)
    return call if isinstance(call, Reply) else DIALECT.reply(call, outcome(call, **changes))


def told(reply: Reply) -> Any:
    return json.loads(reply.body)


def error(body: Any, **changes: Any) -> tuple[int, str]:
    """Return the status of a body's answer and its error; "" if there is none."""
    encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
    reply = answered(request(body=encoded), **changes)
    return reply.status, told(reply).get("error", "")


def listen(listened_at: Any = None, info: Any = None, **metadata: Any) -> dict[str, Any]:
    names = {"track_name": "Tidewater", "artist_name": "Mara"}
    track = {"track_metadata": names | metadata | ({} if info is None else {"additional_info": info})}
    return track if listened_at is None else track | {"listened_at": listened_at}


def playing(**fields: Any) -> dict[str, Any]:
    return {"listen_type": "playing_now", "payload": [listen(**fields)]}


def single(listened_at: Any) -> dict[str, Any]:
    return {"listen_type": "single", "payload": [listen(listened_at)]}


def submissions(body: Any) -> list[Submission]:
    call = read(request(body=json.dumps(body).encode()))
    assert isinstance(call, Call)
    assert call.action == "submit", call.about
    return list(call.submissions)


def song(**fields: Any) -> Any:
    return submissions(playing(**fields))[0].song


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda each: each.name)
def test_a_clients_request_is_understood_and_gets_its_exact_answer(exchange: Exchange) -> None:
    asked = exchange.request()
    assert DIALECT.handles(asked.method, asked.path, asked.query)
    call = DIALECT.read(asked)
    taken = call.submissions if isinstance(call, Call) and call.credentials == TokenGiven(TOKEN) else ()
    assert [described(each) for each in taken] == list(exchange.plays)
    reply = call if isinstance(call, Reply) else DIALECT.reply(call, outcome(call))
    assert (reply.status, reply.body) == (exchange.status, exchange.answer)
    assert dict(reply.headers).items() >= exchange.answer_headers.items()


def test_there_are_requests_of_each_client() -> None:
    clients = {each.name.partition("/")[2].partition("-")[0] for each in EXCHANGES}
    assert clients >= {
        "navidrome", "jellyfin", "pano", "listenbrainz", "rescrobbled", "mpris", "music", "multi", "quod", "mopidy",
        "foobar2000", "lyrion", "web",
    }  # fmt: skip


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda each: each.name)
def test_every_answer_carries_the_rate(exchange: Exchange) -> None:
    reply = answered(exchange.request())
    assert dict(reply.headers).items() >= RATE_HEADERS.items()
    assert dict(reply.headers)["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("base", ["", "/1", "/1/1", "/apis/listenbrainz", "/apis/listenbrainz/1"])
@pytest.mark.parametrize("endpoint", ["/submit-listens", ""])
def test_a_base_is_understood_as_people_type_it(base: str, endpoint: str) -> None:
    body = json.dumps(playing()).encode()
    assert DIALECT.handles("POST", base + endpoint, b"")
    assert told(answered(request(base + endpoint, body))) == OK


def test_the_page_at_the_root_and_other_pages_are_not_this_dialects() -> None:
    pages = ["", "/stats", "/connect", "/api/plays", "/10", "/1900/x", "/2.0", "/assets/1/a.js", "/user", "/webhook/x"]
    assert [path for path in pages if DIALECT.handles("GET", path, b"")] == []


def test_what_is_below_the_base_and_unknown_is_answered_in_the_dialects_form() -> None:
    reply = answered(request("/1/explore/lb-radio", method="GET"))
    assert (reply.status, told(reply)["code"]) == (404, 404)
    reply = answered(request("/1/validate-token", b"{}"))
    assert (reply.status, dict(reply.headers)["Allow"]) == (405, "GET, OPTIONS")
    assert answered(request("/1", method="GET")).status == 405


def test_head_is_answered_as_get() -> None:
    asked = request("/1/validate-token", method="HEAD")
    assert told(answered(asked))["valid"] is True


@pytest.mark.parametrize("header", ["Token {}", "token {}", "TOKEN  {}", " Token {} ", "Bearer {}"])
def test_a_tokens_header_is_understood_in_any_case(header: str) -> None:
    asked = request("/1/validate-token", method="GET", authorization=header.format(TOKEN))
    assert told(answered(asked)) == {
        "code": 200, "message": "Token valid.", "valid": True, "user_name": PRINCIPAL.id,
    }  # fmt: skip


@pytest.mark.parametrize("path", ["/1/validate-token", "/1/validate-token?token=", "/1/validate-token?Token=x"])
def test_validating_without_a_token_is_a_bad_request(path: str) -> None:
    reply = answered(request(path, method="GET", authorization=""))
    assert (reply.status, told(reply)) == (
        400, {"code": 400, "error": "You need to provide an Authorization token."},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("", "You need to provide an Authorization header."),
        (TOKEN, "Provided Authorization header is invalid."),
        ("Token", "Provided Authorization header is invalid."),
        ("Token wrong", "Invalid authorization token."),
    ],
)
@pytest.mark.parametrize("body", [b"", b"{", json.dumps(playing()).encode()])
def test_listens_without_a_good_token_are_refused_whatever_the_body(header: str, text: str, body: bytes) -> None:
    reply = answered(request(body=body, authorization=header))
    assert (reply.status, told(reply)) == (401, {"code": 401, "error": text})


def test_an_answer_about_a_user_is_the_same_for_everyone() -> None:
    for question in ("listens", "playing-now", "listen-count", "following", "followers", "playlists/createdfor"):
        replies = [
            answered(request(f"/1/user/{name}/{question}", method="GET", authorization="")) for name in ("aa", "bb")
        ]
        assert replies[0].body.replace(b"aa", b"bb") == replies[1].body
        assert replies[0].status == 200


@pytest.mark.parametrize("name", ["a/b", "%2F", "é", "\ud800", "listens", '"<script>', "a" * 4_000])
def test_any_users_name_is_answered(name: str) -> None:
    reply = answered(request(f"/1/user/{name}/listens", method="GET"))
    assert (reply.status, told(reply)["payload"]["count"]) == (200, 0)
    assert told(reply)["payload"]["user_id"] == name.replace("\ud800", "?")


def test_the_latest_import_is_none_and_can_be_told() -> None:
    asked = request("/1/latest-import?user_name=Mara+L", method="GET", authorization="")
    assert told(answered(asked)) == {"musicbrainz_id": "Mara L", "latest_import": 0}
    assert told(answered(request("/1/latest-import", b'{"ts": 1}'))) == OK
    assert answered(request("/1/latest-import", b'{"ts": 1}', authorization="Token wrong")).status == 401


def test_a_success_never_says_that_nothing_remains() -> None:
    used_up = RateStatus(limit=60, remaining=0, reset_s=7, now_s=NOW_S)
    headers = dict(answered(request(body=json.dumps(playing()).encode()), rate=used_up).headers)
    assert headers["X-RateLimit-Remaining"] == "1"


def test_an_excess_is_told_in_whole_seconds() -> None:
    used_up = RateStatus(limit=60, remaining=0, reset_s=0, now_s=NOW_S + 0.7)
    reply = answered(request(body=json.dumps(playing()).encode()), rate=used_up, is_limited=True)
    headers = dict(reply.headers)
    assert (reply.status, told(reply)["code"], headers["X-RateLimit-Remaining"]) == (429, 429, "0")
    assert headers["X-RateLimit-Reset-In"] == headers["Retry-After"] == "1"
    assert headers["X-RateLimit-Reset"] == str(int(NOW_S) + 1)


def test_a_failure_has_the_dialects_form() -> None:
    reply = DIALECT.failure(request(), "the body is too large", 413, RATE)
    assert (reply.status, told(reply)) == (413, {"code": 413, "error": "the body is too large"})
    dropped = DIALECT.dropped(request(), RATE)
    assert (dropped.status, told(dropped)) == (200, {"status": "ok"})
    assert dict(reply.headers).items() >= RATE_HEADERS.items()


def test_a_play_that_is_refused_is_a_bad_request_and_part_of_an_import_is_none() -> None:
    assert error(playing(), refused={0: "no such place"}) == (400, "no such place")
    both = {"listen_type": "import", "payload": [listen(NOW_S - 9), listen(NOW_S - 8)]}
    assert error(both, refused={1: "blocked"}) == (200, "")


@pytest.mark.parametrize(
    ("sent", "kind"), [("playing_now", "now_playing"), ("single", "scrobble"), ("import", "import")]
)
def test_only_playing_now_is_a_press(sent: str, kind: str) -> None:
    at = None if sent == "playing_now" else NOW_S - 60
    (found,) = submissions({"listen_type": sent, "payload": [listen(at)]})
    assert (found.kind, found.listened_s, found.place) == (kind, at, None)


@pytest.mark.parametrize(
    ("info", "name"),
    [
        ({"submission_client": "listenbrainz-mpd"}, "at once"),
        ({"media_player": "Mopidy"}, "at once"),
        ({"music_service_name": "", "listening_from": "vlc"}, "at once"),
        ({"submission_client": "mpris-scrobbler", "media_player": "VLC media player"}, "unknown"),
        ({"submission_client": "", "media_player": "foobar2000"}, "foobar2000"),
        ({"submission_client": ["vlc"], "media_player": None}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_a_clients_class_is_told_by_the_program_that_submits(info: dict[str, Any], name: str) -> None:
    code = submissions(playing(info=info))[0].precision
    assert precision.CLASSES[code - precision.CLASSED].name == name


def test_the_user_agent_tells_the_class_of_a_client_that_says_nothing_else() -> None:
    call = DIALECT.read(request(body=json.dumps(playing()).encode(), user_agent="foobar2000/2.24"))
    assert isinstance(call, Call)
    assert call.submissions[0].precision == precision.of_client(["foobar2000"])


@pytest.mark.parametrize("mbid", [None, "", [""], [MBID], [[MBID]], f"{MBID},{MBID}", "nonsense", 5, {"id": MBID}])
def test_a_wrong_mbid_goes_and_the_play_stays(mbid: Any) -> None:
    assert song(info={"recording_mbid": mbid}).recording is None
    assert song(info={"recording_mbid": mbid, "isrc": "usabc1200001"}).recording == "isrc:USABC1200001"


def test_a_recording_is_named_by_its_mbid_before_its_isrc() -> None:
    assert song(info={"recording_mbid": MBID.upper(), "isrc": "USABC1200001"}).recording == f"mbid:{MBID}"
    assert song(info={"isrc": "US-ABC-12-00001"}).recording == "isrc:USABC1200001"
    assert song(info={"isrc": ["USABC1200001"]}).recording is None


@pytest.mark.parametrize(
    ("info", "duration_s"),
    [
        ({"duration": 200}, 200.0),
        ({"duration": "200"}, 200.0),
        ({"duration_ms": "200500"}, 200.5),
        ({"duration_ms": 200_500, "duration": 200}, 200.5),
        ({"duration_ms": 0, "duration": 200}, 200.0),
        ({"duration": 0}, None),
        ({"duration": -3}, None),
        ({"duration": True}, None),
        ({"duration": "3:20"}, None),
        ({"duration": 10**400}, None),
        ({"duration": 3e6}, None),
        ({"duration": [200]}, None),
    ],
)
def test_a_duration_is_read_in_seconds_and_in_milliseconds_also_as_text(
    info: dict[str, Any], duration_s: float | None
) -> None:
    assert song(info=info).duration_s == duration_s


@pytest.mark.parametrize("info", [[], None, "", 5, [{}]])
def test_other_information_of_the_wrong_type_is_left_out(info: Any) -> None:
    body = {"listen_type": "playing_now", "payload": [{"track_metadata": {
        "track_name": "T", "artist_name": "A", "release_name": "", "additional_info": info, "more": {"x": [1]},
    }, "recording_msid": None, "listened_at": None}], "api_token": "x"}  # fmt: skip
    (found,) = submissions(body)
    assert described(found) == {"kind": "now_playing", "title": "T", "artist": "A", "client_class": "unknown"}


def test_long_texts_are_cut_and_control_characters_removed() -> None:
    found = song(track_name=" a\x00b\tc\n" + "x" * 500, artist_name="\u202eMara\x07 ", release_name="  ")
    assert found.title == "ab c " + "x" * 295
    assert (found.artist, found.album) == ("Mara", None)


@given(st.text(max_size=40).map(lambda text: text * 20))
def test_every_text_that_is_taken_is_one_that_a_native_play_may_have(text: str) -> None:
    mended = validation.mended(text, validation.TEXT_MOST)
    assert not mended or validation.text(mended, "title", validation.TEXT_MOST) == mended


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("https://open.spotify.com/track/4uLU6hMCjMI75M1A2tKUQC?si=x", "https://open.spotify.com/track/4uLU6hMCjMI75M1A2tKUQC"),
        ("https://music.youtube.com/watch?v=a1B2c3D4e5_&list=x", "https://music.youtube.com/watch?v=a1B2c3D4e5_"),
        ("https://www.deezer.com/track/3135556", "https://www.deezer.com/track/3135556"),
        ("https://music.example/rest/stream?u=mara&t=secret", None),
        ("https://open.spotify.com.evil.example/track/4uLU6hMCjMI75M1A2tKUQC", None),
        ("http://192.168.1.4:8096/Audio/1", None),
        ("file:///home/mara/a.flac", None),
        (["https://www.deezer.com/track/3135556"], None),
    ],
)  # fmt: skip
def test_an_address_is_kept_only_if_it_names_a_recording_at_a_public_service(address: Any, url: str | None) -> None:
    assert song(info={"origin_url": address}).url == url


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "Cannot parse JSON document: Input data was truncated"),
        (b"{", "Cannot parse JSON document: Input data was truncated"),
        (b"\xff", "Cannot parse JSON document: JSON is malformed: invalid character (byte 0)"),
        (b"a=b&c=d", "Cannot parse JSON document: JSON is malformed: invalid character (byte 0)"),
        (b"[]", "Invalid JSON document submitted."),
        (b"null", "Invalid JSON document submitted."),
        (b"NaN", "Cannot parse JSON document: JSON is malformed: invalid character (byte 0)"),
        ({}, "The payload in the JSON document should be a list of listens."),
        ({"listen_type": "single", "payload": {}}, "The payload in the JSON document should be a list of listens."),
        ({"listen_type": "single", "payload": []}, "JSON document does not contain any listens"),
        ({"payload": [listen()]}, "JSON document requires a valid listen_type key."),
        ({"listen_type": "PLAYING_NOW", "payload": [listen()]}, "JSON document requires a valid listen_type key."),
        ({"listen_type": 5, "payload": [listen()]}, "JSON document requires a valid listen_type key."),
        ({"listen_type": "playing_now", "payload": [listen(), listen()]}, "JSON document contains more than one listen "
         "for a single/playing_now. It should contain only one."),
        ({"listen_type": "single", "payload": [listen(1_700_000_000)] * 2}, "JSON document contains more than one "
         "listen for a single/playing_now. It should contain only one."),
        ({"listen_type": "playing_now", "payload": [listen(1_700_000_000)]},
         "JSON document must not contain listened_at while submitting playing_now."),
        ({"listen_type": "single", "payload": [listen()]},
         "JSON document must contain the key listened_at at the top level."),
        ({"listen_type": "playing_now", "payload": [5]}, "Each listen in the payload should be a JSON object."),
        ({"listen_type": "playing_now", "payload": [None]}, "Each listen in the payload should be a JSON object."),
        ({"listen_type": "playing_now", "payload": [{}]},
         "JSON document must contain the key track_metadata at the top level."),
        ({"listen_type": "playing_now", "payload": [{"track_metadata": None}]},
         "JSON document may not have track_metadata with null value."),
        ({"listen_type": "playing_now", "payload": [{"track_metadata": []}]}, "track_metadata must be a JSON object."),
        ({"listen_type": "playing_now", "payload": [{"track_metadata": {"artist_name": "A"}}]},
         "JSON document does not contain required field track_metadata.track_name."),
        (playing(artist_name=["A"]), "track_metadata.artist_name must be a single string."),
        (playing(track_name="  "), "field track_metadata.track_name is empty."),
        (playing(track_name="\u200b\u3164"), "field track_metadata.track_name is empty."),
    ],
)  # fmt: skip
def test_a_body_that_listenbrainz_refuses_is_refused_in_its_words(body: Any, text: str) -> None:
    assert error(body) == (400, text)


@pytest.mark.parametrize(
    ("listened_at", "text"),
    [
        (NOW_S - 5, ""),
        (str(int(NOW_S)), ""),
        (NOW_S + AHEAD_S - 1, ""),
        (EARLIEST_S, ""),
        (NOW_S * 1000, "Value for key listened_at is too high."),
        (NOW_S + AHEAD_S, "Value for key listened_at is too high."),
        (10**30, "Value for key listened_at is too high."),
        (EARLIEST_S - 1, "Value for key listened_at is too low."),
        (0, "Value for key listened_at is too low."),
        ("yesterday", "JSON document must contain an int value for listened_at."),
        ({}, "JSON document must contain an int value for listened_at."),
        (True, "JSON document must contain an int value for listened_at."),
        ("inf", "JSON document must contain an int value for listened_at."),
    ],
)
def test_a_listens_time_is_in_seconds_and_not_far_in_the_future(listened_at: Any, text: str) -> None:
    status, found = error(single(listened_at))
    assert (status, found[: len(text)]) == (400 if text else 200, text)
    assert bool(found) == bool(text)


def test_a_thousand_listens_are_taken_and_one_more_are_not() -> None:
    most = {"listen_type": "import", "payload": [listen(NOW_S - n - 1) for n in range(LISTENS_MOST)]}
    found = submissions(most)
    assert [each.listened_s for each in found] == [NOW_S - n - 1 for n in range(LISTENS_MOST)]
    most["payload"] = [*most["payload"], listen(NOW_S)]
    assert error(most) == (400, "Too many listens. You may not submit more than 1000 listens at once.")


@pytest.mark.parametrize("values", [b"1," * 1_000_000, (b"[" * 900 + b"]" * 900 + b",") * 1_000])
def test_a_body_of_millions_of_values_is_refused_before_it_is_read(values: bytes) -> None:
    many = b'{"listen_type": "import", "payload": [' + values + b"1]}"
    reply = answered(request(body=many))
    assert (reply.status, told(reply)["error"]) == (400, "JSON document is too large: it has too many values.")


def test_a_listen_has_at_most_10240_bytes() -> None:
    large = "JSON document is too large. Each listen may not be larger than 10240 bytes."
    assert error(playing(info={"x": "y" * (LISTEN_BYTES - 200)})) == (200, "")
    assert error(playing(info={"x": "y" * LISTEN_BYTES})) == (400, large)
    small, huge = listen(NOW_S), listen(NOW_S, info={"x": "y" * LISTEN_BYTES})
    assert error({"listen_type": "import", "payload": [small, huge, small, small]}) == (400, large)
    assert error(playing() | {"x": "y" * LISTEN_BYTES}) == (400, large)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b'{"track_name":"T","artist_name":"A","x":NaN}', 400),
        (b'{"track_name":"T","artist_name":"A","x":1e999}', 400),
        (b'{"track_name":"\\ud800","artist_name":"A"}', 400),
        (b'{"track_name":"\xed\xa0\x80","artist_name":"A"}', 400),
        (b'{"track_name":"\xff","artist_name":"A"}', 400),
        (b'{"track_name":"T","track_name":"U","artist_name":"A"}', 200),
        (b'{"track_name":"T\\u0000","artist_name":"\\uD83C\\uDFB5"}', 200),
        (b'{"track_name":"T","artist_name":"A","x":' + b"9" * 5_000 + b"}", 400),
        (b'{"track_name":"T","artist_name":"A","x":' + b"9" * 4_000 + b"}", 200),
    ],
)
def test_the_corners_of_json_are_answered(raw: bytes, status: int) -> None:
    assert error(b'{"listen_type":"playing_now","payload":[{"track_metadata":' + raw + b"}]}")[0] == status


@pytest.mark.parametrize(
    "body",
    [
        b'{"payload":' + b"[" * 1_000_000,
        b"[" * 1_000_000,
        b'{"listen_type":"import","payload":[' + b"1," * 1_000_000 + b"1]}",
        b'{"listen_type":"import","payload":[' + b"[]," * 1_000_000 + b"{}]}",
        b'{"listen_type":"import","payload":[{"x":[' + b"[]," * 1_000_000 + b"{}]}]}",
        b'{"listen_type":' + b"[[]," * 500_000,
        b'{"x":"' + b"\\" * 1_000_000 + b'"}',
        b'{"listen_type":"single","payload":[{"track_metadata":' + b'{"a":' * 1_500 + b"1" + b"}" * 1_502 + b"]}",
    ],
    ids=range(8),
)  # fmt: skip
def test_a_body_that_is_made_to_be_costly_is_not(body: bytes) -> None:
    asked = request(body=body)
    tracemalloc.start()
    try:
        started = time.perf_counter()
        reply = answered(asked)
        took_s, (_, peak) = time.perf_counter() - started, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert reply.status == 400
    assert took_s < 2
    assert peak < 3 * len(body) + (1 << 20)


def test_a_long_body_is_not_read_before_its_token_is_known_to_be_good() -> None:
    call = DIALECT.read(request(body=b"[" * LONG_BYTES + b"]"))
    assert isinstance(call, Call)
    assert (call.action, call.credentials, call.submissions) == ("submit", TokenGiven(TOKEN), ())
    assert call.rest
    assert call.rest().about.status == 400


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["listen_type", "payload", "track_metadata", "track_name", "artist_name", "additional_info", "listened_at",
         "recording_mbid", "duration_ms", "submission_client", "isrc", "origin_url", "x"]), inner, max_size=6),
    max_leaves=20,
)  # fmt: skip


@given(st.binary(max_size=80) | JUNK.map(msgspec.json.encode))
def test_any_bytes_are_answered_in_the_dialects_form(body: bytes) -> None:
    status, text = error(body)
    assert status == 400
    assert text


@given(JUNK, JUNK, st.sampled_from(["playing_now", "single", "import"]))
def test_any_information_and_any_time_are_answered(info: Any, at: Any, kind: str) -> None:
    names = {"track_name": "T", "artist_name": "A", "additional_info": info}
    body = {"listen_type": kind, "payload": [{"listened_at": at, "track_metadata": names}]}
    assert error(msgspec.json.encode(body))[0] in (200, 400)


@given(
    st.sampled_from(["GET", "POST", "PUT", "OPTIONS", "HEAD", "DELETE"]),
    st.text(max_size=30),
    st.binary(max_size=30),
    st.text(max_size=30),
)
def test_any_path_query_and_header_is_answered(method: str, path: str, query: bytes, header: str) -> None:
    asked = Request(method, f"/1/{path}", query, {"authorization": header}, b"", "https://globe.example:443", NOW_S)
    assert DIALECT.handles(method, asked.path, query)
    assert answered(asked).status in (200, 204, 400, 401, 404, 405)
