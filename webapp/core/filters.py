"""Filters: what a viewer asks to see, as read from a query, and which connections pass it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from webapp.core.gazetteer import Gazetteer
from webapp.core.records import Connection
from webapp.core.songs import artist_key
from webapp.core.trackids import NO_ALIASES, TrackAliases

FilterName = Literal["artist", "track", "country", "city"]
FILTER_NAMES: tuple[FilterName, ...] = get_args(FilterName)
"""The filters' names in a query. Scripts of the page repeat them; a test holds them together."""


class FilterError(ValueError):
    """A filter that is not well-formed or names nothing; the message names the value and what would be right."""


@dataclass(frozen=True)
class Filter:
    """What a viewer wants to see; all of it must hold. An artist is a key, a city is a GeoNames id."""

    artist: str | None = None
    track: str | None = None
    country: str | None = None
    city: int | None = None

    @classmethod
    def parse(
        cls,
        pairs: Iterable[tuple[str, str]],
        gazetteer: Gazetteer,
        aliases: TrackAliases = NO_ALIASES,
        others: Iterable[str] | None = None,
    ) -> Filter:
        """Read a filter from a query's names and values.

        Args:
            pairs: the query.
            gazetteer: where places are looked up.
            aliases: the earlier ids of tracks; the filter has the id of today.
            others: what else the query may have; None allows anything.

        Raises:
            FilterError: a name is unknown or given twice, or its value is malformed or not in the gazetteer.
        """
        values: dict[str, str | int] = {}
        known = None if others is None else (*FILTER_NAMES, *others)
        for name, text in pairs:
            if known and name not in known:
                raise FilterError(f"{name[:40]!r} is not a parameter; expected one of {', '.join(known)}")
            if name in _READERS:
                if name in values:
                    raise FilterError(f"{name} is given twice; give each filter once")
                values[name] = _READERS[name](text, gazetteer)
        if "track" in values:
            values["track"] = aliases.current(str(values["track"]))
        return cls(**values)  # type: ignore[arg-type]  # each reader returns its field's type

    def __bool__(self) -> bool:
        return bool(self.conditions)

    @cached_property
    def conditions(self) -> Sequence[tuple[FilterName, str | bytes | int]]:
        """The names that are given, each with its value as records have it."""
        values = (self.artist, self.track and self.track.encode(), self.country, self.city)
        return [(name, value) for name, value in zip(FILTER_NAMES, values, strict=True) if value is not None]

    @property
    def names_place(self) -> bool:
        """Tell whether a city or a country is given. Sparks are then hidden: in a small city each is one person."""
        return self.city is not None or self.country is not None

    def accepts(self, connection: Connection, gazetteer: Gazetteer) -> bool:
        """Tell whether a connection passes."""
        ends = [connection.from_city, connection.to_city]
        return (
            self.artist in (None, connection.artist)
            and self.track in (None, connection.track_id, connection.to_track_id)
            and (self.country is None or self.country in gazetteer.codes[gazetteer.country[ends]])
            and (self.city is None or self.city in gazetteer.geoname_id[ends])
        )

    def center(self, gazetteer: Gazetteer) -> tuple[float, float] | None:
        """Return lon and lat of the city, or of the country's most populous city; None if no place is given."""
        index = self.city if self.city is None else gazetteer.by_id(self.city)
        if index is None and self.country is not None:
            index = gazetteer.largest(self.country)
        return None if index is None else (gazetteer[index].lon, gazetteer[index].lat)


def _artist(text: str, _: Gazetteer) -> str:
    if not (key := artist_key(text)) or len(text) > 300:
        raise FilterError(f"artist={text[:40]!r}: expected a name of 1 to 300 characters")
    return key


def _track(text: str, _: Gazetteer) -> str:
    if not re.fullmatch("[0-9a-v]{16}", text):
        raise FilterError(f"track={text[:40]!r}: expected a track id, 16 characters of 0-9 and a-v")
    return text


def _country(text: str, gazetteer: Gazetteer) -> str:
    if not re.fullmatch("[A-Za-z]{2}", text):
        raise FilterError(f"country={text[:40]!r}: expected an ISO 3166 code of two letters such as 'BR'")
    if (code := text.upper()) not in gazetteer.countries:
        raise FilterError(f"country={text!r}: there is no such country; expected an ISO 3166 code such as 'BR'")
    return code


def _city(text: str, gazetteer: Gazetteer) -> int:
    known = re.fullmatch("[0-9]{1,9}", text) and gazetteer.by_ids(np.array([int(text)]))[0] >= 0
    if not known:
        raise FilterError(f"city={text[:40]!r}: expected the GeoNames id of a city of the gazetteer such as 3448439")
    return int(text)


_READERS: dict[str, Callable[[str, Gazetteer], str | int]] = {
    "artist": _artist,
    "track": _track,
    "country": _country,
    "city": _city,
}
