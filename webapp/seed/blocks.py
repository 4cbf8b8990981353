"""Blocks of plays as columns: times, and JSON up to the time. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import msgspec
import numpy as np
import numpy.typing as npt

Millis = npt.NDArray[np.int64]
Pieces = npt.NDArray[np.object_]


def pieces(parts: Iterable[bytes]) -> Pieces:
    """Return bytes as an array of objects; adding two such arrays joins the bytes element by element."""
    listed = list(parts)
    array: Pieces = np.empty(len(listed), dtype=object)
    array[:] = listed
    return array


def play_head(track: dict[str, Any], place: dict[str, Any], listener: str) -> bytes:
    """Return a play's JSON up to the number of `pressed_at`, which comes last."""
    play = {"track": track, "place": place, "listener": listener, "pressed_at": 0}
    return msgspec.json.encode(play).removesuffix(b"0}")


_FRACTIONS = pieces(b"%03d}\n" % millis for millis in range(1000))


@dataclass(frozen=True, slots=True)
class Block:
    """Plays in the order of their presses, one row each.

    Attributes:
        at_ms: time of the press, milliseconds since the start of the traffic, or since the first play of a file.
        heads: the play's JSON as bytes, up to the number of `pressed_at`.
        number: the line of the file, or the play's number in the traffic, from 1, for error messages.
    """

    at_ms: Millis
    heads: Pieces
    number: Millis

    def __len__(self) -> int:
        return len(self.at_ms)

    def __getitem__(self, rows: slice | npt.NDArray[np.bool_]) -> Self:
        return type(self)(self.at_ms[rows], self.heads[rows], self.number[rows])

    @classmethod
    def of(cls, rows: Iterable[tuple[int, bytes, int]]) -> Self:
        """Return a block of rows of (at_ms, head, number)."""
        at_ms, heads, number = zip(*rows, strict=True) if (rows := list(rows)) else ((), (), ())
        return cls(np.array(at_ms, dtype=np.int64), pieces(heads), np.array(number, dtype=np.int64))

    @classmethod
    def join(cls, blocks: list[Self]) -> Self:
        """Concatenate blocks."""
        if len(blocks) == 1:
            return blocks[0]
        columns = ([getattr(block, name) for block in blocks] for name in ("at_ms", "heads", "number"))
        return cls(*map(np.concatenate, columns)) if blocks else cls.of(())

    def lines(self, pressed_ms: Millis) -> Pieces:
        """Return each play's line of NDJSON, with the given times of the presses in epoch milliseconds."""
        seconds, index = np.unique(pressed_ms // 1000, return_inverse=True)
        whole = pieces(b"%d." % second for second in seconds.tolist())
        lines: Pieces = self.heads + whole[index] + _FRACTIONS[pressed_ms % 1000]
        return lines
