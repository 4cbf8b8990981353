"""Songs: two spellings are of one song if their keys are equal, whatever a player calls it.

A key depends on the text alone: no network, no order of arrival. `RULES` has the rules. `song_key` removes what says
nothing of the recording, and keeps what names another one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

CACHED = 1 << 16
"""Keys that are remembered. A song is played often."""

LONGEST = 320
"""Characters of a text that are compared, in their compatible form: U+FDFA alone becomes 18."""
MOST_PARTS = 8
"""Parts of a title, in brackets or after dashes, that are read; more stay as they are."""


class Rule(NamedTuple):
    """One thing that does not tell songs apart.

    Attributes:
        says: what is ignored, in a sentence.
        one: (title, artist) of one spelling.
        other: (title, artist) of another spelling of the same song.
    """

    says: str
    one: tuple[str, str]
    other: tuple[str, str]


RULES = (
    Rule("Case, compatibility forms, full and half width", ("ＮＩＧＨＴ BUS", "Ai"), ("Night Bus", "AI")),
    Rule("Apostrophes, quotes, dashes, punctuation, spacing",
         ("Someone’s Half-Light…", "R.E.K."), ("Someone's Half Light", "REK")),
    Rule("Latin, Greek and Cyrillic diacritics; й is a letter of its own", ("Ёлка", "Beyoncé"), ("Елка", "Beyonce")),
    Rule("`&`, `+` and `and`", ("Rock & Roll", "Ana"), ("Rock and Roll", "Ana")),
    Rule("A trademark sign, and signs that are not visible", ("Copper™ Sky", "Ana"), ("Copper Sky", "Ana")),
    Rule("Guests, in brackets or at the end: feat., ft., featuring",
         ("Tide (feat. Bo)", "Ana"), ("Tide ft. Bo", "Ana")),
    Rule("Guests and producers in brackets: with, con, avec, prod.", ("Tide [with Bo]", "Ana"), ("Tide", "Ana")),
    Rule("All artists but the first", ("Tide", "Ana & Bo"), ("Tide", "Ana, Cy x Bo")),
    Rule("A leading `the` of the artist", ("Tide", "The Lamps"), ("Tide", "Lamps")),
    Rule("A remaster and its year", ("Tide - Remastered 2009", "Ana"), ("Tide (2015 Remaster)", "Ana")),
    Rule("Album, single and original version or mix, radio edit",
         ("Tide (Album Version)", "Ana"), ("Tide - Radio Edit", "Ana")),
    Rule("Explicit and clean, mono and stereo", ("Tide [Explicit]", "Ana"), ("Tide - Mono Version", "Ana")),
    Rule("Bonus tracks and editions of an album", ("Tide (Bonus Track)", "Ana"), ("Tide (Deluxe Edition)", "Ana")),
    Rule("What a video is", ("Tide (Official Music Video)", "Ana"), ("Tide [HD]", "Ana")),
    Rule("A film or soundtrack it is from",
         ('Tide (From "Low Water")', "Ana"), ("Tide - From the film Low Water", "Ana")),
    Rule("A dash or a bracket around what names another recording",
         ("Tide - Bo Remix", "Ana"), ("Tide (Bo Remix)", "Ana")),
    Rule("How part and volume are written", ("Tide, Pt. II", "Ana"), ("Tide (Part 2)", "Ana")),
    Rule("`version` after live, acoustic, instrumental and the like",
         ("Tide (Acoustic Version)", "Ana"), ("Tide - Acoustic", "Ana")),
)  # fmt: skip
"""What does not tell songs apart, each with two spellings of one song."""


class SongKey(NamedTuple):
    """What two spellings of one song have in common."""

    artist: str
    title: str


@lru_cache(CACHED)
def song_key(title: str, artist: str) -> SongKey:
    """Return the key of a song; neither part is empty if its text has a visible character.

    The key of a key is the key itself.

    Args:
        title: as a player sends it, 1 to 300 characters.
        artist: likewise.
    """
    return SongKey(artist_key(artist), _stable(_title_key, title))


@lru_cache(CACHED)
def artist_key(artist: str) -> str:
    """Return the artist's part of a song's key; it is the key of itself."""
    return _stable(_first_artist, artist)


# Text

_SIGNS = dict.fromkeys(map(ord, "™®©℠℗ـ"))  # the last stretches Arabic words
_SINGLE = "'`´‘’‚‛′‵ʹʻʼʽˈˊˋꞌ＇"
_DOUBLE = '"“”„‟«»″‶〝〞〟＂「」『』﹁﹂｢｣《》〈〉'
_DASHES = "-‐‑‒–—―−⁃﹘﹣－"
_SAME = str.maketrans(
    dict.fromkeys(_SINGLE, "'") | dict.fromkeys(_DOUBLE, '"') | dict.fromkeys(_DASHES, "-")
    | dict.fromkeys("[{【〔〖［｛", "(") | dict.fromkeys("]}】〕〗］｝", ")")
    | dict.fromkeys("、，", ", ") | {"…": "...", "|": " - ", "｜": " - ", "⁄": "/", "♯": "#", "＆": "&", "＋": "+"}
)  # fmt: skip
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ŧ": "t", "ə": "e", "þ": "th",
                          "æ": "ae", "œ": "oe", "ĸ": "k", "ŋ": "n"})  # fmt: skip
_SHORT_I, _KEPT = "й", "\ue000"  # a letter of its own, and what stands for it while marks are removed
_MARKS = re.compile(
    # The combining marks of a Latin, Greek or Cyrillic letter.
    "(?<=[A-Za-z\u00c0-\u024f\u0250-\u02af\u0370-\u03ff\u0400-\u052f\u1d00-\u1dbf\u1e00-\u1fff\u2c60-\u2c7f"
    "\ua640-\ua69f\ua720-\ua7ff\uab30-\uab6f])"
    "[\u0300-\u036f\u0483-\u0487\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f]+"
)


class _Table(dict[int, int | str | None]):
    """A table for `str.translate` that asks a function for each character, once."""

    def __init__(self, replacement: Callable[[int], int | str | None]) -> None:
        super().__init__()
        self._replacement = replacement

    def __missing__(self, code: int) -> int | str | None:
        value = self._replacement(code)
        if len(self) < CACHED:
            self[code] = value
        return value


def _word_or_space(code: int) -> int | str:
    """Keep letters, digits, marks and symbols; put a space for all else."""
    category = unicodedata.category(chr(code))
    kept = category[0] in "LN" or category in ("Mn", "Mc", "Me", "Sc", "Sm", "So")
    return code if kept and code not in _VARIATIONS else " "


def _visible(code: int) -> int | str | None:
    """Remove signs that are not visible, and make any space a plain one."""
    category = unicodedata.category(chr(code))
    if category in ("Cf", "Cn", "Cs", "Co") or code in _VARIATIONS:
        return None
    return " " if category[0] in "ZC" else code


_VARIATIONS = range(0xFE00, 0xFE10)  # selectors of a character's variants
_spaced, _seen = _Table(_word_or_space), _Table(_visible)


def _canonical(text: str) -> str:
    """Return text in lower case, with one kind of each quote, dash, bracket and space."""
    text = unicodedata.normalize("NFKC", text.translate(_seen).translate(_SIGNS))[:LONGEST]
    for _ in range(2):  # case folding decomposes what NFKC composes
        text = unicodedata.normalize("NFKC", text.translate(_SAME)).casefold()
    return " ".join(unicodedata.normalize("NFKC", text).translate(_SAME).split())


def _without_marks(text: str) -> str:
    if text.isascii():
        return text
    text = unicodedata.normalize("NFD", text.replace(_SHORT_I, _KEPT))
    return unicodedata.normalize("NFC", _MARKS.sub("", text).replace(_KEPT, _SHORT_I)).translate(_LETTERS)


def _words(text: str) -> list[str]:
    """Return the words of canonical text, without marks and punctuation."""
    return _without_marks(text.replace("'", "")).translate(_spaced).split()


# Titles

_SEGMENT = re.compile(r"\(([^()]*)\)|\s+-+\s*|-+\s+|(?:(?!\s+-|-+\s)[^()]|[()](?![^()]*\)))+")
_PIECE = re.compile(r'(?:"[^"]*"|[^"/,;·•])+|"')
_YEAR_BEFORE_REMASTER = re.compile(r"(- |\()((?:19|20)\d\d) - (?=(?:digital )?remaster)")
_GUESTS = re.compile(r"(?:feat|ft)\b|featuring\b")
_BARE_GUESTS = re.compile(r"(?<=[^\d\s])\s+(?:(?:feat|ft)\b\.?|featuring)\s+(?=\S).*$")
_CREDITS = re.compile(
    r"prod\b|produced by\b|(?:with|w/|con|avec)\s+(?!(?:me|you|ya|u|us|him|her|it|them|myself|yourself|my|your|our|his"
    r"|their|no|or|out|somebody|someone|a|an|te|ti|mi|tu|su|lei|lui|noi|voi|toi|moi|nous|vous|elle|eux|un|une)\b)"
)
_FROM = re.compile(r'from\b.*(?:"|\b(?:film|movie|picture|soundtrack|ost)\b)')
_YEAR = re.compile(r"(?:19|20)\d\d|\d{1,3}(?:st|nd|rd|th)")
_AND = re.compile(r"[&+]|(?<=[^\W\d_]\s)'?n'?(?=\s[^\W\d_])")
_SHARP = re.compile(r"\b([a-g]) ?(?:#|-sharp\b)")
_NUMBERS = {name: str(number) for names in (
    "one two three four five six seven eight nine ten", "i ii iii iv v vi vii viii ix x",
) for number, name in enumerate(names.split(), 1)}  # fmt: skip
_PARTS = {"pt": "part", "pts": "parts", "vol": "volume", "ver": "version"}


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_SAY_NOTHING = _set(
    "remaster remastered remastering remasterizado remasterizada remasterise remasterisee remasterisado remastrad "
    "リマスター リマスター版 リマスタード 리마스터 album albumversion single lp original explicit clean mono "
    "stereo bonus deluxe edition anniversary official video audio videoclip lyric lyrics visualizer visualiser hd hq "
    "uhd 4k 1080p 720p soundtrack ost"
)
"""What says nothing of the recording, alone, among themselves, or with the words below."""
_SAY_LITTLE = _set(
    "version mix edit track tracks digital digitally newly music clip content the in en de and super special limited "
    "expanded collectors motion picture film movie"
)
_SAY_NO_MORE = _SAY_NOTHING | _SAY_LITTLE
_RADIO = (["radio", "edit"], ["radio", "version"], ["radio", "mix"])
_SAME_VERSION = _set("live acoustic instrumental karaoke cover demo unplugged up slowed reprise")
"""After these, `version` says nothing more."""


def _title_key(text: str) -> str:
    canonical = _canonical(text)
    parts = " ".join(_title_parts(_YEAR_BEFORE_REMASTER.sub(r"\1\2 ", canonical)))
    return _compatible(_folded(parts)) or _visible_of(parts, canonical, text)


def _title_parts(title: str) -> Iterator[str]:
    """Yield what names the song and its recording, in order; brackets and dashes separate the parts of a title."""
    is_first = True
    for found in islice(segments := _SEGMENT.finditer(title), MOST_PARTS):
        bracketed, text = found[1] is not None, (found[1] or found[0]).strip()
        if not bracketed and is_first:
            is_first = False
            yield _BARE_GUESTS.sub("", text)
        elif text.strip("-") and not _says_nothing(text, bracketed):
            yield " ".join(each for each in _pieces(text) if not _says_nothing(each, bracketed))
    yield from (found[0] for found in segments)


def _pieces(part: str) -> list[str]:
    pieces = [each.strip() for piece in _PIECE.findall(part) for each in piece.split(" - ")]
    return pieces if len(pieces) <= MOST_PARTS else [part]


def _says_nothing(part: str, bracketed: bool) -> bool:
    if _GUESTS.match(part) or (bracketed and _CREDITS.match(part)):
        return True
    if _FROM.match(part):
        return len(_pieces(part)) == 1
    words = [word for word in _words(part) if not _YEAR.fullmatch(word)]
    known = not _SAY_NOTHING.isdisjoint(words) and _SAY_NO_MORE.issuperset(words)
    return known or words in _RADIO


def _folded(text: str) -> str:
    """Return canonical text as letters, digits, marks and symbols alone."""
    words = _words(_AND.sub(" and ", _SHARP.sub(r"\1sharp ", text)))
    return "".join(_numbered([_PARTS.get(word, word) for word in words]))


def _numbered(words: list[str]) -> Iterator[str]:
    """Yield words, with a digit for the number of a part or volume, and without a `version` that says nothing."""
    for before, word in zip(["", *words], words, strict=False):
        if before in ("part", "parts", "volume", "chapter"):
            yield _NUMBERS.get(word, word)
        elif word != "version" or before not in _SAME_VERSION:
            yield word


# Artists

_CREDIT = re.compile(
    r"\s*&\s*|\s+(?:\+|and|y|und|et|with|con|avec|vs\.?|versus|pres\.?|presents|feat\.?|ft\.?|featuring)\s+|,\s+|\s*;\s*"
    r"|\s+[/·•-]\s+|\s*\((?:feat|ft|featuring|with|con|avec|vs)\b"
)
_TIMES = re.compile(r"\s+[x×]\s+")


def _first_artist(text: str) -> str:
    canonical = _canonical(text)
    first = _TIMES.split(_CREDIT.split(canonical, maxsplit=1)[0], maxsplit=1)[0]
    if first.startswith("the ") and _folded(first[4:]):
        first = first[4:]
    return _compatible(_folded(first)) or _visible_of(first, canonical, text)


def _visible_of(part: str, canonical: str, text: str) -> str:
    """Return the first text that is not empty, without spaces: for a name of punctuation alone."""
    return next(filter(None, map(_compatible, (part, _folded(canonical), canonical, text))), "")


def _compatible(text: str) -> str:
    return unicodedata.normalize("NFKC", "".join(text.split())).casefold()


_PLAIN = re.compile("[0-9a-z]{4,}")  # a key of its own; "pt", "vol" and "ver" are words for others


def _stable(key: Callable[[str], str], text: str) -> str:
    """Apply a key to itself until it stays as it is, which is almost always at once."""
    for _ in range(4):
        before, text = text, key(text)
        if before == text or _PLAIN.fullmatch(text):
            break
    return text
