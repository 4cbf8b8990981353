"""Names of places: how they are folded, and two packed tables that find them.

`NameIndex` finds the cities of a name, in a country or anywhere. It holds a million names in 8 MB, because it keeps
hashes instead of names. `Completions` holds the names of the shipped cities as text, for type-ahead and for hints.
"""

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from webapp.core.packing import Texts, from_planes, to_planes, utf8
from webapp.core.textkeys import TextKeys

CITIES_MOST = 1 << 16
"""A city index has 16 bits, in the name index as in columns of plays."""

_ASCII = {code: " " for code in range(128) if not chr(code).isalnum()} | {ord("'"): None, ord("`"): None}
# Letters that have no decomposition, and what they are typed as.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ŧ": "t", "ə": "e", "þ": "th",
                          "æ": "ae", "œ": "oe"})  # fmt: skip
_SHORT = 60
"""Texts up to so many characters are folded one by one, longer ones by their different characters."""
_APOSTROPHES = frozenset("'`´‘’‛′" + "".join(map(chr, range(0x2B9, 0x2E0))))
_ABBREVIATIONS = {"st": "saint", "ste": "sainte", "sankt": "saint", "mt": "mount", "ft": "fort"}


def fold_place(name: str) -> str:
    """Fold a name of a place: no case, diacritics, punctuation or spaces, and "st" is "saint".

    "Saint-Denis", "St. Denis" and "SAINT DENIS" fold to the same. Empty if the name has no letter or digit.
    """
    return joined(words_of(name))


def joined(words: Iterable[str]) -> str:
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
    if len(folded) <= _SHORT:
        return "".join(map(_plain, folded)).split()
    return folded.translate({ord(char): _plain(char) for char in set(folded)}).split()  # "ﷺ" alone folds to 18


def _plain(char: str) -> str:
    # Accents, points and tones have a combining class and are left out; vowel signs of India have none and stay.
    if unicodedata.combining(char) or char in _APOSTROPHES:
        return ""
    return char if unicodedata.category(char)[0] in "LMN" else " "


class NameIndex:
    """Finds the cities that a name can mean, with the region of each bearer; a region implies the country."""

    def __init__(self, arrays: Mapping[str, Any], home: npt.ArrayLike) -> None:
        """Unpack what `pack` made; `home` is the same as there."""
        self._keys = TextKeys(arrays)
        self._target = from_planes(arrays["target"])
        self._region = from_planes(arrays["region"]) ^ _homes(home)[self._target]

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, folded: str, within: range | None = None) -> list[tuple[int, int]]:
        """Return (city index, region index) of each bearer of the name; empty if unknown.

        Args:
            folded: the name, as `fold_place` folds it.
            within: the regions of one country; its bearers are in order, the best first. None for all countries,
                one after another.
        """
        first, past = self._keys.rows(folded)
        regions = self._region[first:past].tolist()
        if within is not None:
            begin = bisect_left(regions, within.start)
            regions = regions[begin : bisect_left(regions, within.stop, begin)]
            first += begin
        return list(zip(self._target[first : first + len(regions)].tolist(), regions, strict=True))

    @staticmethod
    def pack(
        salt: int, key: Sequence[int], target: npt.ArrayLike, region: npt.ArrayLike, home: npt.ArrayLike
    ) -> dict[str, Any]:
        """Return arrays to store; regions as their XOR with the city's own region.

        The rows of a name are in the order of the countries, and those of a country the best first.
        """
        away = np.asarray(region, dtype=np.uint16) ^ _homes(home)[np.asarray(target)]
        return TextKeys.pack(salt, key) | {"target": to_planes(target, "<u2"), "region": to_planes(away, "<u2")}


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


class Spellings:
    """The other names of each city as people write them, in the order in which GeoNames has them."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        """Unpack what `pack` made."""
        self._texts = Texts(arrays["text"], from_planes(arrays["length"]))

    def __getitem__(self, city: int) -> list[str]:
        return self._texts[city].split("\n")

    @staticmethod
    def pack(names: Iterable[Iterable[str]]) -> dict[str, Any]:
        """Return arrays to store for the other names of each city."""
        text, length = Texts.pack("\n".join(each) for each in names)
        return {"text": text, "length": length}


def _homes(home: npt.ArrayLike) -> npt.NDArray[np.uint16]:
    """Return the region of each city index."""
    return np.asarray(home, dtype=np.uint16)
