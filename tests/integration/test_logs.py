"""What a real server writes to its log: JSON in every line where that is asked for, and never who asked for what."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving import Server, ask, clean_environment, console_script, get_text, stream
from tests.waiting import until

QUERY = "/?q=secretwish&country=BR"


def lines(text: str) -> list[dict[str, Any]]:
    """Decode a log; a line that is not JSON is an error."""
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def json_server(tmp_path: Path) -> Iterator[Server]:
    server = Server(
        tmp_path / "data", {"UNISON_LOG_JSON": "1", "UNISON_LOG_REQUESTS": "1", "UNISON_LOG_LEVEL": "debug"}
    )
    yield server
    server.kill()


def test_every_line_of_a_json_log_is_json_from_the_start_to_the_loss_of_a_worker(json_server: Server) -> None:
    ask(json_server, QUERY)
    ask(json_server, "/c/nothing%0Ahere")
    with stream(json_server):
        pass
    worker = _worker(json_server)
    os.kill(worker, signal.SIGKILL)
    json_server.until_logged("SIGKILL")
    until(lambda: _answers(json_server))
    assert json_server.stop() == 0

    log = lines(json_server.log)
    assert [line["url"] for line in log if line.get("event") == "started"] == [json_server.url] * 2
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in log)
    requests = {line["path"]: line for line in log if line.get("event") == "request"}
    assert requests["/"]["status"] == 200
    assert requests["/"]["route"] == "/"
    assert requests["/stream"]["status"] == 101
    assert requests["/c/nothing%0Ahere"]["status"] == 404
    assert "secretwish" not in json_server.log
    assert "127.0.0.1" not in "".join(map(str, requests.values()))


def test_a_start_that_fails_says_so_in_json() -> None:
    env = clean_environment(UNISON_LOG_JSON="1", UNISON_WINDOW_S="wide")
    ran = subprocess.run([console_script(), "serve"], env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert [line["level"] for line in lines(ran.stdout + ran.stderr)] == ["error"]
    assert "UNISON_WINDOW_S='wide'" in lines(ran.stderr)[0]["message"]


FAILURES = """
import gevent.monkey; gevent.monkey.patch_all()
import gevent, threading, warnings
from webapp import logs
logs.set_up(as_json=True, level="info")
logs.log_greenlets(gevent.get_hub())
def fail(where): raise ValueError(where + "\\nfails")
gevent.spawn(fail, "greenlet").join()
thread = threading.Thread(target=fail, args=["thread"]); thread.start(); thread.join()
warnings.warn("a library warns")
fail("main")
"""


def test_an_uncaught_error_of_any_greenlet_or_thread_and_a_warning_are_lines_of_json() -> None:
    ran = subprocess.run([sys.executable, "-c", FAILURES], capture_output=True, text=True, check=False)
    log = lines(ran.stderr)
    for where in ("greenlet", "thread", "main"):
        assert sum(f"ValueError: {where}\nfails" in line.get("exception", "") for line in log) == 1
    assert sum("a library warns" in line["message"] for line in log) == 1
    assert ran.returncode == 1


def test_an_error_in_a_child_process_is_a_line_of_json() -> None:
    command = [sys.executable, "-P", "-m", "webapp.engine.parseworkers", "99"]  # a descriptor that is not open
    env = clean_environment(UNISON_LOG_JSON="1")
    ran = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert "Bad file descriptor" in lines(ran.stderr)[0]["exception"]


def test_the_log_level_is_obeyed_and_requests_are_not_logged_unless_asked_for(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", {"UNISON_LOG_LEVEL": "error"})
    try:
        ask(server, QUERY)
        assert "GET" not in server.log
    finally:
        server.kill()
    wrong = clean_environment(UNISON_LOG_LEVEL="loud")
    ran = subprocess.run([console_script(), "serve"], env=wrong, capture_output=True, text=True, check=False)
    assert ran.stderr == "Error: UNISON_LOG_LEVEL='loud': expected one of debug, info, warning, error\n"


def _worker(server: Server) -> int:
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    return int(children[0])


def _answers(server: Server) -> bool:
    try:
        return bool(get_text(server, "/healthz"))
    except OSError:
        return False
