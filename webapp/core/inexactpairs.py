"""Which plays an inexact play repeats or goes with, one play after the other in the order of time."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from webapp.core.inexact import Press
from webapp.core.precision import EXACT, added_ms, kind_of, slack_ms

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
            known, kind = self._farthest[song], kind_of(press.precision)
            self._newest_ms[song] = press.at
            before = known.get(kind)
            if before is None or _reach_ms(press) >= _reach_ms(before):
                known[kind] = press


def _reach_ms(press: Press) -> int:
    return press.at + slack_ms(press.precision)


@dataclass(slots=True, eq=False)
class Candidate:
    """A single play.

    Attributes:
        press: the play.
        origin: where it is remembered: which columns, and the row.
        is_taken: whether it is connected.
        has_pulse: whether it is in a pulse with an inexact play, or, if it is inexact itself, in any.
    """

    press: Press
    origin: tuple[int, int]
    has_pulse: bool = False
    is_taken: bool = False

    def rank(self) -> tuple[int, ...]:
        """Return what candidates are sorted by: time, then from west to east."""
        press = self.press
        return press.at, press.city, press.listener, press.precision, press.row


def _at(candidate: Candidate) -> int:
    return candidate.press.at


class Pool:
    """The single plays, by song and city, in the order of time; exact plays apart."""

    def __init__(self, window_ms: int) -> None:
        self._window = window_ms
        self._singles: defaultdict[Song, dict[tuple[int, bool], list[Candidate]]] = defaultdict(dict)

    def add(self, candidate: Candidate) -> None:
        """Add a play, which is not before those that are there."""
        press = candidate.press
        for song in press.songs:
            self._singles[song].setdefault((press.city, press.precision == EXACT), []).append(candidate)

    def partner(self, press: Press) -> Candidate | None:
        """Return the oldest single play of another city that is near a play, if there is one."""
        found = [each for song in press.songs for each in self._oldest(song, press)]
        return min(found, key=Candidate.rank, default=None)

    def _oldest(self, song: Song, press: Press) -> Iterator[Candidate]:
        """Yield the oldest near play of each other city."""
        by_city = self._singles.get(song, {})
        for (city, are_exact), singles in list(by_city.items()):
            if city == press.city or (are_exact and press.precision == EXACT):
                continue
            first = (
                bisect_left(singles, press.at - self._window - slack_ms(press.precision), key=_at) if are_exact else 0
            )
            for each in islice(singles, first, None):
                if not each.is_taken and are_near(each.press, press, self._window):
                    yield each
                    break
            else:
                if all(each.is_taken for each in singles):
                    del by_city[city, are_exact]


class Companions:
    """The single plays without a pulse, by group and city, the newest last; exact plays apart."""

    def __init__(self, window_ms: int) -> None:
        self._window = window_ms
        self._singles: defaultdict[tuple[int, int, bool], list[Candidate]] = defaultdict(list)

    def add(self, candidate: Candidate) -> None:
        """Add a play, which is not before those that are there."""
        press = candidate.press
        self._singles[press.group, press.city, press.precision == EXACT].append(candidate)

    def take(self, press: Press) -> Candidate | None:
        """Take out the newest play, if it is near another play of its city; of an exact one, the newest inexact one."""
        kinds = (False,) if press.precision == EXACT else (False, True)
        newest = [singles[-1] for kind in kinds if (singles := self._singles.get((press.group, press.city, kind)))]
        near = [each for each in newest if are_near(each.press, press, self._window)]
        found = max(near, key=Candidate.rank, default=None)
        if found:
            self._singles[press.group, press.city, found.press.precision == EXACT].pop()
        return found
