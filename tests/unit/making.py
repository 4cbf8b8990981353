"""Plays and records for tests, written the way a person would say them."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from webapp.core.gazetteer import Gazetteer
from webapp.core.plays import SLICE_MS, SOURCES, PlayBatch, track_id
from webapp.core.records import SliceRecord
from webapp.core.slices import Slicer
from webapp.gazetteerdata import load_gazetteer

OSAKA, RECIFE, PARIS, LYON, CAIRO = CITIES = 1853909, 3390760, 2988507, 2996944, 360630
SECRET = b"a secret for tests"
T0 = 1_790_000_000_000
"""An epoch millisecond on the edge of an aligned 10 s."""


def track(title: str = "Night Bus Home", artist: str = "Marisol Vey", recording: str | None = None) -> bytes:
    fields = {"id": track_id(artist, title), "title": title, "artist": artist, "recording": recording}
    return json.dumps(fields | {"url": None, "artwork_url": None}, separators=(",", ":"), ensure_ascii=False).encode()


def listener(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")


Play = tuple[str, int, float, bytes] | tuple[str, int, float, bytes, str]


def batch(gazetteer: Gazetteer, plays: Sequence[Play]) -> PlayBatch:
    """Return the columns of plays (listener, GeoNames id, ms after T0, track[, source])."""
    tracks = tuple(dict.fromkeys(play[3] for play in plays))
    source = [SOURCES.index(play[4]) if len(play) > 4 else 0 for play in plays]
    return PlayBatch(
        at=np.array([T0 + play[2] for play in plays], np.int64),
        source=np.array(source, np.uint8),
        city=np.array([gazetteer.by_id(play[1]) for play in plays], np.uint16),
        listener=np.array([listener(play[0]) for play in plays], np.uint64),
        track=np.array([tracks.index(play[3]) for play in plays], np.uint32),
        precision=np.zeros(len(plays), np.uint16),
        tracks=tracks,
    )


def records(
    gazetteer: Gazetteer, plays: Sequence[Play], *, until_ms: int = 4_000, window_ms: int = 1_000
) -> list[SliceRecord]:
    """Return the records of the slices from T0 to `until_ms` after it."""
    slicer = Slicer(gazetteer, SECRET, window_ms, T0)
    slicer.add(batch(gazetteer, plays))
    return list(slicer.close(T0 + until_ms, T0 + until_ms + 500))


def busy_records(seed: int, seconds: int, plays_a_slice: int = 8, begins_ms: int = 0) -> list[bytes]:
    """Return the encoded records of some seconds, in which several songs of few artists are played in few cities."""
    chance, gazetteer, made = random.Random(seed), load_gazetteer(), list[bytes]()
    songs = [track(f"Song {k}", artist) for k in range(3) for artist in ("Marisol Vey", "North Quay Choir")]
    slicer = Slicer(gazetteer, SECRET, 1_000, T0 + begins_ms)
    for now_ms in range(begins_ms, begins_ms + 1_000 * seconds, SLICE_MS):
        plays: list[Play] = [
            (
                f"{seed} {chance.random()}",
                chance.choice(CITIES),
                now_ms + chance.randrange(SLICE_MS),
                chance.choice(songs),
            )
            for _ in range(chance.randrange(2 * plays_a_slice))
        ]
        if plays:
            slicer.add(batch(gazetteer, plays))
        end_ms = T0 + now_ms + SLICE_MS
        made += [record.encode() for record in slicer.close(end_ms, end_ms + 500)]
    return made
