"""What a place that people type as one text can mean: a city, with its region and its country where they say these."""

import re
from collections.abc import Callable, Iterator

Reading = tuple[str, str | None, str | None]
"""City, region and country; region and country are optional."""

WORDS_MOST = 6
"""A text without commas is taken apart up to so many words."""
_BETWEEN = re.compile(r"\s*[,;/\n、，،]\s*|\s+[-–—]\s+")


def readings(text: str, is_region: Callable[[str, str], bool]) -> Iterator[Reading]:
    """Yield the possible readings of a text, the likeliest first.

    Args:
        text: "City", "City, Country", "City, Region", "City, Region, Country", or these without commas.
        is_region: tells whether a country has a region; one that it does not have is left out.
    """
    city, *rest = [part for part in _BETWEEN.split(text.strip()) if part] or [""]
    if len(rest) > 1:
        yield from _in_country(city, rest[-2], rest[-1], is_region)
        return
    if rest:
        yield city, None, rest[0]
        yield city, rest[0], None
    yield text, None, None
    if not rest:
        yield from _apart(city.split(), is_region)


def _apart(words: list[str], is_region: Callable[[str, str], bool]) -> Iterator[Reading]:
    """Yield the readings of words of which the last ones say the region or the country: "Springfield IL"."""
    if len(words) > WORDS_MOST:
        return
    for end in range(len(words) - 1, 0, -1):
        city, tail = " ".join(words[:end]), words[end:]
        yield city, None, " ".join(tail)
        yield city, " ".join(tail), None
        for middle in range(1, len(tail)):
            yield from _in_country(city, " ".join(tail[:middle]), " ".join(tail[middle:]), is_region)


def _in_country(city: str, region: str, country: str, is_region: Callable[[str, str], bool]) -> Iterator[Reading]:
    yield city, region if is_region(country, region) else None, country
