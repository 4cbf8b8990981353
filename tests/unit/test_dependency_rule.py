"""The core is pure: no web framework, no thread, no socket, no clock, neither directly nor through another file.

So is what puts pictures together; and no folder imports one above it.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

WEBAPP = Path(__file__).resolve().parents[2] / "webapp"
GRAPHICS = ("looks", "colours", "fonts", "codes", "cardview", "cardglobe", "cardpage", "cards")
PURE = [
    *sorted(f"core.{path.stem}" for path in (WEBAPP / "core").glob("*.py") if path.stem != "__init__"),
    *(f"graphics.{name}" for name in GRAPHICS),
]
LOWER = {"core": set(), "storage": {"core"}, "engine": {"core", "storage"}, "graphics": {"core", "engine"}}
"""The folders below those with Flask in them, and which others each may import."""
FRAMEWORKS = {"flask", "flask_sock", "werkzeug", "jinja2", "gunicorn", "gevent", "greenlet", "prometheus_client"}
CONCURRENCY = {"threading", "_thread", "asyncio", "concurrent", "multiprocessing", "subprocess", "signal", "queue"}
INPUT_OUTPUT = {"socket", "select", "selectors", "ssl", "http", "urllib", "simple_websocket", "websockets", "sqlite3"}
CLOCKS = {"time", "sched"}
FORBIDDEN = FRAMEWORKS | CONCURRENCY | INPUT_OUTPUT | CLOCKS
CLOCK_METHODS = {"now", "utcnow", "today"}


def imports_of(tree: ast.AST) -> Iterator[str]:
    """Yield the dotted names that a module imports when it runs, those inside functions included."""
    for node in _running(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def clock_readings_of(tree: ast.AST) -> Iterator[str]:
    """Yield what reads a clock without importing one: `datetime.now()` and its like."""
    for node in _running(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK_METHODS:
            yield ast.unparse(node.func)


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree, leaving out what stands under `if TYPE_CHECKING:`."""
    yield tree
    for child in ast.iter_child_nodes(tree):
        if not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)):
            yield from _running(child)


def reachable(module: str, root: Path = WEBAPP) -> dict[str, ast.AST]:
    """Return the trees of a module and of all in the package that it imports, however far."""
    trees: dict[str, ast.AST] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = root.joinpath(*name.split(".")).with_suffix(".py")
        if name not in trees and path.exists():
            trees[name] = ast.parse(path.read_text(encoding="utf-8"))
            waiting += [each for full in imports_of(trees[name]) for each in _modules(full, root.name)]
    return trees


def _modules(full: str, package: str) -> list[str]:
    """Return what an import of our own may mean: a module, or a name in one, in a folder or not."""
    first, *parts = full.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)] if first == package else []


def violations(module: str, root: Path = WEBAPP) -> list[str]:
    """Return a sentence for each forbidden import or reading of a clock that a module can reach."""
    found = []
    for name, tree in reachable(module, root).items():
        found += [f"{name} imports {full}" for full in imports_of(tree) if full.split(".")[0] in FORBIDDEN]
        found += [f"{name} reads the clock: {call}" for call in clock_readings_of(tree)]
    return found


@pytest.mark.parametrize("module", PURE)
def test_a_pure_file_reaches_no_framework_no_thread_no_socket_and_no_clock(module: str) -> None:
    assert module in reachable(module)
    assert violations(module) == []


@pytest.mark.parametrize("folder", LOWER)
def test_a_lower_folder_imports_none_that_is_higher(folder: str) -> None:
    paths = [*(WEBAPP / folder).glob("*.py")]
    imported = {full for path in paths for full in imports_of(ast.parse(path.read_text(encoding="utf-8")))}
    folders = {path.parent.name for path in WEBAPP.glob("*/__init__.py")}
    used = {parts[1] for full in imported if (parts := full.split("."))[0] == "webapp"} & folders
    assert len(paths) > 1
    assert used - {folder} <= LOWER[folder]


def test_importing_the_core_loads_no_framework() -> None:
    program = f"import sys, {', '.join(f'webapp.{name}' for name in PURE)}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert set(loaded) & (FRAMEWORKS | {"sqlite3", "simple_websocket", "websockets"}) == set()


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "from flask import Flask",
        "def f():\n    import gevent.lock",
        "from datetime import datetime\nx = datetime.now()",
        "import datetime\nx = datetime.date.today()",
    ],
)
def test_the_rule_sees_a_violation_two_files_away(tmp_path: Path, source: str) -> None:
    package = tmp_path / "webapp"
    package.mkdir()
    (package / "first.py").write_text("from webapp.second import x\n")
    (package / "second.py").write_text("import webapp.third\n")
    (package / "third.py").write_text(source)
    assert len(violations("first", package)) == 1


def test_what_only_a_type_checker_reads_is_no_dependency(tmp_path: Path) -> None:
    (tmp_path / "only.py").write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import flask\n")
    assert violations("only", tmp_path) == []
