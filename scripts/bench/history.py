#!/usr/bin/env python3
"""Measure the history: rows written a second, bytes a row, and the time to read a page for each kind of filter."""

import random
import shutil
import statistics
import time
from pathlib import Path
from tempfile import mkdtemp

import click
import numpy as np

from webapp.core.filters import Filter
from webapp.core.gazetteer import Gazetteer
from webapp.core.records import Connection, connection_id
from webapp.gazetteerdata import load_gazetteer
from webapp.storage.history import FILE_NAME, History

START_MS = 1_790_000_000_000
RECORD_MS = 250
BATCH = 10_000
PAGE = 20
ROUNDS = 20


class Traffic:
    """Random connections of a busy server: cities by population, track shares by rank to the power of -0.51."""

    def __init__(self, gazetteer: Gazetteer, tracks: int) -> None:
        self._chance, self._numbers = np.random.default_rng(1), random.Random(1)
        people, popular = np.maximum(gazetteer.population, 1), np.arange(1, tracks + 1) ** -0.51
        self._cities, self._popular = people / people.sum(), popular / popular.sum()

    def connections(self, at_ms: int, n: int) -> list[Connection]:
        """Return n connections of the slice that begins at `at_ms`."""
        tracks = self._chance.choice(len(self._popular), n, p=self._popular).tolist()
        ends = self._chance.choice(len(self._cities), (n, 2), p=self._cities).tolist()
        return [self._one(at_ms, track, *pair) for track, pair in zip(tracks, ends, strict=True)]

    def _one(self, at_ms: int, track: int, start: int, end: int) -> Connection:
        at_ms += self._numbers.randrange(RECORD_MS)
        json = f'{{"id":"{track:016}","title":"Song {track}","artist":"Artist {track // 4}","recording":null,' \
               '"url":null,"artwork_url":null}'  # fmt: skip
        id, song, artist = connection_id(at_ms, self._numbers.getrandbits(64)), f"{track:016}", f"artist {track // 4}"
        return Connection(id, "synthetic", at_ms, 40, 9000, json.encode(), song, artist, song, start, end)


def fill(history: History, traffic: Traffic, rows: int) -> tuple[float, float]:
    """Write rows in batches of five records; return the wall and CPU seconds spent in flush."""
    wall_s = cpu_s = 0.0
    for first in range(0, rows, BATCH):
        for number in range(5):
            seq = first // (BATCH // 5) + number + 1
            at_ms = START_MS + seq * RECORD_MS
            history.record("bench", seq, at_ms, traffic.connections(at_ms, BATCH // 5), b"{}", b"[]")
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        history.flush()
        wall_s, cpu_s = wall_s + time.perf_counter() - began_s, cpu_s + time.process_time() - began_cpu_s
    return wall_s, cpu_s


def filters(gazetteer: Gazetteer, tracks: int) -> dict[str, Filter]:
    """Return filters from common to rare, and combinations of a rare with a common one, or of two common ones."""
    by_size = np.argsort(-gazetteer.population)
    large, small = (int(gazetteer.geoname_id[by_size[rank]]) for rank in (0, len(by_size) * 9 // 10))
    return {
        "none": Filter(),
        "artist, common": Filter(artist="artist 0"),
        "artist, rare": Filter(artist=f"artist {(tracks - 1) // 4}"),
        "track, common": Filter(track=f"{0:016}"),
        "track, rare": Filter(track=f"{tracks - 1:016}"),
        "country, common": Filter(country="CN"),
        "country, rare": Filter(country="IS"),
        "city, large": Filter(city=large),
        "city, small": Filter(city=small),
        "artist + country, common": Filter(artist="artist 0", country="CN"),
        "artist common, country rare": Filter(artist="artist 0", country="IS"),
        "artist rare, country common": Filter(artist=f"artist {(tracks - 1) // 4}", country="CN"),
        "city + country, common": Filter(city=large, country="US"),
        "nothing": Filter(artist="nobody"),
    }


@click.command()
@click.option("--rows", default=1_000_000, show_default=True)
@click.option("--tracks", default=20_000, show_default=True)
def main(rows: int, tracks: int) -> None:
    """Fill a history in a temporary folder, then read pages of 20 from it."""
    gazetteer, folder = load_gazetteer(), Path(mkdtemp())
    history = History(folder / FILE_NAME, gazetteer, days=36_500, max_rows=rows)
    try:
        history.open()
        wall_s, cpu_s = fill(history, Traffic(gazetteer, tracks), rows)
        size = sum(file.stat().st_size for file in folder.iterdir())
        rates = f"{rows / wall_s:,.0f} rows/s written, {rows / cpu_s:,.0f} a CPU second"
        click.echo(f"{rows:,} rows: {rates}, {size / rows:.0f} bytes each")
        middle = connection_id(START_MS + rows // (BATCH // 5) * RECORD_MS // 2, 0)
        for name, wanted in filters(gazetteer, tracks).items():
            click.echo(
                f"{name:30} newest {read(history, wanted, None)}   from the middle {read(history, wanted, middle)}"
            )
    finally:
        history.close()
        shutil.rmtree(folder)


def read(history: History, wanted: Filter, before: str | None) -> str:
    """Read a page several times; return its length, and the median and longest time."""
    times_ms, found = [], []
    for _ in range(ROUNDS):
        began_s = time.perf_counter()
        found = history.latest(wanted, PAGE, before)
        times_ms.append((time.perf_counter() - began_s) * 1000)
    return f"{len(found):3} in {statistics.median(times_ms):6.2f} ms (at most {max(times_ms):6.2f})"


if __name__ == "__main__":
    main()
