"""Spotify's exports: the extended streaming history, and the short one of the last year. Pure.

Fields that are not named here (the address, the user's name, the device) are skipped in the JSON and never kept.
Source: Spotify's support page "Understanding your data" and the ReadMeFirst file of its exports.
"""

import msgspec

from webapp.histories import times
from webapp.histories.errors import BadEntryError
from webapp.histories.listens import Listen, Skip
from webapp.histories.times import When

_PLAYED_MOST_MS = 7 * 86_400_000
"""Of one entry; more is a broken number."""


class _Stream(msgspec.Struct):
    """An entry of the extended history; `ts` is when it ended, to the second."""

    ts: str
    ms_played: int
    master_metadata_track_name: str | None = None
    master_metadata_album_artist_name: str | None = None
    episode_name: str | None = None
    spotify_episode_uri: str | None = None
    audiobook_title: str | None = None
    incognito_mode: bool | None = None


class _ShortStream(msgspec.Struct, rename="camel"):
    """An entry of the short history; `endTime` is when it ended, to the minute. Podcasts have other names."""

    end_time: str
    ms_played: int
    artist_name: str | None = None
    track_name: str | None = None


_stream = msgspec.json.Decoder(_Stream)
_short_stream = msgspec.json.Decoder(_ShortStream)


def read(entry: bytes) -> Listen | Skip:
    """Read an entry of the extended history."""
    stream = _stream.decode(entry)
    if stream.incognito_mode:
        return Skip.INCOGNITO
    if stream.master_metadata_track_name is None:
        spoken = stream.episode_name or stream.spotify_episode_uri or stream.audiobook_title
        return Skip.PODCAST if spoken else Skip.UNNAMED
    when = _begun(stream.ts, stream.ms_played)
    return Listen.of(when, stream.master_metadata_track_name, stream.master_metadata_album_artist_name)


def read_short(entry: bytes) -> Listen | Skip:
    """Read an entry of the short history."""
    stream = _short_stream.decode(entry)
    if stream.track_name is None:
        return Skip.PODCAST
    return Listen.of(_begun(stream.end_time, stream.ms_played), stream.track_name, stream.artist_name)


def _begun(ended: str, ms_played: int) -> When:
    if not 0 <= ms_played <= _PLAYED_MOST_MS:
        raise BadEntryError(f"it was played for {ms_played} ms")
    return times.of_text(ended).less(ms_played)
