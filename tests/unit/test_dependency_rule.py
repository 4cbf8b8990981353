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
MOVING = {"__init__", "imagecache", "renderer"}
"""Of graphics: what keeps pictures, and has them drawn in a process of its own."""
PURE = [
    f"{folder}.{path.stem}"
    for folder in ("core", "graphics")
    for path in sorted((WEBAPP / folder).glob("*.py"))
    if path.stem not in (MOVING if folder == "graphics" else {"__init__"})
]
LOWER = {
    "core": set(),
    "storage": {"core"},
    "engine": {"core", "storage"},
    "graphics": {"core", "engine"},
    "seed": {"core", "storage"},
}
"""The folders below those with Flask in them, and which others each may import."""
UPPER = {
    "web",
    "app",
    "cli",
    "clientlimits",
    "wsgikeys",
    "demo",
    "__main__",
    "doctor",
    "create_app",
    "serving",
    "worker",
}
"""What puts the parts together and serves them, and is imported by nothing below."""
FRAMEWORKS = {"flask", "flask_sock", "werkzeug", "jinja2", "gunicorn", "gevent", "greenlet", "prometheus_client"}
CONCURRENCY = {"threading", "_thread", "asyncio", "concurrent", "multiprocessing", "subprocess", "signal", "queue"}
INPUT_OUTPUT = {"socket", "select", "selectors", "ssl", "http", "urllib", "simple_websocket", "websockets", "sqlite3"}
CLOCKS = {"time", "sched"}
FORBIDDEN = FRAMEWORKS | CONCURRENCY | INPUT_OUTPUT | CLOCKS
CLOCK_METHODS = {"now", "utcnow", "today"}


def imports_of(tree: ast.AST) -> Iterator[str]:
    """Yield the dotted names that a module imports when it runs, those inside functions included.

    What is imported relatively keeps its dots, which no rule here allows.
    """
    for node in _running(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)


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


def upward(path: Path, folders: set[str]) -> list[str]:
    """Return what a module imports relatively, or of the package's folders and of what is above them all.

    Args:
        path: of the module.
        folders: those that it may import.
    """
    found = []
    for full in imports_of(ast.parse(path.read_text(encoding="utf-8"))):
        first, second, *_ = *full.split("."), ""
        barred = first == "webapp" and second in (UPPER | LOWER.keys()) - folders
        found += [f"{path.stem} imports {full}"] if barred or not first else []
    return found


@pytest.mark.parametrize("folder", LOWER)
def test_a_lower_folder_imports_none_that_is_higher(folder: str) -> None:
    paths = [*(WEBAPP / folder).glob("*.py")]
    assert len(paths) > 1
    assert [each for path in paths for each in upward(path, LOWER[folder] | {folder})] == []


def test_what_stands_beside_the_folders_imports_nothing_that_serves() -> None:
    paths = [path for path in WEBAPP.glob("*.py") if path.stem not in UPPER | {"__init__"}]
    assert len(paths) > 1
    assert [each for path in paths for each in upward(path, set(LOWER))] == []


def test_every_folder_of_modules_has_its_rule() -> None:
    assert {path.parent.name for path in WEBAPP.glob("*/*.py")} == LOWER.keys() | {"web"}


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("from webapp.core.plays import Play", 0),
        ("import webapp", 0),
        ("from webapp import create_app", 1),
        ("from webapp.web import api", 1),
        ("from webapp import web", 1),
        ("def f():\n    import webapp.app", 1),
        ("from ..web import api", 1),
        ("from . import hub", 1),
        ("from webapp.storage.history import History", 1),
    ],
)
def test_the_rule_sees_what_reaches_upward(tmp_path: Path, source: str, count: int) -> None:
    path = tmp_path / "planted.py"
    path.write_text(source)
    assert len(upward(path, {"core"})) == count


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
    (package / "inside").mkdir()
    (package / "first.py").write_text("from webapp.inside import second\n")
    (package / "inside" / "second.py").write_text("import webapp.inside.third\n")
    (package / "inside" / "third.py").write_text(source)
    assert len(violations("first", package)) == 1


def test_what_only_a_type_checker_reads_is_no_dependency(tmp_path: Path) -> None:
    (tmp_path / "only.py").write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import flask\n")
    assert violations("only", tmp_path) == []
