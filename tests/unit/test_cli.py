from __future__ import annotations

import subprocess
import sys

from webapp.bus.log import NEEDS_NATS


def test_the_package_is_run_as_the_command_is() -> None:
    asked = subprocess.run([sys.executable, "-m", "webapp", "--version"], capture_output=True, text=True, check=True)
    assert asked.stdout.startswith("unison, version ")


def test_without_the_extra_for_several_servers_the_other_commands_work() -> None:
    """In an environment of its own, as others have imported NATS's client by now."""
    hidden = "import sys; sys.modules['nats'] = None; from webapp.cli import main; main()"

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", hidden, *words], capture_output=True, text=True)

    assert "bus  " in run("--help").stdout
    assert run("bus", "--help").returncode == 0
    assert run("bus", "init").stderr == f"Error: {NEEDS_NATS}\n"
