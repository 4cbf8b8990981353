"""Last.fm's web service 2.0: what clients send, and what they get."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.requests_fixtures import Exchange, described, exchanges
from tests.unit.dialect_world import RATE, REQUEST_TOKEN, SESSION, SESSIONS, TOKEN, TOKEN_ID, FrontDoor, request
from webapp.core import precision
from webapp.ingest import lastfmerrors
from webapp.ingest.forms import fields
from webapp.ingest.lastfm import LastFm
from webapp.ingest.lastfmkeys import API_KEY, SHARED_SECRET, md5_of, signature
from webapp.ingest.submissions import Call, ConfirmedGiven, DigestGiven, Reply, SessionGiven

DIALECT = LastFm()
FRONT = FrontDoor(DIALECT)
OTHER_APP = {"api_key": "its own"}


def body_of(**sent: object) -> bytes:
    return "&".join(f"{name}={value}" for name, value in sent.items()).encode()


def asked(method: str, front: FrontDoor = FRONT, /, **sent: object) -> tuple[Call | None, Reply]:
    """Send a method's fields as another app does."""
    return front.ask(request(path="/2.0", body=body_of(**(OTHER_APP | {"method": method} | sent))))


def told(method: str, front: FrontDoor = FRONT, /, **sent: object) -> Any:
    """Return what the answer in JSON says."""
    return json.loads(asked(method, front, **({"sk": SESSION} | sent), format="json")[1].body)


def error_of(reply: Reply) -> tuple[int, int]:
    """Return the HTTP status and the code of an error in XML, whose text is never empty."""
    error = ElementTree.fromstring(reply.body).find("error")
    assert error is not None
    assert error.text
    return reply.status, int(error.attrib["code"])


@pytest.mark.parametrize("exchange", exchanges("lastfm"), ids=lambda exchange: exchange.name)
def test_each_client_gets_its_answer(exchange: Exchange) -> None:
    sent = exchange.request()
    assert DIALECT.handles(sent.method, sent.path, sent.query)
    call, reply = FRONT.ask(sent)
    assert (reply.status, reply.body.decode()) == (exchange.status, exchange.answer.decode())
    assert reply.content_type == exchange.answer_headers["Content-Type"]
    assert [described(each) for each in (call.submissions if call else ())] == list(exchange.plays)


def test_the_path_alone_says_that_it_is_last_fm() -> None:
    assert DIALECT.handles("GET", "/2.0", b"")
    assert not DIALECT.handles("GET", "/2.01", b"")
    assert not DIALECT.handles("GET", "", b"method=user.getinfo")


@pytest.mark.parametrize(
    ("sent", "accept", "is_json"),
    [
        ({}, "*/*", False),
        ({"format": "json"}, "text/xml", True),
        ({"format": "JSON"}, "", True),
        ({"format": "xml"}, "application/json", False),
        ({}, "application/json, text/plain, */*", True),
    ],
)
def test_the_format_is_xml_unless_json_is_asked_for(sent: dict[str, str], accept: str, is_json: bool) -> None:
    body = body_of(**(OTHER_APP | {"method": "auth.getToken"} | sent))
    _, reply = FRONT.ask(request(path="/2.0", body=body, headers={"accept": accept}))
    assert reply.content_type.startswith("application/json" if is_json else "text/xml")
    assert reply.body.startswith(b"{" if is_json else b"<?xml")


def test_query_and_form_are_one() -> None:
    call, _ = FRONT.ask(
        request(path="/2.0", query=b"method=track.updateNowPlaying&artist=Ada", body=b"track=Low&api_key=k&sk=s")
    )
    assert call is not None
    assert call.credentials == SessionGiven("s")
    assert [each.song.title for each in call.submissions] == ["Low"]


def test_the_name_of_a_method_may_be_in_any_case() -> None:
    assert told("USER.GETINFO")["user"]["name"] == TOKEN_ID


@pytest.mark.parametrize(
    ("path", "sent", "expected"),
    [
        ("/2.0/anything", {"method": "user.getInfo", "api_key": "k"}, (400, 2)),
        ("/2.0", {"method": "radio.tune", "api_key": "k"}, (400, 3)),
        ("/2.0", {"method": "user.getInfo", "api_key": "k", "format": "rss"}, (400, 5)),
        ("/2.0", {"api_key": "k"}, (400, 6)),
        ("/2.0", {"method": "user.getInfo"}, (403, 10)),
        ("/2.0", {"method": "user.getInfo", "api_key": ""}, (403, 10)),
        ("/2.0", {"method": "track.scrobble", "api_key": API_KEY, "sk": SESSION}, (403, 13)),
        ("/2.0", {"method": "track.scrobble", "api_key": API_KEY, "api_sig": "0" * 32}, (403, 13)),
        ("/2.0", {"method": "auth.getToken", "api_key": API_KEY}, (403, 13)),
        ("/2.0", {"method": "user.getInfo", "api_key": API_KEY, "sk": SESSION, "api_sig": "x"}, (403, 13)),
    ],
)
def test_a_wrong_request_gets_its_documented_code(path: str, sent: dict[str, str], expected: tuple[int, int]) -> None:
    call, reply = FRONT.ask(request(path=path, body=body_of(**sent)))
    assert call is None
    assert error_of(reply) == expected


def test_our_own_key_is_signed_with_our_own_secret_in_any_order_and_case() -> None:
    sent = b"track%5B0%5D=%C3%86r%C3%B8&track[10]=A&method=track.scrobble&sk=" + SESSION.encode()
    sent += f"&artist[0]=A+B&artist[10]=B&api_key={API_KEY}".encode()
    signed = sent + f"&api_sig={signature(fields(sent), SHARED_SECRET).upper()}&format=xml&callback=f".encode()
    assert FRONT.ask(request(path="/2.0", body=signed))[1].status == 200


def test_a_signature_is_the_md5_of_the_sorted_fields_and_the_secret() -> None:
    sent = fields(b"b[1]=2&b[10]=1&a=%26&format=json&callback=x&api_sig=y")
    assert signature(sent, "secret") == md5_of(b"a&b[10]1b[1]2secret")


def test_reading_needs_no_signature_with_our_own_key() -> None:
    assert asked("user.getInfo", api_key=API_KEY, sk=SESSION)[1].status == 200


def test_a_log_in_with_the_token_as_password_begins_a_session() -> None:
    session = told("auth.getMobileSession", username="Bj%C3%B6rn", password=TOKEN)["session"]
    assert session == {"name": TOKEN_ID, "key": SESSION, "subscriber": 0}


@pytest.mark.parametrize("name", ["mzxw6ytboi", "Bj%C3%B6rn", "bj%C3%B6rn"])
def test_a_log_in_with_a_digest_begins_a_session(name: str) -> None:
    digest = md5_of((name.replace("%C3%B6", "ö") + md5_of(TOKEN.encode())).encode())
    call, reply = asked("auth.getMobileSession", username=name, authToken=digest.upper())
    assert reply.status == 200
    assert call is not None
    assert isinstance(call.credentials, DigestGiven)
    assert call.credentials.user == name.replace("%C3%B6", "ö")


def test_a_digest_with_the_name_in_lower_case_is_good_too() -> None:
    digest = md5_of(("ada" + md5_of(TOKEN.encode())).encode())
    assert asked("auth.getMobileSession", username="Ada", authToken=digest)[1].status == 200


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"username": "ada", "password": "wrong"}, (403, 4)),
        ({"username": "ada", "authToken": "0" * 32}, (403, 4)),
        ({"username": "ada", "authToken": "%FF"}, (403, 4)),
        ({"username": "ada"}, (400, 6)),
        ({"authToken": "0" * 32}, (400, 6)),
    ],
)
def test_a_wrong_log_in_is_refused(sent: dict[str, str], expected: tuple[int, int]) -> None:
    assert error_of(asked("auth.getMobileSession", **sent)[1]) == expected


def test_a_log_in_by_get_is_refused_since_addresses_are_logged() -> None:
    query = body_of(method="auth.getMobileSession", api_key="k", username="ada", password=TOKEN)
    assert error_of(FRONT.ask(request("GET", "/2.0", query))[1]) == (403, 4)


def test_a_session_keeps_the_client_s_class() -> None:
    key = told("auth.getMobileSession", api_key="panoScrobbler", password=TOKEN)["session"]["key"]
    session = SESSIONS.read(key)
    assert session is not None
    assert session.precision == precision.of_client(["Pano Scrobbler"]) != precision.UNKNOWN


def test_a_request_token_becomes_a_session_once_it_is_confirmed() -> None:
    call, _ = asked("auth.getSession", token=REQUEST_TOKEN)
    assert call is not None
    assert (call.action, call.credentials) == ("session", ConfirmedGiven(REQUEST_TOKEN))
    assert told("auth.getToken") == {"token": REQUEST_TOKEN}
    assert told("auth.getSession", token=REQUEST_TOKEN)["session"]["key"] == SESSION


@pytest.mark.parametrize(
    ("token", "expected"), [(REQUEST_TOKEN, (403, 14)), ("a" * 31, (403, 4)), ("A" * 32, (403, 4)), ("", (400, 6))]
)
def test_a_request_token_that_is_not_confirmed_begins_no_session(token: str, expected: tuple[int, int]) -> None:
    front = FrontDoor(DIALECT, is_confirmed=False)
    assert error_of(asked("auth.getSession", front, token=token)[1]) == expected


@pytest.mark.parametrize("method", ["track.scrobble", "track.updateNowPlaying", "user.getInfo", "user.getRecentTracks"])
@pytest.mark.parametrize("sent", [{}, {"sk": ""}, {"sk": "0" * 32}, {"sk": TOKEN}])
def test_without_a_session_code_9_comes_before_all_others(method: str, sent: dict[str, str]) -> None:
    assert error_of(asked(method, **sent)[1]) == (403, 9)


def test_a_user_is_always_the_session_s() -> None:
    assert told("user.getInfo", user="somebody")["user"]["name"] == TOKEN_ID


def test_a_now_playing_message_is_a_press_of_the_client_s_class() -> None:
    body = body_of(api_key="k", sk=SESSION, method="track.updateNowPlaying", artist="Ada", track="Low", timestamp=5)
    call, _ = FRONT.ask(request(path="/2.0", body=body, headers={"user-agent": "foobar2000/2.1"}))
    assert call is not None
    assert [(each.kind, each.precision, each.listened_s) for each in call.submissions] == [
        ("now_playing", precision.of_client(["foobar2000"]), None)
    ]


@pytest.mark.parametrize("method", ["track.updateNowPlaying", "track.scrobble"])
@pytest.mark.parametrize("sent", [{}, {"artist": "Ada"}, {"track[0]": "Low"}, {"artist[0]": "Ada", "track[1]": "Low"}])
def test_a_message_without_title_or_artist_misses_a_parameter(method: str, sent: dict[str, str]) -> None:
    call, reply = asked(method, sk=SESSION, **sent)
    assert call is not None
    assert call.submissions == []
    assert error_of(reply) == (400, 6)


@pytest.mark.parametrize(
    ("method", "found"), [("track.updateNowPlaying", "nowplaying"), ("track.scrobble", "*/scrobble")]
)
@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"artist": "", "track": ""}, "1"),
        ({"artist": "Ada", "track": "%07"}, "2"),
        ({"artist": "+", "track": "x"}, "1"),
    ],
)
def test_a_play_with_an_empty_title_or_artist_is_ignored(
    method: str, found: str, sent: dict[str, str], code: str
) -> None:
    call, reply = asked(method, sk=SESSION, **sent)
    assert call is not None
    assert call.submissions == []
    ignored = ElementTree.fromstring(reply.body).find(f"{found}/ignoredMessage")
    assert ignored is not None
    assert (ignored.attrib["code"], bool(ignored.text)) == (code, True)


@pytest.mark.parametrize("number", ["", "[0]", "%5B0%5D", "[7]"])
def test_one_scrobble_may_have_a_number_or_none(number: str) -> None:
    sent = {f"artist{number}": "Ada", f"track{number}": "Low", f"timestamp{number}": "1764499700"}
    call, reply = asked("track.scrobble", sk=SESSION, **sent)
    assert call is not None
    assert [(each.song.title, each.kind, each.listened_s) for each in call.submissions] == [
        ("Low", "scrobble", 1764499700.0)
    ]
    assert b'<scrobbles accepted="1" ignored="0">' in reply.body


@pytest.mark.parametrize(("count", "status"), [(50, 200), (51, 400)])
def test_fifty_scrobbles_fit_in_a_call(count: int, status: int) -> None:
    sent = {f"{name}[{number}]": "x" for number in range(count) for name in ("artist", "track")}
    call, reply = asked("track.scrobble", sk=SESSION, **sent)
    assert call is not None
    assert (reply.status, len(call.submissions)) == (status, 50 if status == 200 else 0)


def test_a_scrobble_without_a_song_costs_its_neighbours_nothing() -> None:
    sent = {"artist[0]": "Ada", "track[1]": "Low", "artist[2]": "Ada", "track[2]": "High"}
    scrobbles = told("track.scrobble", **sent)["scrobbles"]
    assert scrobbles["@attr"] == {"accepted": 1, "ignored": 2}
    assert [each["ignoredMessage"]["code"] for each in scrobbles["scrobble"]] == ["2", "1", "0"]


def test_a_scrobble_that_the_front_door_refuses_is_ignored() -> None:
    front = FrontDoor(DIALECT, refused={1: "blocked"})
    sent = {"artist[0]": "", "track[0]": "No artist"}
    sent |= {f"{name}[{number}]": "x" for number in (1, 2) for name in ("artist", "track")}
    scrobbles = told("track.scrobble", front, **sent)["scrobbles"]
    assert [each["ignoredMessage"]["code"] for each in scrobbles["scrobble"]] == ["1", "0", "2"]


def test_texts_are_escaped_and_mended() -> None:
    title = "%3C%26%22%5D%5D%3E%00%0B%C2%85" + "%F0%9F%8E%B5" * 400
    _, reply = asked("track.updateNowPlaying", sk=SESSION, artist="%C6r%F8", track=title)
    track = ElementTree.fromstring(reply.body).findtext("nowplaying/track")
    assert track == ('<&"]]> ' + "🎵" * 400)[:300]
    assert ElementTree.fromstring(reply.body).findtext("nowplaying/artist") == "Ærø"


def test_too_many_requests_are_code_29_and_say_when_to_come_back() -> None:
    _, reply = asked("track.scrobble", FrontDoor(DIALECT, is_limited=True), sk=SESSION, artist="A", track="T")
    assert error_of(reply) == (429, 29)
    assert dict(reply.headers)["Retry-After"] == "12"


@pytest.mark.parametrize(
    ("status", "code"), [(400, 6), (403, 26), (408, 16), (413, 6), (429, 29), (500, 8), (502, 16), (503, 11)]
)
def test_a_failure_of_ours_keeps_its_status_and_has_a_fitting_code(status: int, code: int) -> None:
    assert error_of(DIALECT.failure(request(), "It is too large.", status, RATE)) == (status, code)
    assert error_of(DIALECT.failure(request(), "", status, RATE)) == (status, code)


@pytest.mark.parametrize(
    ("query", "headers", "is_json"),
    [(b"format=json", {}, True), (b"", {"accept": "application/json"}, True), (b"format=xml", {}, False)],
)
def test_a_failure_and_what_was_dropped_are_told_in_the_clients_format(
    query: bytes, headers: dict[str, str], is_json: bool
) -> None:
    unread = request(path="/2.0", query=query, headers=headers)
    for status in (413, 429):
        assert DIALECT.failure(unread, "It is too large.", status, RATE).body.startswith(b"{") is is_json
    dropped = DIALECT.dropped(unread, RATE)
    assert dropped.status == 200
    if is_json:
        assert json.loads(dropped.body)["scrobbles"]["@attr"] == {"accepted": 0, "ignored": 0}
    else:
        assert b'<lfm status="ok">' in dropped.body


def test_every_error_has_a_text_and_a_status_of_an_error() -> None:
    errors = [each for each in vars(lastfmerrors).values() if isinstance(each, lastfmerrors.LastFmError)]
    assert {each.code for each in errors} >= {2, 3, 4, 6, 8, 9, 10, 11, 13, 16, 26, 29}
    assert all(each.text and each.status >= 400 for each in errors)


names = st.one_of(
    st.sampled_from(["method", "api_key", "api_sig", "sk", "format", "token", "username", "password", "authToken"]),
    st.sampled_from(["track", "artist[0]", "track[0]", "timestamp[0]", "artist[999999]", "track%5B999999%5D", "%FF"]),
)
values = st.one_of(
    st.sampled_from(["track.scrobble", "track.updateNowPlaying", "auth.getMobileSession", "auth.getSession"]),
    st.sampled_from(["user.getInfo", "json", SESSION, REQUEST_TOKEN, API_KEY, "%ED%A0%80", "%00", "%", "1e400", ""]),
    st.text(st.characters(codec="utf-8"), max_size=6),
)
pairs = st.lists(st.one_of(st.builds(lambda name, value: f"{name}={value}".encode(), names, values), st.binary()))
headers = st.dictionaries(st.sampled_from(["accept", "user-agent"]), st.text(max_size=8), max_size=2)


@settings(max_examples=150)
@given(st.sampled_from(["GET", "POST", "PUT"]), st.sampled_from(["/2.0", "/2.0/x"]), pairs, pairs, headers)
@example(
    "POST", "/2.0", [b"api_key=k&method=track.scrobble&sk=" + SESSION.encode()], [b"track=\xed\xa0\x80&artist=1"], {}
)
def test_any_bytes_get_an_answer_that_can_be_read(
    method: str, path: str, query: list[bytes], body: list[bytes], sent: dict[str, str]
) -> None:
    _, reply = FRONT.ask(request(method, path, b"&".join(query), b"&".join(body), sent))
    assert reply.status in (200, 400, 403)
    if reply.content_type.startswith("application/json"):
        assert json.loads(reply.body)
    else:
        assert ElementTree.fromstring(reply.body).attrib["status"] == ("ok" if reply.status == 200 else "failed")
