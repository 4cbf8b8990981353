"""Form fields, as clients send them in a query or a body. Any bytes are read; none is an error."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from webapp.ingest import songfields
from webapp.ingest.submissions import Song

Fields = Mapping[str, bytes]
"""Values by name, both without percent-encoding. Each byte of a name is one character."""

_FIELDS_MOST = 2_000
"""Of a form. 50 plays have about 600."""
_ESCAPES = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")
_NUMBERED = re.compile(r"([A-Za-z]+)(?:\[([0-9]{1,6})\])?")
_WHOLE = re.compile(r"[0-9]{1,12}")


def fields(*forms: bytes) -> dict[str, bytes]:
    """Return the fields of some forms; of fields with one name, the last one.

    Line ends after a form are left out, for some clients send them behind the body. Of a form, 2,000 fields are read.
    """
    found: dict[str, bytes] = {}
    for form in forms:
        for pair in form.rstrip(b"\r\n").split(b"&", _FIELDS_MOST)[:_FIELDS_MOST]:
            name, _, value = pair.partition(b"=")
            found[(name if name.isalnum() else _decoded(name)).decode("latin-1")] = _decoded(value)
    return found


def _decoded(encoded: bytes) -> bytes:
    plain = encoded.replace(b"+", b" ") if b"+" in encoded else encoded
    if b"%" not in plain:
        return plain
    return _ESCAPES.sub(lambda found: bytes.fromhex(found[0].replace(b"%", b"").decode()), plain)


def numbered(sent: Fields, names: Collection[str]) -> dict[int, dict[str, bytes]]:
    """Return the fields of each play in a form, by its number, in order: `a[0]`, `t[0]`, `a[1]` and so on.

    Numbers may be missing. Fields without a number belong to play 0.
    """
    plays: dict[int, dict[str, bytes]] = {}
    for full, value in sent.items():
        if full in names:
            plays.setdefault(0, {})[full] = value
        elif (match := _NUMBERED.fullmatch(full)) and match[1] in names:
            plays.setdefault(int(match[2] or 0), {})[match[1]] = value
    return dict(sorted(plays.items()))


def text(sent: Fields, name: str) -> str:
    """Return a field as text, without the whitespace around it: UTF-8, or Latin-1 if it is no UTF-8; "" if missing."""
    value = sent.get(name, b"")
    try:
        return value.decode().strip()
    except UnicodeDecodeError:
        return value.decode("latin-1").strip()


def whole(sent: Fields, name: str) -> int | None:
    """Return a field that is a whole number of at most 12 digits; None for anything else."""
    written = text(sent, name)
    return int(written) if _WHOLE.fullmatch(written) else None


def name(sent: Fields, field: str) -> str:
    """Return a title, an artist or an album as a play may have it; "" if there is none."""
    return songfields.name(text(sent, field))


def song(title: str, artist: str, album: str, duration: str, mbid: str) -> Song | None:
    """Return a song, None if it has no title or no artist.

    Args:
        title: as `name` returns it, like artist and album.
        artist: who plays.
        album: "" if it is not known.
        duration: in seconds, as sent.
        mbid: the recording's MusicBrainz id, as sent.
    """
    if not title or not artist:
        return None
    length_s, recording = songfields.duration_s(duration), songfields.recording(mbid, None)
    return Song(title, artist, album or None, length_s, recording)
