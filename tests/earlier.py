"""A data folder of an earlier version, with connections for everyone, filtered and shared ones."""

from __future__ import annotations

import tarfile
from pathlib import Path

ARCHIVE = Path(__file__).parent / "data" / "version-2.tar.gz"
CONNECTIONS, EVERYONES, SHARED = 444, 336, 10
END_S = 1795920470.0
"""Shortly after its last connection, epoch seconds."""


def unpack(folder: Path) -> Path:
    """Unpack the data into a folder, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(ARCHIVE) as archive:
        for member in archive.getmembers():
            file = archive.extractfile(member)
            assert file is not None
            (folder / member.name).write_bytes(file.read())
    return folder
