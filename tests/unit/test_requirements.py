"""What is locked is all that is needed, on every Python and machine, and nothing but packages and their hashes."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from itertools import product
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BASE = [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]]
EXTRAS = PROJECT["project"]["optional-dependencies"]
FILES = {
    "run": BASE,
    "nats": [*BASE, *EXTRAS["nats"]],
    "test": [*BASE, *EXTRAS["test"], *EXTRAS["dev"], *EXTRAS["nats"]],
    "bench": [*BASE, *EXTRAS["bench"]],
}
PYTHONS = ("3.11.2", "3.11.7", "3.12.1", "3.13.0", "3.14.0")
MACHINES = ("x86_64", "aarch64")
ENVIRONMENTS = [
    {
        "python_version": python.rpartition(".")[0],
        "python_full_version": python,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "platform_machine": machine,
        "platform_system": "Linux",
        "sys_platform": "linux",
        "os_name": "posix",
        "extra": "",
    }
    for python, machine in product(PYTHONS, MACHINES)
]


@dataclass(frozen=True)
class Locked:
    """An entry of a file."""

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def version(self) -> str:
        (pin,) = self.requirement.specifier
        assert pin.operator == "=="
        return pin.version


def text_of(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")


def entries(name: str) -> list[Locked]:
    lines = re.sub(r"^#.*\n", "", text_of(name), flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    parted = [(line.partition(" --hash=")[0], re.findall(r"--hash=(\S+)", line)) for line in lines]
    return [Locked(Requirement(requirement), tuple(hashes)) for requirement, hashes in parted]


def locked_in(name: str, environment: dict[str, str]) -> dict[str, Locked]:
    """Return by name what pip takes from a file on such a Python and machine."""
    found = [each for each in entries(name) if applies(each.requirement, environment)]
    by_name: dict[str, Locked] = {canonicalize_name(each.requirement.name): each for each in found}
    assert len(by_name) == len(found), "two versions of one package"
    return by_name


def applies(requirement: Requirement, environment: dict[str, str]) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(environment)


def wanted_by(name: str) -> list[Requirement]:
    return [each for each in map(Requirement, FILES[name]) if each.name != PROJECT["project"]["name"]]


@pytest.mark.parametrize("name", FILES)
def test_every_dependency_is_locked_in_its_range_for_every_python_and_machine(name: str) -> None:
    for environment in ENVIRONMENTS:
        locked = locked_in(name, environment)
        for requirement in wanted_by(name):
            assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)].version), requirement


@pytest.mark.parametrize("name", FILES)
def test_what_locked_packages_need_is_locked_too(name: str) -> None:
    for environment in ENVIRONMENTS:
        locked = locked_in(name, environment)
        for package, each in locked.items():
            for requirement in needs_of(package, each.version, environment):
                needed = locked.get(canonicalize_name(requirement.name))
                assert needed, f"{package} needs {requirement}"
                assert requirement.specifier.contains(needed.version), f"{package} needs {requirement}"


def needs_of(package: str, version_locked: str, environment: dict[str, str]) -> list[Requirement]:
    """Return what a locked package requires; nothing if it is not the version that is installed here."""
    try:
        needs = (requires(package) or []) if version(package) == version_locked else []
    except PackageNotFoundError:
        return []
    return [each for each in map(Requirement, needs) if applies(each, environment)]


@pytest.mark.parametrize("name", FILES)
def test_every_locked_package_has_hashes(name: str) -> None:
    assert entries(name)
    for each in entries(name):
        assert each.hashes, each.requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in each.hashes)


@pytest.mark.parametrize("name", FILES)
def test_a_lock_names_no_index_and_no_path(name: str) -> None:
    listed = re.sub(r"^#.*\n", "", text_of(name), flags=re.MULTILINE)
    assert re.findall(r"https?:|file:|^\s*-(?!-hash)|[/@]", listed, re.MULTILINE) == []


def test_a_package_has_one_version_in_all_locks() -> None:
    for environment in ENVIRONMENTS:
        versions: dict[str, set[str]] = {}
        for name in FILES:
            for package, each in locked_in(name, environment).items():
                versions.setdefault(package, set()).add(each.version)
        assert {package: found for package, found in versions.items() if len(found) > 1} == {}


def test_every_dependency_has_a_range_with_both_ends() -> None:
    for requirement in (each for name in FILES for each in wanted_by(name)):
        operators = {each.operator for each in requirement.specifier}
        assert operators == {">=", "<"}, f"{requirement} has no lower or no upper bound"


def test_every_dependency_has_its_line_in_the_docs() -> None:
    told = {canonicalize_name(word) for word in re.findall(r"[\w-]+", (ROOT / "docs" / "dependencies.md").read_text())}
    named = {canonicalize_name(each.name) for name in FILES for each in wanted_by(name)}
    assert named - told == set()
