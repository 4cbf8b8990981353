"""The task of `scripts/test`: run all checks and tests, even if one fails, and print times and a summary.

It uses only the standard library, because it runs on the system's Python.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import environment
import tools
from environment import PYTHON, ROOT, ProblemError

TSCONFIG_FOLDERS = ("assets",)
FOUR_AT_ONCE = ("-n", "4", "--dist", "worksteal")
"""Options of pytest-xdist for real servers, which wait now and then."""
THREE_AT_ONCE = ("-n", "3", "--dist", "worksteal")
"""For browsers, which draw in software and wait now and then."""
_POLITELY = ("nice", "-n", "10")
"""Puts a command after others that want the processor."""
SLOWEST = ("--durations", "15")
"""Prints the slowest tests at the end."""
TWO_AT_ONCE = ("-n", "2", "--dist", "worksteal")
"""For unit tests: each process keeps a core busy."""

HELP = """usage: scripts/test [--latest] [--long] [PART ...] [PYTEST ARGUMENTS ...]

Runs every check and test, or the parts that are named; what follows them goes to pytest.
Whatever is missing is installed first: .venv, browsers, proxies, promtool, bubblewrap, systemd, music players, fonts,
Node, TypeScript, axe-core.

  --latest      with the newest packages that pyproject.toml allows, in .venv-latest, instead of the locked ones
  --long        the tests of minutes, too, which are left out otherwise

parts:
  lint          ruff, its formatting included
  types         mypy, and tsc over the JavaScript
  data          whether the shipped gazetteer is current; with --long, by making it again
  js            the JavaScript's own tests, under Node
  unit          tests/unit
  integration   tests/integration, with real servers
  browser       tests/browser, with a real Chromium, Firefox and WebKit

examples:
  scripts/test                      everything, as the continuous integration runs it
  scripts/test lint types           the quick checks
  scripts/test unit -k matcher      some of the unit tests
  scripts/test tests/unit/test_settings.py
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One check: its name, and functions that return its command and environment when it runs."""

    part: str
    name: str
    command: Callable[[], list[str | Path]]
    env: Callable[[], dict[str, str]] = dict

    @property
    def alone(self) -> bool:
        """Whether it runs alone and shows its output: it is long and keeps all cores busy."""
        return self.part in ("unit", "integration", "browser")


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a step: how long it took, and what it printed, unless that was shown at once."""

    step: Step
    passed: bool
    took_s: float
    printed: str


def main(arguments: list[str]) -> int:
    """Run the requested steps; return 0 if all passed."""
    if {"-h", "--help"} & set(arguments[:1]):
        print(HELP, end="")
        return 0
    if arguments[:1] == ["--latest"]:
        arguments = _for_latest(arguments)
    parts, pytest_arguments = _split(arguments)
    try:
        environment.prepare("test")
        began = time.monotonic()
        return _summary(_results(_steps(parts, pytest_arguments)), time.monotonic() - began)
    except KeyboardInterrupt:
        print("scripts/test: interrupted", file=sys.stderr)
        return 130
    except (ProblemError, OSError) as problem:
        print(f"scripts/test: {problem}", file=sys.stderr)
        return 1


def _for_latest(arguments: list[str]) -> list[str]:
    """Restart with the environment of newest packages; there, have it updated, and return the other arguments."""
    if not environment.LATEST:
        again = [sys.executable, __file__, *arguments]
        os.execve(sys.executable, again, os.environ | {environment.LATEST_VARIABLE: "1"})
    environment.STAMP.unlink(missing_ok=True)
    return arguments[1:]


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Split the arguments into names of parts and pytest's arguments; --long goes to pytest from any position."""
    arguments = sorted(arguments, key="--long".__eq__)
    parts = {step.part for step in _all_steps([])}
    count = next((i for i, argument in enumerate(arguments) if argument not in parts), len(arguments))
    return arguments[:count], [argument for argument in arguments[count:] if argument != "--"]


def _steps(parts: list[str], pytest_arguments: list[str]) -> list[Step]:
    if any((ROOT / argument.split("::")[0]).exists() for argument in pytest_arguments):
        return [Step("pytest", "pytest", lambda: [PYTHON, "-m", "pytest", *pytest_arguments], _whole_environment)]
    steps = _all_steps(pytest_arguments)
    if not parts and set(pytest_arguments) - {"--long"}:
        parts = ["unit", "integration", "browser"]
    return [step for step in steps if step.part in parts or not parts]


def _all_steps(pytest_arguments: list[str]) -> list[Step]:
    def python(*command: str) -> Callable[[], list[str | Path]]:
        return lambda: [PYTHON, *command]

    def pytest(folder: str, *options: str) -> Callable[[], list[str | Path]]:
        return python("-m", "pytest", *options, *SLOWEST, f"tests/{folder}", *pytest_arguments)

    is_long = "--long" in pytest_arguments
    return [
        Step("lint", "ruff check", python("-m", "ruff", "check")),
        Step("lint", "ruff format", python("-m", "ruff", "format", "--check")),
        Step("types", "mypy", python("-m", "mypy")),
        *(Step("types", f"tsc {folder}", partial(_tsc, folder)) for folder in TSCONFIG_FOLDERS),
        Step("data", "gazetteer", python("scripts/build_gazetteer.py", "--check", *(["--rebuild"] if is_long else []))),
        Step("js", "node", _node_tests),
        Step("unit", "unit tests", pytest("unit", *TWO_AT_ONCE)),
        Step("integration", "integration tests", pytest("integration", *FOUR_AT_ONCE), tools.server_tools),
        Step("browser", "browser tests", pytest("browser", *THREE_AT_ONCE), _browser_environment),
    ]


def _tsc(folder: str) -> list[str | Path]:
    return [tools.node(), tools.typescript(), "--project", ROOT / folder]


def _node_tests() -> list[str | Path]:
    tests = sorted((ROOT / "tests" / "js").rglob("*.test.js"))
    if not tests:
        raise ProblemError("no tests/js/*.test.js: the JavaScript would go untested")
    return [tools.node(), "--test", *tests]


def _browser_environment() -> dict[str, str]:
    tools.require_fonts()
    wish = {name: value for name, value in os.environ.items() if name == "PICTURES"}
    return {"CHROMIUM": tools.chromium(), **tools.engines(), "AXE": str(tools.axe()), **tools.programs(), **wish}


def _whole_environment() -> dict[str, str]:
    """Return what any test needs."""
    return _browser_environment() | tools.server_tools()


def _results(steps: list[Step]) -> list[Result]:
    """Run the long steps one after another, and beside them the short ones, in the time that they leave."""
    short, long = [step for step in steps if not step.alone], [step for step in steps if step.alone]
    results: list[Result] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        beside = {pool.submit(_run, step, _POLITELY if long else ()) for step in short}
        for step in long:
            print(f"\n== {step.name}", flush=True)
            results.append(_printed(_run(step)))
            done, beside = wait(beside, timeout=0)
            results += [_printed(each.result()) for each in done]
        results += [_printed(each.result()) for each in as_completed(beside)]
    return results


def _printed(result: Result) -> Result:
    """Print what a step printed, unless that was shown, and how it ended."""
    heading = "" if result.step.alone else f"\n== {result.step.name}\n"
    ended = f"-- {result.step.name}: {'passed' if result.passed else 'FAILED'} in {result.took_s:.1f} s"
    print(f"{heading}{result.printed}{ended}", flush=True)
    return result


def _run(step: Step, before: Sequence[str] = ()) -> Result:
    """Run and time a step; it fails if a tool is missing and cannot be installed."""
    began = time.monotonic()
    passed, printed = _ran(step, before)
    return Result(step, passed, time.monotonic() - began, printed)


def _ran(step: Step, before: Sequence[str]) -> tuple[bool, str]:
    """Run a step, its command after other words; return whether it passed, and its output unless that was shown."""
    out = None if step.alone else subprocess.PIPE
    try:
        env = _environment() | step.env()
        ran = subprocess.run(
            [*before, *step.command()],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
        )
    except ProblemError as problem:
        return False, f"scripts/test: {problem}\n"
    return ran.returncode == 0, ran.stdout or ""


def _environment() -> dict[str, str]:
    """Return the environment without `UNISON_*` settings, and with Python's bytecode cache.

    Without the cache, each of some hundred servers would compile all modules.
    """
    no_cache = "PYTHONDONTWRITEBYTECODE"
    return {name: value for name, value in os.environ.items() if not name.startswith("UNISON_") and name != no_cache}


def _summary(results: list[Result], took_s: float) -> int:
    print("\n== summary")
    for result in results:
        print(f"  {'passed' if result.passed else 'FAILED'}  {result.took_s:6.1f} s  {result.step.name}")
    failed = [result.step.name for result in results if not result.passed]
    print(("FAILED: " + ", ".join(failed) if failed else "All passed") + f" in {took_s:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
