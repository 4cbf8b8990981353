"""The forms that Arabic letters take beside each other, to measure them: a joined letter is often half as wide.

Unicode has a character for each form of the usual letters (U+FB50 to U+FEFF), and says which letter it is a form of.
Letters without such characters, and those beside them, count as not joined.
"""

from __future__ import annotations

import unicodedata
from functools import cache

_FORMS = [*range(0xFB50, 0xFE00), *range(0xFE70, 0xFEFD)]
_LETTERS = range(0x0600, 0x0700)
_LAM, _TATWEEL = "\u0644", "\u0640"
_ALEFS = ("\u0622", "\u0623", "\u0625", "\u0627")


def joined(text: str) -> str:
    """Replace each Arabic letter by its form beside its neighbours, and lam with alef by their ligature."""
    if not any(ord(character) in _LETTERS for character in text):
        return text
    letters, marks = _letters(text)
    follows = [False, *(_joins_next(letter) for letter in letters)]
    precedes = [*(_joins_previous(letter) for letter in letters[1:]), False]
    forms = (
        _form(letter, before and _joins_previous(letter), after and _joins_next(letter))
        for letter, before, after in zip(letters, follows, precedes, strict=False)
    )
    return "".join(forms) + marks


def _letters(text: str) -> tuple[list[str], str]:
    """Split a text into letters, with lam and alef as one, and the marks on them, which do not separate letters."""
    letters: list[str] = []
    marks = ""
    for character in text:
        if unicodedata.category(character) == "Mn":
            marks += character
        elif letters and letters[-1] == _LAM and ("<final>", _LAM + character) in _table():
            letters[-1] += character
        else:
            letters.append(character)
    return letters, marks


def _form(letter: str, before: bool, after: bool) -> str:
    kind = {(True, True): "<medial>", (True, False): "<final>", (False, True): "<initial>"}.get((before, after))
    return _table().get((kind or "<isolated>", letter), letter)


def _joins_next(letter: str) -> bool:
    return letter == _TATWEEL or ("<initial>", letter) in _table()


def _joins_previous(letter: str) -> bool:
    return letter == _TATWEEL or ("<final>", letter) in _table()


@cache
def _table() -> dict[tuple[str, str], str]:
    """Return the character for each form of a letter, and of lam with alef."""
    table = {}
    for form in map(chr, _FORMS):
        kind, _, codes = unicodedata.decomposition(form).partition(" ")
        letters = "".join(chr(int(code, 16)) for code in codes.split())
        if kind.startswith("<") and (len(letters) == 1 or (letters[:1] == _LAM and letters[1:] in _ALEFS)):
            table[kind, letters] = form
    return table
