"""Names of places: how they are folded, and two packed tables that find them.

`NameIndex` finds the city of a name in a country. It holds half a million names in 4 MB, because it keeps hashes
instead of names. `Completions` holds the names of the shipped cities as text, for type-ahead and for hints.
"""

import unicodedata
from bisect import bisect_left
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

KEY_BYTES = 5
NO_CITY = 0xFFFF
"""Target of a name that is known but has no city of the gazetteer near it."""

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
    return "".join(_ABBREVIATIONS.get(word, word) for word in _words(name))


def fold_typed(text: str) -> str:
    """Fold text that is being typed: as `fold_place`, but "st" stays, as it may become "Stockholm"."""
    return "".join(_words(text))


def fold_words(text: str) -> str:
    """Fold as `fold_typed`, with a space between words, for the search of names of any kind."""
    return " ".join(_words(text))


def _words(name: str) -> list[str]:
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
    text = f"{country_code}\x1f{folded}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=KEY_BYTES, salt=bytes([salt])).digest(), "big")


class NameIndex:
    """Finds the cities that a name in a country can mean, best first, with the region of each bearer."""

    def __init__(self, arrays: Mapping[str, Any], home: npt.ArrayLike) -> None:
        """Unpack what `pack` made; `home` is the same as there."""
        self._salt = int(arrays["salt"])
        self._key: npt.NDArray[np.int64] = np.cumsum(_from_planes(arrays["key"]), dtype=np.int64)
        self._target = _from_planes(arrays["target"])
        self._region = _from_planes(arrays["region"]) ^ _homes(home)[self._target]

    def __len__(self) -> int:
        return len(self._key)

    def find(self, country_code: str, folded: str) -> list[tuple[int, int]]:
        """Return (city index or NO_CITY, region index) of each bearer of the name, best first; empty if unknown."""
        key = name_key(country_code, folded, self._salt)
        start, end = int(self._key.searchsorted(key)), int(self._key.searchsorted(key + 1))
        return list(zip(self._target[start:end].tolist(), self._region[start:end].tolist(), strict=True))

    @staticmethod
    def pack(
        salt: int, key: npt.ArrayLike, target: npt.ArrayLike, region: npt.ArrayLike, home: npt.ArrayLike
    ) -> dict[str, Any]:
        """Return arrays to store: keys, ascending, as differences; regions as their XOR with the city's own region."""
        steps = np.diff(np.asarray(key, dtype=np.int64), prepend=0)
        away = np.asarray(region, dtype=np.uint16) ^ _homes(home)[np.asarray(target)]
        return {
            "salt": np.uint8(salt),
            "key": _to_planes(steps, "<u4" if steps.max(initial=0) < 1 << 32 else "<u8"),
            "target": _to_planes(target, "<u2"),
            "region": _to_planes(away, "<u2"),
        }


class Completions:
    """Finds cities by the beginning of a name. It knows for each name whether it is the city's own."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        """Unpack what `pack` made."""
        self._text: bytes = arrays["text"].tobytes()
        self._ends: npt.NDArray[np.uint32] = np.cumsum(_from_planes(arrays["length"]), dtype=np.uint32)
        self._target = _from_planes(arrays["of"])
        self._own: npt.NDArray[np.bool_] = np.unpackbits(arrays["own"], count=len(self._ends)).astype(bool)

    def exact(self, folded: str) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.bool_]]:
        """Return the city indices of a name, and for each whether it is the city's own name."""
        return self._rows(_bytes(folded), _bytes(folded) + b"\0")

    def starting(self, folded: str) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.bool_]]:
        """Return likewise for all names that begin so; a city may occur several times."""
        return self._rows(_bytes(folded), _bytes(folded) + b"\xff")

    def _rows(self, first: bytes, past: bytes) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.bool_]]:
        places = range(len(self._ends))
        rows = slice(bisect_left(places, first, key=self._name), bisect_left(places, past, key=self._name))
        return self._target[rows], self._own[rows]

    def _name(self, row: int) -> bytes:
        return self._text[self._ends[row - 1] if row else 0 : self._ends[row]]

    @staticmethod
    def pack(rows: list[tuple[str, int, bool]]) -> dict[str, Any]:
        """Return arrays to store for rows of (folded name, city index, is own name)."""
        rows = sorted(rows, key=lambda row: (_bytes(row[0]), *row[1:]))
        names = [_bytes(name) for name, _, _ in rows]
        return {"text": np.frombuffer(b"".join(names), np.uint8), "length": _to_planes([len(n) for n in names], "<u2"),
                "of": _to_planes([row[1] for row in rows], "<u2"),
                "own": np.packbits(np.array([row[2] for row in rows]))}  # fmt: skip


def _homes(home: npt.ArrayLike) -> npt.NDArray[np.uint16]:
    """Return the region of each city index; 0 for NO_CITY."""
    regions = np.zeros(NO_CITY + 1, dtype=np.uint16)
    regions[: np.size(home)] = home
    return regions


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _to_planes(values: npt.ArrayLike, dtype: str) -> npt.NDArray[np.uint8]:
    """Split numbers into byte planes, which compress better."""
    exact = np.asarray(values, dtype=np.int64)
    packed = exact.astype(dtype)
    if not np.array_equal(packed, exact):
        raise ValueError(f"a value does not fit into {dtype}")
    return np.ascontiguousarray(packed.view(np.uint8).reshape(len(packed), -1).T)


def _from_planes(planes: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
    return np.ascontiguousarray(planes.T).view(f"<u{len(planes)}")[:, 0]
