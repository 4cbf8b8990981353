"""A database of where addresses are, in MaxMind's format, which the operator provides and may replace at any time."""

from __future__ import annotations

import logging
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import NamedTuple

import maxminddb

from webapp.core.roughplaces import RoughPlace, of_record

log = logging.getLogger(__name__)


class Credit(NamedTuple):
    """What a database's terms ask to be shown: words, and the address that they lead to; "" if they lead nowhere."""

    words: str
    url: str


_DB_IP = Credit("IP Geolocation by DB-IP", "https://db-ip.com")
_CREDITS = {
    "dbip": _DB_IP,
    "db-ip": _DB_IP,
    "geolite": Credit("GeoLite2 data created by MaxMind", "https://www.maxmind.com"),
    "geoip": Credit("GeoIP2 data created by MaxMind", "https://www.maxmind.com"),
}
"""By a part of the database's type, in lower case."""


class CityDatabaseError(RuntimeError):
    """The database cannot be used; the message names the file and says what to do."""


class CityDatabase:
    """The database, which is read again when its file changes.

    Args:
        path: its file; None if there is none.

    Attributes:
        problem: why the file as it is now cannot be used, a sentence; None if it can. The one before remains in use.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._reader: maxminddb.Reader | None = None
        self._version: tuple[int, int, int] | None = None
        self.problem: str | None = None

    def open(self) -> None:
        """Read the file for the first time.

        Raises:
            CityDatabaseError: it cannot be used.
        """
        self.reload()
        if self.problem:
            raise CityDatabaseError(f"UNISON_CITY_DATABASE: {self.problem}")

    def reload(self) -> None:
        """Read the file again if it has changed. Call it off the event loop."""
        if self._path is None:
            return
        before = self.problem
        try:
            if (version := _version_of(self._path)) == self._version:
                return
            self._reader = _read(self._path)  # readers in use keep the old one until they are done
            self._version, self.problem = version, None
            log.info("reading cities of addresses from %s", self._path, extra={"event": "city_database"})
        except (OSError, ValueError) as error:
            self.problem = _problem(self._path, error)
            if self.problem != before:
                log.warning("UNISON_CITY_DATABASE: %s", self.problem, extra={"event": "city_database_problem"})

    def find(self, address: str) -> RoughPlace | None:
        """Return what is said of an address; None if nothing is."""
        if self._reader is None:
            return None
        try:
            record = self._reader.get(_plain(address))
        except (ValueError, maxminddb.InvalidDatabaseError):  # an IPv6 address in a database of IPv4, a damaged file
            return None
        return None if record is None else of_record(record)

    @property
    def credit(self) -> Credit | None:
        """What the page says of where the data is from; None if no database is used."""
        if self._reader is None:
            return None
        kind = self._reader.metadata().database_type
        found = (credit for part, credit in _CREDITS.items() if part in kind.lower())
        return next(found, Credit(f"Locations of addresses: {kind[:60]}", ""))


def _version_of(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_ino, found.st_size


def _read(path: Path) -> maxminddb.Reader:
    """Read a whole file: what is mapped into memory would break if an update wrote over it in place.

    Raises:
        ValueError: it is no such database, or one without cities.
    """
    try:
        reader = maxminddb.open_database(path, maxminddb.MODE_MEMORY)
    except maxminddb.InvalidDatabaseError as error:
        raise ValueError(str(error)) from error
    kind = reader.metadata().database_type.lower()
    if "city" not in kind and ("country" in kind or "asn" in kind):
        raise ValueError(f"{kind} has no cities")
    return reader


def _problem(path: Path, error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{path} cannot be read ({error.strerror})"
    return f"{path} is not a database of cities in MaxMind's format; download one such as DB-IP City Lite (.mmdb)"


def _plain(address: str) -> str:
    """Return an address without its zone, and an IPv4 address as such.

    Raises:
        ValueError: it is no address.
    """
    ip = ip_address(address.partition("%")[0])
    return str((ip.ipv4_mapped or ip) if isinstance(ip, IPv6Address) else ip)
