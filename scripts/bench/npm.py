"""Packages from npm that the benches compare with, in a cache outside of the project."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "unison-bench"


def package(name: str, version: str) -> Path:
    """Return the folder of an npm package, fetched the first time."""
    folder = CACHE / f"{name}-{version}"
    if not (folder / "package" / "package.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        pack = ["npm", "pack", "--silent", f"{name}@{version}"]
        packed = subprocess.run(pack, cwd=folder, check=True, capture_output=True, text=True).stdout.split()[-1]
        subprocess.run(["tar", "-xzf", packed], cwd=folder, check=True)
    return folder / "package"
