"""Takes what clients announce: a now-playing message may be a press and go to the matcher; others are only counted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

from webapp.core.playparser import ParsedPlays
from webapp.core.plays import Overloaded, track_alone
from webapp.core.precision import CLASSED, CLASSES, UNMATCHED
from webapp.core.principals import Principal
from webapp.core.records import wire_track_id
from webapp.core.validation import FieldError
from webapp.engine.heardsongs import HeardSongs
from webapp.engine.ingest import EndingError, Ingest
from webapp.engine.intake import NotTakenError
from webapp.engine.pressing import Pressing, Verdict
from webapp.ingest.submissions import Song, Submission
from webapp.metrics import Metrics
from webapp.storage import keys
from webapp.storage.accounts import Accounts, Announced, LastSong

Fate = Verdict | Literal["unplaced", "poller", "dropped", "malformed", "counted"]
"""What became of a message, beside what is judged: its place is not known, its client polls, too many plays waited."""
_LOCKS = 64
"""So many tokens at most are judged at once."""
_OPTIONAL = ("track.album", "track.recording", "track.url")
"""What a song can do without, if it is not as it should be."""


class Announcements:
    """Takes submissions. Call it from any greenlet or thread.

    Args:
        ingest: takes presses.
        accounts: knows what tokens announced before.
        pressing: judges what is a press.
        metrics: counts all messages.
        clock: tells the time, epoch seconds.
        songs: shows listeners who set their player up what it played.
    """

    def __init__(
        self,
        ingest: Ingest,
        accounts: Accounts,
        pressing: Pressing,
        metrics: Metrics,
        clock: Callable[[], float],
        songs: HeardSongs,
    ) -> None:
        self._ingest, self._accounts, self._pressing = ingest, accounts, pressing
        self._metrics, self._clock, self._songs = metrics, clock, songs
        self._locks = [threading.Lock() for _ in range(_LOCKS)]

    def take(
        self,
        dialect: str,
        principal: Principal,
        submissions: Sequence[Submission],
        find: Callable[[Any], tuple[int, int] | None],
    ) -> dict[int, str]:
        """Take what a principal submits at once.

        Args:
            dialect: in what it was said.
            principal: whose it is.
            submissions: what is submitted.
            find: returns the city index and the GeoNames id of where a submission with that place is; None if that is
                not known.

        Returns:
            Why submissions are refused, by their places.
        """
        refused: dict[int, str] = {}
        for index, each in enumerate(submissions):
            if each.kind != "now_playing":
                continue
            try:
                fate = self._announce(principal, each, find(each.place))
            except FieldError as error:
                refused[index], fate = str(error), "malformed"
            self._metrics.message(dialect, each.kind, fate)
        self._note_scrobbles(dialect, principal, [each for each in submissions if each.kind != "now_playing"])
        return refused

    def _announce(self, principal: Principal, said: Submission, where: tuple[int, int] | None) -> Fate:
        began_s = time.perf_counter()
        play = self._parsed(principal, said, where)
        with self._locks[hash(principal.id) % _LOCKS]:  # of two equal messages at once, one is a repeat
            return self._judged(principal, said, where, play, began_s)

    def _judged(
        self,
        principal: Principal,
        said: Submission,
        where: tuple[int, int] | None,
        play: ParsedPlays,
        began_s: float,
    ) -> Fate:
        song = self._last_song(play, said.song.duration_s)
        verdict = self._pressing.judge(principal, song, self._accounts.activity(principal.id))
        fate = self._submitted(play, began_s, said, where) if verdict == "press" else verdict
        city = where[1] if where and fate == "press" else None
        noted = Announced(
            song, client_of(said.precision), is_press=fate == "press", city=city, is_repeat=fate == "repeat"
        )
        self._accounts.note_announced(principal.id, noted)
        if fate == "press":
            self._songs.note(principal.id, said.song)
        return fate

    def _last_song(self, play: ParsedPlays, duration_s: float | None) -> LastSong:
        return LastSong(keys.key(wire_track_id(track_alone(play.batch)).decode()), self._clock(), duration_s)

    def _parsed(self, principal: Principal, said: Submission, where: tuple[int, int] | None) -> ParsedPlays:
        """Return the play, without a part of the song that is wrong if the song can do without."""
        track, city = _track(said.song), where[0] if where else None
        while True:
            try:
                return self._ingest.parse_one(track, principal.listener, city, "live", said.precision)
            except FieldError as error:
                if error.field not in _OPTIONAL:
                    raise
                del track[error.field.removeprefix("track.")]

    def _submitted(self, play: ParsedPlays, began_s: float, said: Submission, where: tuple[int, int] | None) -> Fate:
        """Give a play to the matcher, which counts those that are not to be matched. Drop it if there is no room."""
        try:
            self._ingest.submit(play, began_s)
        except (Overloaded, EndingError, NotTakenError):  # clients answer a refusal with floods
            return "dropped"
        if said.precision == UNMATCHED:
            return "poller"
        return "press" if where else "unplaced"

    def _note_scrobbles(self, dialect: str, principal: Principal, scrobbles: Sequence[Submission]) -> None:
        if not scrobbles:
            return
        for kind in ("scrobble", "import"):
            self._metrics.message(dialect, kind, "counted", sum(each.kind == kind for each in scrobbles))
        client = client_of(scrobbles[-1].precision)
        self._accounts.note_scrobbles(principal.id, self._clock(), client, len(scrobbles))


def _track(song: Song) -> dict[str, object]:
    given = {
        "title": song.title, "artist": song.artist, "album": song.album, "recording": song.recording, "url": song.url,
    }  # fmt: skip
    return {name: value for name, value in given.items() if value is not None}


def client_of(precision: int) -> str:
    """Return the name of a client's class by the precision of its messages."""
    if precision == UNMATCHED:
        return "poller"
    return CLASSES[precision - CLASSED].name if precision >= CLASSED else "exact"
