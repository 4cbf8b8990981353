"""What an operator hides: songs by their words, artists and ids, and cities. Sans-I/O.

Hidden plays are counted in all totals, but nobody is shown them. `Rules.version` depends on the rules alone, so a frame
is a pure function of its filter, the records of its 10 s, and this version.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import Literal, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from webapp.core.filters import Filter
from webapp.core.gazetteer import Gazetteer
from webapp.core.phrases import Phrases
from webapp.core.recordindex import Kind, Numbers
from webapp.core.records import Connection, Rows, SliceRecord, wire_track_id
from webapp.core.songs import artist_key

RuleKind = Literal["word", "artist", "song", "city", "token"]
RULE_KINDS: tuple[RuleKind, ...] = get_args(RuleKind)
Mask = NDArray[np.bool_]

TRACKS_CACHED = 1 << 15
"""Tracks whose verdict is remembered, each about half a KB."""
RECORDS_CACHED = 3 * 48
"""Rows of records whose verdict is remembered: of those that a new filter starts with."""


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """One thing that is hidden.

    Attributes:
        kind: what it is.
        value: what it is compared by: folded words, an artist's key, a track's id, a GeoNames id, or a token's id.
    """

    kind: RuleKind
    value: str


class _Named(msgspec.Struct):
    title: str
    artist: str


@dataclass(frozen=True, eq=False)
class Rules:
    """All that is hidden. Without a rule, each question costs one look at an empty set."""

    rules: frozenset[Rule] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.rules)

    @cached_property
    def version(self) -> str:
        """A digest of the rules; it says nothing of how they are written, or of their order."""
        listed = sorted((rule.kind, rule.value) for rule in self.rules)
        return blake2b(msgspec.json.encode(listed), digest_size=8).hexdigest()

    def values(self, kind: RuleKind) -> frozenset[str]:
        """Return what is hidden of a kind."""
        return frozenset(rule.value for rule in self.rules if rule.kind == kind)

    @cached_property
    def cities(self) -> frozenset[int]:
        """The GeoNames ids of the hidden cities."""
        return frozenset(map(int, self.values("city")))

    @cached_property
    def songs(self) -> frozenset[str]:
        """The ids of the hidden tracks."""
        return self.values("song")

    @cached_property
    def _artists(self) -> frozenset[str]:
        return self.values("artist")

    @cached_property
    def _phrases(self) -> Phrases:
        return Phrases(tuple(value.split()) for value in self.values("word"))

    @cached_property
    def _tokens(self) -> frozenset[str]:
        return self.values("token")

    def blocks_token(self, id: str) -> bool:
        """Tell whether nothing is to be taken from the token with this id."""
        return id in self._tokens

    def hides_names(self, title: str, artist: str) -> bool:
        """Tell whether a song is hidden for its title, or for its artist's name; either may be empty."""
        return artist_key(artist) in self._artists or self._phrases.are_in(title) or self._phrases.are_in(artist)

    @cached_property
    def hides_track(self) -> Callable[[bytes], bool]:
        """Tells whether a track, given as wire JSON, is hidden wherever its plays are."""
        return lru_cache(TRACKS_CACHED)(self._judge)

    def _judge(self, track: bytes) -> bool:
        named = msgspec.json.decode(track, type=_Named)
        return wire_track_id(track).decode() in self.songs or self.hides_names(named.title, named.artist)

    def hides(self, track: bytes, to_track_id: str, *cities: int) -> bool:
        """Tell whether a pair is hidden.

        Args:
            track: as wire JSON.
            to_track_id: the id of the later play's track, whose text is never shown.
            cities: GeoNames ids.
        """
        if not self.rules:
            return False
        return to_track_id in self.songs or not self.cities.isdisjoint(cities) or self.hides_track(track)

    def hides_connection(self, connection: Connection, gazetteer: Gazetteer) -> bool:
        """Tell whether a connection is hidden."""
        if not self.rules:
            return False
        ends = gazetteer.geoname_id[[connection.from_city, connection.to_city]].tolist()
        return self.hides(connection.track, connection.to_track_id, *ends)

    def hides_all_of(self, wanted: Filter) -> bool:
        """Tell whether all that a filter could find is hidden, because it names what is."""
        return wanted.artist in self._artists or wanted.track in self.songs or wanted.city in self.cities

    def visible(self, record: SliceRecord, kind: Kind, rows: Numbers, gazetteer: Gazetteer) -> Numbers:
        """Return those of a record's rows that are not hidden."""
        if not self.rules or not len(rows):
            return rows
        return rows[~self._hidden(record, kind, gazetteer)[rows]]

    @cached_property
    def _hidden(self) -> Callable[[SliceRecord, Kind, Gazetteer], Mask]:
        return lru_cache(RECORDS_CACHED)(self._mask)

    def _mask(self, record: SliceRecord, kind: Kind, gazetteer: Gazetteer) -> Mask:
        """Tell which rows of a record are hidden."""
        rows: Rows = getattr(record, kind)
        hidden = np.fromiter(map(self.hides_track, record.tracks), bool, len(record.tracks))
        songs = np.fromiter(map(self._is_hidden_song, record.tracks), bool, len(record.tracks))
        mask: Mask = hidden[rows["track"]]
        for name in rows.dtype.names or ():
            if name.endswith("city"):
                mask |= np.isin(gazetteer.geoname_id[rows[name]], list(self.cities))
            elif name == "to_track":
                mask |= songs[rows[name]]
        return mask

    def _is_hidden_song(self, track: bytes) -> bool:
        return wire_track_id(track).decode() in self.songs


NO_RULES = Rules()
