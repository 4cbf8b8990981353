"""The front door, with a dialect of its own: what it does is the same for all."""

from __future__ import annotations

import gc
import gzip
import io
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import md5
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder, TestResponse

from tests.unit.making import OSAKA, RECIFE
from webapp import app as application
from webapp.config import Settings
from webapp.core.plays import Overloaded, PlayBatch
from webapp.core.precision import CLASSED, UNKNOWN, UNMATCHED
from webapp.ingest.submissions import (
    Call,
    ConfirmedGiven,
    DigestGiven,
    Outcome,
    RateStatus,
    Reply,
    Request,
    SessionGiven,
    Song,
    Submission,
    TokenGiven,
)
from webapp.services import Services
from webapp.storage.accounts import NewToken
from webapp.web import dialectreading, frontdoor
from webapp.web.dialectrequests import SMALL
from webapp.web.principals import ASKINGS

AT_ONCE = CLASSED + 1


class Said(msgspec.Struct):
    """What a client of the dialect says."""

    token: str = ""
    digest: str = ""
    user: str = ""
    key: str = ""
    confirmed: str = ""
    action: Any = "submit"
    kind: Any = "now_playing"
    title: str = "Night Bus Home"
    precision: int = AT_ONCE
    place: Any = None
    plays: int = 1
    url: str | None = None
    is_long: bool = False

    def call(self) -> Call:
        if self.is_long:
            return Call(self.action, self._credentials(), rest=msgspec.structs.replace(self, is_long=False).call)
        song = Song(self.title, "Marisol Vey", duration_s=200.0, url=self.url)
        told = [Submission(song, self.kind, self.precision, self.place)] * self.plays
        return Call(self.action, self._credentials(), told if self.action == "submit" else (), self.precision)

    def _credentials(self) -> Any:
        if self.token:
            return TokenGiven(self.token)
        if self.digest:
            return DigestGiven(self.user, lambda token: md5(token.encode()).hexdigest() == self.digest)
        return SessionGiven(self.key) if self.key else ConfirmedGiven(self.confirmed) if self.confirmed else None


@dataclass
class Toy:
    """A dialect of JSON, which answers with all that it is told."""

    name: str = "toy"
    body_most: int = 4_000
    asked: list[Request] = field(default_factory=list)

    def handles(self, method: str, path: str, query: bytes) -> bool:
        return path == "/toy" or path.startswith("/toy/J") or (path == "" and query == b"toy")

    def read(self, request: Request) -> Call | Reply:
        self.asked.append(request)
        if request.method == "GET":
            return Reply(200, b"{}", "application/json", (("X-Toy", "yes"),))
        return msgspec.json.decode(request.body, type=Said).call()

    def reply(self, call: Call, outcome: Outcome) -> Reply:
        told = {
            "who": outcome.principal and outcome.principal.id, "key": outcome.session, "rate": outcome.rate.remaining,
            "limited": outcome.is_limited, "precision": outcome.session_precision, "asked": outcome.request_token,
            "refused": {str(index): why for index, why in outcome.refused.items()},
        }  # fmt: skip
        return Reply(200, msgspec.json.encode(told), "application/json")

    def dropped(self, request: Request, rate: RateStatus) -> Reply:
        return Reply(200, msgspec.json.encode({"dropped": request.path}), "application/json")

    def failure(self, request: Request, sentence: str, status: int, rate: RateStatus) -> Reply:
        assert request.body == b""
        told = {"failure": sentence, "status": status}
        return Reply(status, msgspec.json.encode(told), "application/json")


class Client:
    """A client of the dialect."""

    def __init__(self, http: FlaskClient, services: Services, toy: Toy) -> None:
        self.http, self.services, self.toy = http, services, toy

    def send(self, path: str = "/toy", **said: Any) -> Any:
        """Send a message; return what the dialect was told."""
        answer = self.http.post(path, data=msgspec.json.encode(Said(**said)))
        assert answer.status_code == 200, answer.data
        return answer.json

    def counted(self, kind: str, outcome: str) -> float:
        """Return how many messages had an outcome."""
        labels = {"dialect": "toy", "kind": kind, "outcome": outcome}
        return self.services.metrics.registry.get_sample_value("unison_client_messages_total", labels) or 0.0


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Toy:
    toy = Toy()
    monkeypatch.setattr(frontdoor, "DIALECTS", (toy,))
    return toy


@pytest.fixture
def client(services: Services, toy: Toy) -> Iterator[Client]:
    """A client of an application that is open, and of which nothing runs."""
    services._open()
    yield Client(application.make_app(services, lambda: None).test_client(), services, toy)
    for part in (services.accounts, services.history, services._data_dir):
        part.close()


@pytest.fixture
def taken(services: Services, monkeypatch: pytest.MonkeyPatch) -> list[PlayBatch]:
    """The plays that were given to the matcher."""
    batches: list[PlayBatch] = []

    def submit(batch: bytes) -> int:
        batches.append(PlayBatch.decode(batch))
        return 0

    monkeypatch.setattr(services.live.intake, "submit", submit)
    return batches


def made(client: Client, city: int | None = OSAKA, per_minute: int | None = None) -> NewToken:
    return client.services.accounts.create("listener", city, per_minute)


def city_of(client: Client, batch: PlayBatch) -> int:
    return client.services.gazetteer[int(batch.city[0])].geoname_id


def test_a_now_playing_message_is_a_press_of_the_tokens_listener_in_its_city(
    client: Client, taken: list[PlayBatch]
) -> None:
    token = made(client)
    assert client.send(token=token.text) == {
        "who": token.principal.id, "key": None, "rate": 59, "limited": False, "precision": None, "asked": None,
        "refused": {},
    }  # fmt: skip
    assert len(taken) == 1
    assert city_of(client, taken[0]) == OSAKA
    assert taken[0].precision.tolist() == [AT_ONCE]
    assert b'"title":"Night Bus Home"' in taken[0].tracks[0]
    assert client.counted("now_playing", "press") == 1
    activity = client.services.accounts.activity(token.principal.id)
    assert activity
    assert (activity.client, activity.presses, activity.pressed_city) == ("at once", 1, OSAKA)


def test_a_repeat_is_no_press(client: Client, taken: list[PlayBatch]) -> None:
    token = made(client)
    for title in ("Night Bus Home", "night bus home", "Tide"):
        client.send(token=token.text, title=title)
    assert len(taken) == 2
    assert (client.counted("now_playing", "press"), client.counted("now_playing", "repeat")) == (2, 1)


def test_of_two_equal_messages_at_once_one_is_a_repeat(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    token, both = made(client), threading.Barrier(2)

    def submit(_: bytes) -> int:
        with suppress(threading.BrokenBarrierError):
            both.wait(0.3)  # the other one would come here meanwhile
        return 0

    monkeypatch.setattr(client.services.live.intake, "submit", submit)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: client.send(token=token.text), range(2)))
    assert (client.counted("now_playing", "press"), client.counted("now_playing", "repeat")) == (1, 1)


def test_two_players_with_one_token_press_once_for_each_song(client: Client, taken: list[PlayBatch]) -> None:
    token = made(client)
    for title in ("Night Bus Home", "Tide") * 3:
        client.send(token=token.text, title=title)
    assert len(taken) == 2
    assert client.counted("now_playing", "repeat") == 4


@pytest.mark.parametrize("kind", ["scrobble", "import"])
def test_scrobbles_and_imports_are_counted_and_never_a_press(client: Client, taken: list[PlayBatch], kind: str) -> None:
    token = made(client)
    assert client.send(token=token.text, kind=kind, plays=3)["refused"] == {}
    assert taken == []
    assert client.counted(kind, "counted") == 3
    activity = client.services.accounts.activity(token.principal.id)
    assert activity
    assert (activity.scrobbles, activity.presses, activity.song) == (3, 0, None)


def test_pollers_and_unplaced_messages_are_counted_and_not_matched(client: Client, taken: list[PlayBatch]) -> None:
    client.send(token=made(client).text, precision=UNMATCHED)
    client.send(token=made(client, city=None).text)
    assert [batch.precision.tolist() for batch in taken] == [[UNMATCHED], [UNMATCHED]]
    assert (client.counted("now_playing", "poller"), client.counted("now_playing", "unplaced")) == (1, 1)


def test_a_message_that_says_where_it_is_is_there_if_its_token_is_nowhere(
    client: Client, taken: list[PlayBatch]
) -> None:
    client.send(token=made(client, city=None).text, place={"geoname_id": RECIFE})
    assert city_of(client, taken[0]) == RECIFE


def test_a_song_that_cannot_be_used_is_refused_and_a_wrong_part_of_it_left_out(
    client: Client, taken: list[PlayBatch]
) -> None:
    token = made(client)
    refused = client.send(token=token.text, title="a" * 301)["refused"]
    assert refused == {"0": f"got 301 characters, '{60 * 'a'}'…; expected 1 to 300"}
    assert client.send(token=token.text, url="ftp://example.org/")["refused"] == {}
    assert len(taken) == 1
    assert client.counted("now_playing", "malformed") == 1


@pytest.mark.parametrize("said", [{}, {"token": "wrong"}, {"key": "0" * 32}, {"digest": "0" * 32}, {"confirmed": "x"}])
def test_missing_and_wrong_credentials_are_the_dialects_to_answer(client: Client, said: dict[str, str]) -> None:
    told = client.send(**said)
    assert (told["who"], told["limited"]) == (None, False)
    assert client.counted("now_playing", "refused") == 1


def test_a_session_is_begun_with_a_digest_and_keeps_the_clients_precision(
    client: Client, taken: list[PlayBatch]
) -> None:
    token = made(client)
    digest = md5(token.text.encode()).hexdigest()
    key = client.send(action="session", user=token.principal.id, digest=digest, precision=AT_ONCE)["key"]
    told = client.send(key=key, precision=UNKNOWN)
    assert (told["who"], told["precision"]) == (token.principal.id, AT_ONCE)
    assert taken[0].precision.tolist() == [AT_ONCE]


def test_a_request_token_is_given_and_once_confirmed_begins_a_session(client: Client) -> None:
    asked = client.send(action="request_token")["asked"]
    assert client.send(action="session", confirmed=asked)["key"] is None
    assert len(asked) == 32


def test_one_address_gets_so_many_request_tokens_and_others_get_theirs(client: Client) -> None:
    def ask(address: str) -> Any:
        body = msgspec.json.encode(Said(action="request_token"))
        return client.http.post("/toy", data=body, environ_overrides={"REMOTE_ADDR": address}).json

    told = [ask("192.0.2.1") for _ in range(ASKINGS.burst + 1)]
    assert [each["limited"] for each in told] == [False] * ASKINGS.burst + [True]
    assert (told[-1]["asked"], told[-1]["rate"]) == (None, 0)
    assert len(ask("192.0.2.2")["asked"]) == 32


def test_an_app_gets_its_session_though_its_first_question_was_limited(client: Client) -> None:
    token = made(client, per_minute=1)
    asked = client.send(action="request_token")["asked"]
    client.services.principals.request_tokens.confirm(asked, token.principal.id)
    client.send(token=token.text)
    assert client.send(action="session", confirmed=asked)["limited"] is True
    client.services.rates._tokens.clear()
    assert len(client.send(action="session", confirmed=asked)["key"]) == 32


def test_a_tokens_own_excess_gets_its_limit(client: Client, taken: list[PlayBatch]) -> None:
    token = made(client, per_minute=2)
    told = [client.send(token=token.text, title=title) for title in "abc"]
    assert [(each["rate"], each["limited"]) for each in told] == [(1, False), (0, False), (0, True)]
    assert len(taken) == 2
    assert client.counted("now_playing", "limited") == 1


def test_our_own_overload_is_ok_and_dropped(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: bytes) -> int:
        raise Overloaded(1.0)

    monkeypatch.setattr(client.services.live.intake, "submit", full)
    token = made(client)
    assert client.send(token=token.text)["refused"] == {}
    assert client.counted("now_playing", "dropped") == 1
    client.send(token=token.text)
    assert client.counted("now_playing", "repeat") == 1, "it is no press when it comes again, for that is later"


def test_a_song_that_began_again_and_was_dropped_is_no_press_when_it_comes_again(
    client: Client, taken: list[PlayBatch], services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: bytes) -> int:
        raise Overloaded(1.0)

    token, at_s = made(client), services.clock.now()
    client.send(token=token.text)
    monkeypatch.setattr(services.live.intake, "submit", full)
    for after_s in (250, 310):
        monkeypatch.setattr(services.clock, "_wall", lambda now_s=at_s + after_s: now_s)
        client.send(token=token.text)
    assert [client.counted("now_playing", each) for each in ("press", "dropped", "repeat")] == [1, 1, 1]


def test_a_message_is_read_though_bodies_have_no_memory_left(
    client: Client, taken: list[PlayBatch], services: Services
) -> None:
    with services.bodies.account() as hold:
        hold(services.bodies._most)
        client.send(token=made(client).text)
        body = msgspec.json.encode(Said(token=made(client).text))
        packed = client.http.post("/toy", data=gzip.compress(body), headers={"Content-Encoding": "gzip"})
        assert packed.status_code == 200
        chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
        client.http.post("/toy", input_stream=io.BytesIO(body), environ_overrides=chunked)
        assert len(taken) == 2
        assert client.counted("now_playing", "repeat") == 1


def test_a_large_body_without_room_for_it_is_ok_and_dropped(client: Client, services: Services) -> None:
    client.toy.body_most = 1 << 20
    large = (SMALL + 1) * b" "
    with services.bodies.account() as hold:
        hold(services.bodies._most)
        assert client.http.post("/toy", data=large).json == {"dropped": "/toy"}
        packed = client.http.post("/toy", data=gzip.compress(large), headers={"Content-Encoding": "gzip"})
        assert packed.json == {"dropped": "/toy"}
    assert client.counted("any", "dropped") == 2
    assert client.toy.asked == []


@pytest.mark.parametrize("path", ["/toy", "/toy/", "//toy", "//toy//", "/?toy", "//?toy"])
def test_slashes_make_no_difference_and_nothing_is_redirected(client: Client, path: str) -> None:
    asked, _, query = path.partition("?")
    environ = {"PATH_INFO": asked, "QUERY_STRING": query}
    assert client.http.post("/", data=b"{}", environ_overrides=environ).status_code == 200
    assert client.toy.asked[-1].path in ("/toy", "")


def test_a_path_is_decoded_once(client: Client) -> None:
    environ = {"PATH_INFO": "/toy/J\u00c3\u00bcrgen%20"}
    client.http.get("/", environ_overrides=environ)
    assert client.toy.asked[-1].path == "/toy/Jürgen%20"


def test_an_answer_without_content_has_no_headers_about_it(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.toy, "read", lambda _: Reply(204, b"", "application/json", (("X-Toy", "yes"),)))
    answer = client.http.get("/toy")
    assert (answer.status_code, answer.headers["X-Toy"]) == (204, "yes")
    assert not {"Content-Length", "Content-Type"} & set(answer.headers.keys())


def test_what_anybody_may_know_needs_no_credentials(client: Client) -> None:
    assert client.send(action="describe")["who"] is None
    assert client.counted("describe", "answered") == 1


def test_what_is_in_no_dialect_is_the_pages(client: Client) -> None:
    for path in ("/toys", "/toy/more", "/healthz"):
        client.http.get(path)
    assert client.toy.asked == []


def test_a_dialect_may_answer_at_once_and_a_body_of_get_means_nothing(client: Client) -> None:
    answer = client.http.get("/toy", data=b"anything")
    assert (answer.status_code, answer.data, answer.headers["X-Toy"]) == (200, b"{}", "yes")
    assert answer.headers["Cache-Control"] == "no-store"
    assert client.toy.asked[0].body == b""


def failure(answer: TestResponse) -> tuple[int, str]:
    assert answer.json
    return answer.status_code, answer.json["failure"]


def test_a_body_that_cannot_be_read_is_answered_in_the_dialect(client: Client) -> None:
    large = b'{"title": "' + 5_000 * b"a" + b'"}'
    assert failure(client.http.post("/toy", data=large))[0] == 413
    packed = {"data": gzip.compress(large), "headers": {"Content-Encoding": "gzip"}}
    assert failure(client.http.post("/toy", **packed))[0] == 413
    broken = {"data": b"no gzip", "headers": {"Content-Encoding": "gzip"}}
    assert failure(client.http.post("/toy", **broken))[0] == 400
    assert failure(client.http.post("/toy", data=b"{}", headers={"Content-Encoding": "br"}))[0] == 415


@pytest.mark.parametrize("per_minute", [60, 1])
def test_the_rest_of_a_body_is_read_for_good_credentials_alone(
    client: Client, taken: list[PlayBatch], per_minute: int
) -> None:
    token = made(client, per_minute=per_minute)
    assert client.send(token="wrong", is_long=True)["who"] is None
    assert client.send(token=token.text, is_long=True, title="a" * 301)["refused"].keys() == {"0"}
    assert client.send(token=token.text, is_long=True)["limited"] is (per_minute == 1)
    assert len(taken) == (per_minute > 1)
    assert client.counted("now_playing", "press") == (per_minute > 1)
    assert client.counted("submit", "refused") == 1


def test_the_memory_of_a_large_body_counts_until_it_is_read(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    apart: list[bool] = []

    def offload(read: Callable[[], Any]) -> Any:
        apart.append(client.services.bodies._used > 0)
        return read()

    monkeypatch.setattr(dialectreading, "offload", offload)
    client.toy.body_most = 1 << 20
    small, large = b"{}" + b" " * 100, b"{}" + b" " * SMALL
    assert [client.http.post("/toy", data=body).status_code for body in (small, large)] == [200, 200]
    assert apart == [True]
    assert client.services.bodies._used == 0


def test_a_packed_body_is_read(client: Client, taken: list[PlayBatch]) -> None:
    body = msgspec.json.encode(Said(token=made(client).text))
    assert client.http.post("/toy", data=gzip.compress(body), headers={"Content-Encoding": "gzip"}).status_code == 200
    assert len(taken) == 1


def test_a_failure_of_ours_is_logged_and_answered_in_the_dialect(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(client.toy, "reply", lambda *_: 1 / 0)
    answer = client.http.post("/toy", data=b"{}")
    assert failure(answer) == (500, "the server could not answer this request")
    assert [line.getMessage() for line in caplog.records if line.levelno >= logging.ERROR] == ["a request failed"]


def test_while_the_tokens_cannot_be_read_nobody_is_told_that_theirs_is_wrong(client: Client) -> None:
    client.services.accounts.problem = "the disk is gone"
    answer = client.http.post("/toy", data=msgspec.json.encode(Said(token="any")))
    assert failure(answer) == (503, "the tokens cannot be read now; try again later")
    told = client.http.get("/readyz").json
    assert told
    assert told["warnings"] == ["the disk is gone"]


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("localhost", "http://localhost:80"),
        ("[::1]", "http://[::1]:80"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("192.0.2.1", "http://192.0.2.1:80"),
    ],
)
def test_addresses_begin_with_what_was_asked_for_and_a_port(client: Client, host: str, base: str) -> None:
    client.http.get("/toy", headers={"Host": host})
    assert client.toy.asked[0].base == base


def test_a_foreign_host_is_refused_before_all_dialects(client: Client) -> None:
    answer = client.http.get("/toy", headers={"Host": "elsewhere.example"})
    assert answer.status_code == 421
    assert client.toy.asked == []


@pytest.mark.parametrize("path", ["/music/globe/toy", "/music/globe//toy/", "/toy"])
def test_under_a_path_of_a_proxy_addresses_have_it(tmp_path: Path, toy: Toy, path: str) -> None:
    """Some proxies take the path off."""
    services = Services(Settings(data_dir=tmp_path, public_url="https://radio.example/music/globe"))
    http = application.make_app(services, lambda: None).test_client()
    environ = {"PATH_INFO": path, "wsgi.url_scheme": "https"}
    assert http.get("/", environ_overrides=environ, headers={"Host": "radio.example"}).status_code == 200
    assert (toy.asked[0].path, toy.asked[0].base) == ("/toy", "https://radio.example:443/music/globe")


def test_a_request_leaves_nothing_that_waits_for_the_garbage_collector(client: Client, taken: list[PlayBatch]) -> None:
    token, environ = made(client), EnvironBuilder("/toy", method="POST").get_environ()
    body = msgspec.json.encode(Said(token=token.text))

    def send() -> None:
        asked = environ | {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        client.http.application(asked, lambda *_: lambda _: None)
        client.toy.asked.clear()

    send()
    gc.collect()
    gc.disable()
    try:
        for _ in range(10):
            send()
        assert gc.collect() == 0
    finally:
        gc.enable()
    assert client.counted("now_playing", "press") + client.counted("now_playing", "repeat") == 11
