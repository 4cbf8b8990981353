"""A user without passwd entry and HOME, as containers have them: each command works, or says what it lacks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.serving import Server, clean_environment, stream

UID = "54321"
COMMAND = (sys.executable, "-P", "-m", "webapp")
NO_HOME = "Error: this user has no home folder; set the data folder with --data-dir or UNISON_DATA_DIR\n"


def as_nobody_known() -> list[str]:
    """Return what runs a command as such a user, who may read what this one may (a Python in a home folder)."""
    if os.geteuid() == 0:
        reading = [f"--{kind}-caps=+dac_read_search" for kind in ("inh", "ambient")]
        return ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", *reading]
    return ["unshare", "--user", f"--map-user={UID}", f"--map-group={UID}"]


def homeless(**settings: str) -> dict[str, str]:
    left_out = {"HOME", "USER", "LOGNAME", "XDG_DATA_HOME"}
    return {name: value for name, value in clean_environment(**settings).items() if name not in left_out}


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [*as_nobody_known(), *COMMAND, *arguments]
    return subprocess.run(command, env=homeless(**settings), capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder in which everybody may write, and which everybody reaches."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


@pytest.mark.parametrize("command", ["serve", "demo", "doctor"])
def test_without_a_home_a_command_asks_for_a_data_folder_in_one_sentence(command: str) -> None:
    ended = run(command)
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", NO_HOME)


def test_a_tilde_without_a_home_is_one_sentence() -> None:
    ended = run("doctor", UNISON_DATA_DIR="~/unison")
    assert (
        ended.stderr
        == "Error: UNISON_DATA_DIR='~/unison': expected a folder without ~, because this user has no home folder\n"
    )


def test_settings_are_listed_without_a_home() -> None:
    ended = run("settings")
    assert ended.returncode == 0
    assert "UNISON_DATA_DIR  (folder, default: ~/.local/share/unison)" in ended.stdout


def test_doctor_finds_all_in_order_without_a_home(open_folder: Path) -> None:
    ended = run("doctor", UNISON_DATA_DIR=str(open_folder / "data"))
    assert ended.returncode == 0, ended.stdout
    assert "data folder" in ended.stdout


class HomelessDemo(Server):
    """`unison demo`, and so `unison serve` and `unison seed`, for such a user."""

    def command(self, port: int) -> list[str]:
        program = [*as_nobody_known(), *COMMAND, "demo", "--port", str(port), "--data-dir", str(self.data_dir)]
        return ["env", "--unset=HOME", "--unset=USER", "--unset=LOGNAME", "--unset=XDG_DATA_HOME", *program]


def test_the_demo_runs_without_a_home_and_ends_with_ctrl_c(open_folder: Path) -> None:
    demo = HomelessDemo(open_folder / "data")
    try:
        with stream(demo, timeout_s=60) as viewer:
            viewer.connections(1)
        assert (open_folder / "data" / "secret").stat().st_uid == int(UID) or os.geteuid() != 0
        demo.process.send_signal(signal.SIGINT)
        assert demo.process.wait(30) == 0
        assert "Traceback" not in demo.log
    finally:
        demo.kill()
