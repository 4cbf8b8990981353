"""Write requirements/*.txt: versions and hashes of all packages for running, testing and measuring Unison.

    python scripts/lock.py             keep the locked versions if pyproject.toml allows them
    python scripts/lock.py --upgrade   use the newest versions that pyproject.toml allows
    python scripts/lock.py --wheels    change nothing; list locked packages without wheels, by Python and machine

It needs uv (`pip install uv`) and the package index. The files are for all machines and all Pythons that Unison
supports: if versions differ, markers say for which Python each is.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "requirements"
EXTRAS = {"run": (), "nats": ("nats",), "test": ("dev", "nats", "test"), "bench": ("bench",)}
"""The extras in each file, in addition to what Unison needs to run and build; later files use the same versions."""
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
MACHINES = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28")


def main() -> int:
    """Write the files, or with --wheels check for wheels; return 1 if some are missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--upgrade", action="store_true", help="use the newest versions that the ranges allow")
    parser.add_argument("--wheels", action="store_true", help="list packages without a wheel for a Python or a machine")
    options = parser.parse_args()
    if not shutil.which("uv"):
        sys.exit("scripts/lock.py needs uv, which is not in PATH: pip install uv")
    if options.wheels:
        return _wheels()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for name in EXTRAS:
        _lock(name, project, upgrade=options.upgrade)
    return 0


def _lock(name: str, project: dict[str, Any], *, upgrade: bool) -> None:
    lowest = re.sub(r"[^\d.]", "", project["project"]["requires-python"])
    earlier = list(EXTRAS)[: list(EXTRAS).index(name)]
    command = ["uv", "pip", "compile", "-", "--quiet", "--universal", "--python-version", lowest, "--generate-hashes"]
    command += ["--no-annotate", "--custom-compile-command", "python scripts/lock.py"]
    command += [part for each in earlier for part in ("--constraint", f"requirements/{each}.txt")]
    command += ["--output-file", f"requirements/{name}.txt", *(["--upgrade"] if upgrade else [])]
    FOLDER.mkdir(exist_ok=True)
    subprocess.run(command, cwd=ROOT, input="\n".join(_wanted(name, project)), text=True, check=True)


def _wanted(name: str, project: dict[str, Any]) -> list[str]:
    """Return the requirements of a file, without the project itself, whose extras are already included."""
    extras = project["project"]["optional-dependencies"]
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    wanted += [each for extra in EXTRAS[name] for each in extras[extra]]
    return [each for each in wanted if not each.startswith(project["project"]["name"])]


def _wheels() -> int:
    """Let uv look for wheels of all locked packages, for each Python and machine, without installing them."""
    problems = 0
    for name in EXTRAS:
        for python in PYTHONS:
            for machine in MACHINES:
                problems += (problem := _missing_wheels(name, python, machine)) != ""
                print(f"{name:5}  {python}  {machine}  {problem or 'all have wheels'}", flush=True)
    return min(problems, 1)


def _missing_wheels(name: str, python: str, machine: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        command = ["uv", "pip", "install", "--dry-run", "--require-hashes", "--only-binary", ":all:", "--no-deps"]
        command += ["--target", folder, "--python-version", python, "--python-platform", machine]
        command += ["--requirement", f"requirements/{name}.txt"]
        asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return " ".join(asked.stderr.split()) if asked.returncode else ""


if __name__ == "__main__":
    sys.exit(main())
