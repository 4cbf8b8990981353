"""Histories of version 3, for the tests of version 4: see `tests/data/make_folder.py`."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.unit.history_world import GAZETTEER
from webapp.core.filters import Filter
from webapp.core.plays import track_id
from webapp.storage.history import FILE_NAME, History

SPELLINGS = ("sl82eatuj8rgkhlm", "rlg0pi1j2om628od", "3ao419m7j9a3ec3d")
"""Earlier ids of one song."""
HALF_LIGHT, NIGHT_BUS = track_id("Marisol Vey", "Someone's Half-Light"), "jsj78l7ljjc7ogsr"
COPPER = ("jiv90qokbfihsdg8", track_id("Ana", "Copper™ Sky"), track_id("Ana", "CopperTM Sky"))
"""An earlier id, and the ids of the two songs that it stood for."""
BEGINS_MS, END_MS = 1_790_000_000_000, 1_790_000_030_000
CONNECTIONS = 77


def rows(file: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(file)) as db:
        return db.execute(query).fetchall()


def opened(folder: Path, days: float = 36_500) -> History:
    history = History(folder / FILE_NAME, GAZETTEER, days=days, max_rows=1_000, clock=lambda: END_MS / 1000)
    history.open()
    history.flush()
    assert history.problem is None
    return history


def filtered(track: str, history: History) -> Filter:
    return Filter.parse([("track", track)], GAZETTEER, history.aliases)
