"""Visitors' own plays: from a token to a connection with a page, and all that is refused."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.serving import Server, get_json, get_text, post_plays, stream
from tests.waiting import until
from webapp.web.visitorplays import PRESSES

OSAKA, RECIFE, LAGOS, LISBON = 1853909, 3390760, 2332459, 2267057
COPPER_SKY = {"title": "Copper Sky", "artist": "Marisol Vey", "url": "https://songs.example/copper-sky"}
NIGHT_BUS = {"title": "Night Bus Home", "artist": "Marisol Vey"}
"""A song for presses that nobody may meet afterwards: tests of one server run in any order."""
Answer = tuple[int, Any]
NOTHING = dict.fromkeys(("met", "pulse", "near", "searched", "ask_after_s")) | {"alone": False}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on which visitors press play, and on which two songs were connected."""
    env = {"UNISON_VISITOR_PLAYS": "1", "UNISON_TOKENS": "a-token", "UNISON_TRUSTED_PROXIES": "127.0.0.1"}
    env["UNISON_LATENESS_S"] = "1.5"  # on a busy machine a dozen presses take a while
    running = Server(tmp_path_factory.mktemp("visitors") / "data", env)
    with stream(running) as viewer:
        for track in (COPPER_SKY, NIGHT_BUS):  # one after the other: a frame may have room for one alone
            plays = [{"track": track, "listener": str(city), "place": {"geoname_id": city}} for city in (LAGOS, LISBON)]
            post_plays(running, plays, Authorization="Bearer a-token", X_Unison_Source="synthetic")
            viewer.connections(1)
    yield running
    running.kill()


@pytest.fixture
def song(server: Server) -> str:
    """The id of a song of the feed."""
    return id_of(server, COPPER_SKY)


def id_of(server: Server, song: dict[str, str]) -> str:
    connections = get_json(server, "/api/connections")["connections"]
    return next(str(each["track"]["id"]) for each in connections if each["track"]["title"] == song["title"])


def send(server: Server, path: str, body: object = None, **headers: str) -> Answer:
    """Send a request; without a body it is a GET. An error is an answer like any other."""
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(server.url + path, data, {"Content-Type": "application/json"} | names)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def token(server: Server) -> str:
    status, answer = send(server, "/play/token")
    assert status == 200
    assert abs(answer["now"] - time.time()) < 5
    return str(answer["token"])


def soon() -> float:
    """A moment, epoch seconds, for which even a busy machine is not late."""
    return time.time() + 0.8


def press(server: Server, track: str, city: int, of: str, **more: Any) -> Answer:
    return send(server, "/play", {"track": track, "city": city, **more}, X_CSRF_Token=of)


def came_of(server: Server, pressed: Answer) -> Any:
    """Ask until it is known whom a press met."""
    assert pressed[0] == 202

    def outcome() -> Any:
        told = asked(server, pressed)
        return told if told["ask_after_s"] is None else None

    return until(outcome)


def test_two_visitors_of_one_second_are_a_live_connection_with_a_page(server: Server, song: str) -> None:
    one, other, now = token(server), token(server), soon()
    first = press(server, song, OSAKA, one, pressed_at=now)
    second = press(server, song, RECIFE, other, pressed_at=now + 0.04)
    found = came_of(server, first)["met"]
    assert came_of(server, second) == NOTHING | {"met": found}
    assert (first[1]["pressed_at"], first[1]["late"]) == (round(now, 3), False)
    assert first[1]["place"] == found["from"]
    assert (found["source"], found["apart_ms"]) == ("live", 40)
    assert found["at"] == second[1]["pressed_at"]
    assert found["track"] == {"id": song, **COPPER_SKY, "recording": None, "artwork_url": None}
    assert "Copper Sky" in get_text(server, f"/c/{found['id']}")


def test_each_of_many_who_agree_on_a_second_is_told_of_whom_they_met(server: Server, song: str) -> None:
    tokens = [(token(server), city) for city in (OSAKA, RECIFE, LAGOS, LISBON) for _ in range(3)]
    now = soon()
    pressed = [press(server, song, city, of, pressed_at=now + n / 1000) for n, (of, city) in enumerate(tokens)]
    met = [came_of(server, answer)["met"] for answer in pressed]
    assert all(met)
    assert len({each["id"] for each in met}) == len(met) / 2 > 4, "more than a stream has room for in a second"
    assert all("Copper Sky" in get_text(server, f"/c/{each['id']}") for each in met)


def test_two_in_one_city_are_told_of_each_other(server: Server, song: str) -> None:
    tokens, now = (token(server), token(server)), soon()
    pressed = [press(server, song, OSAKA, of, pressed_at=now + 0.04 * n) for n, of in enumerate(tokens)]
    pulse = {"apart_ms": 40, "place": pressed[0][1]["place"]}
    assert [came_of(server, answer) for answer in pressed] == [NOTHING | {"pulse": pulse}] * 2


def test_a_visitor_who_was_alone_in_that_second_meets_someone_whose_time_is_not_exact(
    server: Server, song: str
) -> None:
    now = time.time() - 0.5
    pressed = press(server, song, OSAKA, token(server), pressed_at=now)
    play = {"track": COPPER_SKY, "listener": "a player", "place": {"geoname_id": RECIFE}}
    post_plays(server, [play | {"pressed_at": now + 1.4, "within_s": 2}], Authorization="Bearer a-token")
    told = came_of(server, pressed)
    assert (told["pulse"], told["near"], told["alone"]) == (None, None, False)
    assert (told["met"]["apart_ms"], told["met"]["within_s"]) == (None, 4)
    assert (told["met"]["from"], told["met"]["at"]) == (pressed[1]["place"], round(now + 1.4, 3))
    assert "within about 4 s" in get_text(server, f"/c/{told['met']['id']}")


def test_a_visitor_who_met_nobody_is_told_who_came_closest_before_and_then_who_came_closer_after(
    server: Server,
) -> None:
    pair = a_pair_of(server, {"title": "Slow Lighthouse", "artist": "Marisol Vey"})
    song, tab = pair["track"]["id"], token(server)
    first = press_after(server, pair["at"] + 6, song, OSAKA, tab)
    before = until(lambda: (told := asked(server, first))["alone"] and told)
    assert before["near"]["seconds"] == int(pair["at"]) - int(first[1]["pressed_at"])
    assert (before["near"]["source"], before["near"]["city"]) == ("synthetic", pair["from"])
    assert before["searched"]["before_s"] >= 6
    second = press_after(server, first[1]["pressed_at"] + 2, song, RECIFE, token(server))
    after = until(lambda: (told := asked(server, first))["near"]["seconds"] > 0 and told)
    apart = int(second[1]["pressed_at"]) - int(first[1]["pressed_at"])
    assert after["near"] == {"city": second[1]["place"], "seconds": apart, "source": "live"}
    third = press_after(server, second[1]["pressed_at"] + 2, song, LAGOS, tab)
    told = until(lambda: (told := asked(server, third))["alone"] and told)
    assert told["near"]["city"] == second[1]["place"], "a tab is not told of its own press, nor of its earlier one"


def a_pair_of(server: Server, track: dict[str, str]) -> Any:
    """Have two simulated listeners of one second play a song, and return their connection."""
    plays = [{"track": track, "listener": str(city), "place": {"geoname_id": city}} for city in (LAGOS, LISBON)]
    with stream(server) as viewer:
        post_plays(server, plays, Authorization="Bearer a-token", X_Unison_Source="synthetic")
        (pair,) = viewer.connections(1)
    return pair


def press_after(server: Server, at_s: float, track: str, city: int, of: str) -> Answer:
    """Press a song once it is that time."""
    until(lambda: time.time() > at_s)
    return press(server, track, city, of)


def asked(server: Server, pressed: Answer) -> Any:
    """Ask once what came of a press."""
    status, told = send(server, f"/play/{pressed[1]['press']}")
    assert status == 200
    return told


def test_a_tab_is_one_listener_and_never_meets_itself(server: Server, song: str) -> None:
    alone, now = token(server), soon()
    pressed = [press(server, song, city, alone, pressed_at=now) for city in (OSAKA, RECIFE)]
    told = [came_of(server, answer) for answer in pressed]
    assert [(each["met"], each["pulse"], each["alone"]) for each in told] == [(None, None, True)] * 2


@pytest.mark.parametrize("when", [{}, {"pressed_at": 3.0}])
def test_a_press_that_comes_too_late_or_says_no_time_counts_from_its_arrival(
    server: Server, song: str, when: dict[str, float]
) -> None:
    ago = {"pressed_at": time.time() - when["pressed_at"]} if when else {}
    before = time.time()
    pressed = [press(server, song, city, token(server), **ago) for city in (OSAKA, RECIFE)]
    assert all(before - 0.001 <= answer["pressed_at"] <= time.time() for _, answer in pressed)
    assert [answer["late"] for _, answer in pressed] == [bool(when)] * 2
    (first, second) = (came_of(server, answer)["met"] for answer in pressed)
    assert first == second is not None


def test_what_came_of_a_press_is_told_to_whoever_has_its_name(server: Server) -> None:
    for name in ("made-up", "WyJ4IiwxLDJd.aSF0Yg.bm90IG91cnM", token(server)):
        status, answer = send(server, f"/play/{name}")
        assert (status, answer["error"]) == (404, f"{name[:40]!r} is not a press of the last 75 s")


@pytest.mark.parametrize("headers", [{}, {"X_CSRF_Token": "made up"}, {"X_CSRF_Token": "ImEi.aSF0Yg.bm90IG91cnM"}])
def test_without_a_token_of_ours_there_is_no_play(server: Server, song: str, headers: dict[str, str]) -> None:
    status, answer = send(server, "/play", {"track": song, "city": OSAKA}, **headers)
    assert (status, answer["error"]) == (
        403,
        "X-CSRF-Token is missing, expired or invalid; get one from GET /play/token",
    )


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://elsewhere.example"}, {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}],
)
def test_pages_of_other_sites_neither_get_a_token_nor_play(server: Server, song: str, headers: dict[str, str]) -> None:
    given = token(server)
    refused = [
        send(server, "/play/token", **headers),
        send(server, "/play", {"track": song, "city": OSAKA}, X_CSRF_Token=given, **headers),
    ]
    assert [status for status, _ in refused] == [403, 403]
    assert all("may not press play here" in answer["error"] for _, answer in refused)
    with urllib.request.urlopen(server.url + "/play/token", timeout=10) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] is None
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        (b"", 400, "truncated"),
        (b"[1, 2", 400, "Expected `object`"),
        (b'{"track": "\xff", "city": 1853909}', 400, "utf-8"),
        ({"city": OSAKA}, 400, "`track`"),
        ({"track": "SONG", "city": "Osaka"}, 400, "`$.city`"),
        ({"track": "SONG", "city": OSAKA, "title": "Mine"}, 400, "`title`"),
        ({"track": "SONG", "city": 5}, 400, "place: no city has the GeoNames id 5"),
        ({"track": "SONG", "city": OSAKA, "pressed_at": 5}, 400, "got 5.0; expected at most 5 s before"),
        ({"track": "no id", "city": OSAKA}, 400, "no id"),
        ({"track": "0000000000000000", "city": OSAKA}, 404, "0000000000000000"),
        (b" " * 2000, 413, "2000 bytes are more than the 1000 bytes of one request; send less at a time"),
    ],
)
def test_what_cannot_be_is_said(server: Server, song: str, body: Any, status: int, named: str) -> None:
    if isinstance(body, dict):
        body = {name: song if value == "SONG" else value for name, value in body.items()}
    got, answer = send(server, "/play", body, X_CSRF_Token=token(server))
    assert (got, named in answer["error"]) == (status, True), answer


def test_one_address_presses_so_often_and_costs_nobody_else_anything(server: Server) -> None:
    given, play = token(server), {"track": id_of(server, NIGHT_BUS), "city": OSAKA}
    asked = [
        send(server, "/play", play, X_CSRF_Token=given, X_Forwarded_For="203.0.113.7") for _ in range(PRESSES.burst + 1)
    ]
    assert [status for status, _ in asked] == [202] * PRESSES.burst + [429]
    assert asked[-1][1]["error"].startswith("too many presses; try again in ")
    assert send(server, "/play", play, X_CSRF_Token=given, X_Forwarded_For="203.0.113.8")[0] == 202


def test_without_the_setting_there_is_no_such_address_and_no_button(serve: Callable[..., Server]) -> None:
    quiet = serve()
    assert send(quiet, "/play/token")[0] == 404
    assert send(quiet, "/play", {})[0] == 404
    assert 'id="play"' not in get_text(quiet, "/")


def test_with_it_the_page_has_what_tells_of_it(server: Server) -> None:
    assert 'id="play"' in get_text(server, "/")


def test_in_a_demo_a_visitor_meets_a_simulated_listener_and_is_one(serve: Callable[..., Server]) -> None:
    demo = serve(UNISON_VISITOR_PLAYS="1", UNISON_DEMO="1", UNISON_TOKENS="a-token", UNISON_LATENESS_S="1.5")
    track = {"title": "Slow Lighthouse", "artist": "Marisol Vey"}
    song, now = a_pair_of(demo, track)["track"]["id"], time.time() + 2
    play = {"track": track, "listener": "simulated", "place": {"geoname_id": RECIFE}, "pressed_at": now + 0.04}
    until(lambda: time.time() > now - 0.5)
    post_plays(demo, [play], Authorization="Bearer a-token", X_Unison_Source="synthetic")
    pressed = press(demo, song, OSAKA, token(demo), pressed_at=now)
    met = came_of(demo, pressed)["met"]
    assert (pressed[1]["source"], met["source"], met["apart_ms"]) == ("synthetic", "synthetic", 40)
    assert (met["from"], met["to"]["city"]) == (pressed[1]["place"], "Recife")
    assert get_json(demo, "/api/stats")["total"]["plays"] == 4
