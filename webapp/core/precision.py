"""How well the arrival of a message tells when its listener pressed play: a class for each kind of client.

A play's precision is one number of 16 bits. Up to 5,000 it is the spread in milliseconds of a play without delay: 0 is
exact, others come from a native play's `within_s`. From CLASSED on it names a class of CLASSES. UNMATCHED says that the
play is counted and never matched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

EXACT = 0
SPREAD_MOST_MS = 5_000
"""The largest spread of a play that is matched."""
CLASSED = 0x8000
UNMATCHED = 0xFFFF


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
    for text in words:
        for place, each in enumerate(CLASSES):
            if each.clients and re.search(each.clients, text[:200], re.IGNORECASE):
                return CLASSED + place if each.delay_ms >= 0 else UNMATCHED
    return UNKNOWN


def of_spread(within_s: float) -> int:
    """Return the precision of a play whose time may be wrong by so many seconds, from 0 to 60."""
    spread_ms = round(within_s * 1000)
    return spread_ms if spread_ms <= SPREAD_MOST_MS else UNMATCHED
