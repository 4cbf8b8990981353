"""How the tests themselves are written: none imports another, and none sleeps to be in time for something."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import ROOT

FOLDER = ROOT / "tests"
HOLDS = [FOLDER, FOLDER / "browser", FOLDER / "integration", FOLDER / "unit"]
MODULES = sorted(path for folder in HOLDS for path in folder.glob("*.py"))
SLEEPS = FOLDER / "waiting.py"
KIOSK = {"test_engines.py": "time.sleep(3)"}
"""The wait for a page in a browser that no driver controls, in a test of `--long`."""


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the names of what is imported anywhere in a module, each with the module that it is from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)


def sleeps(tree: ast.AST) -> Iterator[str]:
    """Yield the calls of a function named sleep, but for `sleep(0)`, which only lets others run."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "sleep":
            call = ast.unparse(node)
            if not call.endswith("sleep(0)"):
                yield call


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_test_module_is_imported_and_only_one_module_sleeps(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert [name for name in imported(tree) if any(part.startswith("test_") for part in name.split("."))] == []
    assert path == SLEEPS or {*sleeps(tree)} <= {KIOSK.get(path.name)}
