"""Where a song can be listened to: at its own url, and where the operator's search links lead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from webapp.config import Settings


class ListenLink(NamedTuple):
    """A link to listen to a song, named by what it opens."""

    name: str
    address: str


def templates(settings: Settings) -> list[ListenLink]:
    """Return the operator's links, with `{title}`, `{artist}` and `{query}` for a song's words."""
    return [ListenLink(*map(str.strip, link.split("=", 1))) for link in settings.listen_links]


def listen_links(track: Mapping[str, Any], settings: Settings) -> list[ListenLink]:
    """Return a song's links, its own url first. `assets/moment/listen.js` makes the same ones."""
    words = {"title": track["title"], "artist": track["artist"], "query": f"{track['artist']} {track['title']}"}
    found = [ListenLink(name, _filled(address, words)) for name, address in templates(settings)]
    url = track.get("url")
    return [ListenLink(_host(url), url), *found] if url else found


def _filled(address: str, words: Mapping[str, str]) -> str:
    for name, text in words.items():
        address = address.replace(f"{{{name}}}", quote(text, safe=""))
    return address


def _host(url: str) -> str:
    return (urlsplit(url).hostname or url).removeprefix("www.")
