"""Plays as a client would send them, and a reader to give them to."""

import json
from typing import Any

from webapp.core.playparser import PlayParser, Reading
from webapp.gazetteerdata import load_gazetteer

NOW_MS = 1_790_000_000_000
GAZETTEER = load_gazetteer()
OSAKA, RECIFE = 1853909, 3390760
READER = PlayParser(GAZETTEER, b"a secret of the tests")


def play(**changes: Any) -> dict[str, Any]:
    """A good play, with some of its fields changed; None takes a field out."""
    fields = {
        "track": {"title": "Night Bus Home", "artist": "Ada Lumen"},
        "listener": "someone",
        "place": {"geoname_id": OSAKA},
        "pressed_at": NOW_MS / 1000,
    }
    return {name: value for name, value in (fields | changes).items() if value is not None}


def track(**changes: Any) -> dict[str, Any]:
    """A good play whose track has some of its fields changed."""
    return play(track={"title": "Night Bus Home", "artist": "Ada Lumen"} | changes)


def read(body: Any, **more: Any) -> Reading:
    """Read a body; what is not bytes is written as JSON first."""
    return READER.read(body if isinstance(body, bytes) else json.dumps(body).encode(), NOW_MS, **more)


def lines(*plays: Any) -> bytes:
    """Write one play a line; bytes are a line as they are."""
    return b"\n".join(p if isinstance(p, bytes) else json.dumps(p).encode() for p in plays)


def problem(bad: Any) -> tuple[str | None, str]:
    """Return (field, error) of a bad play sent between two good ones, both of which must survive it."""
    reading = read([play(listener="before"), bad, play(listener="after")])
    assert (len(reading.plays), reading.rejected, len(reading.errors)) == (2, 1, 1)
    assert reading.errors[0].index == 1
    return reading.errors[0].field, reading.errors[0].error
