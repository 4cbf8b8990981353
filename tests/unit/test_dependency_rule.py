"""Who may import whom. The core is sans-I/O: it reaches no web framework, thread, socket, clock or file.

What puts pictures together reaches only the files that it is shipped with. No folder imports one above it, and no
modules import each other in a circle.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

WEBAPP = Path(__file__).resolve().parents[2] / "webapp"
MOVING = {"__init__", "imagecache", "images", "renderer"}
"""Of graphics: what keeps pictures, and has them drawn in a process of its own."""
LOADERS = {"earthdata", "fonts"}
"""Of graphics: what reads the files that it is shipped with."""
OPENING = {"__init__", "archives", "history", "multiscrobblerdb", "sorting", "sources"}
"""Of histories: what opens files, databases and archives."""
SANS_IO = [
    f"{folder}.{path.stem}"
    for folder in ("core", "graphics", "histories", "ingest")
    for path in sorted((WEBAPP / folder).glob("*.py"))
    if path.stem not in {"graphics": MOVING, "histories": OPENING}.get(folder, {"__init__"})
]
LOWER = {
    "core": set(),
    "ingest": {"core"},
    "storage": {"core"},
    "bus": {"core"},
    "engine": {"core", "bus", "ingest", "storage"},
    "graphics": {"core", "engine"},
    "histories": {"core"},
    "seed": {"core", "storage", "histories"},
    "openapi": {"core", "ingest", "storage", "web"},
}
"""The folders with no Flask in them, and which others each may import; `openapi` describes what `web` serves."""
UPPER = {
    "web",
    "app",
    "services",
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
PURE = "urllib.parse"
"""Of urllib: what only takes texts apart."""
CLOCK_METHODS = {"now", "utcnow", "today"}
FILES = {"pathlib", "os", "io", "tempfile", "shutil", "zipfile", "webapp.resources"}
FILE_METHODS = {"open", "load", "memmap", "read_bytes", "read_text", "write_bytes", "write_text"}


def imports_of(tree: ast.AST) -> Iterator[str]:
    """Yield the dotted names that a module imports when it runs, those inside functions included."""
    return _named_in(_running(tree))


def _named_in(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Yield the dotted names that are imported; relative ones keep their dots, which no rule here allows."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)


def clock_readings_of(tree: ast.AST) -> Iterator[str]:
    """Yield what reads a clock without importing one: `datetime.now()` and its like."""
    for node in _running(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK_METHODS:
            yield ast.unparse(node.func)


def openings_of(tree: ast.AST) -> Iterator[str]:
    """Yield what opens a file, or could: imports, and calls such as `open()` and `np.load()`."""
    yield from (full for full in imports_of(tree) if full in FILES or full.rpartition(".")[0] in FILES)
    for node in _running(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in FILE_METHODS:
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
            trees[name], imported = _parsed(path)
            waiting += [each for full in imported for each in _modules(full, root.name)]
    return trees


@cache
def _parsed(path: Path) -> tuple[ast.AST, tuple[str, ...]]:
    """Return a module's tree, and what it imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return tree, tuple(imports_of(tree))


def _modules(full: str, package: str) -> list[str]:
    """Return what an import of our own may mean: a module, or a name in one, in a folder or not."""
    first, *parts = full.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)] if first == package else []


def opened(module: str, root: Path = WEBAPP) -> list[str]:
    """Return a sentence for each file that a module can reach."""
    trees = reachable(module, root).items()
    return [f"{name} opens files: {call}" for name, tree in trees for call in openings_of(tree)]


def is_forbidden(full: str) -> bool:
    """Tell whether a sans-I/O file may not import a module, or a name in one."""
    return full.split(".")[0] in FORBIDDEN and not f"{full}.".startswith(f"{PURE}.")


def violations(module: str, root: Path = WEBAPP) -> list[str]:
    """Return a sentence for each forbidden import or reading of a clock that a module can reach."""
    found = []
    for name, tree in reachable(module, root).items():
        found += [f"{name} imports {full}" for full in imports_of(tree) if is_forbidden(full)]
        found += [f"{name} reads the clock: {call}" for call in clock_readings_of(tree)]
    return found


@pytest.mark.parametrize("module", SANS_IO)
def test_a_sans_io_file_reaches_no_framework_no_thread_no_socket_and_no_clock(module: str) -> None:
    assert module in reachable(module)
    assert violations(module) == []


@pytest.mark.parametrize(
    ("full", "forbidden"),
    [("urllib.request.urlopen", True), ("urllib", True), ("urllib.parse.parse_qsl", False), ("urllib.parse", False)],
)
def test_only_what_takes_addresses_apart_is_allowed_of_urllib(full: str, forbidden: bool) -> None:
    assert is_forbidden(full) == forbidden


@pytest.mark.parametrize("module", [name for name in SANS_IO if name.startswith("core.")])
def test_the_core_reaches_no_file(module: str) -> None:
    assert opened(module) == []


@pytest.mark.parametrize("module", [name for name in SANS_IO if name.startswith("graphics.")])
def test_only_its_loaders_open_files_where_pictures_are_put_together(module: str) -> None:
    openings = list(openings_of(ast.parse((WEBAPP / module.replace(".", "/")).with_suffix(".py").read_text())))
    assert bool(openings) == (module.partition(".")[2] in LOADERS), openings


def imported_by(package: Path) -> dict[str, set[str]]:
    """Return what each module of a package imports of it: when it runs, later, or for a type checker."""
    paths = {".".join(path.relative_to(package).with_suffix("").parts): path for path in package.rglob("*.py")}
    found = {}
    for name, path in paths.items():
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        named = [
            f"{node.module}.{each.name}" for node in nodes if isinstance(node, ast.ImportFrom) for each in node.names
        ]
        named += [each.name for node in nodes if isinstance(node, ast.Import) for each in node.names]
        found[name] = {each for full in named for each in _modules(full, package.name) if each in paths} - {name}
    return found


def circle(package: Path) -> list[str]:
    """Return modules that import each other in a circle; none if there is no circle."""
    try:
        TopologicalSorter(imported_by(package)).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_modules_import_each_other_in_a_circle_not_even_for_their_types() -> None:
    assert circle(WEBAPP) == []


@pytest.mark.parametrize(
    "back",
    [
        "import webapp.first",
        "def f():\n    from webapp import first",
        "if TYPE_CHECKING:\n    from webapp.first import X",
    ],
)
def test_the_rule_sees_a_circle(tmp_path: Path, back: str) -> None:
    package = tmp_path / "webapp"
    package.mkdir()
    (package / "first.py").write_text("from webapp.second import Y\n")
    (package / "second.py").write_text("from webapp import third\n")
    (package / "third.py").write_text("x = 1\n")
    assert circle(package) == []
    (package / "third.py").write_text(back)
    assert set(circle(package)) == {"first", "second", "third"}


@pytest.mark.parametrize(
    "source",
    [
        "open('x')",
        "import numpy as np\nnp.load('x')",
        "from pathlib import Path",
        "import os.path",
        "from webapp import resources",
    ],
)
def test_the_rule_sees_what_opens_a_file_two_files_away(tmp_path: Path, source: str) -> None:
    package = tmp_path / "webapp"
    package.mkdir()
    (package / "first.py").write_text("from webapp.second import x\n")
    (package / "second.py").write_text(source)
    assert len(opened("first", package)) == 1


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
    program = f"import sys, {', '.join(f'webapp.{name}' for name in SANS_IO)}; print(*sys.modules)"
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
