"""The virtual environment in `.venv`: created if it is missing or stale; otherwise no network is needed.

It has the packages of requirements/*.txt, checked by their hashes. `scripts/test --latest` uses another one, with the
newest packages that pyproject.toml allows.

It uses only the standard library, because it runs before anything is installed.
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
"""`scripts/test --latest` sets it to 1 for itself and its children."""
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
    """The task cannot continue; the message is a sentence for a person: what is wrong, and what would be right."""


def prepare(*extras: str) -> Path:
    """Return the environment's Python, with the project and these extras installed.

    Raises:
        ProblemError: it cannot be created here (no network, no venv module, a read-only folder).
    """
    if not _is_installed(extras):
        with _lock():
            if not _is_installed(extras):  # another process may have installed it meanwhile
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
    """Return a hash of what an installation depends on: requirements, Python, and the folder in the entry points."""
    files = [ROOT / "pyproject.toml", *sorted(REQUIREMENTS.glob("*.txt"))]
    parts = [*(file.read_bytes() for file in files), version.encode(), os.fsencode(ROOT)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _venv_version() -> str:
    """Return the version of the environment's own Python; an upgrade of the system may remove or change it."""
    try:
        asked = subprocess.run(
            [PYTHON, "-I", "-c", "import sys, pip; print(sys.version)"], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""


@contextmanager
def _lock() -> Iterator[None]:
    """Let only one installation run at a time in this checkout."""
    with (ROOT / "pyproject.toml").open("rb") as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
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
        raise ProblemError(f"{folder} is not writable for this user, and Unison installs itself into {VENV}")


def _make_venv() -> None:
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise ProblemError(
            f"{sys.executable} cannot create virtual environments: on Debian and Ubuntu run `apt install python3-venv`"
        )
    # The base Python, because this one may be in the folder that is cleared.
    base = getattr(sys, "_base_executable", sys.executable)
    made = subprocess.run([base, "-m", "venv", "--clear", VENV], capture_output=True, text=True, check=False)
    if made.returncode:
        raise ProblemError(f"could not create {VENV}: {_last_line(made.stdout + made.stderr)}")


def _pip_install(extras: tuple[str, ...]) -> None:
    """Install the locked packages, then the project without dependencies; its build backend is locked, too."""
    if LATEST:
        target = f".[{','.join(extras)}]" if extras else "."
        return _pip("--upgrade", "--upgrade-strategy", "eager", "--editable", target)
    _pip("--require-hashes", *(f"--requirement={REQUIREMENTS / name}.txt" for name in extras or ("run",)))
    return _pip("--no-deps", "--no-build-isolation", "--editable", ".")


def _pip(*arguments: str) -> None:
    command: list[str | Path] = [PYTHON, "-m", "pip", "install", "--no-input", "--retries", "2", *arguments]
    with PIP_LOG.open("w+", encoding="utf-8") as log:
        code = _run_pip(command, log.write)
        log.seek(0)
        output = log.read()
    if code:
        raise ProblemError(_pip_problem(output))


def _run_pip(command: list[str | Path], write: Callable[[str], object]) -> int:
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
                write(line)
                _print_progress(line.strip())
        except BaseException:
            pip.terminate()
            raise
    return pip.returncode


def _print_progress(line: str) -> None:
    """Print only pip's progress, a line for each package."""
    if found := re.match(r"(?:Downloading|Using cached) (?:\S*/)?([\w.]+?)-\d\S*( \([\d.]+ \wB\))?", line):
        print(f"  {found[1]}{found[2] or ''}", flush=True)
    elif line.startswith("Installing collected packages:"):
        print(f"  installing {line.count(',') + 1} packages", flush=True)


def _pip_problem(output: str) -> str:
    if _NO_NETWORK.search(output):
        return f"cannot reach the Python package index, which the first start needs (pip's output: {PIP_LOG})"
    return f"pip could not install Unison: {_last_line(output, r'error|ERROR')} (pip's output: {PIP_LOG})"


def _last_line(output: str, pattern: str = "") -> str:
    """Return the last line that starts with a pattern, or else the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return ([line for line in lines if re.match(pattern, line)] or lines or ["no reason given"])[-1]
