"""What a place that people type as one text can mean: a city, with its region and its country where they say these.

The text is folded once and taken apart into parts (at commas, slashes and the like) of words. Readings come in groups,
the likeliest first; the readings of a group are as likely as each other.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from webapp.core.placenames import fold_place, joined, words_of

Words = tuple[str, ...]
Parts = list[Words]

WORDS_MOST = 6
"""A part is taken apart up to so many words."""
PARTS_MOST = 6
_NAME_MOST = 20
_UNSPACED_MOST = 40
"""Folded characters: a Korean syllable has up to three."""
_BETWEEN = re.compile(r"\s*[,;/\n、，،|·]\s*|\s+[-–—]\s+")
_BRACKETS = re.compile(r"[()\[\]（）]")
_BRACKETED = re.compile(r"[(\[（].*?[)\]）]")
_EVERYWHERE = frozenset({"africa", "america", "asia", "earth", "europa", "europe", "eu", "latinamerica", "northamerica",
                         "oceania", "planetearth", "southamerica", "theearth", "theworld", "world"})  # fmt: skip
_VAGUE = frozenset({"central", "city", "downtown", "greater", "in", "inner", "midtown", "near", "of", "the"})
_WITHOUT_SPACES = (("\u1100", "\u11ff"), ("\u3040", "\u30ff"), ("\u3400", "\u9fff"))
"""Letters of scripts without spaces, from and to; a regular expression of so many takes 0.1 s to compile."""
_CITY_ENDS = tuple(map(fold_place, "市都시"))
_POSTAL_LETTERS = 2


@dataclass(frozen=True, slots=True)
class Limit:
    """Where a city lies: in one of these regions, or in this country; both None: anywhere."""

    regions: tuple[int, ...] | None = None
    country: str | None = None


ANYWHERE = Limit()


@dataclass(frozen=True, slots=True)
class Reading:
    """A folded name of a city, and where it lies.

    Attributes:
        city: the name's words.
        limit: where.
        shipped: only a shipped city of that name is meant, not a smaller place near one.
    """

    city: Words
    limit: Limit = ANYWHERE
    shipped: bool = False


Group = list[Reading]


class Areas(Protocol):
    """Knows countries and regions by their folded words."""

    def country_of(self, words: Sequence[str]) -> str | None:
        """Return the code of the country that has this name or code."""

    def is_country_name(self, words: Sequence[str], code: str) -> bool:
        """Tell whether this is the country's English name."""

    def regions_of(self, words: Sequence[str], code: str | None = None) -> list[int]:
        """Return the numbers of the regions that have this name or code, of one country or of all."""

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
    """Yield the groups of readings of a text: as it is, then without what cannot be understood."""
    parts = parts_of(text)
    if not parts:
        return
    yield from _as_written(parts, areas)
    if _BRACKETS.search(text):
        yield from _as_written(parts_of(_BRACKETS.sub(",", text)), areas)
    for fewer in _without_postal_codes(parts):
        yield from _as_written(fewer, areas)
        yield from _less(fewer, areas)
    yield from _less(parts, areas)
    if _BRACKETED.search(text):
        yield from _as_written(parts_of(_BRACKETED.sub("", text)) or parts, areas)


def _as_written(parts: Parts, areas: Areas) -> Iterator[Group]:
    first, *rest = parts
    if not rest:
        yield [Reading(first)]
        yield from _apart(first, [], areas)
        yield from _unspaced(first, [], areas)
        return
    yield [Reading(_all(parts), shipped=True)]
    rest = [_all(rest)] if areas.country_of(_all(rest)) else rest  # "Bonaire, Saint Eustatius and Saba"
    yield from _placed(first, rest, areas)
    yield from _apart(first, rest, areas)
    yield from _placed(parts[-1], parts[-2::-1], areas)


def _all(parts: Parts) -> Words:
    return tuple(word for part in parts for word in part)


def _placed(city: Words, around: Parts, areas: Areas, *, shipped: bool = False) -> Iterator[Group]:
    """Yield the readings of a city with what is around it, the smallest first: region, country."""
    for limits in limits_of(around, areas):
        yield [Reading(city, limit, shipped) for limit in limits]


def limits_of(around: Parts, areas: Areas) -> Iterator[list[Limit]]:
    """Yield the ways to understand what is around a city, the smallest area first; those of a list are as likely."""
    *inner, last = around
    code, regions = areas.country_of(last), areas.regions_of(last)
    if code is None and not regions:
        if inner and is_everywhere(last):
            yield from limits_of(inner, areas)
        return
    found = [] if code is None else [_in_country(inner, code, areas)]
    if found and found[0].regions:
        yield found  # in "Xico, Veracruz, Mexico", Mexico is not the state of that name
        return
    if code is not None and not areas.is_country_name(last, code) and (own := areas.regions_of(last, code)):
        yield [Limit(tuple(own), code)]  # Scotland is a name of the United Kingdom, too
    yield [*found, Limit(tuple(regions))] if regions else found


def _in_country(inner: Parts, code: str, areas: Areas) -> Limit:
    written = (words[:end] for words in reversed(inner) for end in range(len(words), 0, -1))  # "IL 62701"
    regions = next((found for words in written if (found := areas.regions_of(words, code))), None)
    return Limit(tuple(regions) if regions else None, code)


def _apart(words: Words, around: Parts, areas: Areas) -> Iterator[Group]:
    """Yield the readings of words whose last or first ones say the region or the country: "Springfield IL"."""
    if len(words) > WORDS_MOST:
        return
    for end in range(len(words) - 1, 0, -1):
        for tail in areas_in(words[end:], areas):
            yield from _placed(words[:end], [*tail, *around], areas)
    for start in range(1, len(words)) if not around else ():
        for head in areas_in(words[:start], areas):
            yield from _placed(words[start:], head[::-1], areas)


def areas_in(words: Words, areas: Areas) -> Iterator[Parts]:
    """Yield the ways to read words as an area, or as two."""
    if areas.is_area(words):
        yield [words]
    for middle in range(1, len(words)):
        pair = [words[:middle], words[middle:]]
        if all(areas.is_area(each) for each in pair):
            yield pair


def _unspaced(words: Words, around: Parts, areas: Areas) -> Iterator[Group]:
    """Yield the readings of words of a script without spaces, the largest area first: 大阪府大阪市."""
    text = "".join(words)
    if len(text) > _UNSPACED_MOST or not _is_without_spaces(text):
        return
    for end in range(len(text) - 1, 0, -1):
        head, rest = (text[:end],), (text[end:],)
        if areas.is_area(head):
            yield from _placed(rest, [head, *around], areas)
            yield from _unspaced(rest, [head, *around], areas)
            for begin in range(len(rest[0]) - 1, 1, -1):
                yield from _placed((rest[0][:begin],), [head, *around], areas, shipped=True)
        if areas.is_area(head) or text[:end].endswith(_CITY_ENDS):
            yield [Reading(head, shipped=True)]


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


def _less(parts: Parts, areas: Areas) -> Iterator[Group]:
    """Yield readings that leave out the first words or the first parts: a quarter, a street, "Downtown"."""
    first, *rest = parts
    vague = next((at for at, word in enumerate(first) if word not in _VAGUE), 0)
    if vague:
        for group in _as_written([first[vague:], *rest], areas):
            yield [replace(reading, shipped=True) for reading in group]
    for start in range(1, min(len(first), WORDS_MOST)) if rest else ():
        yield from _placed(first[start:], rest, areas, shipped=True)
    if rest and areas.country_of(first):
        yield [Reading(first, shipped=True)]  # "Hong Kong, China"
    for at, city in enumerate(rest):
        around = rest[at + 1 :]
        if not around and not areas.is_area(city):
            yield [Reading(city, shipped=True)]
        for limits in limits_of(around, areas) if around else ():
            if not areas.is_area(city) or any(limit.regions for limit in limits):
                yield [Reading(city, limit, shipped=True) for limit in limits]
