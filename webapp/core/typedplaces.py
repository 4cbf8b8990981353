"""Finds the city that a text means as people type it: "Portland, Maine", "Newcastle UK", "東京都渋谷区"."""

from collections.abc import Iterator
from typing import Protocol

from webapp.core.placenames import fold_place, joined
from webapp.core.placereadings import (
    ANYWHERE,
    CITY_ENDS,
    CODE_LENGTH,
    WORDS_MOST,
    Areas,
    Known,
    Limit,
    Parts,
    Reading,
    Words,
    areas_in,
    is_everywhere,
    limits_of,
    parts_of,
    readings,
)
from webapp.core.places import PlaceError, shown

FAR_WEIGHT = 1.5
"""The name of a region alone means a city elsewhere only if so many times its people are as many as in the region's
largest city: "Washington" is the capital, "Florida" not the town in Colombia."""
LARGE = 100_000
"""So many people make a city in a region the one that is meant by the region's name: Basra."""
LARGER = 15
"""What comes before a city is left out only if the city is so many times as large as one that is called so."""
RIVAL = 5
"""Where something around a city is not understood, no city of its name in another region may be a fifth as large."""
_TWO_LETTERS = 2
_SHORT_NAMES = frozenset({"kl", "la", "sf"})
"""Two letters that people call a city; others are codes of regions."""
_TELLING = 4
"""Letters of an area that an error names, unless it stands by itself."""
_SAYS_CITY = frozenset({"city", "ciudad", "cidade", "ville", "stadt", "shi"})
"""With one of these words, a name is that of the city: Quebec City."""
_EXAMPLE = "expected a name such as 'Osaka', 'Portland, Maine' or 'Paris, FR'"


class Names(Areas, Protocol):
    """Finds cities by folded names."""

    def bearers(self, folded: str, limit: Limit) -> list[int]:
        """Return the cities that a name can mean, also as the city near a smaller place, the best first."""

    def shipped(self, folded: str) -> dict[int, int]:
        """Return the cities that have a name themselves, each with its weight: its people, more if it is its own."""

    def is_main_name(self, folded: str, city: int) -> bool:
        """Tell whether this is a city's main name, and not another one."""

    def region_of(self, city: int) -> int:
        """Return the number of a city's region."""

    def country_around(self, limit: Limit) -> str:
        """Return the code of a country, or of the country of a region."""

    def code(self, index: int) -> str:
        """Return a city's country code."""

    def largest_in(self, limit: Limit) -> int | None:
        """Return the most populous city."""

    def lies_in(self, city: int, limit: Limit) -> bool:
        """Tell whether a city lies somewhere."""

    def people(self, city: int) -> int:
        """Return a city's population."""

    def is_shown_name(self, folded: str, limit: Limit) -> bool:
        """Tell whether this is the name that people are shown of a country or region."""

    def country_of_area(self, limit: Limit) -> str:
        """Return the English name of the country, in a sentence."""

    def name(self, index: int) -> str:
        """Return a city's name."""

    def area(self, limit: Limit) -> str:
        """Return the English name of a country, or the name of a region."""

    def elsewhere(self, folded: str, limit: Limit) -> str:
        """Return where a name is that is not in an area, or a similar name, as the end of a message."""


def meanings(text: str, names: Names) -> list[int]:
    """Return the cities that a text can mean, the best first; empty if it means none."""
    for group in readings(text, names):
        found = [cities for reading in group if (cities := _cities(reading, names))]
        if len(found) > 1:  # what is ambiguous means the most populous city
            folded = joined(group[0].city)
            weights = names.shipped(folded)
            found.sort(key=lambda cities: (not names.is_main_name(folded, cities[0]), -weights.get(cities[0], 0)))
        if found:
            return list(dict.fromkeys(city for cities in found for city in cities))
    parts = parts_of(text)
    return _of_code(parts[0], names) if len(parts) == 1 and len(joined(parts[0])) <= CODE_LENGTH else []


def unknown(text: str, names: Names) -> PlaceError:
    """Return the error for a text that means no city; it says what would be right."""
    parts = parts_of(text)
    pieces = next(areas_in(parts[0], names), parts) if len(parts) == 1 else parts
    if len(parts) == 1 and is_everywhere(parts[0]):
        return PlaceError(f"{shown(text)} is not a city; {_EXAMPLE}")
    if area := _area_alone(pieces, names):
        return PlaceError(f"{shown(text)} is {_kind(area, names)}; {_add(area, names)}")
    return PlaceError(f"no city {shown(text)}", lambda: _hint(parts, names))


def _cities(reading: Reading, names: Names) -> list[int]:
    folded = joined(reading.city)
    found = names.bearers(folded, reading.limit)
    if not found:
        return []
    weights = names.shipped(folded)
    if reading.limit.rough and _is_ambiguous([city for city in found if city in weights], names):
        return []
    if len(folded) == _TWO_LETTERS and folded.isascii() and folded not in _SHORT_NAMES:
        found = [city for city in found if names.is_main_name(folded, city)]  # "PA" is no name of Chongqing
    if reading.known == Known.ANY and not _is_within(reading, names):
        return found
    mine = [city for city in found if city in weights]
    if reading.known == Known.MAIN:
        mine = [city for city in mine if names.is_main_name(folded, city) and len(parts_of(names.name(city))) > 1]
    if reading.limit == ANYWHERE:
        if (area := _limit_of(reading.city, names)) and not reading.city[-1].endswith(CITY_ENDS):
            mine = [city for city in mine if _stands_for(city, area, folded, names)]
            if reading.after and not area.regions:
                mine = [city for city in mine if names.is_main_name(folded, city)]  # Singapore, but not Mexico
        elif is_everywhere(reading.city):
            return []
    return [city for city in mine if _is_larger(city, reading.after, names)] if reading.after else mine


def _of_code(words: Words, names: Names) -> list[int]:
    """Return the city that the code of an area means, if the area is called as its largest city: HK, SG."""
    if (area := _limit_of(words, names)) is None or (city := names.largest_in(area)) is None:
        return []
    return [city] if names.is_main_name(fold_place(names.area(area)), city) else []


def _is_ambiguous(cities: list[int], names: Names) -> bool:
    """Tell whether cities of one name lie in several regions, and none is much the largest."""
    best, *others = cities or [0]
    region, people = names.region_of(best), names.people(best)
    return any(names.people(city) * RIVAL >= people for city in others if names.region_of(city) != region)


def _is_larger(city: int, before: Words, names: Names) -> bool:
    """Tell whether a city is much larger than those that are called what comes before it."""
    called_so = map(names.people, names.shipped(joined(before)))
    return names.people(city) >= LARGER * max(called_so, default=0)


def _stands_for(city: int, area: Limit, folded: str, names: Names) -> bool:
    """Tell whether the name of an area alone means a city that has it, too."""
    largest, main = names.largest_in(area), names.is_main_name(folded, city)
    people, most = names.people(city), 0 if largest is None else names.people(largest)
    if names.lies_in(city, area):
        return main or city == largest or (bool(area.regions) and people >= max(LARGE, most / RIVAL))
    code = len(folded) <= CODE_LENGTH and folded.isascii()  # such as "NYC", another name of a city elsewhere
    if main and not code and not names.is_shown_name(folded, area):
        return True  # Franca in Brazil, although that is also a name of France
    if main and area.regions:
        return people * FAR_WEIGHT >= most
    near = area.regions and names.code(city) == names.country_around(area)  # Sofia lies beside the region of that name
    return people >= most if code or near else most == 0


def _is_within(reading: Reading, names: Names) -> bool:
    """Tell whether a city's name is the name of an area of where it lies, as in "Texas, USA"."""
    limit = reading.limit
    if not _SAYS_CITY.isdisjoint(reading.city):
        return False
    if limit == ANYWHERE:
        return names.is_area(reading.city)
    regions = names.regions_of(reading.city, limit.country)
    return bool(regions) if limit.regions is None else not set(regions).isdisjoint(limit.regions)


def _limit_of(words: Words, names: Names) -> Limit | None:
    """Return the country that words mean, or the region with the most populous city; None for a number."""
    if not any(map(str.isalpha, joined(words))):
        return None
    if code := names.country_of(words):
        if names.is_country_name(words, code) or not (own := names.regions_of(words, code)):
            return Limit(None, code)
        return Limit(tuple(own))
    regions = [(names.largest_in(Limit((number,))), number) for number in names.regions_of(words)]
    known = [(names.people(city), number) for city, number in regions if city is not None]
    return Limit((max(known)[1],)) if known else None


def _kind(area: Limit, names: Names) -> str:
    return f"a region of {names.country_of_area(area)}" if area.regions else "a country"


def _add(area: Limit, names: Names) -> str:
    city = names.largest_in(area)
    return _EXAMPLE if city is None else f"add a city, such as {shown(f'{names.name(city)}, {names.area(area)}')}"


def _area_alone(pieces: Parts, names: Names) -> Limit | None:
    """Return the area that a text names without a city: a country, a region, or a region with its country."""
    if len(pieces) < 2:
        return _limit_of(pieces[0], names) if pieces else None
    around = _limit_of(pieces[-1], names)
    regions = names.regions_of(pieces[0], around.country) if around and around.country else []
    return Limit(tuple(regions)) if regions else None


def _hint(parts: Parts, names: Names) -> str:
    """Say where else the city is that was looked for in a known area."""
    for city, around in _ends(parts):
        for limits in limits_of(around, names):
            return names.elsewhere(joined(city), limits[0])
    return f"; {_EXAMPLE}"


def _ends(parts: Parts) -> Iterator[tuple[Words, Parts]]:
    """Yield the beginning of a text, which may be a city, and what is around it."""
    if len(parts) > 1 and len(joined(parts[-1])) > 1:
        yield parts[0], parts[1:]
    elif parts:
        ends = range(1, min(len(parts[0]), WORDS_MOST))
        yield from ((parts[0][:end], [parts[0][end:]]) for end in ends if len(joined(parts[0][end:])) >= _TELLING)
