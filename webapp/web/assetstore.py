"""The assets of each start, kept in the data folder, so that pages opened before an upgrade can load their parts."""

from __future__ import annotations

import logging
import os
import re
import shutil
from pathlib import Path

from webapp.web.assets import BUNDLE, Assets

FOLDER = "assets"
_IS_VERSION = re.compile("[0-9a-f]{16}").fullmatch
"""Tells our folders from others, which may be there where the data folder is an odd one."""

log = logging.getLogger(__name__)


def keep(served: Assets, data_dir: Path) -> Assets | None:
    """Copy an application's assets into the data folder, and return those of the version before.

    Only these two versions stay in the folder. There is none before where it was never kept, or its files were changed.
    """
    folder = data_dir / FOLDER
    try:
        _copy(served, folder / served.version)
        return _before(served, folder)
    except OSError as error:
        log.warning("cannot save the page's assets in %s for open pages: %s", folder, error.strerror)
        return None


def _copy(served: Assets, target: Path) -> None:
    """Copy what is served, unless it is there; in one step, so that no half copy is ever taken for a whole one."""
    if not target.is_dir():
        part = target.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        for name, path in served.files.items():
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, part / name)
        part.rename(target)
    os.utime(target)  # which of the others was last here is told by that


def _before(served: Assets, folder: Path) -> Assets | None:
    others = [path for path in folder.iterdir() if _IS_VERSION(path.name) and path.name != served.version]
    others.sort(key=lambda path: path.stat().st_mtime_ns)
    for path in others[:-1]:
        shutil.rmtree(path, ignore_errors=True)
    if not others:
        return None
    paths = sorted(path for path in others[-1].rglob("*") if path.is_file())
    names = {path.relative_to(others[-1]).as_posix(): path for path in paths}
    before = Assets(dict(sorted(names.items(), key=lambda item: item[0] != BUNDLE)))
    return before if before.version == others[-1].name else None
