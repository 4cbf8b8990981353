"""Data folders of earlier versions, with connections for everyone, filtered and shared ones."""

from __future__ import annotations

import tarfile
from pathlib import Path

DATA = Path(__file__).parent / "data"
CONNECTIONS, EVERYONES, SHARED = 444, 336, 10
END_S = 1795920470.0
"""Of version 2; the time is shortly after its last connection, epoch seconds."""


def unpack(folder: Path, version: int = 2) -> Path:
    """Unpack the data of a version into a folder, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(DATA / f"version-{version}.tar.gz") as archive:
        for member in archive.getmembers():
            file = archive.extractfile(member)
            assert file is not None
            (folder / member.name).write_bytes(file.read())
    return folder
