"""Finds words and phrases in titles and names, however these are written.

Case, accents, width and punctuation do not matter, as in the keys of songs: "ＢＡＤ", "bád" and "BAD!" have one word.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from webapp.core.songtext import canonical, words

Phrase = tuple[str, ...]
"""Words, one after the other, as `words_in` returns them."""

_WITHOUT_SPACES = ("CJK ", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "BOPOMOFO", "THAI", "LAO ", "KHMER", "MYANMAR")
"""How the Unicode names of characters begin in scripts that put no spaces between words."""
_REMEMBERED = 1 << 16
_LONGEST = 300 * 18
"""The characters of the longest text that a play can have: U+FDFA alone becomes 18."""


class _Apart(dict[int, str]):
    """A table for `str.translate` that puts spaces around what is a word by itself."""

    def __missing__(self, code: int) -> str:
        placed = f" {chr(code)} " if _is_word(chr(code)) else chr(code)
        if len(self) < _REMEMBERED:
            self[code] = placed
        return placed


def _is_word(character: str) -> bool:
    unspaced = unicodedata.name(character, "").startswith(_WITHOUT_SPACES)
    return unspaced or unicodedata.category(character) in ("Sc", "Sm", "So", "Sk", "Cn")


_apart = _Apart()


def words_in(text: str) -> Phrase:
    """Return the words of a text.

    A symbol is a word by itself, and so is each character of a script without spaces: there, a phrase is any part of a
    text.
    """
    return tuple(" ".join(words(canonical(text, _LONGEST))).translate(_apart).split())


class Phrases:
    """Phrases that are looked for together; a text costs the same, however many they are.

    Args:
        phrases: none of them empty.
    """

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self._by_first = defaultdict[str, set[Phrase]](set)
        for phrase in phrases:
            self._by_first[phrase[0]].add(phrase)

    def are_in(self, text: str) -> bool:
        """Tell whether a text has one of the phrases, in whole words."""
        if not self._by_first:
            return False
        found = words_in(text)
        return any(
            found[at : at + len(phrase)] == phrase
            for at, word in enumerate(found)
            if word in self._by_first
            for phrase in self._by_first[word]
        )
