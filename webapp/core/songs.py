"""Songs: two spellings are of one song if their keys are equal, whatever a player calls it.

A key depends on the text alone: no network, no order of arrival. `RULES` has the rules. `song_key` removes what says
nothing of the recording, and keeps what names another one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from webapp.core.songtext import canonical, compatible, visible_of
from webapp.core.songtitles import AND_N, BEFORE_GUESTS, GUESTS, SHORT_WORDS, folded, title_key

ARTISTS_CACHED = 1 << 13
"""Artists whose keys are remembered, at most 3 KB each. Who reads plays remembers their songs."""


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
    Rule("Dashes and wave dashes around what names another recording",
         ("Tide 〜Live〜", "Ana"), ("Tide ～Live～", "Ana")),
    Rule("Separators of thousands", ("10,000 Tides", "Ana"), ("10000 Tides", "Ana")),
    Rule("`&`, `+`, `and` and `'n'`", ("Rock & Roll", "Ana"), ("Rock'n'Roll", "Ana")),
    Rule("A trademark sign, and signs that are not visible", ("Copper™ Sky", "Ana"), ("Copper Sky", "Ana")),
    Rule("Guests, in brackets or at the end: feat., ft., featuring",
         ("Tide (Live feat. Bo)", "Ana"), ("Tide - Live ft.Bo", "Ana")),
    Rule("Guests and producers in brackets: with, con, avec, prod.", ("Tide [with Bo]", "Ana"), ("Tide", "Ana")),
    Rule("All artists but the first: after `&`, `+`, `and`, `'n'`, feat., ft., featuring",
         ("Tide", "Ana & Bo"), ("Tide", "Ana feat. Cy")),
    Rule("All artists but the first: after a comma, `x`, `/` or `vs.` with their spaces, and after `;`",
         ("Tide", "Ana, Cy x Bo"), ("Tide", "Ana / Bo")),
    Rule("The artist's name for a channel: Topic, VEVO", ("Tide", "Ana - Topic"), ("Tide", "AnaVEVO")),
    Rule("A leading `the` of the artist", ("Tide", "The Lamps"), ("Tide", "Lamps")),
    Rule("A remaster and its year", ("Tide - Remastered 2009", "Ana"), ("Tide (2015 Remaster)", "Ana")),
    Rule("A remaster, `official`, or a video, beside what names another recording",
         ("Tide (Live 2009 Remaster)", "Ana"), ("Tide (Official Live Video)", "Ana")),
    Rule("Album, single and original version or mix, radio edit",
         ("Tide (Album Version)", "Ana"), ("Tide - Radio Edit", "Ana")),
    Rule("Explicit and clean, mono and stereo", ("Tide [Explicit]", "Ana"), ("Tide - Mono Version", "Ana")),
    Rule("Bonus tracks and editions of an album", ("Tide (Bonus Track)", "Ana"), ("Tide (Deluxe Edition)", "Ana")),
    Rule("What a video is", ("Tide (Official Music Video)", "Ana"), ("Tide [HD]", "Ana")),
    Rule("A film or soundtrack it is from",
         ("Tide (From 'Low Water')", "Ana"), ("Tide - From the film Low Water", "Ana")),
    Rule("Brackets in brackets", ("Tide (Album Version (Explicit))", "Ana"), ("Tide", "Ana")),
    Rule("A dash or a bracket around what names another recording",
         ("Tide - Bo Remix", "Ana"), ("Tide (Bo Remix)", "Ana")),
    Rule("How part and volume are written, and their numbers",
         ("Tide, Pts. I-V", "Ana"), ("Tide (Parts 1-5)", "Ana")),
    Rule("`version` after live, acoustic, instrumental and the like",
         ("Tide (Acoustic Version)", "Ana"), ("Tide - Acoustic", "Ana")),
)  # fmt: skip
"""What does not tell songs apart, each with two spellings of one song."""


class SongKey(NamedTuple):
    """What two spellings of one song have in common."""

    artist: str
    title: str


def song_key(title: str, artist: str) -> SongKey:
    """Return the key of a song; neither part is empty if its text has a visible character.

    The key of a key is the key itself.

    Args:
        title: as a player sends it, 1 to 300 characters.
        artist: likewise.
    """
    return SongKey(artist_key(artist), _of_plain_words(title) or _stable(title_key, title))


@lru_cache(ARTISTS_CACHED)
def artist_key(artist: str) -> str:
    """Return the artist's part of a song's key; it is the key of itself."""
    return _of_plain_words(artist) or _stable(_first_artist, artist)


_CREDIT = re.compile(
    rf"\s*&\s*| \+ | and |{AND_N}|, |\s*;\s*| / | vs\.? |{BEFORE_GUESTS}{GUESTS}"
    r"|\s*\((?:feat|ft|featuring|with|con|avec|vs)\b"
)
_TIMES = re.compile(r" [x×] (?![x×] )")
_CHANNEL = re.compile(r"(?<=\S)(?: - topic| ?vevo)$")


def _first_artist(text: str) -> str:
    plain = canonical(text)
    first = _TIMES.split(_CREDIT.split(_CHANNEL.sub("", plain), maxsplit=1)[0], maxsplit=1)[0]
    if first.startswith("the ") and folded(first[4:]):
        first = first[4:]
    return compatible(folded(first)) or visible_of(first, folded(plain), plain, text)


_PLAIN = re.compile(r"(?!(?:pts?|vols?|parts|volumes|chapters)\d|(?:pts?|vols?|ver|inst|rmx)$|.*vevo$)[0-9a-z]{4,}")
"""A key that is its own key; what is left out are short words for others."""


_PLAIN_WORDS = re.compile(r"[a-z]+(?: [a-z]+)*(?: \d+)?")
_RULED = "and chapter chapters feat featuring ft n part parts the version volume volumes vs x"
_TELLING_WORDS = frozenset((*_RULED.split(), *SHORT_WORDS))
"""Words of a plain text that rules are about."""


def _of_plain_words(text: str) -> str:
    """Return the key of a text that no rule changes but those of case and spaces; "" if one might.

    Many texts are such, and the rules take much longer.
    """
    lower = text.lower() if text.isascii() else ""
    if not _PLAIN_WORDS.fullmatch(lower) or not _TELLING_WORDS.isdisjoint(words := lower.split()):
        return ""
    key = "".join(words)
    return key if _PLAIN.fullmatch(key) else ""


def _stable(key: Callable[[str], str], text: str) -> str:
    """Apply a key to itself until it stays as it is, which is almost always at once."""
    for _ in range(4):
        before, text = text, key(text)
        if before == text or _PLAIN.fullmatch(text):
            break
    return text
