"""What an operator hides, on a real server: in every answer at once, and in frames that are made anew."""

from __future__ import annotations

import json
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from tests.plays import LAGOS, LISBON, OSAKA, PARIS, RECIFE, connect_pair, send_pair
from tests.serving import Answer, FlaskServer, Server, ask, clean_environment, console_script, get_json, post, stream
from tests.waiting import until
from webapp.storage.moderationfile import AUDIT_NAME, LIST_NAME

ADMIN = {"Authorization": "Bearer an-admin-token"}
LIST = "/api/admin/moderation"
SOON_S = 2.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with an operator's token, shared by tests one after the other; each hides songs of its own."""
    env = {"UNISON_ADMIN_TOKEN": "an-admin-token", "UNISON_LOG_JSON": "1", "UNISON_SHOWN_PER_S": "0"}
    env["UNISON_VISITOR_PLAYS"] = "1"
    running = Server(tmp_path_factory.mktemp("moderation") / "data", env)
    yield running
    running.kill()


@pytest.fixture(autouse=True)
def empty(server: Server) -> None:
    """Hide nothing before each test."""
    for rule in ask(server, LIST, **ADMIN).json["rules"]:
        assert unhide(server, rule["rule"]).status == 200


def change(server: Server, body: bytes, query: str = "", **headers: str) -> Answer:
    """Ask to add a rule."""
    names = (
        ADMIN | {"Content-Type": "application/json"} | {name.replace("_", "-"): each for name, each in headers.items()}
    )
    with urlopen(Request(f"{server.url}{LIST}{query}", body, names), timeout=30) as answer:
        return Answer(answer.status, answer.headers, answer.read())


def hide(server: Server, rule: str, query: str = "") -> Any:
    return change(server, json.dumps({"rule": rule}).encode(), query).json


def unhide(server: Server, rule: str, **query: str) -> Answer:
    return ask(server, f"{LIST}?{urlencode({'rule': rule, **query})}", "DELETE", **ADMIN)


def pages(id: str, city: int) -> dict[str, str]:
    """Return the addresses of all that shows a connection, by what they are."""
    return {
        "page": "/",
        "recorded": "/api/connections",
        "of its city": f"/api/connections?city={city}",
        "past": f"/api/past?{urlencode({'from': f'{time.time() - 55:.3f}', 'seconds': 60})}",
        "search": "/api/search?q=zzyzx",
        "playlist": "/playlist?period=hour",
        "xspf": "/playlist.xspf?period=hour",
        "figures": "/stats.csv?period=hour&of=songs",
        "figures page": "/stats?period=hour",
        "feed": "/moments.atom",
        "moment": f"/c/{id}",
        "embed": f"/embed?moment={id}",
        "oembed": f"/oembed?url={{url}}/c/{id}",
    }


def shows(server: Server, path: str, text: str) -> bool:
    return text in ask(server, path.format(url=server.url)).text


def test_a_rule_is_in_force_in_all_answers_within_two_seconds(server: Server) -> None:
    text = "Zzyzx Road"
    shown = connect_pair(server, text, "Zzyzx", (OSAKA, RECIFE))
    until(lambda: "unison_history_pending_rows 0.0" in ask(server, "/metrics", **ADMIN).text)
    paths = pages(shown["id"], OSAKA)
    until(lambda: shows(server, paths["playlist"], text) and shows(server, paths["figures"], text))
    assert {name for name, path in paths.items() if not shows(server, path, text)} == set()
    assert ask(server, f"/c/{shown['id']}/card.png").status == 200
    began = time.monotonic()
    assert hide(server, "word: ZZÝZX")["added"] is True
    left = {name for name, path in paths.items() if shows(server, path, text)}
    assert (left, time.monotonic() - began < SOON_S) == (set(), True)
    for path in (
        f"/c/{shown['id']}",
        f"/c/{shown['id']}/card.png",
        f"/c/{shown['id']}/story.png",
        f"/c/{shown['id']}/code.svg",
    ):
        answer = ask(server, path)
        assert (answer.status, answer.error) == (410, "this moment is not shown on this server")
    page = ask(server, f"/c/{shown['id']}", Accept="text/html")
    assert (page.status, "This moment is no longer available." in page.text) == (410, True)
    assert ("has been deleted" in page.text) is False
    with stream(server) as viewer:
        assert text not in json.dumps(viewer.hello)
    assert unhide(server, "word: zzyzx").json["removed"] is True
    assert {name for name, path in paths.items() if not shows(server, path, text)} == set()


def test_a_change_of_the_file_is_in_force_within_two_seconds(server: Server) -> None:
    connect_pair(server, "Hidden by file", cities=(LAGOS, LISBON))
    path = server.data_dir / LIST_NAME
    began = time.monotonic()
    path.write_text("# by hand\nsong: Hidden by File - The Harbour Lamps\nno rule\n")
    until(lambda: not shows(server, "/api/connections", "Hidden by file"))
    until(lambda: not shows(server, "/api/search?q=hidden%20by", "Hidden by file"))
    assert time.monotonic() - began < SOON_S
    told = ask(server, LIST, **ADMIN).json
    assert [(rule["line"], rule["kind"]) for rule in told["rules"]] == [(2, "song")]
    assert [problem["line"] for problem in told["problems"]] == [3]
    assert ask(server, "/readyz").json["warnings"] == ["lines of the moderation list cannot be used: 3"]
    path.write_text("")
    until(lambda: shows(server, "/api/connections", "Hidden by file"))


def test_the_stream_hides_from_the_next_frame_on_and_makes_resumed_frames_anew(server: Server) -> None:
    with stream(server) as viewer:
        send_pair(server, "Before", "Mora")
        shown = viewer.connection_of("Before")
        since = f"{viewer.hello['stream']}:{viewer.hello['seq']}"
        hide(server, "artist: Mora")
        send_pair(server, "After", "Mora", (PARIS, LAGOS))
        send_pair(server, "After all", "Vey", (PARIS, LAGOS))
        frames = [viewer.next()]
        while "After all" not in json.dumps(frames[-1]):
            frames.append(viewer.next())
        assert "Mora" not in json.dumps(frames)
        seqs = [frame["seq"] for frame in frames]
        assert seqs == list(range(seqs[0], seqs[-1] + 1))
    assert ask(server, f"/c/{shown['id']}").status == 410
    with stream(server, since=since) as again:
        assert again.hello["gap"] == 0
        made = [again.next() for _ in range(seqs[-1] - again.hello["seq"])]
    assert "Mora" not in json.dumps(made)
    assert made[-len(frames) :] == frames


def test_a_hidden_city_is_in_no_connection_and_is_not_found(server: Server) -> None:
    connect_pair(server, "Far from home", cities=(LISBON, PARIS))
    assert shows(server, "/api/search?q=lisbon&kind=city", "Lisbon")
    told = hide(server, "city: Lisbon, Portugal")
    assert (told["value"], told["means"]) == (str(LISBON), "Lisbon, Portugal")
    assert not shows(server, "/api/connections", "Far from home")
    assert not shows(server, "/api/search?q=lisbon&kind=city", "Lisbon, Portugal")
    assert ask(server, "/api/search?q=lisbon&kind=city").json["results"] != ask(server, "/api/search?q=osaka").json
    assert get_json(server, f"/api/connections?city={LISBON}")["connections"] == []


def test_what_was_asked_for_is_not_said_where_it_is_hidden(server: Server) -> None:
    hide(server, "word: slur")
    assert not shows(server, "/?artist=A%20Slur", "A Slur ·")
    assert shows(server, "/?artist=A%20Sound", "A Sound ·")


def test_a_dry_run_says_what_a_rule_would_hide_and_changes_nothing(server: Server) -> None:
    for title in ("Dry One", "Dry Two", "Wet"):
        connect_pair(server, title, "Alba")
    until(lambda: "unison_history_pending_rows 0.0" in ask(server, "/metrics", **ADMIN).text)
    told = hide(server, "word: dry", "?dry_run=1")
    assert (told["dry_run"], told["kind"], told["value"], told["found"]) == (True, "word", "dry", 2)
    assert [each["track"]["title"] for each in told["connections"]] == ["Dry Two", "Dry One"]
    assert hide(server, "word: dry", "?dry_run=1&newest=2") | {"connections": []} == told | {
        "connections": [], "searched": 2, "found": 1,
    }  # fmt: skip
    assert ask(server, LIST, **ADMIN).json["rules"] == []
    assert told["version"] == hide(server, "word: dry")["version"]
    again = unhide(server, "word: dry", dry_run="1").json
    assert [each["track"]["title"] for each in again["connections"]] == ["Dry Two", "Dry One"]
    assert hide(server, "word: dry", "?dry_run=1")["found"] == 0


def test_each_change_has_a_line_in_the_log_and_in_the_audit_without_an_address(server: Server) -> None:
    file = server.data_dir / AUDIT_NAME
    before = len(file.read_text().splitlines()) if file.exists() else 0
    assert hide(server, "token: abcdefghij")["added"] is True
    assert hide(server, "token: abcdefghij")["added"] is False
    unhide(server, "token: abcdefghij")
    lines = [json.loads(line) for line in file.read_text().splitlines()[before:]]
    assert [(line["who"], line["did"], line["rule"]) for line in lines] == [
        ("admin token", did, "token: abcdefghij") for did in ("added", "removed")
    ]
    server.until_logged('"did": "removed", "rule": "token: abcdefghij"')
    logged = [json.loads(line) for line in server.log.splitlines() if '"moderation_changed"' in line]
    assert {"who": "admin token", "did": "added", "rule": "token: abcdefghij"}.items() <= logged[-2].items()
    assert "127.0.0.1" not in file.read_text() + json.dumps(logged)
    assert "an-admin-token" not in server.log + file.read_text()


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"rule": "nothing"}', "expected one of word:, artist:, song:, city:, token: and a value"),
        (b'{"rule": "word: a\\nword: b"}', "has the control character"),
        (b'{"rules": []}', "unknown field"),
        (b"word: spam", "malformed"),
        (b"\xff", "expected"),
        (b'{"rule": "city: Qqqqqq"}', "city: "),
    ],
)
def test_a_change_that_cannot_be_made_says_why(server: Server, body: bytes, error: str) -> None:
    answer = refused(lambda: change(server, body))
    assert (answer.status, error in answer.error) == (400, True), answer.error


def refused(act: Callable[[], Answer]) -> Answer:
    """Return the answer to a request that urllib raises."""
    try:
        return act()
    except HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())


def press(server: Server, track: str, city: int) -> str:
    """Press play as a visitor, and return the name of the press."""
    body = json.dumps({"track": track, "city": city}).encode()
    token = get_json(server, "/play/token")["token"]
    return str(post(server, "/play", body, {"X-CSRF-Token": token})["press"])


def test_a_visitor_is_not_told_whom_they_met_by_a_hidden_song_and_cannot_press_it(server: Server) -> None:
    song = connect_pair(server, "Press me", "Cy", (LAGOS, LISBON))["track"]["id"]
    pressed, _ = (press(server, song, city) for city in (OSAKA, RECIFE))
    until(lambda: get_json(server, f"/play/{pressed}")["met"])
    hide(server, "word: press me")
    told = get_json(server, f"/play/{pressed}")
    assert (told["met"], told["ask_after_s"] is None or told["ask_after_s"] > 0) == (None, True)
    assert refused(lambda: Answer(200, Message(), press(server, song, OSAKA).encode())).status == 404


@pytest.mark.parametrize("query", ["?dry_run=yes", "?dry_run=1&newest=0", "?dry_run=1&newest=10001", "?newest=10001"])
def test_a_parameter_that_is_wrong_is_named(server: Server, query: str) -> None:
    answer = refused(lambda: change(server, b'{"rule": "word: a"}', query))
    assert (answer.status, query.rpartition("=")[2] in answer.error) == (400, True)


def test_only_operators_read_and_change_the_list(server: Server) -> None:
    assert ask(server, LIST).status == 401
    assert ask(server, f"{LIST}?rule=word:a", "DELETE").status == 401
    assert refused(lambda: change(server, b'{"rule": "word: a"}', Authorization=f"Bearer {server.token}")).status == 401
    assert refused(lambda: change(server, b'{"rule": "word: a"}', Sec_Fetch_Site="cross-site")).status == 403
    assert refused(lambda: change(server, b'{"rule": "word: a"}', Origin="https://evil.example")).status == 403
    answer = ask(server, LIST, **ADMIN)
    assert (answer.status, answer.headers["Cache-Control"], answer.headers["Access-Control-Allow-Origin"]) == (
        200,
        "no-store",
        None,
    )
    assert unhide(server, "word: unknown").status == 404


def test_pictures_are_kept_elsewhere_for_an_hour_and_have_a_tag(server: Server) -> None:
    shown = connect_pair(server, "Picture this")
    for path in (
        f"/c/{shown['id']}/card.png",
        f"/c/{shown['id']}/story.png",
        f"/oembed?url={server.url}/c/{shown['id']}",
    ):
        answer = ask(server, path)
        kept = answer.headers["Cache-Control"].partition(", ")[2]  # links to loopback are private
        assert (answer.status, kept) == (200, "max-age=3600")
        assert ask(server, path, If_None_Match=answer.headers["ETag"]).status == 304


def test_a_list_is_in_force_from_the_first_frame_of_a_server(serve: Callable[..., Server], tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("artist: Mora\n")
    with stream(server := serve(UNISON_MODERATION_FILE=str(tmp_path / "list.txt"))) as viewer:
        send_pair(server, "Never", "Mora")
        send_pair(server, "Shown", "Vey", (PARIS, LAGOS))
        assert viewer.connection_of("Shown")
    assert not shows(server, "/api/connections", "Never")
    assert [line["did"] for line in map(json.loads, (server.data_dir / AUDIT_NAME).read_text().splitlines())] == [
        "found"
    ]


def test_two_operators_at_once_lose_no_rule(server: Server) -> None:
    threads = [threading.Thread(target=hide, args=(server, f"word: w{n}")) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {rule["value"] for rule in ask(server, LIST, **ADMIN).json["rules"]} == {f"w{n}" for n in range(12)}


def new_token(server: Server, *options: str) -> tuple[str, str]:
    """Return a token, and its id."""
    command = [console_script(), "token", "create", *options, "--data-dir", str(server.data_dir)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, env=clean_environment()).stdout
    (token,) = re.findall("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", told)
    (id,) = set(re.findall(r"\b[a-z2-7]{10}\b", told))
    return token, id


def is_valid(server: Server, token: str) -> bool:
    return bool(ask(server, "/1/validate-token", Authorization=f"Token {token}").json["valid"])


def may_send_plays(server: Server, token: str) -> bool:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return (
        refused(lambda: Answer(200, Message(), bytes(post(server, "/api/plays", b"[]", headers)["accepted"]))).status
        == 200
    )


@pytest.mark.parametrize(
    ("options", "works"),
    [(["--city", "Osaka"], is_valid), (["--service"], may_send_plays)],
    ids=["listener", "service"],
)
def test_nothing_is_taken_from_a_blocked_token(
    server: Server, options: list[str], works: Callable[[Server, str], bool]
) -> None:
    token, id = new_token(server, *options)
    until(lambda: works(server, token))
    hide(server, f"token: {id}")
    assert not works(server, token)
    unhide(server, f"token: {id}")
    assert works(server, token)


def test_under_a_threaded_server_the_list_is_in_force_as_well(flask_server: FlaskServer) -> None:
    connect_pair(flask_server, "Threaded", "Ida")
    assert change(flask_server, b'{"rule": "artist: Ida"}').json["added"] is True
    with stream(flask_server) as viewer:
        assert "Threaded" not in json.dumps([viewer.hello, viewer.next()])
    assert not shows(flask_server, "/api/connections", "Threaded")
    assert unhide(flask_server, "artist: Ida").status == 200
    assert shows(flask_server, "/api/connections", "Threaded")
