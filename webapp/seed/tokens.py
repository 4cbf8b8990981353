"""The token that a server made in its data folder, for programs on the same machine."""

import time
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from webapp.config import SettingError, Settings
from webapp.storage.datadir import token_file
from webapp.storage.secretfiles import read_secrets

SETTLES_S = 3.0
"""A server reads a new token within 2 s."""


class DataDirToken:
    """The token in a data folder, which may be replaced at any time.

    Attributes:
        value: the token as it was last read; None where there is none.
    """

    def __init__(self, data_dir: Path) -> None:
        self._file = token_file(data_dir)
        self.value = self._read()

    def renew(self) -> bool:
        """Read it again after it was refused; returns whether another try can end otherwise."""
        before, self.value = self.value, self._read()
        return self.value is not None and (self.value != before or self._is_new())

    def _read(self) -> str | None:
        try:
            return next(iter(read_secrets(self._file)), None)
        except (OSError, UnicodeDecodeError):
            return None

    def _is_new(self) -> bool:
        try:
            return abs(time.time() - self._file.stat().st_mtime) < SETTLES_S
        except OSError:
            return False


def token_for(url: str, data_dir: Path | None) -> DataDirToken | None:
    """Return the token in a data folder for a server at a loopback address; None for all others.

    Args:
        url: where the server is.
        data_dir: its data folder; that of the environment or the default if left out.
    """
    if not _is_loopback(urlsplit(url).hostname or ""):
        return None
    try:
        return DataDirToken(Settings.from_env(data_dir=data_dir).data_dir)
    except SettingError:
        return None


def _is_loopback(host: str) -> bool:
    """Tell whether a host is this machine; other names than localhost may lead elsewhere."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
