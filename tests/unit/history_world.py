"""Connections for the tests of the history: few cities and tracks, so that filters match."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from webapp.core.filters import Filter
from webapp.core.gazetteer import Gazetteer
from webapp.core.plays import track_id
from webapp.core.records import Connection, connection_id
from webapp.core.songs import artist_key
from webapp.gazetteerdata import load_gazetteer
from webapp.storage.history import FILE_NAME, History

GAZETTEER: Gazetteer = load_gazetteer()
CITIES = [GAZETTEER.by_name(*place) for place in
          (("Osaka", "JP"), ("Recife", "BR"), ("Tokyo", "JP"), ("Lyon", "FR"), ("Lagos", "NG"))]  # fmt: skip
TRACKS = (("Björk", "Jóga"), ("Björk", "Hunter"), ("ちあきなおみ", "喝采"), ("Fela Kuti", "Zombie"))
NOON_MS = 1_790_000_000_000
EVERYTHING = Filter()


def connection(at_ms: int = 0, tail: int = 0, track: int = 0, start: int = 0, end: int = 1) -> Connection:
    """Return a connection of TRACKS[track] from CITIES[start] to CITIES[end], `at_ms` after NOON_MS."""
    artist, title = TRACKS[track]
    id = track_id(artist, title)
    json = f'{{"id":"{id}","title":"{title}","artist":"{artist}","recording":null,"url":null,"artwork_url":null}}'
    return Connection(
        connection_id(NOON_MS + at_ms, tail), "synthetic", NOON_MS + at_ms, 40, 16897, json.encode(), id,
        artist_key(artist), id, CITIES[start], CITIES[end],
    )  # fmt: skip


def new_history(folder: Path, days: float = 30, max_rows: int = 1_000, **more: Any) -> History:
    """Return an open history in a folder."""
    history = History(folder / FILE_NAME, GAZETTEER, days=days, max_rows=max_rows, clock=lambda: NOON_MS / 1000, **more)
    history.open()
    return history


def existing_data_dir(folder: Path, kept: list[Connection]) -> Path:
    """Create a data folder with a history of an earlier run, and return the folder."""
    folder.mkdir(parents=True)
    history = new_history(folder)
    history.record("an earlier stream", 1, NOON_MS, kept, b"{}", b"[]")
    history.close()
    return folder


@contextmanager
def temporary_history(days: float = 30, max_rows: int = 1_000, **more: Any) -> Iterator[History]:
    """Yield an open history in a temporary folder."""
    with TemporaryDirectory() as folder:
        history = new_history(Path(folder), days, max_rows, **more)
        try:
            yield history
        finally:
            history.close()


def ids(found: list[Connection]) -> list[str]:
    """Return the ids of connections."""
    return [connection.id for connection in found]


def table(history: History, query: str) -> list[tuple[object, ...]]:
    """Run a query on the file without using the history."""
    with closing(sqlite3.connect(history.path)) as db:
        return db.execute(query).fetchall()
