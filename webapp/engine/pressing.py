"""Which messages count as pressing play. It reads no clock: the time is an argument."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

from webapp.core.principals import Principal
from webapp.storage.accounts import Activity, LastSong

Verdict = Literal["press", "repeat", "after_downtime"]
"""A press; one of the last songs, again; a message that may have waited while the server was down."""

UNKNOWN_S = 600.0
"""How long a song of unknown length counts as one and the same; some clients repeat it each minute or so."""
LONGEST_S = 4 * 3600.0
"""The longest song; some clients send milliseconds as seconds."""
EARLY_S = 2.0
"""How much before its end a song may begin anew: clients are not always equally late, and some players crossfade."""
RESENT_S = 480.0
"""How long after a downtime clients send what waited: they try after 1, 2, 4 and 8 minutes."""


class Pressing:
    """Judges now-playing messages, given what is known of their tokens.

    Args:
        was_down: tells, once the server has started, whether an earlier one ended before and clients were refused.
    """

    def __init__(self, was_down: Callable[[], bool]) -> None:
        self._was_down, self._began_s = was_down, -math.inf
        self._heard: set[str] = set()

    def start(self, now_s: float) -> None:
        """Begin, at a time in epoch seconds."""
        self._began_s = now_s

    def judge(self, principal: Principal, song: LastSong, activity: Activity | None) -> Verdict:
        """Tell whether a message counts as pressing play.

        Args:
            principal: whose it is.
            song: what it announces, at its arrival.
            activity: what was known of the token before.
        """
        is_first = self._is_first(principal, song.at_s, activity)
        known = (activity.song, *activity.earlier) if activity and activity.song else ()
        if any(_is_repeat(each, song) for each in known):
            return "repeat"
        return "after_downtime" if is_first else "press"

    def _is_first(self, principal: Principal, now_s: float, activity: Activity | None) -> bool:
        """Tell whether this is the first message since a downtime of a token that was used before it."""
        if now_s - self._began_s > RESENT_S or not self._was_down():
            self._heard.clear()
            return False
        was_heard = principal.id in self._heard
        self._heard.add(principal.id)
        # Scrobbles that waited may come first, so the time of its last use says nothing.
        was_used = activity is not None and activity.used_s is not None
        return was_used and principal.created_s < self._began_s and not was_heard


def _is_repeat(last: LastSong, song: LastSong) -> bool:
    """Tell whether a song is still one that was announced; a clock that was set back does not make it another."""
    lasts_s = min(last.duration_s or song.duration_s or UNKNOWN_S, LONGEST_S) - EARLY_S
    return last.song == song.song and abs(song.at_s - last.at_s) < lasts_s
