"""Makes a data folder of an earlier version: run it in a checkout of a commit that has this version of the file.

PYTHONPATH=. python make_folder.py FOLDER
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from webapp.core import frames
from webapp.core.filters import Filter
from webapp.core.plays import SOURCES, PlayBatch, track_id
from webapp.core.records import SliceRecord
from webapp.core.slices import Slicer
from webapp.engine.channel import FrameMaker
from webapp.gazetteerdata import load_gazetteer
from webapp.storage.history import History

BEGINS_MS, SECONDS = 1_790_000_000_000, 30
SECRET = bytes(range(32))
CITIES = (1853909, 3390760, 2988507, 2996944, 360630)  # Osaka, Recife, Paris, Lyon, Cairo
SONGS = (
    ("Someone’s Half-Light", "Marisol Vey"),
    ("SOMEONE'S HALF LIGHT", "Marisol Vey feat. Bo"),
    ("Someone's Half-Light - Remastered 2009", "The Marisol Vey"),
    ("Ёлка", "Björk"),
    ("nightbus", "ai"),  # its id stays
    ("Copper™ Sky", "Ana"),  # had one id with the next, and is another song now
    ("CopperTM Sky", "Ana"),
    ("Silver™", "Ana"),  # had the id that the next one still has
    ("SilverTM", "Ana"),
)
GAZETTEER = load_gazetteer()


def wire(title: str, artist: str) -> bytes:
    """Return a track as it travels."""
    fields = {"id": track_id(artist, title), "title": title, "artist": artist, "recording": None}
    return json.dumps(fields | {"url": None, "artwork_url": None}, separators=(",", ":"), ensure_ascii=False).encode()


def plays(chance: random.Random, start_ms: int) -> PlayBatch:
    """Return the plays of a quarter of a second."""
    count, tracks = 5, tuple(wire(*song) for song in SONGS)
    listeners = [blake2b(chance.randbytes(8), digest_size=8).digest() for _ in range(count)]
    columns: dict[str, Any] = {
        "at": np.array([start_ms + chance.randrange(250) for _ in range(count)], np.int64),
        "source": np.array([chance.choice([0, 1]) for _ in range(count)], np.uint8),
        "city": np.array([GAZETTEER.by_id(chance.choice(CITIES)) for _ in range(count)], np.uint16),
        "listener": np.array([int.from_bytes(each, "little") for each in listeners], np.uint64),
        "track": np.array([chance.randrange(len(tracks)) for _ in range(count)], np.uint32),
        "tracks": tracks,
    }
    if "precision" in PlayBatch.__dataclass_fields__:  # not in earlier versions, whose code runs this
        columns["precision"] = np.zeros(count, np.uint16)
    return PlayBatch(**columns)


def records() -> Iterator[SliceRecord]:
    """Yield what is found in all plays."""
    chance, slicer = random.Random(3), Slicer(GAZETTEER, SECRET, 1_000, BEGINS_MS)
    for now_ms in range(BEGINS_MS, BEGINS_MS + 1_000 * SECONDS, 250):
        slicer.add(plays(chance, now_ms))
        yield from slicer.close(now_ms + 250, now_ms + 750)


def fill(history: History) -> None:
    """Keep what everyone is shown, and what is shown under a filter; share some."""
    everyones, filtered = (FrameMaker(wanted, 2, GAZETTEER) for wanted in (Filter(), Filter(country="BR")))
    for seq, record in enumerate(records(), 1):
        stream = "first" if seq < 60 else "second"
        shown = everyones.make(seq, record)
        counts = frames.encode(frames.counts(record, len(shown.connections), None))
        pulses = frames.encode(frames.pulses(record, shown.chosen.pulses, GAZETTEER))
        history.record(stream, seq, record.end_ms, shown.connections, counts, pulses)
        history.record_filtered(stream, seq, filtered.make(seq, record).connections)
    history.flush()
    for connection in history.latest(Filter(), 1_000)[::10]:
        history.share(connection)
    while history.update_sums():
        pass


def main(folder: Path) -> None:
    """Make the folder."""
    folder.mkdir()
    (folder / "secret").write_bytes(SECRET)
    end_s = BEGINS_MS / 1_000 + SECONDS
    history = History(folder / "history.sqlite3", GAZETTEER, days=36_500, max_rows=1_000, clock=lambda: end_s)
    history.open()
    fill(history)
    history.close()


if __name__ == "__main__":
    assert SOURCES[:2] == ("live", "synthetic")
    main(Path(sys.argv[1]))
