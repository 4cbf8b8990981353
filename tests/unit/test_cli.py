from __future__ import annotations

import subprocess
import sys


def test_the_package_is_run_as_the_command_is() -> None:
    asked = subprocess.run([sys.executable, "-m", "webapp", "--version"], capture_output=True, text=True, check=True)
    assert asked.stdout.startswith("unison, version ")
