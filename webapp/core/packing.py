"""How columns of numbers and of texts are stored, so that they compress well and load fast."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt


def to_planes(values: npt.ArrayLike, dtype: str) -> npt.NDArray[np.uint8]:
    """Split numbers into byte planes, which compress better.

    Raises:
        ValueError: a value does not fit into the type.
    """
    exact = np.asarray(values, dtype=np.int64)
    packed = exact.astype(dtype)
    if not np.array_equal(packed, exact):
        raise ValueError(f"a value does not fit into {dtype}")
    return np.ascontiguousarray(packed.view(np.uint8).reshape(len(packed), packed.itemsize).T)


def from_planes(planes: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
    """Join what `to_planes` made of unsigned numbers."""
    return np.ascontiguousarray(planes.T).view(f"<u{len(planes)}")[:, 0]


def utf8(text: str) -> bytes:
    """Encode a text; a lone surrogate, which UTF-8 lacks, is kept too."""
    return text.encode("utf-8", "surrogatepass")


class Texts:
    """A column of texts in one block of UTF-8: a text is decoded when it is asked for."""

    def __init__(self, block: npt.NDArray[np.uint8], lengths: npt.NDArray[Any]) -> None:
        """Unpack what `pack` made; `lengths` are the bytes of each text."""
        self._block = block.tobytes()
        self._ends: npt.NDArray[np.uint32] = np.cumsum(lengths, dtype=np.uint32)

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, row: int) -> str:
        return self.encoded(row).decode()

    def encoded(self, row: int) -> bytes:
        """Return one text as UTF-8."""
        return self._block[self._ends[row - 1] if row else 0 : self._ends[row]]

    @staticmethod
    def pack(texts: Iterable[str]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """Return the block, and the lengths as byte planes."""
        each = list(map(utf8, texts))
        return np.frombuffer(b"".join(each), np.uint8), to_planes([len(text) for text in each], "<u2")
