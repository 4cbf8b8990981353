"""How well the arrival of a message tells when its listener pressed play: a class for each kind of client.

A play's precision is one number of 16 bits. Up to 5,000 it is the spread in milliseconds of a play without delay: 0 is
exact, others come from a native play's `within_s`. From CLASSED on it names a class of CLASSES. UNMATCHED says that the
play is counted and never matched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

EXACT = 0
SPREAD_MOST_MS = 5_000
"""The largest spread of a play that is matched."""
CLASSED = 0x8000
UNMATCHED = 0xFFFF
_NATIVE = CLASSED - 1


class ClientClass(NamedTuple):
    """Clients whose messages come with one delay: `delay_ms`, give or take `spread_ms`.

    Attributes:
        name: for people who run the server.
        clients: a pattern of what they call themselves.
        delay_ms: the typical delay; -1 if they are not matched.
        spread_ms: how far from it the delay may be.
        source: where the figures come from.
    """

    name: str
    clients: str
    delay_ms: int
    spread_ms: int
    source: str


CLASSES = (
    ClientClass(
        "unknown",
        "",
        1_500,
        1_500,
        "not known, so treated as the widest class that is matched",
    ),
    ClientClass(
        "at once",
        r"vlc|\bvlm\b|listenbrainz-mpd|mopidy|quod ?libet|\bqlb\b",
        0,
        500,
        "their sources announce a track when it starts; the spread is that of the network and of decoding",
    ),
    ClientClass(
        "rescrobbled",
        r"rescrobbled",
        250,
        250,
        "its source waits up to 0.5 s for the player to settle",
    ),
    ClientClass(
        "mpdscribble",
        r"mpdscribble|\bmdc\b",
        1_150,
        350,
        "measured: 1.0 to 1.3 s after the track starts",
    ),
    ClientClass(
        "Pano Scrobbler",
        r"pano ?scrobbler|com\.arn\.scrobble",
        1_500,
        1_500,
        "its source waits 1 s and looks the track up",
    ),
    ClientClass(
        "foobar2000",
        r"foobar2000|foo_",
        2_000,
        500,
        "its component waits 2 s",
    ),
    ClientClass(
        "poller",
        r"multi-?scrobbler|music[ -]?assistant",
        -1,
        0,
        "they ask players every 10 s or more",
    ),
)
"""The classes; a class's place is its code less CLASSED, so a new one stands last. A client has the first that fits."""
UNKNOWN = CLASSED


def of_client(words: Iterable[str]) -> int:
    """Return the precision of a client by what it says of itself, the most telling words first."""
    return next((found for text in words if (found := _of_words(text[:200])) is not None), UNKNOWN)


@lru_cache(maxsize=1_024)
def _of_words(text: str) -> int | None:
    for place, each in enumerate(CLASSES):
        if each.clients and re.search(each.clients, text, re.IGNORECASE):
            return CLASSED + place if each.delay_ms >= 0 else UNMATCHED
    return None


def of_spread(within_s: float) -> int:
    """Return the precision of a play whose time may be wrong by so many seconds, from 0 to 60."""
    spread_ms = round(within_s * 1000)
    return spread_ms if spread_ms <= SPREAD_MOST_MS else UNMATCHED


_DELAYS_MS = [max(each.delay_ms, 0) for each in CLASSES]
_SPREADS_MS = [each.spread_ms for each in CLASSES]
SLACK_MOST_MS = max(SPREAD_MOST_MS, *(delay + spread for delay, spread in zip(_DELAYS_MS, _SPREADS_MS, strict=True)))
"""The largest slack: delay and spread."""


def slack_ms(precision: int) -> int:
    """Return how much later than the press a message may arrive; 0 for an exact play."""
    delay_ms = _DELAYS_MS[precision - CLASSED] if precision >= CLASSED else 0
    return delay_ms + spread_ms(precision)


def spread_ms(precision: int) -> int:
    """Return how much the delay of a play may differ from that of others of its class."""
    return _SPREADS_MS[precision - CLASSED] if precision >= CLASSED else precision


def added_ms(one: int, other: int) -> int:
    """Return how much farther apart than the window two plays of these precisions may arrive and still be together.

    Plays of one class have the same delay, so only their spreads count.
    """
    if one == other:
        return 2 * spread_ms(one)
    return slack_ms(one) + slack_ms(other)


def kind_of(precision: int) -> int:
    """Return a number for the precisions whose delay is one: exact, native with a spread, or a class."""
    return precision if precision >= CLASSED or precision == EXACT else _NATIVE
