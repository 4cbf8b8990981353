"""Playlists in the formats that players read: XSPF, JSPF and M3U; `playlist.py` serves them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote
from xml.etree import ElementTree

import msgspec

from webapp.web.xmltext import add, document

XSPF = "http://xspf.org/ns/0/"


@dataclass(frozen=True, slots=True)
class Item:
    """A song of a playlist.

    Attributes:
        title: of the song.
        artist: who made it.
        recording: `isrc:…` or `mbid:…`, if that is known.
        url: where it is to be heard, if that is known.
        image: the address of its artwork, if that is known.
        about: a sentence: what it did here.
        page: address of its moment.
    """

    title: str
    artist: str
    recording: str | None
    url: str | None
    image: str | None
    about: str
    page: str

    @property
    def identifier(self) -> str | None:
        """The recording as a URI: MusicBrainz's own address, as is the custom in JSPF, or a URN of the ISRC."""
        scheme, _, value = (self.recording or "").partition(":")
        prefix = {"mbid": "https://musicbrainz.org/recording/", "isrc": "urn:isrc:"}.get(scheme)
        return prefix + quote(value) if prefix else None


@dataclass(frozen=True, slots=True)
class Playlist:
    """Songs in an order.

    Attributes:
        title: of the playlist.
        page: its address.
        made_s: when it was made, epoch seconds.
        items: its songs.
    """

    title: str
    page: str
    made_s: float
    items: Sequence[Item]

    @property
    def date(self) -> str:
        """When it was made, as XSPF has it."""
        return datetime.fromtimestamp(self.made_s, UTC).isoformat(timespec="seconds")


def xspf(playlist: Playlist) -> bytes:
    """Write XSPF 1, https://www.xspf.org/spec."""
    root = ElementTree.Element("playlist", {"version": "1", "xmlns": XSPF})
    add(root, title=playlist.title, creator="Unison", info=playlist.page, date=playlist.date)
    tracks = ElementTree.SubElement(root, "trackList")
    for item in playlist.items:
        track = ElementTree.SubElement(tracks, "track")
        add(track, location=item.url, identifier=item.identifier, title=item.title, creator=item.artist)
        add(track, annotation=item.about, info=item.page, image=item.image)
    return document(root)


def jspf(playlist: Playlist) -> bytes:
    """Write JSPF, the same as JSON, https://www.xspf.org/jspf."""
    tracks = [
        _without_none(
            location=item.url and [item.url],
            identifier=item.identifier and [item.identifier],
            title=item.title,
            creator=item.artist,
            annotation=item.about,
            info=item.page,
            image=item.image,
        )
        for item in playlist.items
    ]
    head = {"title": playlist.title, "creator": "Unison", "info": playlist.page, "date": playlist.date}
    return msgspec.json.encode({"playlist": {**head, "track": tracks}})


def _without_none(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def m3u(playlist: Playlist) -> bytes:
    """Write extended M3U in UTF-8: the songs that have a url, for a player can use nothing else."""
    lines = ["#EXTM3U", "#EXTENC:UTF-8", f"#PLAYLIST:{playlist.title}"]
    playable = [item for item in playlist.items if item.url]
    if left_out := len(playlist.items) - len(playable):
        lines.append(
            f"# {left_out} of {len(playlist.items)} songs have no url and are left out; XSPF and JSPF list them"
        )
    for item in playable:
        lines += [f"#EXTINF:-1,{item.artist} - {item.title}", item.url or ""]
    return "\n".join([*lines, ""]).encode()


FORMATS: dict[str, tuple[str, Callable[[Playlist], bytes]]] = {
    "xspf": ("application/xspf+xml", xspf),
    "jspf": ("application/jspf+json", jspf),
    "m3u": ("audio/x-mpegurl; charset=utf-8", m3u),
}
"""By the ending of its address: the content type, and what writes it."""
