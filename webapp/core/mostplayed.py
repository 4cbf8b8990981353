"""The song that was played most in a slice, and where. Sans-I/O."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from webapp.core.columns import Mask, Numbers, Plays, Rows
from webapp.core.plays import SOURCES
from webapp.core.privacy import is_simulated
from webapp.core.recordings import track_numbers

CITIES_MOST, CITY_PLAYS_LEAST = 32, 3
"""Cities that a record names for its most played song, and how many plays each must have."""


class Pressed(NamedTuple):
    """The plays of a slice, and the rows of those that do not count: echoes and duplicates."""

    plays: Plays
    repeats: Rows


class MostPlayed(NamedTuple):
    """A song, its plays, and its cities.

    Attributes:
        track: the track's number, as in `Plays.row`.
        plays: how many.
        city: (n,) city indices, those with the most plays first.
        city_plays: (n,) how many each has.
    """

    track: int
    plays: int
    city: Numbers
    city_plays: Numbers


def most_played(pressed: Pressed, tracks: list[bytes], may_be_named: Mask, geoname_id: Numbers) -> MostPlayed | None:
    """Return the song with the most plays; None if there is no play.

    Of songs with as many plays, the one that was pressed first. Its spelling is that of its first play.

    Args:
        pressed: the plays.
        tracks: by number, as wire JSON.
        may_be_named: for each city, whether live plays in it may be told.
        geoname_id: of each city.
    """
    plays, repeats = pressed
    songs = plays.group.astype(np.int64) // len(SOURCES)
    counts = np.bincount(songs) - np.bincount(songs[repeats], minlength=int(songs.max(initial=-1)) + 1)
    most = int(counts.max(initial=0))
    if not most:
        return None
    counted = np.ones(len(songs), bool)
    counted[repeats] = False
    first = _first(plays, np.flatnonzero((counts[songs] == most) & counted), tracks)
    rows = np.flatnonzero((songs == songs[first]) & counted)
    city, city_plays = _cities(plays.take(rows), may_be_named, geoname_id)
    return MostPlayed(int(track_numbers(plays.row[[first]])[0]), most, city, city_plays)


def _first(plays: Plays, rows: Rows, tracks: list[bytes]) -> int:
    """Return the row of the first play; of plays at one time that with the smallest listener, then track."""
    rows = rows[plays.at[rows] == plays.at[rows].min()]
    rows = rows[plays.listener[rows] == plays.listener[rows].min()]
    numbers = track_numbers(plays.row[rows]).tolist()
    return int(rows[min(range(len(rows)), key=lambda place: tracks[numbers[place]])])


def _cities(plays: Plays, may_be_named: Mask, geoname_id: Numbers) -> tuple[Numbers, Numbers]:
    """Return the cities with enough plays that may be told, and how many each has."""
    counts = np.bincount(plays.city[may_be_named[plays.city] | is_simulated(plays)])
    city = np.flatnonzero(counts >= CITY_PLAYS_LEAST)
    city = city[np.lexsort((geoname_id[city], -counts[city]))][:CITIES_MOST]
    return city, counts[city]


def joined(exact: Pressed, inexact: Pressed) -> Pressed:
    """Return exact and inexact plays as one."""
    if not len(inexact.plays.at):
        return exact
    n = len(exact.plays.at)
    return Pressed(exact.plays.joined(inexact.plays), np.concatenate((exact.repeats, n + inexact.repeats)))
