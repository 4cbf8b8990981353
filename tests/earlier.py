"""A data folder that a server of an earlier version left, with connections, filters' ones and shared ones."""

from __future__ import annotations

import tarfile
from pathlib import Path

KEPT = Path(__file__).parent / "data" / "version-2.tar.gz"
CONNECTIONS, EVERYONES, SHARED = 444, 336, 10
END_S = 1795920470.0
"""Soon after the last of its connections, epoch seconds."""


def unpacked(folder: Path) -> Path:
    """Put it into a folder, and return that."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(KEPT) as archive:
        for member in archive.getmembers():
            file = archive.extractfile(member)
            assert file is not None
            (folder / member.name).write_bytes(file.read())
    return folder
