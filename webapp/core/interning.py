"""Interning: remembers which number raw bytes stand for, in bounded memory."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from webapp.core.validation import FieldError

MOST_BYTES = 48 << 20
_RAW_MOST = 8 << 10
_ENTRY_BYTES = 250  # what a dictionary's entry and two small objects take beside their contents

Numbers = npt.NDArray[np.int64]


class InternTable(dict[bytes, int]):
    """The number that raw bytes stand for, found when they first occur. Errors are not kept."""

    def __init__(self, find: Callable[[bytes], int], most_bytes: int = MOST_BYTES) -> None:
        """Start empty.

        Args:
            find: returns the number, or raises a FieldError.
            most_bytes: about how much memory the table may take; beyond it the next look-up empties the table first.
        """
        super().__init__()
        self._find = find
        self._most = most_bytes
        self._bytes = 0

    def number(self, raw: bytes) -> int:
        """Return the number of one; see `find`.

        Raises:
            FieldError: `raw` stands for none.
        """
        if self._bytes > self._most:
            self.forget()
        return self[raw]

    def find(self, raws: Sequence[bytes]) -> tuple[Numbers, dict[int, FieldError]]:
        """Return the number of each of raws, shape (raws,), and the errors by their place, where the number is 0."""
        if self._bytes > self._most:
            self.forget()
        try:
            return np.fromiter(map(self.__getitem__, raws), np.int64, len(raws)), {}
        except FieldError:
            return self._find_each(raws)

    def forget(self) -> None:
        """Empty the table."""
        self.clear()
        self._bytes = 0

    def _find_each(self, raws: Sequence[bytes]) -> tuple[Numbers, dict[int, FieldError]]:
        numbers, faults = np.zeros(len(raws), np.int64), {}
        for place, raw in enumerate(raws):
            try:
                numbers[place] = self[raw]
            except FieldError as error:
                faults[place] = error.bare()
        return numbers, faults

    def __missing__(self, raw: bytes) -> int:
        number = self._find(raw)
        if len(raw) <= _RAW_MOST:
            self._bytes += _ENTRY_BYTES + len(raw)
            self[raw] = number
        return number


class InternedTexts(InternTable):
    """An `InternTable` for raw bytes that stand for texts: equal texts have one number."""

    def __init__(self, find: Callable[[bytes], bytes], most_bytes: int = MOST_BYTES) -> None:
        """Start empty; `find` returns the text, or raises a FieldError."""
        super().__init__(lambda raw: self._number(find(raw)), most_bytes)
        self._numbers: dict[bytes, int] = {}
        self.texts: list[bytes] = []
        """The texts by number."""

    def forget(self) -> None:
        """Empty the table; numbers start at 0 again."""
        super().forget()
        self._numbers.clear()
        self.texts.clear()

    def _number(self, text: bytes) -> int:
        number = self._numbers.setdefault(text, len(self._numbers))
        if number == len(self.texts):
            self.texts.append(text)
            self._bytes += _ENTRY_BYTES + len(text)
        return number
