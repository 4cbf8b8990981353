"""`scripts/run`, as a person starts and ends it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from tests.serving import ROOT, Server, clean_environment, post_plays, stream
from tests.waiting import until

RUN = ROOT / "scripts" / "run"
DEADLINE_S = 60


def run(*arguments: str, script: Path = RUN, **env: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        [script, *arguments],
        env=clean_environment(**env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


def said_in_one_sentence(ended: subprocess.CompletedProcess[str]) -> str:
    """Return the one line in which it said what is wrong."""
    lines = ended.stderr.strip().splitlines()
    assert len(lines) == 1, ended.stderr
    return lines[0]


class Running:
    """It, running: what it printed, and where the server answers."""

    def __init__(self, *arguments: str, **env: str) -> None:
        self.process = subprocess.Popen(
            [RUN, "--port", "0", *arguments],
            env=clean_environment(**env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self.url = ""
        self._answers = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if found := re.search(r"\bUnison is on (http[^\s\"]+)", line):
                self.url = found[1]
                self._answers.set()
        self._answers.set()

    def wait_until_it_answers(self) -> None:
        assert self._answers.wait(DEADLINE_S)
        assert self.url, "".join(self.lines)

    def family(self) -> list[int]:
        """Return its process and all that descend from it."""
        return list(_family(self.process.pid))

    def end(self, number: int, *, group: bool = False) -> int:
        """Send a signal, to it alone or as a terminal does to its whole group, and return the exit code."""
        (os.killpg if group else os.kill)(self.process.pid, number)
        return self.code()

    def code(self) -> int:
        code = self.process.wait(DEADLINE_S)
        self._reader.join(DEADLINE_S)
        return code

    def tidy(self) -> None:
        for pid in self.family() if self.process.poll() is None else []:
            os.kill(pid, signal.SIGKILL)
        self.code()
        assert self.process.stdout is not None
        self.process.stdout.close()


def _family(pid: int) -> Iterator[int]:
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield from _family(int(child))


def until_all_ended(pids: list[int]) -> None:
    """Wait until none of these processes runs: one that was killed takes a moment to be gone."""
    until(lambda: not any(map(_runs, pids)), 15)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(*arguments: str, **env: str) -> Running:
        started.append(Running("--data-dir", str(tmp_path / "data"), *arguments, **env))
        return started[-1]

    yield start
    for each in started:
        each.tidy()
        print("".join(each.lines))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A checkout of which only what comes before the installation is there."""
    root = tmp_path / "checkout"
    shutil.copytree(ROOT / "scripts" / "tasks", root / "scripts" / "tasks")
    shutil.copy2(RUN, root / "scripts" / "run")
    shutil.copytree(ROOT / "requirements", root / "requirements")
    shutil.copy2(ROOT / "pyproject.toml", root)
    return root / "scripts" / "run"


@pytest.mark.parametrize(
    ("number", "group"),
    [(signal.SIGINT, True), (signal.SIGINT, False), (signal.SIGTERM, False), (signal.SIGHUP, False)],
)
def test_a_signal_ends_everything_with_code_0_and_no_traceback(
    start: Callable[..., Running], number: int, group: bool
) -> None:
    running = start()
    running.wait_until_it_answers()
    family = running.family()
    assert len(family) >= 3  # itself, the server, and what sends plays
    assert running.end(number, group=group) == 0
    until_all_ended(family)
    assert "Traceback" not in "".join(running.lines)


def test_ctrl_c_before_the_server_answers_ends_it_as_well(start: Callable[..., Running]) -> None:
    running = start(PYTHONSTARTUP="")
    assert running.process.poll() is None
    assert running.end(signal.SIGTERM) in (0, -signal.SIGTERM)  # the latter: before Python had begun
    assert "Traceback" not in "".join(running.lines)


@pytest.mark.parametrize("log_json", ["0", "1"])
def test_it_sends_plays_marked_as_synthetic(start: Callable[..., Running], log_json: str) -> None:
    running = start(UNISON_LOG_JSON=log_json)
    running.wait_until_it_answers()
    frame = first_frame_with_plays(running)
    assert frame["counts"]["plays_by_source"]["synthetic"] > 0
    assert frame["counts"]["plays_by_source"]["live"] == 0


@pytest.mark.parametrize("settings", [{}, {"UNISON_TOKENS": "first,second"}], ids=["no tokens", "tokens"])
def test_its_plays_are_taken_where_others_would_need_a_token(
    start: Callable[..., Running], settings: dict[str, str]
) -> None:
    running = start("--host", "0.0.0.0", **settings)
    running.wait_until_it_answers()
    assert first_frame_with_plays(running)["counts"]["plays"]
    with pytest.raises(HTTPError, match="401"):
        post_plays(running, [])


def test_it_sends_nothing_with_no_seed(start: Callable[..., Running]) -> None:
    running = start("--no-seed")
    running.wait_until_it_answers()
    programs = [Path(f"/proc/{pid}/cmdline").read_text() for pid in running.family()]
    assert any("serve" in program.split("\0") for program in programs)
    assert not any("seed" in program.split("\0") for program in programs)


def test_a_second_start_installs_nothing_and_needs_no_network(start: Callable[..., Running]) -> None:
    running = start("--no-seed", PIP_INDEX_URL="http://127.0.0.1:9/simple")
    running.wait_until_it_answers()
    assert "Install" not in "".join(running.lines)


def test_when_the_server_dies_it_says_so_and_ends_with_its_code(start: Callable[..., Running]) -> None:
    running = start()
    running.wait_until_it_answers()
    family = running.family()
    server = next(pid for pid in family[1:] if "serve" in Path(f"/proc/{pid}/cmdline").read_text())
    os.kill(server, signal.SIGKILL)
    assert running.code() == 128 + signal.SIGKILL
    assert "the server stopped unexpectedly" in "".join(running.lines)
    until_all_ended(family)


def test_kill_9_leaves_no_orphan(start: Callable[..., Running]) -> None:
    running = start()
    running.wait_until_it_answers()
    first_frame_with_plays(running)
    family = running.family()
    assert running.end(signal.SIGKILL) == -signal.SIGKILL
    until_all_ended(family)


def test_options_that_it_does_not_know_are_the_demos(start: Callable[..., Running]) -> None:
    running = start("--scenario", "edge-cases", "--rate", "20")
    running.wait_until_it_answers()
    first_frame_with_plays(running)
    programs = [Path(f"/proc/{pid}/cmdline").read_text().split("\0") for pid in running.family()]
    (sender,) = [program for program in programs if "seed" in program]
    assert sender[-6:-1] == [running.url, "--scenario", "edge-cases", "--rate", "20.0"]


def test_a_port_in_use_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("--port", str(port), "--no-seed")
    assert ended.returncode == 1
    assert said_in_one_sentence(ended) == (
        f"scripts/run: port {port} of 127.0.0.1 is in use: end what uses it, or choose another with --port"
    )


def test_a_port_that_is_none_is_one_sentence() -> None:
    assert "65536 is not between 0 and 65535" in said_in_one_sentence(run("--port", "65536"))


def test_a_data_dir_in_use_is_one_sentence(server: Server) -> None:
    ended = run("--port", "0", "--data-dir", str(server.data_dir), "--no-seed")
    assert ended.returncode == 1
    assert f"{server.data_dir} is in use" in said_in_one_sentence(ended)


def test_an_old_python_is_one_sentence(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit\nexit 1\n')
    old.chmod(0o755)
    (tmp_path / "dirname").symlink_to(str(shutil.which("dirname")))
    ended = run("--no-seed", PATH=str(tmp_path), PYTHON="")
    assert ended.returncode == 1
    assert "needs Python 3.11 or newer, and PATH has Python 3.9.2" in said_in_one_sentence(ended)


def test_no_network_is_one_sentence(copy: Path) -> None:
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}
    nowhere["PIP_RETRIES"] = "1"  # five would only take longer
    ended = run("--port", "0", script=copy, PYTHON=sys.executable, **nowhere)
    assert ended.returncode == 1
    assert "cannot reach the Python package index" in said_in_one_sentence(ended)


def test_a_python_without_ensurepip_is_one_sentence(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['ensurepip'] = None\n")
    ended = run("--port", "0", script=copy, PYTHON=sys.executable, PYTHONPATH=str(tmp_path))
    assert ended.returncode == 1
    assert "apt install python3-venv" in said_in_one_sentence(ended)


def test_help_needs_no_installation(copy: Path) -> None:
    ended = run("--help", script=copy)
    assert ended.returncode == 0
    assert "--no-seed" in ended.stdout
    assert not (copy.parents[1] / ".venv").exists()


def first_frame_with_plays(running: Running) -> dict[str, Any]:
    """Watch its stream until plays have come in."""
    with stream(running, timeout_s=20) as viewer:
        return viewer.until(lambda frame: frame["type"] == "connections" and frame["counts"]["plays"] > 0)
