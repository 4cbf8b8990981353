"""Letters of songs: what two spellings of a word have in common.

A newer Python knows newer letters, and alone the case and the compatible forms of those can differ between versions. A
character that this one does not know is a symbol, as are the new emoji that most of them become.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

LONGEST = 320
"""Characters of a text that are compared, in their compatible form: U+FDFA alone becomes 18."""
_TABLE = 1 << 16  # characters that a table remembers

# Before Unicode's compatible forms. The last two signs mark explicit lyrics and stretch Arabic words.
RAW: dict[str, str | None] = {"´": "'", "˜": "~"} | dict.fromkeys("™®©℠℗🅴ـ")
_SINGLE = "`‘’‚‛′‵ʹʻʼʽˈˊˋꞌ"
_DOUBLE = "“”„‟«»〝〞〟「」『』《》〈〉"
_DASHES = "‐‒–—―−⁃"
SAME: dict[str, str] = (
    dict.fromkeys(_SINGLE, "'") | dict.fromkeys(_DOUBLE, '"') | dict.fromkeys(_DASHES, "-")
    | dict.fromkeys("〜〰∼", "~") | dict.fromkeys("[{【〔〖", "(") | dict.fromkeys("]}】〕〗", ")")
    | {"、": ", ", "،": ",", "፣": ",", "؛": ";", "|": " - ", "⁄": "/", "♯": "#"}
)  # fmt: skip
"""One character for those of a kind, in compatible form."""
_LETTERS = {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ŧ": "t", "ə": "e", "þ": "th",
            "æ": "ae", "œ": "oe", "ĸ": "k", "ŋ": "n"}  # fmt: skip
_SHORT_I, _KEPT = "й", "\ue000"  # a letter of its own, and what stands for it while marks are removed
_MARKS = re.compile(
    # The combining marks of a Latin, Greek or Cyrillic letter.
    "(?<=[A-Za-z\u00c0-\u024f\u0250-\u02af\u0370-\u03ff\u0400-\u052f\u1d00-\u1dbf\u1e00-\u1fff\u2c60-\u2c7f"
    "\ua640-\ua69f\ua720-\ua7ff\uab30-\uab6f])"
    "[\u0300-\u036f\u0483-\u0487\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f]+"
)
_VARIATIONS = range(0xFE00, 0xFE10)  # selectors of a character's variants
_WIDE_COMMA = re.compile(r"，(?!(?<=\d，)\d{3}(?!\d))")  # else its compatible form has no space
_THOUSANDS = re.compile(r"(?<!\d)[1-9]\d{0,2}(?:[,.' ]\d{3})+(?!\d)")
_APOSTROPHE = re.compile(r"(?<!\d)'|'(?!\d)")
_BETWEEN_DIGITS = re.compile(r"(?<=\d) (?=\d)")


class _Table(dict[int, int | str | None]):
    """A table for `str.translate` that asks a function for each character, once."""

    def __init__(self, replacement: Callable[[int], int | str | None]) -> None:
        super().__init__()
        self._replacement = replacement

    def __missing__(self, code: int) -> int | str | None:
        value = self._replacement(code)
        if len(self) < _TABLE:
            self[code] = value
        return value


def _word_or_space(code: int) -> int | str:
    """Keep letters, digits, marks, symbols and what is unknown; put a space for all else."""
    category = unicodedata.category(chr(code))
    kept = category[0] in "LN" or category in ("Mn", "Mc", "Me", "Sc", "Sm", "So", "Cn")
    return code if kept and code not in _VARIATIONS and code != ord("~") else " "


def _visible(code: int) -> int | str | None:
    """Remove signs that are not visible, and make any space a plain one."""
    category = unicodedata.category(chr(code))
    if category in ("Cf", "Cs", "Co") or code in _VARIATIONS:
        return None
    return " " if category in ("Zs", "Zl", "Zp", "Cc") else RAW.get(chr(code), code)


def _one_of_its_kind(code: int) -> int | str:
    return SAME.get(chr(code), code)


def _without_stroke(code: int) -> int | str:
    return _LETTERS.get(chr(code), code)


_spaced, _seen = _Table(_word_or_space), _Table(_visible)
_same, _plain = _Table(_one_of_its_kind), _Table(_without_stroke)


def canonical(text: str, longest: int = LONGEST) -> str:
    """Return text in lower case, with one kind of each quote, dash, bracket and space, and thousands as one number.

    Args:
        text: any text.
        longest: how many characters of it are kept, in its compatible form.
    """
    text = unicodedata.normalize("NFKC", _WIDE_COMMA.sub(", ", text.translate(_seen)))[:longest]
    for _ in range(2):  # case folding decomposes what NFKC composes
        text = unicodedata.normalize("NFKC", text.translate(_same)).casefold()
    text = " ".join(unicodedata.normalize("NFKC", text).translate(_same).split())[:longest]
    return _THOUSANDS.sub(lambda number: re.sub(r"\D", "", number[0]), text)


def _without_marks(text: str) -> str:
    if text.isascii():
        return text
    text = unicodedata.normalize("NFD", text.replace(_SHORT_I, _KEPT))
    return unicodedata.normalize("NFC", _MARKS.sub("", text).replace(_KEPT, _SHORT_I)).translate(_plain)


def words(text: str) -> list[str]:
    """Return the words of canonical text, without marks and punctuation."""
    return _without_marks(_APOSTROPHE.sub("", text)).translate(_spaced).split()


def joined(parts: list[str]) -> str:
    """Return words as one, with a slash between two numbers: 1.11 is not 11.1."""
    return _BETWEEN_DIGITS.sub("/", " ".join(parts)).replace(" ", "")


def compatible(text: str) -> str:
    """Return text without spaces, in its compatible form and in lower case."""
    return unicodedata.normalize("NFKC", "".join(text.split())).casefold()


def visible_of(*texts: str) -> str:
    """Return the first text that is not empty, without spaces: for a name of punctuation alone."""
    return next(filter(None, map(compatible, texts)), "")
