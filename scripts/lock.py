"""Make requirements/*.txt: every package that Unison runs, is tested and is measured with, its version and its hashes.

    python scripts/lock.py             keeps the locked versions as far as pyproject.toml allows them
    python scripts/lock.py --upgrade   takes the newest versions that pyproject.toml allows
    python scripts/lock.py --wheels    changes nothing: says which locked packages must be compiled, and where

It needs uv (`pip install uv`) and the package index. The files are the same for every machine and every Python that
Unison supports: where versions differ, markers say for which Python.
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
EXTRAS = {"run": (), "test": ("dev", "test"), "bench": ("bench",)}
"""The extras in each file, beside what Unison needs to run and to be built; a file agrees with those before it."""
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
MACHINES = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28")


def main() -> int:
    """Make the files, or with --wheels ask for wheels; 1 if something cannot be had."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that the ranges allow")
    parser.add_argument("--wheels", action="store_true", help="say what has no wheel for a Python or a machine")
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
    """Return the requirements of a file; those on the project itself are its own extras, which are there anyway."""
    extras = project["project"]["optional-dependencies"]
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    wanted += [each for extra in EXTRAS[name] for each in extras[extra]]
    return [each for each in wanted if not each.startswith(project["project"]["name"])]


def _wheels() -> int:
    """Have uv look for wheels of all that is locked, for each Python and machine, without installing anything."""
    lacking = 0
    for name in EXTRAS:
        for python in PYTHONS:
            for machine in MACHINES:
                lacking += (problem := _lacking(name, python, machine)) != ""
                print(f"{name:5}  {python}  {machine}  {problem or 'all have wheels'}", flush=True)
    return min(lacking, 1)


def _lacking(name: str, python: str, machine: str) -> str:
    with tempfile.TemporaryDirectory() as nowhere:
        command = ["uv", "pip", "install", "--dry-run", "--require-hashes", "--only-binary", ":all:", "--no-deps"]
        command += ["--target", nowhere, "--python-version", python, "--python-platform", machine]
        command += ["--requirement", f"requirements/{name}.txt"]
        asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return " ".join(asked.stderr.split()) if asked.returncode else ""


if __name__ == "__main__":
    sys.exit(main())
