"""Plays as a client sends them, and a parser for them."""

import json
from typing import Any

from webapp.core.playparser import PlayParser, Reading
from webapp.gazetteerdata import load_gazetteer

NOW_MS = 1_790_000_000_000
GAZETTEER = load_gazetteer()
OSAKA, RECIFE = 1853909, 3390760
READER = PlayParser(GAZETTEER, b"a secret of the tests")


def play(**changes: Any) -> dict[str, Any]:
    """Return a valid play with some fields changed; None removes a field."""
    fields = {
        "track": {"title": "Night Bus Home", "artist": "Ada Lumen"},
        "listener": "someone",
        "place": {"geoname_id": OSAKA},
        "pressed_at": NOW_MS / 1000,
    }
    return {name: value for name, value in (fields | changes).items() if value is not None}


def track(**changes: Any) -> dict[str, Any]:
    """Return a valid play with some fields of its track changed."""
    return play(track={"title": "Night Bus Home", "artist": "Ada Lumen"} | changes)


def read(body: Any, **more: Any) -> Reading:
    """Parse a body; encode it as JSON first unless it is bytes."""
    return READER.read(body if isinstance(body, bytes) else json.dumps(body).encode(), NOW_MS, **more)


def lines(*plays: Any) -> bytes:
    """Return plays as lines of JSON; bytes are used as they are."""
    return b"\n".join(p if isinstance(p, bytes) else json.dumps(p).encode() for p in plays)


def problem(bad: Any) -> tuple[str | None, str]:
    """Return (field, error) of a bad play sent between two good ones, which must both be accepted."""
    reading = read([play(listener="before"), bad, play(listener="after")])
    assert (len(reading.plays), reading.rejected, len(reading.errors)) == (2, 1, 1)
    assert reading.errors[0].index == 1
    return reading.errors[0].field, reading.errors[0].error
