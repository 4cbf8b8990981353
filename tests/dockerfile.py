"""Runs the steps of a Dockerfile without Docker: in an empty folder, with this machine's Python as the base image.

bubblewrap gives each step that folder as its root, with this machine's programs and libraries read-only in it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

BORROWED = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc")
"""What stands for the base image."""
BASE = "/base/bin"
"""Where `python` of the base image is."""
PASSED = re.compile(r"(PIP|SSL|REQUESTS|CURL)_\w+|\w+_proxy", re.IGNORECASE)
"""Variables of this machine that builders have, too: how to reach the package index."""


@dataclass
class Stage:
    """A stage: its root, and what the Dockerfile has said of it so far."""

    root: Path
    env: dict[str, str] = field(default_factory=lambda: {"PATH": f"{BASE}:/usr/local/bin:/usr/bin:/bin"})
    folder: str = "/"
    said: dict[str, str] = field(default_factory=dict)

    def form(self, instruction: str) -> list[str]:
        """Return the words of ENTRYPOINT, CMD or HEALTHCHECK, which are JSON."""
        words: list[str] = json.loads(re.sub(r"^.*?(?=\[)", "", self.said[instruction]))
        return words

    def command(self, *words: str, writable: bool = False, more: tuple[str, ...] = ()) -> list[str]:
        """Return a command that runs words in this root, which is read-only unless it is writable."""
        python = Path(sys.base_prefix)
        binds = [part for path in (*BORROWED, str(python)) if Path(path).exists() for part in ("--ro-bind", path, path)]
        found = [os.environ.get("BWRAP", "bwrap"), "--bind" if writable else "--ro-bind", str(self.root), "/", *binds]
        found += ["--ro-bind", str(self.root.parent / "base"), BASE, "--dev", "/dev", "--proc", "/proc"]
        return [
            *found,
            "--perms",
            "1777",
            "--tmpfs",
            "/tmp",
            "--die-with-parent",
            "--chdir",
            self.folder,
            *more,
            *words,
        ]


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Yield each instruction of a Dockerfile with its arguments."""
    lines = "".join(f"{line}\n" for line in text.splitlines() if not line.startswith("#"))
    for line in lines.replace("\\\n", " ").splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            yield name, rest.strip()


def build(dockerfile: Path, context: Path, folder: Path) -> Stage:
    """Run all steps, each stage in a folder of its own, and return the last stage.

    Raises:
        CalledProcessError: a step failed.
    """
    (folder / "base").mkdir(parents=True)
    (folder / "base" / "python").symlink_to(getattr(sys, "_base_executable", sys.executable))
    stages: dict[str, Stage] = {}
    stage = Stage(folder)
    for name, rest in instructions(dockerfile.read_text("utf-8")):
        if name == "FROM":
            label = rest.partition(" AS ")[2] or "last"
            stage = stages[label] = Stage(folder / label)
            _make_root(stage.root)
        else:
            _STEPS.get(name, _note)(stage, name, rest, context, stages)
    return stage


def _make_root(root: Path) -> None:
    """Make an empty root, with the places where the base image is seen."""
    for path in (*BORROWED, sys.base_prefix, BASE, "/dev", "/proc", "/tmp", "/opt"):
        (root / path.lstrip("/")).mkdir(parents=True, exist_ok=True)


def _run(stage: Stage, _name: str, rest: str, _context: Path, _stages: dict[str, Stage]) -> None:
    caches = re.findall(r"--mount=type=cache,target=(\S+)", rest)
    shell = re.sub(r"--mount=\S+", "", rest).strip()
    passed = {name: value for name, value in os.environ.items() if PASSED.fullmatch(name)}
    command = stage.command("sh", "-c", shell, writable=True, more=(*_as_root(), *_kept(caches)))
    subprocess.run(command, env=passed | stage.env | {"HOME": "/root"}, check=True)


def _as_root() -> tuple[str, ...]:
    return () if os.geteuid() == 0 else ("--unshare-user", "--uid", "0", "--gid", "0")


def _kept(caches: list[str]) -> Iterator[str]:
    """Yield the options that let a step use pip's cache of this machine."""
    here = Path(os.environ.get("PIP_CACHE_DIR") or Path.home() / ".cache" / "pip")
    here.mkdir(parents=True, exist_ok=True)
    for target in caches:
        yield from ("--bind", str(here), target)


def _copy(stage: Stage, _name: str, rest: str, context: Path, stages: dict[str, Stage]) -> None:
    found = re.match(r"--from=(\w+) ", rest)
    *sources, target = shlex.split(rest.removeprefix(found[0]) if found else rest)
    origin = stages[found[1]].root if found else context
    place = stage.root / Path(stage.folder, target).relative_to("/")
    for source in sources:
        path = origin / source.lstrip("/")
        if path.is_dir():
            shutil.copytree(path, place, symlinks=True, dirs_exist_ok=True, ignore=_IGNORED)
        else:
            into = place / path.name if target.endswith("/") else place
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, into)


_IGNORED = shutil.ignore_patterns("__pycache__")


def _env(stage: Stage, _name: str, rest: str, _context: Path, _stages: dict[str, Stage]) -> None:
    for word in shlex.split(rest):
        name, _, value = word.partition("=")
        stage.env[name] = re.sub(r"\$(\w+)", lambda found: stage.env[found[1]], value)


def _workdir(stage: Stage, _name: str, rest: str, _context: Path, _stages: dict[str, Stage]) -> None:
    stage.folder = rest
    (stage.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)


def _note(stage: Stage, name: str, rest: str, _context: Path, _stages: dict[str, Stage]) -> None:
    stage.said[name] = rest


_STEPS = {"RUN": _run, "COPY": _copy, "ENV": _env, "WORKDIR": _workdir}
