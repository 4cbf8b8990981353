"""What a place that people type as one text can mean: a city, with its region and its country where they say these.

The text is folded once and taken apart into parts (at commas, slashes and the like) of words. Readings come in groups,
the likeliest first; the readings of a group are as likely as each other.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import islice
from typing import Protocol

from webapp.core.placenames import fold_place, joined, words_of

Words = tuple[str, ...]
Parts = list[Words]

WORDS_MOST = 6
"""A part is taken apart up to so many words."""
PARTS_MOST = 6
READINGS_MOST = 32
"""Of a text; what people type is understood by one of the first sixteen. The rest would only cost time."""
_GROUPS_MOST = 2 * READINGS_MOST
_NAME_MOST = 20
_UNSPACED_MOST = 40
"""Folded characters: a Korean syllable has up to three."""
_BETWEEN = re.compile(r"\s*[,;/\n、，،|·]\s*|\s+[-–—]\s+")
_BRACKETS = re.compile(r"[()\[\]（）]")
_BRACKETED = re.compile(r"[(\[（].*?[)\]）]")
_EVERYWHERE = frozenset({"africa", "america", "asia", "earth", "europa", "europe", "eu", "latinamerica", "northamerica",
                         "oceania", "planetearth", "southamerica", "theearth", "theworld", "world"})  # fmt: skip
_VAGUE = frozenset({"central", "city", "downtown", "greater", "in", "inner", "midtown", "near", "of", "the", "г", "гор",
                    "город", "м"})  # fmt: skip
_WITHOUT_SPACES = (("\u1100", "\u11ff"), ("\u3040", "\u30ff"), ("\u3400", "\u9fff"))
"""Letters of scripts without spaces, from and to; a regular expression of so many would slow each start down."""
CITY_ENDS = tuple(map(fold_place, "市都시"))
_POSTAL_LETTERS = 2
CODE_LENGTH = 3
"""Letters of a code or a short form, at most."""
_FROM_DIGIT = re.compile(r"\d.*")


@dataclass(frozen=True, slots=True)
class Limit:
    """Where a city lies: in one of these regions, or in this country; both None: anywhere.

    Attributes:
        regions: numbers of regions.
        country: a country's code.
        rough: something between the city and its country was not understood, such as a quarter or a misspelt region.
    """

    regions: tuple[int, ...] | None = None
    country: str | None = None
    rough: bool = False


ANYWHERE = Limit()


class Known(IntEnum):
    """By which name a city must be known: a shipped one's main name of several parts, any of its names, or any name."""

    MAIN = 0
    SHIPPED = 1
    ANY = 2


@dataclass(frozen=True, slots=True)
class Reading:
    """A folded name of a city, and where it lies.

    Attributes:
        city: the name's words.
        limit: where.
        known: how the city must be known by it.
        after: words before the city that this reading leaves out; the city must be much larger than one of that name.
    """

    city: Words
    limit: Limit = ANYWHERE
    known: Known = Known.ANY
    after: Words = ()


Group = list[Reading]


class Areas(Protocol):
    """Knows countries and regions by their folded words."""

    def country_of(self, words: Sequence[str]) -> str | None:
        """Return the code of the country that has this name or code."""

    def is_country_name(self, words: Sequence[str], code: str) -> bool:
        """Tell whether this is the country's English name."""

    def regions_of(self, words: Sequence[str], code: str | None = None) -> list[int]:
        """Return the numbers of the regions that have this name or code, of one country or of all."""

    def regions_with_district(self, words: Sequence[str], code: str | None = None) -> list[int]:
        """Return the numbers of the regions that have a district of this name or code."""

    def is_area(self, words: Words) -> bool:
        """Tell whether words are a country, a region, a continent or the like."""


def parts_of(text: str) -> Parts:
    """Take a text apart; a part has at least one word. Of what is longer than any place's name, nothing is left."""
    parts = (tuple(words_of(part)) for part in _BETWEEN.split(text)[:PARTS_MOST])
    return [part for part in parts if 0 < len(part) <= _NAME_MOST]


def is_everywhere(words: Words) -> bool:
    """Tell whether this is a continent or the like, which limits nothing."""
    return joined(words) in _EVERYWHERE


def readings(text: str, areas: Areas) -> Iterator[Group]:
    """Yield the groups of readings of a text, each reading once: as it is, then without what cannot be understood."""
    seen = set[Reading]()
    for group in islice(_groups(text, areas), _GROUPS_MOST):
        if new := [reading for reading in dict.fromkeys(group) if reading not in seen]:
            seen.update(new)
            yield new
        if len(seen) >= READINGS_MOST:
            return


def _groups(text: str, areas: Areas) -> Iterator[Group]:
    parts = parts_of(text)
    if not parts:
        return
    yield from _as_written(parts, areas)
    if _BRACKETS.search(text) and (others := parts_of(_BRACKETS.sub(",", text))) != parts:
        yield from _as_written(others, areas)
    for fewer in _without_postal_codes(parts):
        yield from _as_written(fewer, areas)
        yield from _less(fewer, areas)
    yield from _less(parts, areas)
    if _BRACKETED.search(text) and (others := parts_of(_BRACKETED.sub("", text))) not in ([], parts):
        yield from _as_written(others, areas)


def _as_written(parts: Parts, areas: Areas) -> Iterator[Group]:
    first, *rest = parts
    if not rest:
        if len(first[-1]) < CODE_LENGTH:
            yield from _apart(first, [], areas, Known.SHIPPED)  # "Una BA" is not "Unaba"
        yield [Reading(first)]
        yield from _apart(first, [], areas)
        yield from _unspaced(first, areas)
        return
    yield [Reading(_all(parts), known=Known.MAIN)]  # "Donostia / San Sebastián"
    rest = [_all(rest)] if areas.country_of(_all(rest)) else rest  # "Bonaire, Saint Eustatius and Saba"
    yield from _placed(first, rest, areas)
    yield from _apart(first, rest, areas)
    yield from _placed(parts[-1], parts[-2::-1], areas)
    if min(len(joined(part)) for part in parts) > CODE_LENGTH:
        yield [Reading(_all(parts), known=Known.SHIPPED)]  # "Frankfurt/Main"


def _all(parts: Parts) -> Words:
    return tuple(word for part in parts for word in part)


def _placed(city: Words, around: Parts, areas: Areas, known: Known = Known.ANY) -> Iterator[Group]:
    """Yield the readings of a city with what is around it, the smallest first: region, country."""
    for limits in limits_of(around, areas):
        yield [Reading(city, limit, known) for limit in limits]


def limits_of(around: Parts, areas: Areas) -> Iterator[list[Limit]]:
    """Yield the ways to understand what is around a city, the smallest area first; those of a list are as likely."""
    *inner, last = around
    code, regions = areas.country_of(last), areas.regions_of(last)
    if code is None and not regions:
        if inner and is_everywhere(last):
            yield from limits_of(inner, areas)
        elif districts := areas.regions_with_district(last):
            yield [Limit(tuple(districts))]
        return
    found = [] if code is None else [_in_country(inner, code, areas)]
    if found and found[0].regions:
        yield found  # in "Xico, Veracruz, Mexico", Mexico is not the state of that name
        return
    if code is not None and not areas.is_country_name(last, code) and (own := areas.regions_of(last, code)):
        yield [Limit(tuple(own), code)]  # Scotland is a name of the United Kingdom, too
    yield [*found, Limit(tuple(regions))] if regions else found
    if districts := areas.regions_with_district(last):
        yield [Limit(tuple(districts))]  # "Milano MI"


def _in_country(inner: Parts, code: str, areas: Areas) -> Limit:
    written = [words[:end] for words in reversed(inner) for end in range(len(words), 0, -1)]  # "IL 62701"
    for regions_of in (areas.regions_of, areas.regions_with_district):
        if regions := next((found for words in written if (found := regions_of(words, code))), None):
            return Limit(tuple(regions), code)
    return Limit(None, code, rough=bool(inner))


def _apart(words: Words, around: Parts, areas: Areas, known: Known = Known.ANY) -> Iterator[Group]:
    """Yield the readings of words whose last or first ones say the region or the country: "Springfield IL"."""
    if len(words) > WORDS_MOST:
        return
    for end in range(len(words) - 1, 0, -1):
        for tail in areas_in(words[end:], areas):
            yield from _placed(words[:end], [*tail, *around], areas, known)
    for start in range(1, len(words)) if not around else ():
        for head in areas_in(words[:start], areas):
            yield from _placed(words[start:], head[::-1], areas, known)


def areas_in(words: Words, areas: Areas) -> Iterator[Parts]:
    """Yield the ways to read words as an area, or as two."""
    if areas.is_area(words):
        yield [words]
    for middle in range(1, len(words)):
        pair = [words[:middle], words[middle:]]
        if all(areas.is_area(each) for each in pair):
            yield pair


def _unspaced(words: Words, areas: Areas) -> Iterator[Group]:
    """Yield the readings of words of a script without spaces, the largest area first: 大阪府大阪市."""
    text = "".join(words)
    if len(text) > _UNSPACED_MOST or not _is_without_spaces(text):
        return
    around: Parts = []
    while head := next((text[:end] for end in range(len(text) - 1, 0, -1) if areas.is_area((text[:end],))), ""):
        around, text = [(head,), *around], text.removeprefix(head)
        limits = [limit for group in limits_of(around, areas) for limit in group]
        yield [Reading((text,), limit) for limit in limits]
        for end in range(len(text) - 1, 1, -1):
            yield [Reading((text[:end],), limit, Known.SHIPPED) for limit in limits]
        yield [Reading((head,), known=Known.SHIPPED)]
    for end in range(len(text), 0, -1):
        if text[:end].endswith(CITY_ENDS):
            yield [Reading((text[:end],), known=Known.SHIPPED), Reading((text[: end - 1],), known=Known.SHIPPED)]


def _is_without_spaces(text: str) -> bool:
    return all(any(first <= char <= last for first, last in _WITHOUT_SPACES) for char in text)


def _without_postal_codes(parts: Parts) -> Iterator[Parts]:
    """Yield the parts without words that have digits, then also without short words beside these ("1012 AB")."""
    for beside in (False, True):
        kept = [tuple(_letters(part, beside=beside)) for part in parts]
        if (left := [part for part in kept if part]) and left != parts:
            yield left


def _letters(part: Words, *, beside: bool) -> Iterator[str]:
    coded = [any(map(str.isdigit, word)) for word in part]
    for at, word in enumerate(part):
        near = beside and len(word) <= _POSTAL_LETTERS and any(coded[max(at - 1, 0) : at + 2])
        if not coded[at] and not near:
            yield word
        elif coded[at] and (before := _FROM_DIGIT.sub("", word)) and _is_without_spaces(before):
            yield before


def _less(parts: Parts, areas: Areas) -> Iterator[Group]:
    """Yield readings that leave out the first words or the first parts: a quarter, a street, "Downtown"."""
    first, *rest = parts
    vague = next((at for at, word in enumerate(first) if word not in _VAGUE), 0)
    if vague:
        for group in _as_written([first[vague:], *rest], areas):
            yield [replace(reading, known=min(reading.known, Known.SHIPPED)) for reading in group]
    for start in range(1, min(len(first), WORDS_MOST)) if rest else ():
        yield from _placed(first[start:], rest, areas, Known.SHIPPED)
    if rest and areas.country_of(first):
        yield [Reading(first, known=Known.SHIPPED)]  # "Hong Kong, China"
    for at, city in enumerate(rest):
        around = rest[at + 1 :]
        if not around:
            yield [Reading(city, known=Known.SHIPPED, after=first)]
        for limits in limits_of(around, areas) if around else ():
            if not areas.is_area(city) or any(limit.regions for limit in limits):
                yield [Reading(city, limit, Known.SHIPPED) for limit in limits]
