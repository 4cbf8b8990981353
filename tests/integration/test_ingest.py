"""POST /api/plays on a real server: what is taken, and what each refusal says."""

import gzip
import http.client
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.ingest_client import LINES, exchange, head, play, send
from tests.serving import OPEN, Answer, Server, stream
from tests.waiting import until

MIB = 1 << 20
GOOD = json.dumps(play()).encode()
NOTHING = {"accepted": 0, "late": 0, "rejected": 0, "errors": [], "notes": []}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("ingest") / "data", options=[OPEN])
    yield server
    server.kill()
    print(server.log)


def accepted(answer: Answer) -> int:
    assert answer.status == 202, answer.body
    assert list(answer.json) == ["accepted", "late", "rejected", "errors", "notes"]
    count: int = answer.json["accepted"]
    return count


def metric(server: Server, name: str) -> float:
    body = send(server, b"", method="GET", path="/metrics", kind=None).body.decode()
    return sum(float(line.rsplit(" ", 1)[1]) for line in body.splitlines() if line.startswith(name))


@pytest.mark.parametrize("body", [play(), [play()], [play(pressed_at=None)]])
def test_an_object_and_a_list_are_taken(server: Server, body: Any) -> None:
    assert send(server, body).json == {"accepted": 1, "late": 0, "rejected": 0, "errors": [], "notes": []}


@pytest.mark.parametrize("kind", [LINES, "application/x-ndjson; charset=utf-8"])
def test_a_play_a_line_is_taken(server: Server, kind: str) -> None:
    answer = send(server, GOOD + b"\n\n{nonsense\n" + GOOD, kind=kind)
    assert accepted(answer) == 2
    assert answer.json["rejected"] == 1
    assert answer.json["errors"][0]["index"] == 1
    assert answer.json["errors"][0]["field"] is None


def test_good_plays_are_taken_and_bad_ones_named(server: Server) -> None:
    answer = send(server, [play(), play(place={"city": "Atlantis", "country": "GR"}), play(listener="\ud800")])
    assert (accepted(answer), answer.json["rejected"]) == (1, 2)
    said = "no city 'Atlantis' in country 'GR'; there is one in ZA, US"
    assert answer.json["errors"][0] == {"index": 1, "field": "place", "error": said}
    assert answer.json["errors"][1]["field"] == "listener"


def test_a_late_play_is_accepted_and_counted_as_late(server: Server) -> None:
    now = time.time()
    answer = send(server, [play(pressed_at=now - 3), play(pressed_at=now), play(pressed_at=now - 2)])
    assert (accepted(answer), answer.json["late"]) == (3, 2)


def test_an_empty_list_is_nothing_and_no_error(server: Server) -> None:
    answer = send(server, [])
    assert (answer.status, answer.json) == (202, NOTHING)


def test_ten_thousand_plays_are_taken_at_once(server: Server) -> None:
    assert accepted(send(server, [play()] * 10_000)) == 10_000


def test_what_was_taken_comes_out_of_the_stream(server: Server) -> None:
    with stream(server) as viewer:
        now, title = time.time(), "<img src=x onerror=alert(1)>"
        track = {"title": title, "artist": "Ada Lumen", "recording": "isrc:QZABC2600001"}
        pair = [play(track=track, listener=f"viewer {i}", pressed_at=now + i / 50) for i in range(2)]
        pair[1]["place"] = {"lon": -34.9, "lat": -8.05}
        send(server, pair, X_Unison_Source="replay")
        found = viewer.until(lambda frame: bool(frame.get("connections")))["connections"][0]
    assert found["track"] | {"id": 0} == track | {"id": 0, "url": None, "artwork_url": None}
    assert (found["from"]["city"], found["to"]["city"], found["apart_ms"]) == ("Osaka", "Recife", 20)
    assert found["source"] == "synthetic"


def test_the_plays_that_came_are_counted_in_the_metrics(server: Server) -> None:
    names = ('unison_plays_accepted_total{source="replay"}', "unison_plays_rejected_total")
    before = [metric(server, name) for name in names]
    send(server, [play(source="replay"), play(source="replay"), play(track=None)])
    assert [metric(server, name) - count for name, count in zip(names, before, strict=True)] == [2, 1]


@pytest.mark.parametrize("kind", [None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_another_content_type_is_refused_with_the_right_ones(server: Server, kind: str | None) -> None:
    answer = send(server, GOOD, kind=kind)
    assert answer.status == 415
    assert "application/json, or application/x-ndjson" in answer.error


def test_another_charset_is_refused(server: Server) -> None:
    assert accepted(send(server, GOOD, kind="Application/JSON; charset=UTF-8")) == 1
    answer = send(server, GOOD, kind="application/json; charset=latin-1")
    assert (answer.status, answer.error) == (415, "got charset 'latin-1'; expected UTF-8")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b"{", "at byte 1 (line 1, column 2)"),
        (b"[" + GOOD + b",\n{]", "(line 2, column 2)"),
        (b'[{"lon": NaN}]', "NaN is not a JSON number at byte 9"),
        (b"\xff", "0xff is not UTF-8 at byte 0"),
        (b"7", "got 7; expected a play or a list of plays"),
    ],
)
def test_a_body_that_is_not_json_is_refused_and_nothing_of_it_taken(server: Server, body: bytes, says: str) -> None:
    names = ("unison_plays_accepted_total", "unison_plays_rejected_total")
    before = [metric(server, name) for name in names]
    answer = send(server, body)
    assert answer.status == 400
    assert says in answer.error
    assert [metric(server, name) for name in names] == before


def test_a_source_that_is_none_is_refused(server: Server) -> None:
    answer = send(server, GOOD, X_Unison_Source="real")
    assert (answer.status, answer.error) == (
        400,
        "X-Unison-Source: got 'real'; expected one of 'live', 'synthetic', 'replay'",
    )


def test_more_than_ten_thousand_plays_are_refused(server: Server) -> None:
    answer = send(server, [play()] * 10_001)
    assert (answer.status, "more than 10000 plays" in answer.error) == (413, True)


def test_other_methods_are_refused_with_the_right_one(server: Server) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        answer = send(server, b"" if method == "GET" else GOOD, method=method)
        assert answer.status == 405
        assert "POST" in answer.headers["Allow"]
        assert answer.error


@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_answers_to_plays_have_the_security_headers_of_all_others(server: Server, kind: str) -> None:
    headers = send(server, GOOD, kind=kind).headers
    assert headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in headers


def test_a_gzip_body_is_inflated(server: Server) -> None:
    packed = gzip.compress(json.dumps([play()] * 3).encode())
    assert accepted(send(server, packed, Content_Encoding="gzip")) == 3
    assert accepted(send(server, packed + b"\0\0", Content_Encoding="GZIP")) == 3
    members = gzip.compress(GOOD + b"\n") + gzip.compress(GOOD)
    assert accepted(send(server, members, kind=LINES, Content_Encoding="gzip")) == 2


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (gzip.compress(GOOD)[:-1], 400, "cut short"),
        (gzip.compress(GOOD)[:20], 400, "cut short"),
        (b"", 400, "cut short"),
        (GOOD, 400, "not gzip"),
        (gzip.compress(GOOD)[:-5] + b"\0\0\0\0\0", 400, "damaged"),
        (gzip.compress(GOOD) + b"more", 400, "not gzip"),
        (gzip.compress(b"") * 300, 400, "more than 256 members"),
        (gzip.compress(b"[" + b" " * 10 * MIB + b"]"), 413, "inflated"),
        (gzip.compress(bytes(200 * MIB), 1), 413, "inflated"),
    ],
    ids=["cut", "cut-early", "empty", "plain", "crc", "trailing", "members", "just-over", "bomb"],
)
def test_a_gzip_body_that_cannot_be_used_is_refused(server: Server, body: bytes, status: int, says: str) -> None:
    answer = send(server, body, Content_Encoding="gzip")
    assert answer.status == status
    assert says in answer.error


def test_another_content_encoding_is_refused(server: Server) -> None:
    answer = send(server, GOOD, Content_Encoding="br")
    assert (answer.status, answer.error) == (
        415,
        "Content-Encoding 'br' is not supported; send gzip, or no Content-Encoding",
    )


def test_exactly_ten_mebibytes_are_read_and_one_byte_more_refused(server: Server) -> None:
    body = GOOD + b" " * (10 * MIB - len(GOOD))
    assert accepted(send(server, body)) == 1
    answer = send(server, body + b" ")
    assert (answer.status, answer.error.startswith("10485761 bytes are more than the 10485760 bytes")) == (413, True)


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (401, {"X_Forwarded_For": "203.0.113.9"}),
        (403, {"Origin": "https://elsewhere.example"}),
        (404, {"path": "/nowhere"}),
        (405, {"method": "PUT"}),
        (415, {"kind": "text/plain"}),
        (415, {"Content_Encoding": "br"}),
        (400, {"X_Unison_Source": "real"}),
        (400, {}),
    ],
)
def test_the_answer_to_nine_mebibytes_that_are_refused_arrives(
    server: Server, status: int, request_: dict[str, str]
) -> None:
    answer = send(server, b"x" * (9 * MIB), Connection="close", **request_)
    assert answer.status == status
    assert answer.error


def test_a_body_in_chunks_is_read(server: Server) -> None:
    assert accepted(send(server, iter([b"[", GOOD, b",", GOOD, b"]"]))) == 2
    answer = send(server, iter([b" " * MIB] * 11))
    assert (answer.status, answer.error.startswith("it is more than")) == (413, True)


def test_malformed_chunks_are_an_error(server: Server) -> None:
    start = head(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    answer = exchange(server, start + b"5\r\n[{}\r\n", end=True)
    assert (answer.status, "incomplete, or its chunks are malformed" in answer.error) == (400, True)


def test_a_body_shorter_than_announced_is_an_error(server: Server) -> None:
    answer = exchange(server, head(len(GOOD) + 10) + GOOD, end=True)
    assert answer.status == 400
    assert answer.error == f"the body ended after {len(GOOD)} of the {len(GOOD) + 10} bytes in Content-Length"


def test_a_body_longer_than_announced_is_cut_there(server: Server) -> None:
    answer = exchange(server, head(len(GOOD) - 1) + GOOD)
    assert (answer.status, "not JSON" in answer.error) == (400, True)


def test_a_refusal_is_told_at_once_and_drains_the_body_for_five_seconds_at_most(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(head(1000, "Origin: https://elsewhere.example") + b"[")
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert (answer.status, answer.headers["Connection"]) == (403, "close")
        began = time.monotonic()
        until(lambda: is_cut(connection), 15)
        assert time.monotonic() - began > 3


def is_cut(connection: socket.socket) -> bool:
    """Tell whether the other end takes no byte more."""
    try:
        connection.sendall(b" ")
    except ConnectionError:
        return True
    return False


def test_a_refusal_before_the_body_is_read_closes_the_connection_and_one_after_it_does_not(server: Server) -> None:
    for headers, kept in (({"Origin": "https://elsewhere.example"}, False), ({"X-Unison-Source": "live"}, True)):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        connection.request("POST", "/api/plays", b"{", {"Content-Type": "application/json"} | headers)
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, connection.sock is not None) == ((400, True) if kept else (403, False))
        connection.close()


def test_deep_nesting_is_an_error_of_its_play(server: Server) -> None:
    deep = b'{"track":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    answer = send(server, b"[" + GOOD + b"," + deep + b"," + GOOD + b"]")
    assert (accepted(answer), answer.json["rejected"]) == (2, 1)


@pytest.mark.parametrize(
    ("line", "status"),
    [("Authorization Bearer something-secret", 400), ("SCRIPT_NAME: /elsewhere", 202), ("Origin: http://[", 403)],
)
def test_an_odd_header_is_no_error_of_the_server(server: Server, line: str, status: int) -> None:
    assert exchange(server, head(len(GOOD), line) + GOOD).status == status


def test_the_server_logged_nothing_of_all_this(server: Server) -> None:
    told = ("Unison is on", "Accepting plays ", "Metrics and status are", "WARNING a proxy on this machine ")
    busy = ("WARNING not ready: matching is ", "INFO ready again")
    assert [line for line in server.log.splitlines() if line and not line.startswith(told + busy)] == []


def test_too_many_waiting_plays_are_refused_with_a_time_to_come_back(serve: Any) -> None:
    server = serve(UNISON_PLAYS_MAX="5")
    answer = send(server, [play()] * 6)
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert "too many plays are waiting" in answer.error
    assert accepted(send(server, [play()] * 5)) == 5
    assert send(server, b"read by nobody").status == 429
