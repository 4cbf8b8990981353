"""Last.fm's scrobbles in JSON, as common export tools write them: its API's pages, and lastfmstats.com. Pure.

CSV is in `lastfmcsv.py`. Sources: user.getRecentTracks in Last.fm's API documentation, which mainstream.ghan.nl
writes unchanged, page by page; projects/shared/src/lib/progress/progress.component.ts of lastfm-stats-web.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from webapp.histories import times
from webapp.histories.errors import BadEntryError
from webapp.histories.jsonscan import Members, is_object, members_of
from webapp.histories.listens import Listen, Skip


class _Date(msgspec.Struct):
    uts: str | int


class _Track(msgspec.Struct):
    """A track of the API's; without a date it is still playing."""

    name: str
    artist: Any
    date: _Date | None = None


class _Scrobble(msgspec.Struct):
    """A scrobble of lastfmstats.com; `date` is in epoch milliseconds."""

    track: str
    artist: str
    date: float


_track = msgspec.json.Decoder(_Track)
_scrobble = msgspec.json.Decoder(_Scrobble)
_list = msgspec.json.Decoder(list[msgspec.Raw])


def is_page(members: Members) -> bool:
    """Tell whether an entry is a page of the API's tracks."""
    return "recenttracks" in members or bytes(members.get("track", b"")).startswith(b"[")


def tracks_of(pages: Iterable[bytes | BadEntryError]) -> Iterator[bytes | BadEntryError]:
    """Yield the tracks of the API's pages."""
    for page in pages:
        try:
            yield from [page] if isinstance(page, BadEntryError) else _tracks_of(members_of(page))
        except BadEntryError as error:
            yield error


def read(entry: bytes) -> Listen | Skip:
    """Read a track of the API's."""
    track = _track.decode(entry)
    if track.date is None:
        return Skip.PLAYING
    artist = track.artist
    if isinstance(artist, dict):
        artist = artist.get("#text") or artist.get("name")
    return Listen.of(times.of_text(str(track.date.uts)), track.name, artist if isinstance(artist, str) else None)


def read_stats(entry: bytes) -> Listen:
    """Read a scrobble of lastfmstats.com."""
    scrobble = _scrobble.decode(entry)
    return Listen.of(times.of_number(scrobble.date), scrobble.track, scrobble.artist)


def _tracks_of(members: Members) -> list[bytes]:
    if "recenttracks" in members:
        members = members_of(members["recenttracks"])
    tracks = members.get("track")
    if tracks is None:
        raise BadEntryError("a page without tracks")
    # A page of one track has that track instead of a list.
    return [bytes(track) for track in ([tracks] if is_object(tracks) else _list.decode(tracks))]
