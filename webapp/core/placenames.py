"""Names of places: how they are folded, and two packed tables that find them.

`NameIndex` finds the city of a name in a country. It holds a million names in 8 MB, because it keeps hashes
instead of names. `Completions` holds the names of the shipped cities as text, for type-ahead and for hints.
"""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

from webapp.core.packing import Texts, from_planes, to_planes, utf8

KEY_BYTES = 5
_FIRST_BITS = 16
_REST_BITS = 8 * KEY_BYTES - _FIRST_BITS
_REST = (1 << _REST_BITS) - 1
CITIES_MOST = 1 << 16
"""A city index has 16 bits, in the name index as in columns of plays."""

_ASCII = {code: " " for code in range(128) if not chr(code).isalnum()} | {ord("'"): None, ord("`"): None}
# Letters that have no decomposition, and what they are typed as.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ŧ": "t", "ə": "e", "þ": "th",
                          "æ": "ae", "œ": "oe"})  # fmt: skip
_APOSTROPHES = frozenset("'`´‘’‛′" + "".join(map(chr, range(0x2B9, 0x2E0))))
_ABBREVIATIONS = {"st": "saint", "ste": "sainte", "sankt": "saint", "mt": "mount", "ft": "fort"}


def fold_place(name: str) -> str:
    """Fold a name of a place: no case, diacritics, punctuation or spaces, and "st" is "saint".

    "Saint-Denis", "St. Denis" and "SAINT DENIS" fold to the same. Empty if the name has no letter or digit.
    """
    return joined(words_of(name))


def joined(words: list[str]) -> str:
    """Join folded words of a name as `fold_place` does."""
    return "".join(_ABBREVIATIONS.get(word, word) for word in words)


def fold_words(text: str) -> str:
    """Fold as `fold_place`, with a space between words and "st" as it is, for the search of names of any kind."""
    return " ".join(words_of(text))


def words_of(name: str) -> list[str]:
    """Return the folded words of a name: no case, diacritics or punctuation."""
    folded = name.casefold()
    if folded.isascii():
        return folded.translate(_ASCII).split()
    # Normalize twice: case folding can compose, and decomposing can bring capitals back.
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", folded).casefold()).translate(_LETTERS)
    return "".join(map(_plain, folded)).split()


def _plain(char: str) -> str:
    # Accents, points and tones have a combining class and are left out; vowel signs of India have none and stay.
    if unicodedata.combining(char) or char in _APOSTROPHES:
        return ""
    return char if unicodedata.category(char)[0] in "LMN" else " "


def name_key(country_code: str, folded: str, salt: int) -> int:
    """Return the hash of a folded name in a country; the salt is chosen so that no two names of the index collide."""
    text = utf8(f"{country_code}\x1f{folded}")
    return int.from_bytes(blake2b(text, digest_size=KEY_BYTES, salt=bytes([salt])).digest(), "big")


class NameIndex:
    """Finds the cities that a name in a country can mean, best first, with the region of each bearer."""

    def __init__(self, arrays: Mapping[str, Any], home: npt.ArrayLike) -> None:
        """Unpack what `pack` made; `home` is the same as there."""
        self._salt = int(arrays["salt"])
        keys = np.cumsum(from_planes(arrays["key"]), dtype=np.int64)
        # Of a million keys, a few share their first bits: a search among these alone touches little memory.
        self._starts = keys.searchsorted(np.arange((1 << _FIRST_BITS) + 1) << _REST_BITS)
        self._rest = (keys & _REST).astype(np.uint32)
        self._target = from_planes(arrays["target"])
        self._region = from_planes(arrays["region"]) ^ _homes(home)[self._target]

    def __len__(self) -> int:
        return len(self._rest)

    def find(self, country_code: str, folded: str) -> list[tuple[int, int]]:
        """Return (city index, region index) of each bearer of the name, best first; empty if unknown."""
        key = name_key(country_code, folded, self._salt)
        first, past = self._starts[key >> _REST_BITS : (key >> _REST_BITS) + 2].tolist()
        rest, among = key & _REST, self._rest[first:past].tolist()
        rows = slice(first + bisect_left(among, rest), first + bisect_right(among, rest))
        return list(zip(self._target[rows].tolist(), self._region[rows].tolist(), strict=True))

    @staticmethod
    def pack(
        salt: int, key: npt.ArrayLike, target: npt.ArrayLike, region: npt.ArrayLike, home: npt.ArrayLike
    ) -> dict[str, Any]:
        """Return arrays to store: keys, ascending, as differences; regions as their XOR with the city's own region."""
        steps = np.diff(np.asarray(key, dtype=np.int64), prepend=0)
        away = np.asarray(region, dtype=np.uint16) ^ _homes(home)[np.asarray(target)]
        return {
            "salt": np.uint8(salt),
            "key": to_planes(steps, "<u4" if steps.max(initial=0) < 1 << 32 else "<u8"),
            "target": to_planes(target, "<u2"),
            "region": to_planes(away, "<u2"),
        }


class Completions:
    """Finds cities by the beginning of a name. It knows for each name whether it is the city's own."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        """Unpack what `pack` made."""
        self._names = Texts(arrays["text"], from_planes(arrays["length"]))
        self._target = from_planes(arrays["of"])
        self._own: npt.NDArray[np.bool_] = np.unpackbits(arrays["own"], count=len(self._names)).astype(bool)

    def exact(self, folded: str) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.bool_]]:
        """Return the city indices of a name, and for each whether it is the city's own name."""
        return self._rows(utf8(folded), utf8(folded) + b"\0")

    def starting(self, folded: str) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.bool_]]:
        """Return likewise for all names that begin so; a city may occur several times."""
        return self._rows(utf8(folded), utf8(folded) + b"\xff")

    def _rows(self, first: bytes, past: bytes) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.bool_]]:
        places, name = range(len(self._names)), self._names.encoded
        rows = slice(bisect_left(places, first, key=name), bisect_left(places, past, key=name))
        return self._target[rows], self._own[rows]

    @staticmethod
    def pack(rows: list[tuple[str, int, bool]]) -> dict[str, Any]:
        """Return arrays to store for rows of (folded name, city index, is own name)."""
        rows = sorted(rows, key=lambda row: (utf8(row[0]), *row[1:]))
        text, length = Texts.pack(name for name, _, _ in rows)
        of, own = to_planes([row[1] for row in rows], "<u2"), np.packbits(np.array([row[2] for row in rows]))
        return {"text": text, "length": length, "of": of, "own": own}


def _homes(home: npt.ArrayLike) -> npt.NDArray[np.uint16]:
    """Return the region of each city index."""
    return np.asarray(home, dtype=np.uint16)
