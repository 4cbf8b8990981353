"""ListenBrainz's exports: JSON Lines in a zip, and the array that it gave before. Pure.

Source: listenbrainz/background/export.py of its server.
"""

from typing import Any

import msgspec

from webapp.histories import times
from webapp.histories.listens import Listen, Skip, recording_of


class _Track(msgspec.Struct):
    track_name: str | None = None
    artist_name: str | None = None
    additional_info: Any = None
    mbid_mapping: Any = None


class _Listened(msgspec.Struct):
    """A listen; `listened_at` is when it began, in epoch seconds."""

    track_metadata: _Track
    listened_at: float | None = None


_listened = msgspec.json.Decoder(_Listened)


def read(entry: bytes) -> Listen | Skip:
    """Read a listen; its recording is the one that ListenBrainz found, or else what the player said."""
    listened = _listened.decode(entry)
    track = listened.track_metadata
    if listened.listened_at is None:
        return Skip.PLAYING
    mapped, said = (value if isinstance(value, dict) else {} for value in (track.mbid_mapping, track.additional_info))
    recording = recording_of(mapped.get("recording_mbid")) or recording_of(said.get("recording_mbid"), said.get("isrc"))
    return Listen.of(times.of_number(listened.listened_at), track.track_name, track.artist_name, recording)
