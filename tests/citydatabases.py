"""Writes databases of addresses in MaxMind's format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet


def write_cities(
    path: Path, records: dict[str, dict[str, Any]], kind: str = "DBIP-City-Lite", ip_version: int = 6
) -> Path:
    """Write records by network, as an update does: to another file that then takes the place of the old one."""
    writer = MMDBWriter(ip_version, kind, languages=["en"], ipv4_compatible=ip_version == 6)
    for network, record in records.items():
        writer.insert_network(IPSet([network]), record)
    part = path.with_suffix(".part")
    writer.to_db_file(str(part))
    part.rename(path)
    return path
