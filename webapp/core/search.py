"""Search by a few letters: finds recently connected artists and songs, and countries and cities.

Each result has the filter that shows it alone, as `Filter.parse` reads it, so that choosing it is following a link.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

import msgspec

from webapp.core.filters import FILTER_NAMES, Filter, FilterName
from webapp.core.gazetteer import City, Gazetteer
from webapp.core.moderation import NO_RULES, Rules
from webapp.core.placenames import fold_words, words_of
from webapp.core.songs import artist_key

LONGEST = 100
"""Characters of a search text at most."""
MOST = {"artist": 4, "track": 4, "country": 3, "city": 5}
"""Results of each kind at most."""
MOST_OF_ONE = 8
"""Results at most when one kind is asked for."""
SONGS = 2_000
"""Songs that are searched: the most recently connected ones."""
FRESH_S = 2.0

_EXACT, _BEGINS, _WORD, _WITHIN = range(4)


class SearchError(ValueError):
    """A search that is not well-formed; the message names the value and what would be right."""


class Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that was found.

    Attributes:
        kind: what it is.
        label: its name.
        detail: what tells it from others of that name.
        filter: the filter that shows it alone.
        lon: degrees; of a city, or of a country's most populous city.
        lat: likewise.
        country_code: of a city, its country's ISO 3166-1 code; `detail` has the country's English name.
        also: of a city, its other name that begins with the text, where its own name does not.
    """

    kind: FilterName
    label: str
    detail: str
    filter: dict[str, str]
    lon: float | None = None
    lat: float | None = None
    country_code: str = ""
    also: str = ""


class Song(msgspec.Struct, frozen=True):
    """A song of a connection, with its folded names."""

    id: str
    title: str
    artist: str
    folded_title: str = ""
    folded_artist: str = ""


class RecentTracks:
    """The most recently connected songs, read again when they are older than FRESH_S, or when what is hidden changes.

    Args:
        read: returns that many tracks at most, as wire JSON, the newest first, without those that are hidden.
        clock: returns the time, epoch seconds.
        rules: returns what is hidden.
    """

    def __init__(
        self,
        read: Callable[[int], Iterable[bytes]],
        clock: Callable[[], float],
        rules: Callable[[], Rules] = lambda: NO_RULES,
    ) -> None:
        self._read, self._clock, self._read_rules = read, clock, rules
        self._songs: tuple[float, str, tuple[Song, ...]] = (float("-inf"), "", ())

    @property
    def rules(self) -> Rules:
        """What is hidden now."""
        return self._read_rules()

    def songs(self) -> tuple[Song, ...]:
        """Return the songs, the newest first. This may read the history: call it off the event loop."""
        now, version, (read_at, read_by, songs) = self._clock(), self.rules.version, self._songs
        if 0 <= now - read_at < FRESH_S and version == read_by:
            return songs
        songs = tuple(song(track) for track in self._read(SONGS))
        self._songs = (now, version, songs)
        return songs


@lru_cache(maxsize=2 * SONGS)
def song(track: bytes) -> Song:
    """Return the song of a track given as wire JSON."""
    read = msgspec.json.decode(track, type=Song)
    return Song(read.id, read.title, read.artist, folded(read.title), folded(read.artist))


def folded(text: str) -> str:
    """Fold a name for search: words without accents; a name of signs only, such as "!!!", stays as it is."""
    return fold_words(text) or _signs(text)


def _signs(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def checked_text(text: str | None) -> str:
    """Return a search text, trimmed.

    Raises:
        SearchError: it is missing or empty, too long, or holds control characters.
    """
    trimmed = (text or "").strip()
    if not trimmed:
        raise SearchError(f"q is missing or empty; expected 1 to {LONGEST} characters of a name, such as q=osa")
    if len(trimmed) > LONGEST:
        raise SearchError(f"q={trimmed[:40]!r}... has {len(trimmed)} characters; expected at most {LONGEST}")
    if bad := next((c for c in trimmed if unicodedata.category(c) in ("Cc", "Cs")), None):
        raise SearchError(f"q={trimmed[:40]!r} has the control character {bad!r}; remove it")
    return trimmed


def checked_kind(text: str | None) -> FilterName | None:
    """Return the kind that results are limited to; None for all kinds.

    Raises:
        SearchError: there is no such kind.
    """
    if text is None:
        return None
    if text not in FILTER_NAMES:
        raise SearchError(f"kind={text[:40]!r}: expected one of {', '.join(FILTER_NAMES)}")
    return next(name for name in FILTER_NAMES if name == text)


def search(
    text: str,
    songs: Sequence[Song],
    gazetteer: Gazetteer,
    kind: FilterName | None = None,
    country_names: Mapping[str, str] = MappingProxyType({}),
    rules: Rules = NO_RULES,
) -> list[Result]:
    """Return what a text can mean, the best first: whole names, then beginnings, then words, then parts of words.

    Args:
        text: what was typed, as `checked_text` returned it.
        songs: the newest first.
        gazetteer: the countries and cities.
        kind: the one kind to search; None for all.
        country_names: further names that find countries, such as those in the reader's language, by code.
        rules: hidden cities are left out.
    """
    words = words_of(text)
    whole = " ".join(words) or _signs(text)
    finders: dict[FilterName, Callable[[], Iterable[tuple[int, Result]]]] = {
        "artist": lambda: _artists(whole, songs),
        "track": lambda: _tracks(whole, songs),
        "country": lambda: _countries(words, whole, gazetteer, country_names),
        "city": lambda: (found for found in _cities(text, words, gazetteer) if not _is_hidden(found[1], rules)),
    }
    ranked: list[tuple[int, Result]] = []
    for each in FILTER_NAMES if kind is None else (kind,):
        ranked += sorted(finders[each](), key=_rank)[: MOST[each] if kind is None else MOST_OF_ONE]
    return [result for _, result in sorted(ranked, key=_rank)]


def described(shown: Filter, songs: Sequence[Song], gazetteer: Gazetteer) -> list[Result]:
    """Return what each part of a filter is called; an unknown artist has its key, an unknown song none."""
    results = []
    if shown.artist is not None:
        credits = (s.artist for s in songs if artist_key(s.artist) == shown.artist)
        name = min(credits, key=len, default=shown.artist)  # without the others of a credit
        results.append(_artist(name))
    if shown.track is not None:
        heard = next((s for s in songs if s.id == shown.track), None)
        results.append(_track(heard) if heard else Result("track", "", "", {"track": shown.track}))
    if shown.country is not None:
        results.append(_country(shown.country, gazetteer))
    if shown.city is not None:
        results.append(_city(gazetteer.by_id(shown.city), gazetteer))
    return results


def _is_hidden(city: Result, rules: Rules) -> bool:
    return int(city.filter["city"]) in rules.cities


def _rank(ranked: tuple[int, Result]) -> int:
    return ranked[0]


def _match(text: str, name: str) -> int | None:
    """Return how well a folded text fits a folded name: the lower the better, None if it does not fit."""
    if name == text:
        return _EXACT
    if name.startswith(text):
        return _BEGINS
    if f" {text}" in name:
        return _WORD
    return _WITHIN if not text.isascii() and text in name else None  # scripts that leave no space between words


def _artists(text: str, songs: Sequence[Song]) -> Iterator[tuple[int, Result]]:
    found: dict[str, Song] = {}  # by key, with the shortest credit: without guests
    for each in songs:
        if _match(text, each.folded_artist) is not None:
            key = artist_key(each.artist)
            found[key] = min(found.get(key, each), each, key=lambda song: len(song.artist))
    for each in found.values():
        yield _match(text, each.folded_artist) or _EXACT, _artist(each.artist)


def _tracks(text: str, songs: Sequence[Song]) -> Iterator[tuple[int, Result]]:
    known = set[str]()
    for each in songs:
        title, artist = each.folded_title, each.folded_artist
        ranks = [_match(text, name) for name in (title, f"{title} {artist}", f"{artist} {title}")]
        ranks[2] = ranks[2] if len(text) > len(artist) else None  # the artist's name alone finds the artist
        found = [rank for rank in ranks if rank is not None]
        if found and each.id not in known:
            known.add(each.id)
            yield min(found), _track(each)


def _countries(
    words: list[str], whole: str, gazetteer: Gazetteer, more: Mapping[str, str]
) -> Iterator[tuple[int, Result]]:
    meant = gazetteer.country_of(words)
    for code in sorted(gazetteer.countries, key=lambda code: (code != meant, code)):
        english = gazetteer.country_name(code)
        ranks = [_match(whole, _folded_country(name)) for name in {english, more.get(code, english)}]
        rank = min((rank for rank in ranks if rank is not None), default=None)
        if code == meant:  # found by another name, or by its code, which may also begin a word
            rank = min(_BEGINS if rank is None else rank, _BEGINS if len(whole) < 4 else _EXACT)
        if rank is not None:
            yield rank, _country(code, gazetteer)


@lru_cache(maxsize=4096)
def _folded_country(name: str) -> str:
    return folded(name)


def _cities(text: str, words: list[str], gazetteer: Gazetteer) -> Iterator[tuple[int, Result]]:
    rank = _EXACT
    for index in gazetteer.completed(words, MOST_OF_ONE):
        if words_of(gazetteer.name(index)) != words:
            rank = _BEGINS  # and so are all after it: a hamlet "Osa" comes after Osaka
        yield rank, msgspec.structs.replace(_city(index, gazetteer), also=gazetteer.also(index, text, words))
    if "," in text:  # a label that was found before, or what people write: "Portland, Maine"
        for index in gazetteer.meanings(text)[:MOST_OF_ONE]:
            yield rank, _city(index, gazetteer)


def _artist(name: str) -> Result:
    return Result("artist", name, "", {"artist": name})


def _track(heard: Song) -> Result:
    return Result("track", heard.title, heard.artist, {"track": heard.id})


def _country(code: str, gazetteer: Gazetteer) -> Result:
    found = Result("country", gazetteer.country_name(code), code, {"country": code})
    index = gazetteer.largest(code)
    return found if index is None else _placed(found, gazetteer[index])


def _city(index: int, gazetteer: Gazetteer) -> Result:
    city = gazetteer[index]
    found = Result("city", city.label, city.country, {"city": str(city.geoname_id)}, country_code=city.country_code)
    return _placed(found, city)


def _placed(found: Result, city: City) -> Result:
    return msgspec.structs.replace(found, lon=city.lon, lat=city.lat)
