"""A packed index of texts: it keeps a hash of each text instead of the text, and finds the rows of one."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

from webapp.core.packing import from_planes, to_planes, utf8

KEY_BYTES = 5
_FIRST_BITS = 16
_REST_BITS = 8 * KEY_BYTES - _FIRST_BITS
_REST = (1 << _REST_BITS) - 1


class TextKeys:
    """Finds which rows have a text, among rows in the order of the texts' hashes."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        """Unpack what `pack` made."""
        self._salt = bytes([int(arrays["salt"])])
        keys = np.cumsum(from_planes(arrays["key"]), dtype=np.int64)
        # Of a million keys, a few share their first bits: a search among these alone touches little memory.
        self._starts = keys.searchsorted(np.arange((1 << _FIRST_BITS) + 1) << _REST_BITS).astype(np.uint32)
        self._rest = (keys & _REST).astype(np.uint32)

    def __len__(self) -> int:
        return len(self._rest)

    def rows(self, text: str) -> tuple[int, int]:
        """Return the first row that has a text, and the row past the last one."""
        key = text_key(text, self._salt)
        first, past = self._starts[key >> _REST_BITS : (key >> _REST_BITS) + 2].tolist()
        rest, among = key & _REST, self._rest[first:past].tolist()
        begin = bisect_left(among, rest)
        return first + begin, first + bisect_right(among, rest, begin)

    @staticmethod
    def pack(salt: int, keys: Sequence[int] | npt.NDArray[np.int64]) -> dict[str, Any]:
        """Return arrays to store for the key of each row, ascending; they are stored as differences."""
        steps = np.diff(np.asarray(keys, dtype=np.int64), prepend=0)
        wide = "<u4" if steps.max(initial=0) < 1 << 32 else "<u8"
        return {"salt": np.uint8(salt), "key": to_planes(steps, wide)}


def text_key(text: str, salt: bytes) -> int:
    """Return the hash of a text; the salt is chosen so that no two texts of an index collide."""
    return int.from_bytes(blake2b(utf8(text), digest_size=KEY_BYTES, salt=salt).digest(), "big")


def salted(texts: Iterable[str]) -> tuple[int, list[tuple[int, str]]]:
    """Return the first salt that gives all texts different keys, and (key, text) of each, ascending.

    Raises:
        ValueError: no salt does.
    """
    wanted = list(texts)
    for salt in range(256):
        keys = {text_key(text, bytes([salt])): text for text in wanted}
        if len(keys) == len(wanted):
            return salt, sorted(keys.items())
    raise ValueError("no salt gives all texts different keys: lengthen KEY_BYTES")
