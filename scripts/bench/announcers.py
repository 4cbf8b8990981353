"""Music clients that announce what they play, in each dialect: the load of a part of `ingest.py`.

Each announces one song after the other, so no message repeats the one before. Songs have ranks, as in `senders.py`.
"""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import numpy as np
from bench.senders import EXPONENT, SONGS, Senders

from tests.serving import Server, ask, console_script
from tests.waiting import until
from webapp.ingest.lastfmkeys import API_KEY, SHARED_SECRET, signature

CITIES = ("Osaka", "Cairo", "Lima", "Oslo", "Nairobi", "Toronto")
EACH = 40
"""Listeners in a city."""
PER_MINUTE = 1_000_000
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
_ALBUM = "Low Tide"


@dataclass(frozen=True, slots=True)
class Listener:
    """One who plays music: the token, and the key of a session with it."""

    token: str
    session: str


@dataclass(frozen=True, slots=True)
class Song:
    """A song by its number: every tenth has another artist."""

    number: int

    @property
    def title(self) -> str:
        """A title with the number."""
        return f"Song {self.number}"

    @property
    def artist(self) -> str:
        """An artist with a number."""
        return f"The Harbour Lamps {self.number // 10}"

    @property
    def mbid(self) -> str:
        """The MusicBrainz id of its recording."""
        return str(uuid.UUID(int=self.number, version=4))


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a client writes that it plays a song now.

    Attributes:
        name: in the table.
        bare: the path of the bare view that decodes the same.
        message: returns the path, the headers and the body.
        answer: what an answer holds if the message was taken.
    """

    name: str
    bare: str
    message: Callable[[Listener, Song], tuple[str, dict[str, str], str]]
    answer: bytes


def _listenbrainz(listener: Listener, song: Song) -> tuple[str, dict[str, str], str]:
    """As listenbrainz-mpd 2.5."""
    info = {"recording_mbid": song.mbid, "tracknumber": "4", "duration_ms": 242106, "media_player": "MPD"}
    info |= {"submission_client": "listenbrainz-mpd", "submission_client_version": "2.5.1"}
    told = {"artist_name": song.artist, "track_name": song.title, "release_name": _ALBUM, "additional_info": info}
    body = {"listen_type": "playing_now", "payload": [{"track_metadata": told}]}
    headers = {"Authorization": f"Token {listener.token}", "Accept": JSON, "Content-Type": JSON}
    return "/1/submit-listens", headers, json.dumps(body, separators=(",", ":"))


def _lastfm(listener: Listener, song: Song) -> tuple[str, dict[str, str], str]:
    """As pylast 7.2."""
    sent = {"track": song.title, "artist": song.artist, "album": _ALBUM, "mbid": song.mbid, "duration": "215"}
    sent |= {"api_key": API_KEY, "method": "track.updateNowPlaying", "sk": listener.session}
    sent["api_sig"] = signature({name: value.encode() for name, value in sent.items()}, SHARED_SECRET)
    return "/2.0/", {"User-Agent": "pylast/7.2.0", "Accept": "*/*", "Content-Type": FORM}, urlencode(sent)


def _audioscrobbler(listener: Listener, song: Song) -> tuple[str, dict[str, str], str]:
    """As mpdscribble 0.24."""
    sent = {"s": listener.session, "a": song.artist, "t": song.title, "b": _ALBUM, "l": "215", "n": "3", "m": song.mbid}
    headers = {"User-Agent": "mpdscribble/0.24", "Content-Type": FORM}
    return "/audioscrobbler/1.2/nowplaying", headers, urlencode(sent)


def _webscrobbler(listener: Listener, song: Song) -> tuple[str, dict[str, str], str]:
    """As Web Scrobbler 3."""
    names = {"track": song.title, "artist": song.artist, "albumArtist": None, "album": _ALBUM, "duration": 214}
    page = {"currentTime": 1.2, "isPlaying": True, "originUrl": f"https://music.example/watch?v={song.number}"}
    flags = dict.fromkeys(("isScrobbled", "isCorrectedByUser", "isAlbumFetched", "isValid", "finishedProcessing"), True)
    song_told = {"parsed": names | page, "processed": names, "noRegex": names, "flags": flags}
    song_told |= {"metadata": {"label": "YouTube", "userloved": False}, "connector": {"label": "YouTube"}}
    event = {"eventName": "nowplaying", "time": 1764500000217, "data": {"song": song_told}}
    return f"/webhook/{listener.token}", {"Content-Type": JSON}, json.dumps(event, separators=(",", ":"))


DIALECTS = (
    Dialect("ListenBrainz", "/json", _listenbrainz, b'"ok"'),
    Dialect("Last.fm", "/form", _lastfm, b'<lfm status="ok">'),
    Dialect("Audioscrobbler 1.2", "/form", _audioscrobbler, b"\r\n\r\nOK\n"),
    Dialect("Web Scrobbler", "/json", _webscrobbler, b'"ok"'),
)


def listeners(server: Server) -> list[Listener]:
    """Create listeners by the command, and begin a session for each."""
    tokens = [token for city in CITIES for token in _created(server, city)]
    until(lambda: ask(server, f"/1/validate-token?token={tokens[-1]}").json["valid"])
    return [Listener(token, session(server, token)) for token in tokens]


def _created(server: Server, city: str) -> list[str]:
    command = [console_script(), "token", "create", "--data-dir", str(server.data_dir)]
    command += ["--city", city, "--count", str(EACH), "--per-minute", str(PER_MINUTE)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [line.split()[1] for line in said.splitlines()]


def session(server: Server, token: str) -> str:
    """Begin a session, and return its key."""
    asked = {"method": "auth.getMobileSession", "username": "ana", "password": token, "format": "json"}
    asked |= {"api_key": "0123456789abcdef0123456789abcdef"}
    return str(ask(server, f"/2.0/?{urlencode(asked)}", "POST").json["session"]["key"])


def messages(dialect: Dialect, people: Sequence[Listener], count: int, *, is_bare: bool, seed: int = 7) -> list[bytes]:
    """Return requests, as a client sends them; to the bare view only the path is another one."""
    weights = np.arange(1, SONGS + 1) ** -EXPONENT
    songs = np.random.default_rng(seed).choice(SONGS, count, p=weights / weights.sum()).tolist()
    return [
        _request(*dialect.message(people[place % len(people)], Song(song)), dialect.bare if is_bare else "")
        for place, song in enumerate(songs)
    ]


def _request(path: str, headers: dict[str, str], body: str, instead: str) -> bytes:
    lines = [f"POST {instead or path} HTTP/1.1", "Host: 127.0.0.1", "Accept-Encoding: gzip"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode()


class Announcers(Senders):
    """Send prepared requests, and count the answers that hold a text."""

    def __init__(self, port: int, made: Sequence[bytes], wanted: bytes) -> None:
        super().__init__(port, made)
        self._wanted = wanted

    def request(self, made: bytes) -> bytes:
        """Return what was prepared, as it is."""
        return made

    def taken(self, answer: bytes) -> int | None:
        """Return 1 for an answer as wanted."""
        return 1 if answer.startswith(b"HTTP/1.1 200") and self._wanted in answer else None
