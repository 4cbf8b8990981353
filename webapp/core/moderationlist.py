"""The list of what is hidden, as an operator writes it: one rule a line, such as `word: spam`, and comments.

A line that cannot be used is named by its number, and the others count. Changes keep all other lines as they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from webapp.core.gazetteer import Gazetteer, PlaceError
from webapp.core.moderation import NO_RULES, RULE_KINDS, Rule, RuleKind, Rules
from webapp.core.phrases import words_in
from webapp.core.places import shown
from webapp.core.plays import track_id
from webapp.core.songs import artist_key
from webapp.core.trackids import TrackAliases

LONGEST = 700
"""Characters of a rule: of a title and an artist, with some room."""
_TRACK_ID = re.compile("[0-9a-v]{16}")
_TOKEN_ID = re.compile("[a-z2-7]{10}")
_TITLE_AND_ARTIST = re.compile(r"(.*\S)\s+[-–—]\s+(\S.*)")
_UNWRITABLE = ("Cc", "Cs", "Zl", "Zp")


class RuleError(ValueError):
    """A rule that cannot be used; the message names the value and what would be right."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line with a rule.

    Attributes:
        number: of the line, from 1.
        text: as it is written, trimmed.
        rule: what it hides.
        means: the same in words, where that says more than the text: the city's name and country.
    """

    number: int
    text: str
    rule: Rule
    means: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that cannot be used, by its number, and why."""

    number: int
    error: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that was read."""

    lines: tuple[Line, ...] = ()
    problems: tuple[Problem, ...] = ()
    rules: Rules = NO_RULES


class ListReader:
    """Reads rules.

    Args:
        gazetteer: where cities are looked up.
        aliases: the earlier ids of tracks.
    """

    def __init__(self, gazetteer: Gazetteer, aliases: TrackAliases) -> None:
        self._gazetteer, self._aliases = gazetteer, aliases

    def listing(self, data: bytes) -> Listing:
        """Read a list. Nothing in it is an error: see its problems."""
        lines, problems = list[Line](), list[Problem]()
        for number, raw in _written(data):
            try:
                lines.append(self.line(_decoded(raw), number))
            except RuleError as error:
                problems.append(Problem(number, str(error)))
        return Listing(tuple(lines), tuple(problems), Rules(frozenset(line.rule for line in lines)))

    def line(self, text: str, number: int = 0) -> Line:
        """Read one rule.

        Raises:
            RuleError: it cannot be used.
        """
        text = text.strip()
        kind, value = _split(text)
        canonical = {
            "word": _words,
            "artist": _artist,
            "song": self._song,
            "city": self._city,
            "token": _token,
        }[kind](value)
        return Line(number, text, Rule(kind, canonical), self._meaning(kind, canonical))

    def _song(self, value: str) -> str:
        if _TRACK_ID.fullmatch(value):
            return self._aliases.current(value)
        if not (named := _TITLE_AND_ARTIST.fullmatch(value)):
            raise RuleError(f"song: {shown(value)}: expected a track id of 16 characters, or Title - Artist")
        return track_id(named[2], named[1])

    def _city(self, value: str) -> str:
        try:
            is_id = value.isascii() and value.isdigit()
            index = self._gazetteer.by_id(int(value[:12])) if is_id else self._gazetteer.typed(value)
        except PlaceError as error:
            raise RuleError(f"city: {error}") from None
        return str(self._gazetteer.geoname_id[index])

    def _meaning(self, kind: RuleKind, canonical: str) -> str:
        if kind != "city":
            return ""
        city = self._gazetteer[self._gazetteer.by_id(int(canonical))]
        return f"{city.label}, {city.country}"

    def without(self, data: bytes, rule: Rule) -> bytes:
        """Return a list without the lines that have a rule."""
        numbers = {line.number for line in self.listing(data).lines if line.rule == rule}
        kept = (raw for number, raw in enumerate(data.split(b"\n"), 1) if number not in numbers)
        return b"\n".join(kept)


def with_line(data: bytes, text: str) -> bytes:
    """Return a list with one more line at its end."""
    ended = data if not data or data.endswith(b"\n") else data + b"\n"
    return ended + text.strip().encode() + b"\n"


def _written(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are neither empty nor comments, with their numbers."""
    for number, raw in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if (stripped := raw.strip()) and not stripped.startswith(b"#"):
            yield number, stripped


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise RuleError("this line is not UTF-8 text") from None


def _split(text: str) -> tuple[RuleKind, str]:
    """Return a rule's kind and value."""
    if len(text) > LONGEST:
        raise RuleError(f"{shown(text)} has {len(text)} characters; expected at most {LONGEST}")
    if bad := next((each for each in text if unicodedata.category(each) in _UNWRITABLE), None):
        raise RuleError(f"{shown(text)} has the control character {bad!r}; remove it")
    name, colon, value = text.partition(":")
    kind = next((kind for kind in RULE_KINDS if kind == name.strip().lower()), None)
    if kind is None or not colon:
        raise RuleError(f"{shown(text)}: expected one of {', '.join(f'{kind}:' for kind in RULE_KINDS)} and a value")
    if not value.strip():
        raise RuleError(f"{kind}: has no value; expected one after the colon")
    return kind, value.strip()


def _words(value: str) -> str:
    if not (found := words_in(value)):
        raise RuleError(f"word: {shown(value)} has no letter, digit or symbol; expected a word or a phrase")
    return " ".join(found)


def _artist(value: str) -> str:
    if not (key := artist_key(value)):
        raise RuleError(f"artist: {shown(value)} has no visible character; expected an artist's name")
    return key


def _token(value: str) -> str:
    if not _TOKEN_ID.fullmatch(value):
        # What was given may be the token itself, and messages are logged.
        raise RuleError("token: expected a token's id, 10 characters of a-z and 2-7, and not the token itself")
    return value
