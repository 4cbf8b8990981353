"""Audioscrobbler 1.2: what clients send, and the lines that they get."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.requests_fixtures import NOW_S, Exchange, described, exchanges
from tests.unit.dialect_world import RATE, SESSION, SESSIONS, TOKEN, TOKEN_ID, FrontDoor, request
from webapp.core import precision
from webapp.ingest.audioscrobbler import NOW_PLAYING, SUBMISSION, Audioscrobbler
from webapp.ingest.lastfmkeys import API_KEY, SHARED_SECRET, md5_of
from webapp.ingest.submissions import Call, DigestGiven, Reply, Request

DIALECT = Audioscrobbler()
FRONT = FrontDoor(DIALECT)


def handshake(**fields: str) -> bytes:
    """Return the query of a handshake that is right but for the fields given; "" leaves one out."""
    stamp = fields.get("t", f"{NOW_S:.0f}")
    right = {"hs": "true", "p": "1.2", "c": "mdc", "v": "0.24", "u": TOKEN_ID, "t": stamp}
    right["a"] = md5_of((md5_of(TOKEN.encode()) + stamp).encode())
    return "&".join(f"{name}={value}" for name, value in (right | fields).items() if value).encode()


def begun(query: bytes) -> str:
    return FRONT.ask(request("GET", query=query))[1].body.decode()


def played(body: bytes, path: str = SUBMISSION) -> Call:
    call, reply = FRONT.ask(request(path=path, body=f"s={SESSION}&".encode() + body))
    assert call is not None
    assert reply.body == b"OK\n"
    return call


@pytest.mark.parametrize("exchange", exchanges("audioscrobbler"), ids=lambda exchange: exchange.name)
def test_each_client_gets_its_answer(exchange: Exchange) -> None:
    asked = exchange.request()
    assert DIALECT.handles(asked.method, asked.path, asked.query)
    call, reply = FRONT.ask(asked)
    assert (reply.status, reply.body.decode()) == (exchange.status, exchange.answer.decode())
    assert reply.content_type == exchange.answer_headers["Content-Type"]
    assert [described(each) for each in (call.submissions if call else ())] == list(exchange.plays)


def test_a_page_is_no_handshake() -> None:
    assert not DIALECT.handles("GET", "", b"")
    assert not DIALECT.handles("GET", "", b"artist=chs=true")
    assert not DIALECT.handles("GET", "/connect", b"hs=true")


def test_no_answer_is_kept_by_a_cache() -> None:
    _, reply = FRONT.ask(request("GET", query=handshake()))
    assert dict(reply.headers) == {"Cache-Control": "no-store"}


@pytest.mark.parametrize(
    ("client", "expected"), [("mdc", "mpdscribble"), ("vlc", "at once"), ("qlb", "at once"), ("tst", "unknown")]
)
def test_the_session_keeps_the_client_s_class(client: str, expected: str) -> None:
    session = SESSIONS.read(begun(handshake(c=client)).split("\n")[1])
    assert session is not None
    assert session.token_id == TOKEN_ID
    assert precision.CLASSES[session.precision - precision.CLASSED].name == expected


def test_the_user_name_is_handed_on_as_it_was_sent() -> None:
    call, _ = FRONT.ask(request("GET", query=handshake(u="Bj%C3%B6rn")))
    assert call is not None
    assert isinstance(call.credentials, DigestGiven)
    assert call.credentials.user == "Björn"


@pytest.mark.parametrize("missing", ["u", "t", "a"])
def test_a_handshake_without_credentials_is_refused(missing: str) -> None:
    assert begun(handshake(**{missing: ""})) == "BADAUTH\n"


@pytest.mark.parametrize(
    ("off_s", "expected"), [(-3_601, "BADTIME"), (-3_599, "OK"), (3_599, "OK"), (3_601, "BADTIME"), (10**9, "BADTIME")]
)
def test_a_clock_may_be_an_hour_wrong(off_s: int, expected: str) -> None:
    assert begun(handshake(t=str(int(NOW_S) + off_s))).split("\n")[0] == expected


def test_a_time_that_is_no_number_is_a_bad_time() -> None:
    assert begun(handshake(t="now")) == "BADTIME\n"


@pytest.mark.parametrize(("secret", "expected"), [(SHARED_SECRET, "OK"), ("another", "BADAUTH")])
def test_our_own_key_begins_a_session_with_a_session_and_the_secret(secret: str, expected: str) -> None:
    digest = md5_of(f"{secret}{NOW_S:.0f}".encode())
    assert begun(handshake(p="1.2.1", api_key=API_KEY, sk=SESSION, a=digest)).split("\n")[0] == expected


@pytest.mark.parametrize(("session", "expected"), [(SESSION, "OK"), ("0" * 32, "BADAUTH")])
def test_with_another_app_s_key_the_session_decides(session: str, expected: str) -> None:
    assert begun(handshake(p="1.2.1", api_key="its own", sk=session, a="f" * 32)).split("\n")[0] == expected


def test_a_now_playing_message_is_one_play_of_the_client_s_class() -> None:
    call = played(b"a=Ada+Lumen&t=Low+Tide&b=&l=&n=&m=", NOW_PLAYING)
    assert [(each.kind, each.precision, each.listened_s) for each in call.submissions] == [
        ("now_playing", precision.UNKNOWN, None)
    ]


@pytest.mark.parametrize("body", [b"", b"a=Ada+Lumen&t=", b"t=Low+Tide", b"a=%07&t=Low+Tide"])
def test_a_now_playing_message_without_a_song_is_accepted_and_is_no_play(body: bytes) -> None:
    assert played(body, NOW_PLAYING).submissions == []


def test_numbers_may_be_missing_encoded_and_out_of_order() -> None:
    call = played(b"t%5B7%5D=Second&a[7]=Ada&a%5b2%5d=Ada&t[2]=First&i[2]=1764499700&a[4]=Ada&o[9]=P")
    assert [(each.song.title, each.listened_s) for each in call.submissions] == [
        ("First", 1764499700.0),
        ("Second", None),
    ]


def test_at_most_fifty_plays_are_taken_and_the_answer_is_ok() -> None:
    body = "&".join(f"a[{number}]=Ada&t[{number}]=Song+{number}" for number in range(60)).encode()
    assert [each.song.title for each in played(body).submissions] == [f"Song {number}" for number in range(50)]


@pytest.mark.parametrize("end", [b"\r\n", b"\r\n\r\n", b"\n"])
def test_line_ends_after_a_body_are_left_out(end: bytes) -> None:
    assert played(b"a=Ada&t=Low+Tide" + end, NOW_PLAYING).submissions[0].song.title == "Low Tide"


@pytest.mark.parametrize(
    ("sent", "title"),
    [
        (b"%C3%86r%C3%B8", "Ærø"),
        (b"%C6r%F8", "Ærø"),
        (b"\xc6r\xf8", "Ærø"),
        (b"100%+%zz%4", "100% %zz%4"),
        (b"a%00b%0Ac%1B", "ab c"),
        (b"x" * 400, "x" * 300),
    ],
)
def test_a_title_is_read_whatever_its_encoding_and_mended(sent: bytes, title: str) -> None:
    assert played(b"a=Ada&t=" + sent, NOW_PLAYING).submissions[0].song.title == title


@pytest.mark.parametrize(("length", "expected"), [(b"215", 215.0), (b"0", None), (b"-3", None), (b"", None)])
def test_a_length_that_is_none_is_left_out(length: bytes, expected: float | None) -> None:
    assert played(b"a=Ada&t=Low+Tide&l=" + length, NOW_PLAYING).submissions[0].song.duration_s == expected


@pytest.mark.parametrize("path", [NOW_PLAYING, SUBMISSION])
@pytest.mark.parametrize("session", [b"", b"s=&", b"s=0&", b"s=%FF&"])
def test_without_a_session_the_client_is_sent_to_a_new_handshake(path: str, session: bytes) -> None:
    _, reply = FRONT.ask(request(path=path, body=session + b"a[0]=Ada&t[0]=Low+Tide&a=Ada&t=Low+Tide"))
    assert reply.body == b"BADSESSION\n"


def test_a_submission_without_plays_fails() -> None:
    _, reply = FRONT.ask(request(path=SUBMISSION, body=f"s={SESSION}".encode()))
    assert reply.body == b"FAILED No plays: send a[0], t[0] and i[0]\n"


@pytest.mark.parametrize("asked", [request("GET", query=handshake()), request(path=NOW_PLAYING, body=b"s=1&a=A&t=T")])
def test_too_many_requests_fail_for_some_seconds(asked: Request) -> None:
    _, reply = FrontDoor(DIALECT, is_limited=True).ask(asked)
    assert (reply.status, reply.body) == (200, b"FAILED Too many requests: try again in 12 s\n")


def test_a_failure_of_ours_is_one_line_with_status_200() -> None:
    reply = DIALECT.failure(request(), "The body is too large.\nSend less.", 413, RATE)
    assert (reply.status, reply.body) == (200, b"FAILED The body is too large. Send less.\n")
    assert DIALECT.failure(request(), "Your address is blocked.", 403, RATE).body == b"BANNED\n"
    assert DIALECT.dropped(request(), RATE).body == b"OK\n"


parts = st.one_of(
    st.sampled_from([b"&", b"=", b"%", b"+", b"[", b"]", b"s=", b"a[0]=", b"t[0]=", b"a=", b"t=", b"i[0]=", b"\r\n"]),
    st.sampled_from(
        [b"hs=true", b"&p=1.2&u=x&t=1764500000&a=", b"&sk=", b"&api_key=", SESSION.encode(), b"%5B99999%5D"]
    ),
    st.binary(max_size=6),
)


@settings(max_examples=150)
@given(st.sampled_from(["", NOW_PLAYING, SUBMISSION]), st.lists(parts, max_size=20), st.lists(parts, max_size=20))
@example(SUBMISSION, [], [f"s={SESSION}&a[0]=%ED%A0%80&t[0]=\u2028&l[0]=1e400&i[0]={'9' * 40}".encode()])
@example("", [b"hs=true&a=\xff&t=\xb2&u=x"], [])
def test_any_bytes_get_an_answer_of_whole_lines(path: str, query: list[bytes], body: list[bytes]) -> None:
    _, reply = FRONT.ask(request(path=path, query=b"".join(query), body=b"".join(body)))
    assert isinstance(reply, Reply)
    assert reply.status == 200
    first, *_ = lines = reply.body.decode().split("\n")
    assert first.split(" ")[0] in ("OK", "BADAUTH", "BADTIME", "BADSESSION", "FAILED")
    assert len(lines) == (5 if first == "OK" and path == "" else 2)


def test_a_handshake_by_a_name_that_is_not_ours_fails_and_says_what_to_do() -> None:
    asked = replace(request("GET", query=handshake()), base="")
    assert FRONT.ask(asked)[1].body.decode() == (
        "FAILED This server does not know itself by this name: its operator can add it to UNISON_HOSTS\n"
    )
