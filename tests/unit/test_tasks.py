"""The tasks of `scripts/run` and `scripts/test`, which run on the system's Python."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from types import ModuleType

import pytest

TASKS = Path(__file__).resolve().parents[2] / "scripts" / "tasks"

UBUNTU = ['NAME="Ubuntu"', "ID=ubuntu", "ID_LIKE=debian"]
MINT = ["ID=linuxmint", 'ID_LIKE="ubuntu debian"', ""]
DEBIAN = ['PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"', "ID=debian"]
FEDORA = ["ID=fedora", 'HOME_URL="https://debian.example/?a=b"', "a comment without a value"]


def task(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import a task as its script does: from its own folder."""
    monkeypatch.syspath_prepend(str(TASKS))
    return importlib.import_module(name)


@pytest.mark.parametrize(
    ("os_release", "expected"), [(DEBIAN, True), (UBUNTU, True), (MINT, True), (FEDORA, False), ([], False)]
)
def test_apt_is_used_on_debian_and_on_systems_made_from_it(
    os_release: list[str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert task("tools", monkeypatch).is_debian_like(os_release) is expected


@pytest.mark.parametrize(
    ("named", "environ", "data_dir"),
    [
        (None, {}, str(TASKS.parents[1] / ".unison")),
        ("/tmp/mine", {}, "/tmp/mine"),
        ("/tmp/mine", {"UNISON_DATA_DIR": "/var/lib/unison"}, "/tmp/mine"),
        (None, {"UNISON_DATA_DIR": "/var/lib/unison"}, None),
    ],
)
def test_the_demo_never_gets_the_data_folder_of_a_server(
    named: str | None, environ: dict[str, str], data_dir: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = argparse.Namespace(data_dir=named, host=None, port=None, no_seed=False)
    expected = [] if data_dir is None else ["--data-dir", data_dir]
    assert task("run", monkeypatch)._demo_arguments(options, environ) == expected
