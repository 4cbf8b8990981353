"""The songs that pages of players show: of watched tokens only, and not for long."""

from __future__ import annotations

import pytest

from webapp.engine.heardsongs import TOKENS_MOST, WATCH_S, HeardSongs
from webapp.ingest.submissions import Song

SONG = Song("Slow Lighthouse", "Marisol Vey")


class Time:
    """A clock that a test sets."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def songs(clock: Time) -> HeardSongs:
    return HeardSongs(clock)


def test_only_a_token_that_is_watched_has_its_song_kept(songs: HeardSongs) -> None:
    songs.note("a", SONG)
    assert songs.watch("a") is None
    songs.note("a", SONG)
    assert songs.watch("a") == ("Slow Lighthouse", "Marisol Vey")
    assert songs.watch("b") is None


def test_a_page_may_be_away_for_a_while(songs: HeardSongs, clock: Time) -> None:
    songs.watch("a")
    clock.now_s = WATCH_S
    songs.note("a", SONG)
    assert songs.watch("a") is not None
    clock.now_s += WATCH_S + 1
    songs.forget_old()
    clock.now_s = 0
    assert songs.watch("a") is None


def test_a_deleted_token_has_no_song(songs: HeardSongs) -> None:
    songs.watch("a")
    songs.note("a", SONG)
    songs.forget("a")
    assert songs.watch("a") is None


def test_there_are_not_too_many(songs: HeardSongs) -> None:
    for number in range(TOKENS_MOST + 1):
        songs.watch(str(number))
        songs.note(str(number), SONG)
    assert songs.watch("0") is None
    assert songs.watch(str(TOKENS_MOST)) is not None
