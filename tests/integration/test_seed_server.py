"""The seed script as anyone runs it, against the real server."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.plays import OSAKA, play
from tests.serving import ROOT, Server, clean_environment, get_json, get_text, post_plays, stream
from tests.waiting import until
from webapp.storage.datadir import write_token

SCRIPT = ROOT / "scripts" / "seed_plays.py"
END_S = 60.0


def seed(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=END_S, env=clean_environment(**env))


def at(server: Server) -> list[str]:
    """Where a server is, and where it keeps the token."""
    return ["--url", server.url, "--data-dir", str(server.data_dir)]


@pytest.fixture
def running() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, str(SCRIPT), *arguments]
        environment = clean_environment(PYTHONUNBUFFERED="1")
        started.append(
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def server(serve_shared: Callable[..., Server]) -> Server:
    """A server that takes what all tests send, and has a process that parses large bodies."""
    server = serve_shared()
    crowd = [play(f"Song {number}", OSAKA, listener=f"{number}") for number in range(200)]
    assert post_plays(server, crowd)["accepted"] == 200
    until(lambda: judged(server) == 200)
    return server


def accepted(server: Server, source: str = "synthetic") -> int:
    """Return how many plays of a source a server has accepted."""
    found = re.search(rf'^unison_plays_accepted_total{{source="{source}"}} (\S+)', get_text(server, "/metrics"), re.M)
    return int(float(found[1])) if found else 0


def judged(server: Server) -> int:
    """Return how many plays a server has matched, or found late."""
    total = get_json(server, "/api/stats")["total"]
    return int(total["plays"] + total["late"])


def test_everyday_traffic_becomes_connections(server: Server) -> None:
    before = judged(server)
    with stream(server) as viewer:
        done = seed(*at(server), "--seconds", "3", "--rate", "200")
        found = viewer.connections(3)
    assert done.returncode == 0
    assert done.stdout.startswith("600 sent, 600 accepted, ")
    assert " late, 0 rejected, 0 missed; " in done.stdout
    assert {connection["source"] for connection in found} == {"synthetic"}
    until(lambda: judged(server) == before + 600)


def test_every_edge_case_is_taken_by_the_server(server: Server) -> None:
    done = seed(*at(server), "--scenario", "edge-cases", "--rate", "40", "--seconds", "2")
    assert "80 sent, 80 accepted, 0 late, 0 rejected, 0 missed" in done.stdout
    assert done.stderr == ""


def test_a_burst_is_taken_whole(server: Server) -> None:
    done = seed(*at(server), "--scenario", "burst")
    assert "10,000 sent, 10,000 accepted," in done.stdout


def test_all_the_world_says_what_it_reached(server: Server) -> None:
    done = seed(*at(server), "--scenario", "world", "--seconds", "2")
    assert done.returncode == 0
    assert "0 rejected, 0 missed" in done.stdout
    assert done.stdout.splitlines()[1].startswith("reached ")
    assert done.stdout.splitlines()[1].endswith(" of 152,000 plays/s")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_cleanly_with_the_totals(
    server: Server, running: Callable[..., "subprocess.Popen[str]"], number: int
) -> None:
    before = accepted(server)
    process = running(*at(server))
    until(lambda: accepted(server) > before + 20)
    os.kill(process.pid, number)
    out, err = process.communicate(timeout=END_S)
    assert process.returncode == 0
    assert " sent, " in out
    assert "Traceback" not in out + err


def test_it_waits_for_a_server_that_is_not_there_and_goes_on_when_it_is_back(
    serve: Callable[..., Server], running: Callable[..., "subprocess.Popen[str]"]
) -> None:
    server = serve()
    port = server.port
    server.stop()
    process = running(*at(server))
    assert process.stderr is not None
    assert process.stderr.readline().startswith("The server is unavailable (no connection)")
    server.start(port)
    until(lambda: accepted(server) > 200)  # a busy server may answer the first ones too late for the sender
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate(timeout=END_S)
    assert process.returncode == 0
    assert "The server is back after " in err


def test_a_written_file_is_replayed_as_replay_and_bad_lines_cost_only_themselves(
    server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "plays.ndjson"
    assert seed("--out", str(file), "--seconds", "20", "--rate", "10").returncode == 0
    lines = file.read_bytes().splitlines()
    lines[50:50] = [b"nonsense", json.dumps(json.loads(lines[3]) | {"place": {"geoname_id": 1}}).encode()]
    file.write_bytes(b"\n".join(lines))
    before = accepted(server, "replay"), accepted(server)
    done = seed(*at(server), "--replay", str(file), "--speed", "20")
    assert done.returncode == 0
    assert "201 sent, 200 accepted, 0 late, 1 rejected, 0 missed" in done.stdout
    assert "line 51 skipped: not a JSON object" in done.stderr
    assert "line 52 rejected: place" in done.stderr
    assert (accepted(server, "replay"), accepted(server)) == (before[0] + 200, before[1])


def test_a_token_from_the_environment_opens_the_door_and_none_is_a_sentence(serve: Callable[..., Server]) -> None:
    server = serve(UNISON_TOKENS="open-sesame")
    url = ("--url", server.url, "--seconds", "1", "--rate", "20")
    opened, shut, wrong = seed(*url, UNISON_TOKEN="open-sesame"), seed(*url), seed(*url, "--token", "wrong-word")
    assert opened.stdout.startswith("20 sent, 20 accepted, ")
    assert (shut.returncode, wrong.returncode) == (1, 1)
    assert "the server requires a token" in shut.stderr
    assert "the server does not know this token" in wrong.stderr
    assert "open-sesame" not in opened.stdout + opened.stderr
    assert "wrong-word" not in wrong.stdout + wrong.stderr


def test_where_a_package_is_missing_it_says_what_to_install() -> None:
    block = "import sys, runpy; sys.modules['urllib3'] = None; runpy.run_path(sys.argv[1], run_name='__main__')"
    command = [sys.executable, "-c", block, str(SCRIPT)]
    environment = clean_environment(PYTHONPATH=str(SCRIPT.parent))
    done = subprocess.run(command, capture_output=True, text=True, timeout=END_S, env=environment)
    assert done.returncode == 1
    assert done.stderr == "urllib3 is not installed; in the project's folder run: pip install -e .\n"


def test_a_server_that_was_never_there_is_a_failure() -> None:
    done = seed("--url", "http://127.0.0.1:9", "--seconds", "0.2", "--rate", "20")
    assert done.returncode == 1
    assert "no play reached the server" in done.stderr


def test_it_goes_on_when_the_token_of_the_data_folder_is_rotated(
    server: Server, running: Callable[..., "subprocess.Popen[str]"]
) -> None:
    old, before = server.token, accepted(server)
    running(*at(server), "--rate", "100")
    until(lambda: accepted(server) > before)
    write_token(server.data_dir)
    until(lambda: refuses(server, old))
    then = accepted(server)
    until(lambda: accepted(server) > then)


def refuses(server: Server, token: str) -> bool:
    try:
        post_plays(server, [], Authorization=f"Bearer {token}")
    except HTTPError as error:
        return error.code == 401
    return False
