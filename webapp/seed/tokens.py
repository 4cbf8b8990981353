"""The ingest token in a server's data folder, for programs on the same machine."""

import time
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from webapp.config import SettingError, Settings
from webapp.storage.datadir import token_file
from webapp.storage.secretfiles import read_secrets

NEW_S = 3.0
"""How long a token counts as new: a server reads a new token within 2 s."""


class DataDirToken:
    """The token in a data folder, which may be replaced at any time.

    Attributes:
        value: the token when last read; None if there is none.
    """

    def __init__(self, data_dir: Path) -> None:
        self._file = token_file(data_dir)
        self.value = self._read()

    def reload(self) -> bool:
        """Read the token again after the server rejected it; return whether retrying makes sense."""
        before, self.value = self.value, self._read()
        return self.value is not None and (self.value != before or self._is_new())

    def _read(self) -> str | None:
        try:
            return next(iter(read_secrets(self._file)), None)
        except (OSError, UnicodeDecodeError):
            return None

    def _is_new(self) -> bool:
        try:
            return abs(time.time() - self._file.stat().st_mtime) < NEW_S
        except OSError:
            return False


def token_for(url: str, data_dir: Path | None) -> DataDirToken | None:
    """Return the token in a data folder for a server at a loopback address; None for other addresses.

    Args:
        url: the server's address.
        data_dir: its data folder; by default that of the environment, or the default one.
    """
    if not _is_loopback(urlsplit(url).hostname or ""):
        return None
    try:
        return DataDirToken(Settings.from_env(data_dir=data_dir).data_dir)
    except SettingError:
        return None


def _is_loopback(host: str) -> bool:
    """Return whether a host is this machine; names other than localhost may lead elsewhere."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
