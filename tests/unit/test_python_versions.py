"""The oldest Python that is promised is Debian 12's own, 3.11.2: what a later 3.11 brought is not used."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LATER_ARGUMENTS = {
    "extract": {"filter"},  # tarfile, 3.11.4; zipfile has none
    "extractall": {"filter"},
    "unpack_archive": {"filter"},
    "getaddresses": {"strict"},  # email.utils, 3.11.10
    "parseaddr": {"strict"},
}
LATER_NAMES = {
    *("data_filter", "tar_filter", "fully_trusted_filter", "extraction_filter", "FilterError"),  # tarfile, 3.11.4
    *("SetReparseDeferralEnabled", "GetReparseDeferralEnabled"),  # xml.parsers.expat, 3.11.8
    "verify_generated_headers",  # email.policy, 3.11.10
}
"""What the standard library's documentation marks as changed or added in 3.11.3 and later; ruff knows only 3.11."""


def later_uses(tree: ast.AST) -> Iterator[str]:
    """Yield a phrase for each use of what came after 3.11.2."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            later = {each.arg for each in node.keywords} & LATER_ARGUMENTS.get(name, set())
            yield from (f"line {node.lineno}: {name}({argument}=...)" for argument in later)
        elif isinstance(node, ast.Attribute) and node.attr in LATER_NAMES:
            yield f"line {node.lineno}: {node.attr}"


@pytest.mark.parametrize("folder", ["webapp", "scripts", "tests"])
def test_nothing_is_used_that_came_after_the_oldest_python(folder: str) -> None:
    paths = sorted((ROOT / folder).rglob("*.py"))
    assert paths
    found = {str(path.relative_to(ROOT)): [*later_uses(ast.parse(path.read_text(encoding="utf-8")))] for path in paths}
    assert {path: uses for path, uses in found.items() if uses} == {}


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("archive.extractall(folder, filter='data')", 1),
        ("archive.extractall(folder)", 0),
        ("shutil.unpack_archive(a, b, filter='data')", 1),
        ("tarfile.data_filter", 1),
        ("filter(None, names)", 0),
    ],
)
def test_the_rule_sees_a_later_argument_and_a_later_name(source: str, count: int) -> None:
    assert len([*later_uses(ast.parse(source))]) == count
