"""The lead story: of what everyone was shown, the connection that people would tell others about. Sans-I/O.

Each aligned 10 s has one, chosen from what was shown in the aligned minute that the 10 s before belong to, up to then.
No city comes twice in the leads of a minute. The choice uses integers only, and depends on nothing else, so that every
node chooses alike.
"""

from __future__ import annotations

from collections.abc import Sequence

from webapp.core.gazetteer import Gazetteer
from webapp.core.moderation import NO_RULES, Rules
from webapp.core.records import Connection
from webapp.core.scripts import script_of

TURN_MS = 10_000
MINUTE_MS = 60_000
DAY_MS = 86_400_000
_MS_A_DEGREE = DAY_MS // 360

# A connection's score is its distance in km, plus these.
SMALL_PLACES = ((20_000, 8_000), (100_000, 5_000), (500_000, 2_000))
"""For its smaller place: fewer people than the first number, and what that adds."""
TWO_SCRIPTS = 5_000
NIGHT_AND_DAY = 4_000
SAME_MILLISECOND = 9_000
INEXACT = -12_000

NIGHT_H, DAY_H = (22, 5), (9, 18)
"""From and to, hours of local solar time."""


class Leads:
    """Chooses leads, frame by frame.

    Args:
        gazetteer: the cities.

    Attributes:
        current: the lead of the current 10 s; None if there is none.
    """

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget all, because the clock was set back."""
        self.current: Connection | None = None
        self._turn = self._minute = -1
        self._shown: dict[str, Connection] = {}
        self._cities: set[int] = set()

    def add(self, start_ms: int, shown: Sequence[Connection], rules: Rules = NO_RULES) -> bool:
        """Take in what everyone was shown of the next record; return whether the lead is another one now.

        Args:
            start_ms: the start of the record's slice.
            shown: the connections.
            rules: what is hidden.
        """
        has_turned = start_ms // TURN_MS != self._turn and self._turn >= 0
        if has_turned:
            self._choose(rules)
        if start_ms // MINUTE_MS != self._minute:
            self._shown, self._cities = {}, self._ends()
        self._turn, self._minute = start_ms // TURN_MS, start_ms // MINUTE_MS
        self._shown |= {connection.id: connection for connection in shown}
        return has_turned

    def hide(self, rules: Rules) -> bool:
        """Choose another lead if these rules hide the current one; return whether that was so."""
        is_hidden = self.current is not None and rules.hides_connection(self.current, self._gazetteer)
        if is_hidden:
            self._choose(rules)
        return is_hidden

    def _choose(self, rules: Rules) -> None:
        possible = [each for each in self._shown.values() if self._may_lead(each, rules)]
        self.current = max(possible, key=lambda each: (score(each, self._gazetteer), each.id), default=None)
        self._cities |= self._ends()

    def _ends(self) -> set[int]:
        """Return the cities of the current lead."""
        return {self.current.from_city, self.current.to_city} if self.current else set()

    def _may_lead(self, connection: Connection, rules: Rules) -> bool:
        is_new = self._cities.isdisjoint((connection.from_city, connection.to_city))
        return is_new and not rules.hides_connection(connection, self._gazetteer)


def score(connection: Connection, gazetteer: Gazetteer) -> int:
    """Return how much a connection is worth telling."""
    one, other = gazetteer[connection.from_city], gazetteer[connection.to_city]
    found = connection.km + _for_small_place(min(one.population, other.population))
    found += TWO_SCRIPTS * (script_of(one.country_code) != script_of(other.country_code))
    found += NIGHT_AND_DAY * _is_night_and_day(connection.at_ms, one.lon, other.lon)
    if connection.within_s:
        return found + INEXACT
    return found + SAME_MILLISECOND * (connection.apart_ms == 0)


def _for_small_place(people: int) -> int:
    return next((more for below, more in SMALL_PLACES if people < below), 0)


def _is_night_and_day(at_ms: int, *lons: float) -> bool:
    """Tell whether it is night at one of two longitudes, degrees, and day at the other."""
    hours = [(at_ms + round(lon * _MS_A_DEGREE)) % DAY_MS // 3_600_000 for lon in lons]
    is_night = [hour >= NIGHT_H[0] or hour < NIGHT_H[1] for hour in hours]
    is_day = [DAY_H[0] <= hour < DAY_H[1] for hour in hours]
    return (is_night[0] and is_day[1]) or (is_day[0] and is_night[1])
