"""The virtual environment in `.venv`: made when missing or stale, and otherwise left alone, without any network.

It has the packages that requirements/*.txt name, each checked by its hash. `scripts/test --latest` has another, with
the newest packages that pyproject.toml allows.

Only the standard library: this runs before anything is installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LATEST_VARIABLE = "WITH_LATEST_PACKAGES"
"""`scripts/test --latest` sets it to 1, for itself and for all that it runs."""
LATEST = os.environ.get(LATEST_VARIABLE) == "1"
VENV = ROOT / (".venv-latest" if LATEST else ".venv")
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "unison-installed.json"
PIP_LOG = VENV / "pip.log"
REQUIREMENTS = ROOT / "requirements"

_NO_NETWORK = re.compile(
    r"NameResolution|name resolution|NewConnectionError|connection broken|Connection(Error|Refused|Reset|Timeout)"
    r"|Network is unreachable|ReadTimeout|Max retries|ProxyError|Could not fetch URL",
    re.IGNORECASE,
)


class ProblemError(Exception):
    """It cannot go on; the message is one sentence for a person: what is wrong, and what would be right."""


def prepare(*extras: str) -> Path:
    """Return the environment's Python, with the project and these extras installed.

    Raises:
        ProblemError: it cannot be made here (no network, no venv module, a folder that cannot be written to).
    """
    if not _is_installed(extras):
        with _alone():
            if not _is_installed(extras):  # another one may have installed while this one waited
                _install(extras)
    return PYTHON


def _is_installed(extras: tuple[str, ...]) -> bool:
    stamp, version = _stamp(), _venv_version()
    named = not os.environ.get("PYTHON") or version == sys.version
    return named and set(extras) <= set(stamp.get("extras", ())) and stamp.get("key") == _key(version)


def _stamp() -> dict[str, Any]:
    try:
        stamp: dict[str, Any] = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamp


def _key(version: str) -> str:
    """What an installation depends on: the requirements, the Python, and the folder that the entry points name."""
    files = [ROOT / "pyproject.toml", *sorted(REQUIREMENTS.glob("*.txt"))]
    parts = [*(file.read_bytes() for file in files), version.encode(), os.fsencode(ROOT)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _venv_version() -> str:
    """Ask the environment's own Python: it is gone or another one after an upgrade of the system's."""
    try:
        asked = subprocess.run(
            [PYTHON, "-I", "-c", "import sys, pip; print(sys.version)"], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""


@contextmanager
def _alone() -> Iterator[None]:
    """Let one installation run at a time in this checkout."""
    with (ROOT / "pyproject.toml").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _install(extras: tuple[str, ...]) -> None:
    began = time.monotonic()
    _require_writable()
    known = {path.stem for path in REQUIREMENTS.glob("*.txt")}
    extras = tuple(sorted({*extras, *_stamp().get("extras", ())} & known))
    STAMP.unlink(missing_ok=True)
    print(f"Installing into {VENV} (once; a minute or so)", flush=True)
    if _venv_version() != sys.version if os.environ.get("PYTHON") else not _venv_version():
        _make_venv()
    _pip_install(extras)
    STAMP.write_text(json.dumps({"key": _key(_venv_version()), "extras": extras}) + "\n")
    print(f"Installed in {time.monotonic() - began:.0f} s", flush=True)


def _require_writable() -> None:
    folder = VENV if VENV.exists() else ROOT
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ProblemError(f"{folder} cannot be written to by this user, and Unison installs itself into {VENV}")


def _make_venv() -> None:
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise ProblemError(
            f"{sys.executable} cannot make virtual environments: on Debian and Ubuntu run `apt install python3-venv`"
        )
    # The base Python, for this one may live in the very folder that is cleared.
    base = getattr(sys, "_base_executable", sys.executable)
    made = subprocess.run([base, "-m", "venv", "--clear", VENV], capture_output=True, text=True, check=False)
    if made.returncode:
        raise ProblemError(f"could not make {VENV}: {_last_line(made.stdout + made.stderr)}")


def _pip_install(extras: tuple[str, ...]) -> None:
    """Install the locked packages and then the project, which brings no more of them, its build backend included."""
    if LATEST:
        target = f".[{','.join(extras)}]" if extras else "."
        return _pip("--upgrade", "--upgrade-strategy", "eager", "--editable", target)
    _pip("--require-hashes", *(f"--requirement={REQUIREMENTS / name}.txt" for name in extras or ("run",)))
    return _pip("--no-deps", "--no-build-isolation", "--editable", ".")


def _pip(*arguments: str) -> None:
    command: list[str | Path] = [PYTHON, "-m", "pip", "install", "--no-input", "--retries", "2", *arguments]
    with PIP_LOG.open("w+", encoding="utf-8") as log:
        code = _run_shown(command, log.write)
        log.seek(0)
        words = log.read()
    if code:
        raise ProblemError(_pip_problem(words))


def _run_shown(command: list[str | Path], keep: Callable[[str], object]) -> int:
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUNBUFFERED": "1"},
    ) as pip:
        assert pip.stdout is not None
        try:
            for line in pip.stdout:
                keep(line)
                _show(line.strip())
        except BaseException:
            pip.terminate()
            raise
    return pip.returncode


def _show(line: str) -> None:
    """Print what a person waits for, a line a package, of all that pip says."""
    if found := re.match(r"(?:Downloading|Using cached) (?:\S*/)?([\w.]+?)-\d\S*( \([\d.]+ \wB\))?", line):
        print(f"  {found[1]}{found[2] or ''}", flush=True)
    elif line.startswith("Installing collected packages:"):
        print(f"  installing {line.count(',') + 1} packages", flush=True)


def _pip_problem(words: str) -> str:
    if _NO_NETWORK.search(words):
        return f"the Python package index cannot be reached, which the first start needs (pip's words: {PIP_LOG})"
    return f"pip could not install Unison: {_last_line(words, r'error|ERROR')} (pip's words: {PIP_LOG})"


def _last_line(words: str, telling: str = "") -> str:
    """Return the last line that begins with a telling word, or else the last one."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return ([line for line in lines if re.match(telling, line)] or lines or ["no reason given"])[-1]
