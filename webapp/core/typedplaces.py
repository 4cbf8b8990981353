"""Finds the city that a text means as people type it: "Portland, Maine", "Newcastle UK", "東京都渋谷区"."""

from collections.abc import Iterator
from typing import Protocol

from webapp.core.placenames import fold_place, joined
from webapp.core.placereadings import (
    ANYWHERE,
    WORDS_MOST,
    Areas,
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

FAR_WEIGHT = 5
"""The name of a region alone means a city elsewhere only if so many times its people are as many as in the region's
largest city, or it is large itself: "Washington" is the capital, "Florida" not the town in Colombia."""
LARGE = 100_000
"""People of a city that a name alone means, even if a region has that name: "Victoria" is a city in Canada."""
_CODE_LENGTH = 3
"""A short form, such as "LA", may also be another name of a city elsewhere."""
_SAYS_CITY = frozenset({"city", "ciudad", "cidade", "ville", "stadt", "shi"})
"""With one of these words, a name is that of the city: Quebec City."""
_EXAMPLE = "expected a name such as 'Osaka', 'Portland, Maine' or 'Paris, FR'"


class Names(Areas, Protocol):
    """Finds cities by folded names."""

    def bearers(self, folded: str, limit: Limit) -> list[int]:
        """Return the cities that a name can mean, also as the city near a smaller place, the best first."""

    def shipped(self, folded: str) -> dict[int, int]:
        """Return the cities that have a name themselves, each with its weight: its people, more if it is its own."""

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

    def elsewhere(self, folded: str, limit: Limit) -> str:
        """Return where a name is that is not in an area, or a similar name, as the end of a message."""


def meanings(text: str, names: Names) -> list[int]:
    """Return the cities that a text can mean, the best first; empty if it means none."""
    for group in readings(text, names):
        found = [cities for reading in group if (cities := _cities(reading, names))]
        if len(found) > 1:  # what is ambiguous means the most populous city
            weights = names.shipped(joined(group[0].city))
            found.sort(key=lambda cities: -weights.get(cities[0], 0))
        if found:
            return list(dict.fromkeys(city for cities in found for city in cities))
    return []


def unknown(text: str, names: Names) -> PlaceError:
    """Return the error for a text that means no city; it says what would be right."""
    parts = parts_of(text)
    pieces = next(areas_in(parts[0], names), parts) if len(parts) == 1 else parts
    if len(parts) == 1 and is_everywhere(parts[0]):
        return PlaceError(f"{shown(text)} is not a city; {_EXAMPLE}")
    if area := _area_alone(pieces, names):
        return PlaceError(f"{shown(text)} is {_kind(area, names)}; {_add(text, area, names)}")
    return PlaceError(f"no city {shown(text)}", lambda: _hint(parts, names))


def _cities(reading: Reading, names: Names) -> list[int]:
    folded = joined(reading.city)
    found = names.bearers(folded, reading.limit)
    if not found:
        return []
    if not reading.shipped and not _is_within(reading, names):
        return found
    weights = names.shipped(folded)
    mine = [city for city in found if city in weights]
    if reading.limit != ANYWHERE or not (area := _limit_of(reading.city, names)):
        return [] if is_everywhere(reading.city) else mine
    return [city for city in mine if _stands_for(city, area, folded, names)]


def _stands_for(city: int, area: Limit, folded: str, names: Names) -> bool:
    """Tell whether the name of an area alone means a city that has it, too."""
    largest, own = names.largest_in(area), fold_place(names.name(city)) == folded
    if names.lies_in(city, area):
        return own or city == largest
    code = len(folded) <= _CODE_LENGTH
    if own and not code and not names.is_shown_name(folded, area):
        return True  # Franca in Brazil, although that is also a name of France
    if own and area.regions and names.people(city) >= LARGE:
        return True
    weight = FAR_WEIGHT if own and area.regions else int(code)
    return largest is None or names.people(city) * weight >= names.people(largest)


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
    """Return the country that words mean, or the region with the most populous city."""
    if code := names.country_of(words):
        if names.is_country_name(words, code) or not (own := names.regions_of(words, code)):
            return Limit(None, code)
        return Limit(tuple(own))
    regions = [(names.largest_in(Limit((number,))), number) for number in names.regions_of(words)]
    known = [(names.people(city), number) for city, number in regions if city is not None]
    return Limit((max(known)[1],)) if known else None


def _kind(area: Limit, names: Names) -> str:
    return f"a region of {names.country_of_area(area)}" if area.regions else "a country"


def _add(text: str, area: Limit, names: Names) -> str:
    city = names.largest_in(area)
    return _EXAMPLE if city is None else f"add a city, such as {shown(f'{names.name(city)}, {text.strip()}')}"


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
    if len(parts) > 1:
        yield parts[0], parts[1:]
    elif parts:
        yield from ((parts[0][:end], [parts[0][end:]]) for end in range(1, min(len(parts[0]), WORDS_MOST)))
