#!/usr/bin/env python3
"""Measure the upgrade of a large history of version 3: seconds, and the progress that an operator sees.

    python scripts/bench/migration.py [--rows 1000000] [--songs 5000]

Each connection has a record, and every fourth record a pulse, as on a server that shows four a second. Each song has
several spellings; with as many songs as rows, each connection has a song of its own. Exits with 1 if the goal is
missed.
"""

import contextlib
import json
import random
import sqlite3
import sys
import time
import unicodedata
from base64 import b32hexencode
from hashlib import blake2b
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.browser import machine
from bench.history import RECORD_MS, START_MS, Traffic

from webapp.core.filters import Filter
from webapp.core.gazetteer import Gazetteer
from webapp.core.records import Connection, connection_id
from webapp.gazetteerdata import load_gazetteer
from webapp.storage.history import FILE_NAME, History
from webapp.storage.migration import upgrade

GOAL_S = 60.0
BATCH = 2_000
SPELLINGS = ("{}", "{} - Remastered 2009", "{} (feat. Someone Else)", "{} [Explicit]")
"""Of each song, as often as one another."""


class Spelled(Traffic):
    """Connections with the track ids of version 3: hashes of artist and title, each song in several spellings."""

    def __init__(self, gazetteer: Gazetteer, songs: int, rows: int) -> None:
        super().__init__(gazetteer, 1 if songs >= rows else songs * len(SPELLINGS))
        self._own_songs = count() if songs >= rows else None

    def _one(self, at_ms: int, track: int, start: int, end: int) -> Connection:
        at_ms += self._numbers.randrange(RECORD_MS)
        number, spelling = divmod(track, len(SPELLINGS))
        if self._own_songs:
            number = next(self._own_songs)
            spelling = number % len(SPELLINGS)
        title, artist = SPELLINGS[spelling].format(f"Song {number}, at Night"), f"The Artist {number // 4}"
        id = earlier_id(artist, title)
        json = f'{{"id":"{id}","title":"{title}","artist":"{artist}","recording":null,"url":null,"artwork_url":null}}'
        found = connection_id(at_ms, self._numbers.getrandbits(64))
        return Connection(found, "live", at_ms, 40, 9000, json.encode(), id, artist.lower(), id, start, end)


def earlier_id(artist: str, title: str) -> str:
    """Return the id that version 3 gave a track."""
    folded = "\x1f".join(unicodedata.normalize("NFKC", text).casefold() for text in (artist, title))
    return b32hexencode(blake2b(folded.encode(), digest_size=10).digest()).decode().lower()


def fill(file: Path, gazetteer: Gazetteer, rows: int, songs: int) -> None:
    """Write connections and as many records, then change the file back to version 3."""
    history, traffic = History(file, gazetteer, days=36_500, max_rows=rows), Spelled(gazetteer, songs, rows)
    history.open()
    for seq in range(1, rows + 1, BATCH):
        at_ms = START_MS + seq * RECORD_MS
        for place, connection in enumerate(traffic.connections(at_ms, BATCH)):
            pulse = [{"source": "live", "at": at_ms / 1000, "track": json.loads(connection.track), "city": {}}]
            pulses = json.dumps(pulse, separators=(",", ":")).encode() if random.random() < 0.25 else b"[]"
            history.record("bench", seq + place, at_ms + place * RECORD_MS, [connection], b"{}", pulses)
        history.flush()
    history.close()
    make_earlier(file)


def make_earlier(file: Path) -> None:
    """Change a file of today back to version 3."""
    with contextlib.closing(sqlite3.connect(file)) as db:
        db.executescript("DROP TABLE aliases; DROP INDEX connections_to_track; PRAGMA user_version = 3;")
        for table in ("connections", "shared"):
            for column in ("to_track_id", "within_s"):
                db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")


class Progress:
    """What the upgrade reports, printed every few seconds."""

    def __init__(self) -> None:
        self._began_s = self._said_s = time.monotonic()
        self.longest_s = 0.0
        self._last_s = self._began_s

    def report(self, done: int, total: int) -> None:
        """Take a report."""
        now_s = time.monotonic()
        self.longest_s, self._last_s = max(self.longest_s, now_s - self._last_s), now_s
        if now_s - self._said_s > 2 or done == total:
            self._said_s = now_s
            click.echo(f"  {now_s - self._began_s:5.1f} s: {done:,} of {total:,} rows, {100 * done // total} %")


@click.command()
@click.option("--rows", default=1_000_000, show_default=True)
@click.option("--songs", default=5_000, show_default=True)
def main(rows: int, songs: int) -> None:
    """Fill, upgrade, print."""
    gazetteer, progress = load_gazetteer(), Progress()
    with TemporaryDirectory() as folder:
        file = Path(folder) / FILE_NAME
        fill(file, gazetteer, rows, songs)
        size_mb = file.stat().st_size / 1e6
        click.echo(f"{machine()}\n{rows:,} connections and records of {songs:,} songs, {size_mb:,.0f} MB")
        progress = Progress()
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        upgrade(file, progress.report)
        took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
        history = History(file, gazetteer, days=36_500, max_rows=rows)
        history.open()
        found, kept = len(history.latest(Filter(), 1)), len(history.aliases)
        history.close()
        click.echo(f"upgraded in {took_s:.1f} s ({cpu_s:.1f} s of the processor), {file.stat().st_size / 1e6:,.0f} MB, "
                   f"{kept:,} aliases; at most {progress.longest_s:.1f} s between two reports")  # fmt: skip
    sys.exit(not found or took_s > GOAL_S)


if __name__ == "__main__":
    main()
