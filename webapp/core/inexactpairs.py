"""Which plays an inexact play repeats or goes with, one play after the other in the order of time."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass

from webapp.core.inexact import Press
from webapp.core.precision import CLASSED, EXACT, added_ms, slack_ms

Song = tuple[str, int]


def are_near(one: Press, other: Press, window_ms: int) -> bool:
    """Tell whether two plays of one song, of which one is inexact, are near enough to be together."""
    inexact = one.precision != EXACT or other.precision != EXACT
    return inexact and abs(one.at - other.at) <= window_ms + added_ms(one.precision, other.precision)


class Repeats:
    """Finds echoes and duplicates among the plays of one listener. Ask for each play, then add it, in their order.

    For each song and class it remembers only the play that reaches farthest, so many plays cost no more than few.
    """

    def __init__(self, window_ms: int) -> None:
        self._window = window_ms
        self._farthest: defaultdict[Song, dict[int, Press]] = defaultdict(dict)
        self._newest_ms: dict[Song, int] = {}

    def is_repeat(self, press: Press) -> bool:
        """Tell whether an earlier play of the song is near this one."""
        earlier = (each for song in press.songs for each in self._farthest.get(song, {}).values())
        return any(are_near(each, press, self._window) for each in earlier)

    def is_duplicate(self, press: Press) -> bool:
        """Tell whether the song was played at the same time; asked of plays that are repeats."""
        return any(self._newest_ms.get(song) == press.at for song in press.songs)

    def add(self, press: Press) -> None:
        """Remember a play."""
        for song in press.songs:
            known, kind = self._farthest[song], _class_of(press)
            self._newest_ms[song] = press.at
            before = known.get(kind)
            if before is None or _reach_ms(press) >= _reach_ms(before):
                known[kind] = press


def _class_of(press: Press) -> int:
    """Return a number for the plays whose reaches can be compared: exact ones, native ones, those of one class."""
    return press.precision if press.precision >= CLASSED or press.precision == EXACT else CLASSED - 1


def _reach_ms(press: Press) -> int:
    return press.at + slack_ms(press.precision)


@dataclass(slots=True, eq=False)
class Candidate:
    """A play that may be paired.

    Attributes:
        press: the play.
        origin: where it is remembered: which columns, and the row.
        is_taken: whether it is paired.
    """

    press: Press
    origin: tuple[int, int]
    is_taken: bool = False

    def rank(self) -> tuple[int, ...]:
        """Return what candidates are sorted by: time, then from west to east."""
        press = self.press
        return press.at, press.city, press.listener, press.precision, press.row


class Pool:
    """The single plays, by song and city, in the order of time."""

    def __init__(self, window_ms: int) -> None:
        self._window = window_ms
        self._singles: defaultdict[Song, dict[int, deque[Candidate]]] = defaultdict(dict)

    def add(self, candidate: Candidate) -> None:
        """Add a play, which is not before those that are there."""
        for song in candidate.press.songs:
            self._singles[song].setdefault(candidate.press.city, deque()).append(candidate)

    def partner(self, press: Press) -> Candidate | None:
        """Return the oldest single play of another city that is near a play, if there is one."""
        found = [each for song in press.songs for each in self._oldest(song, press)]
        return min(found, key=Candidate.rank, default=None)

    def _oldest(self, song: Song, press: Press) -> Iterator[Candidate]:
        by_city = self._singles.get(song, {})
        for city, singles in list(by_city.items()):
            while singles and singles[0].is_taken:
                singles.popleft()
            if not singles:
                del by_city[city]
            elif city != press.city:
                near = (each for each in singles if not each.is_taken and are_near(each.press, press, self._window))
                yield from [each for each in [next(near, None)] if each]
