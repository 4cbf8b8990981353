"""From plays sent to connections received: a real server, real sockets."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing, suppress
from itertools import pairwise
from statistics import median
from typing import Any

import pytest
from bench.memory import family
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.plays import OSAKA, PARIS, RECIFE, connect_pair, play
from tests.serving import FlaskServer, Server, ask, get_json, post_plays, stream, wait_until_written
from webapp.storage.history import FILE_NAME

CLOSED_S = 1.0
"""So long after a play its slice is closed: lateness and a slice, 0.75 s, and some."""


def press(title: str, listener: str, city: int, at: float, **more: Any) -> dict[str, Any]:
    return play(title, city, "Marisol Vey", listener=listener, pressed_at=at, **more)


def two_at(title: str, at: float) -> list[dict[str, Any]]:
    """Return plays of two people, 40 ms apart."""
    return [press(title, "ann", OSAKA, at), press(title, "bob", RECIFE, at + 0.04)]


def connections(frames: list[dict[str, Any]], title: str) -> list[dict[str, Any]]:
    return [each for frame in frames for each in frame["connections"] if each["track"]["title"] == title]


def test_two_plays_40_ms_apart_come_out_as_one_connection(common: Server, title: str) -> None:
    with stream(common) as viewer:
        now = time.time()
        post_plays(common, two_at(title, now))
        found = viewer.connection_of(title)
        assert (found["apart_ms"], found["source"], found["track"]["artist"]) == (40, "live", "Marisol Vey")
        assert found["at"] == pytest.approx(now + 0.04, abs=0.001)
        assert abs(found["km"] - 16_897) <= 1  # geographiclib's GeodSolve between the two GeoNames points
        assert (found["from"]["city"], found["from"]["country"], found["from"]["country_code"]) == (
            "Osaka",
            "Japan",
            "JP",
        )
        assert (found["from"]["lon"], found["from"]["lat"]) == pytest.approx((135.502, 34.694), abs=0.01)
        assert (found["to"]["city"], found["to"]["country"]) == ("Recife", "Brazil")
        assert (found["to"]["lon"], found["to"]["lat"]) == pytest.approx((-34.881, -8.054), abs=0.01)


def test_a_connection_is_there_within_a_second_and_a_half(common: Server, title: str) -> None:
    def seconds(song: str) -> float:
        now = time.time()
        post_plays(common, two_at(song, now))
        viewer.connection_of(song)
        return time.time() - (now + 0.04)

    with stream(common) as viewer:
        # The fastest of some: what the design allows, whatever else the machine does.
        assert any(seconds(f"{title} {k}") < 1.5 for k in range(5))


def test_a_third_play_from_osaka_makes_no_second_connection(common: Server, title: str) -> None:
    with stream(common) as viewer:
        now = time.time()
        post_plays(common, [*two_at(title, now), press(title, "cem", OSAKA, now + 0.05)])
        assert len(connections(viewer.frames_past(now + CLOSED_S), title)) == 1


@pytest.mark.parametrize(("apart_s", "expected"), [(1.0, 1), (1.001, 0)])
def test_the_window_is_inclusive_and_an_instant_more_is_too_much(
    common: Server, title: str, apart_s: float, expected: int
) -> None:
    with stream(common) as viewer:
        now = round(time.time() - 0.3, 3)
        post_plays(common, [press(title, "ann", OSAKA, now), press(title, "bob", RECIFE, now + apart_s)])
        assert len(connections(viewer.frames_past(now + apart_s + CLOSED_S), title)) == expected


def test_plays_of_different_sources_make_no_connection(common: Server, title: str) -> None:
    with stream(common) as viewer:
        now = time.time()
        post_plays(common, [press(title, "ann", OSAKA, now), press(title, "bob", RECIFE, now, source="synthetic")])
        frames = viewer.frames_past(now + CLOSED_S)
        assert connections(frames, title) == []
        assert sum(frame["counts"]["plays"] for frame in frames) == 2


def test_a_frame_comes_at_least_each_second_with_the_next_seq(common: Server) -> None:
    with stream(common) as viewer:
        frames = [viewer.next() for _ in range(5)]
    assert [frame["seq"] for frame in frames] == [viewer.hello["seq"] + k for k in range(1, 6)]
    assert median(b["now"] - a["now"] for a, b in pairwise(frames)) < 1.5


def test_hello_brings_what_was_connected_before(server: Server) -> None:
    found = connect_pair(server, "Night Bus Home")
    with stream(server) as viewer:
        assert viewer.hello["recent"] == [found]
        assert (viewer.hello["gap"], viewer.hello["protocol"], viewer.hello["window_s"]) == (None, 1, 1.0)
        assert viewer.hello["plays_by_source"] == {"live": 2, "synthetic": 0, "replay": 0}


def test_a_resumed_stream_repeats_and_loses_nothing(common: Server, title: str) -> None:
    with stream(common) as watcher, stream(common) as first:
        head = first.next()
        first.close()
        connect_pair(common, title)
        with stream(common, since=f"{first.hello['stream']}:{head['seq']}") as second:
            assert (second.hello["seq"], second.hello["gap"], second.hello["recent"]) == (head["seq"], 0, [])
            rest = second.frames_past(time.time())
        everything = [watcher.until(lambda frame: frame["seq"] == head["seq"]), *(watcher.next() for _ in rest)]
    assert [head, *rest] == everything
    assert len(connections(rest, title)) == 1


@pytest.mark.parametrize("since", ["other:3", "nonsense", "{stream}:999999", "{stream}:-1", "{stream}:1e3", ":", "\n"])
def test_a_since_that_is_not_ours_is_a_gap_of_unknown_size(common: Server, since: str) -> None:
    with stream(common) as viewer:
        ours = viewer.hello["stream"]
    with stream(common, since=since.format(stream=ours)) as viewer:
        assert viewer.hello["gap"] == -1
        assert viewer.next()["seq"] == viewer.hello["seq"] + 1


def test_viewers_of_one_filter_get_equal_bytes_and_a_resumed_one_too(common: Server, title: str) -> None:
    with stream(common, country="br") as a, stream(common, country="BR") as b:
        first = a.next()
        connect_pair(common, title)
        live = [a.socket.recv(5) for _ in range(4)]
        b.until(lambda frame: frame["seq"] == first["seq"])
        assert [b.socket.recv(5) for _ in live] == live
        since = f"{a.hello['stream']}:{first['seq']}"
        with stream(common, country="BR", since=since) as again:
            assert [again.socket.recv(5) for _ in live] == live


def test_a_filtered_viewer_gets_every_seq_and_only_what_passes(common: Server, title: str) -> None:
    with stream(common, country="FR") as french, stream(common, city=RECIFE) as recife:
        connect_pair(common, title)
        found = recife.connection_of(title)
        assert found["to"]["city"] == "Recife"
        frames = french.frames_past(found["at"] + CLOSED_S)
    assert connections(frames, title) == []
    assert [frame["seq"] for frame in frames] == [french.hello["seq"] + 1 + k for k in range(len(frames))]
    assert sum(frame["counts"]["connections"] for frame in frames) == 1
    assert {frame["counts"]["matching"] for frame in frames} == {0}


def test_what_a_new_filter_would_have_shown_is_in_its_first_frames_never_twice(common: Server, title: str) -> None:
    found = connect_pair(common, title, artist="Vey, MARISOL")
    with stream(common, artist="vey, marisol") as viewer:
        assert [connection["id"] for connection in viewer.hello["recent"]] == [found["id"]]
        assert connections(viewer.frames_past(viewer.hello["now"] + CLOSED_S), title) == []


@pytest.mark.parametrize(
    ("query", "part"),
    [("country=XX", "country='XX'"), ("city=abc", "GeoNames id"), ("track=%00", "track id"), ("artist=", "1 to 300"),
     ("city=1853909&city=1853909", "twice"), ("city=1", "city='1'"), ("artst=x&since=1", "'artst' is not a parameter")],
)  # fmt: skip
def test_a_wrong_filter_is_refused_before_the_handshake(idle: Server, query: str, part: str) -> None:
    with pytest.raises(InvalidStatus) as refused, connect(f"{idle.ws_url}/stream?{query}"):
        pass
    assert refused.value.response.status_code == 400
    assert part in (refused.value.response.body or b"").decode()


def test_one_viewer_or_filter_too_many_is_asked_to_come_later(serve: Callable[..., Server]) -> None:
    server = serve(UNISON_VIEWERS_MAX="3", UNISON_FILTERS_MAX="1")
    with stream(server, country="BR"), stream(server, country="br"):
        with pytest.raises(InvalidStatus) as refused, stream(server, country="FR"):
            pass
        assert refused.value.response.status_code == 503
        with stream(server), pytest.raises(InvalidStatus) as refused, stream(server):
            pass
    assert refused.value.response.status_code == 503
    assert int(refused.value.response.headers["Retry-After"]) > 0


def test_a_plain_get_is_told_that_this_is_a_websocket(idle: Server) -> None:
    assert ask(idle, "/stream").status == 426
    refused = ask(idle, "/stream", "POST")
    assert (refused.status, refused.headers["Allow"]) == (405, "GET, HEAD")


def test_a_server_that_stops_says_bye_and_the_next_one_owns_up_to_the_gap(server: Server) -> None:
    found = connect_pair(server, "Night Bus Home")
    with stream(server) as viewer:
        assert server.stop() == 0
        frames = [viewer.hello]
        with pytest.raises(ConnectionClosed) as closed:
            frames.extend(viewer)
    assert frames[-1]["type"] == "bye"
    assert frames[-1]["retry_ms"] > 0
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
    server.restart()
    with stream(server, since=f"{viewer.hello['stream']}:{viewer.hello['seq']}") as viewer:
        assert viewer.hello["gap"] == -1
        assert [connection["id"] for connection in viewer.hello["recent"]] == [found["id"]]


def test_ctrl_c_in_a_terminal_which_all_its_processes_get_loses_nothing(serve: Callable[..., Server]) -> None:
    for _ in range(3):  # that it was cut short was seen in every second end
        server = serve(UNISON_SHOWN_PER_S="0")
        with stream(server) as viewer:
            for number in range(3):
                post_plays(server, two_at(f"Song {number}", time.time()))
            viewer.connections(3)
        os.killpg(server.process.pid, signal.SIGINT)
        server.process.wait(10)
        left = {path.name for path in server.data_dir.iterdir()}
        assert not {name for name in left if name.endswith(("-wal", "-shm"))}
        with closing(sqlite3.connect(server.data_dir / FILE_NAME)) as kept:
            assert kept.execute("SELECT count(*) FROM connections").fetchall() == [(3,)]
        assert "Traceback" not in server.log


def test_a_worker_that_is_told_again_and_again_to_end_still_closes_its_history(serve: Callable[..., Server]) -> None:
    server = serve()
    worker = family(server.process.pid)[1]
    server.process.send_signal(signal.SIGINT)
    while server.process.poll() is None:
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGQUIT)
        with suppress(subprocess.TimeoutExpired):
            server.process.wait(0.02)
    assert not [path.name for path in server.data_dir.iterdir() if path.name.endswith(("-wal", "-shm"))]


def test_every_connection_is_kept_at_once(common: Server, title: str) -> None:
    found = connect_pair(common, title)
    assert get_json(common, "/api/connections?limit=1")["connections"] == [found]


def test_flasks_own_server_streams_as_well(flask_server: FlaskServer, title: str) -> None:
    with stream(flask_server) as viewer:
        post_plays(flask_server, two_at(title, time.time()))
        found = viewer.connection_of(title)
    assert found["apart_ms"] == 40
    with stream(flask_server, since="x:1") as viewer:
        assert found["id"] in [each["id"] for each in viewer.hello["recent"]]


def test_show_all_shows_all(serve: Callable[..., Server]) -> None:
    server = serve(UNISON_SHOWN_PER_S="0")
    with stream(server) as viewer:
        now = time.time()
        titles = [f"Song {k}" for k in range(50)]
        post_plays(server, [press(title, f"a{k}", PARIS, now) for k, title in enumerate(titles)])
        post_plays(server, [press(title, f"b{k}", RECIFE, now + 0.01) for k, title in enumerate(titles)])
        assert {found["track"]["title"] for found in viewer.connections(50)} == set(titles)


def test_a_viewer_of_one_city_does_not_see_single_presses_there(common: Server, title: str) -> None:
    with stream(common) as everyone, stream(common, city=OSAKA) as watcher, stream(common, country="JP") as country:
        now = time.time()
        post_plays(common, [press(title, "ann", OSAKA, now)])
        spark = everyone.until(lambda frame: bool(frame["sparks"]))["sparks"][0]
        assert (spark["city"]["geoname_id"], spark["at"]) == (OSAKA, int(now))
        for local in (watcher, country):
            assert not any(frame["sparks"] for frame in local.frames_past(now + CLOSED_S))


def test_no_public_answer_tells_whether_a_known_listener_has_pressed(common: Server, title: str) -> None:
    start, before = int(time.time()), echoes(common)
    with stream(common) as viewer:
        presses = [press(title, "ann", PARIS, time.time() + ahead_s) for ahead_s in (0.5, 0.9)]
        assert post_plays(common, presses) == {"accepted": 2, "late": 0, "rejected": 0, "errors": [], "notes": []}
        frames = viewer.frames_past(presses[1]["pressed_at"] + CLOSED_S)
    assert echoes(common) == before + 1, "operators are told"
    wait_until_written(common)
    frames += get_json(common, f"/api/past?from={start}&seconds=10")["frames"]
    told = {*get_json(common, "/api/stats")["total"], *(name for frame in frames for name in frame["counts"])}
    assert told >= {"plays", "late", "thinned"}
    assert "echoes" not in told


def echoes(server: Server) -> float:
    """Return how many plays a server counted as those of a listener who had pressed before."""
    text = ask(server, "/metrics").text
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith("unison_plays_echoes_total "))


def test_everyone_is_told_the_lead_story_of_each_ten_seconds_and_no_filter_is(
    serve: Callable[..., Server], title: str
) -> None:
    server = serve()  # of its own: where others met in the same minute, another story may lead
    with stream(server) as viewer, stream(server, country="FR") as french:
        viewer.next()
        assert len(viewer.leads) == 1, "it follows hello"
        post_plays(server, two_at(title, time.time()))
        turn = viewer.connection_of(title)["at"] // 10 * 10 + 10
        viewer.until(lambda frame: frame["now"] > turn + 2.2, 20)
        assert viewer.leads[-1] is not None
        with stream(server) as late:
            late.next()
            assert late.leads[0] == viewer.leads[-1]
        french.until(lambda frame: frame["now"] > turn + 2.2, 20)
        assert french.leads == []
