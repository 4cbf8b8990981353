"""Reads a file of plays of any length, line by line, for a replay."""

import heapq
import math
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import msgspec

from webapp.histories.textlines import LINE_BYTES, Counted, Readable, cut_lines
from webapp.seed.blocks import Block

LOOKAHEAD = 10_000
"""By how many lines a line may be out of order; a line further behind is skipped."""

CHUNK = 1_000
"""Plays in a block."""

Entry = tuple[int, int, bytes]
"""Time of the press (epoch milliseconds), line number from 1, JSON up to the number of `pressed_at`."""

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


class BadLineError(ValueError):
    """A line is not a play; the message says why."""


def read_line(line: bytes) -> tuple[int, bytes]:
    """Return a play's time (epoch milliseconds), and its JSON with `pressed_at` last, up to that number.

    The other fields are not checked; the server does that.

    Raises:
        BadLineError: it is not a JSON object, or has no valid `pressed_at`.
    """
    if len(line) > LINE_BYTES:
        raise BadLineError(f"longer than {LINE_BYTES:,} bytes")
    try:
        members = _members.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadLineError(f"not a JSON object: {error}") from error
    pressed_ms = _millis(members.pop("pressed_at", None))
    rest = b"".join(b"%b:%b," % (msgspec.json.encode(name), bytes(value)) for name, value in members.items())
    return pressed_ms, b'{%b"pressed_at":' % rest


def _millis(raw: msgspec.Raw | None) -> int:
    if raw is None:
        raise BadLineError("no pressed_at")
    try:
        pressed_s = msgspec.json.decode(raw, type=float)
    except msgspec.MsgspecError as error:
        shown = bytes(raw)[:40].decode("utf-8", "replace")
        raise BadLineError(f"pressed_at is {shown}, not epoch seconds") from error
    if pressed_s > 1e11:
        raise BadLineError(f"pressed_at {pressed_s:.0f} looks like milliseconds; it is epoch seconds")
    if not math.isfinite(pressed_s) or pressed_s < 0:
        raise BadLineError(f"pressed_at {pressed_s} is not epoch seconds")
    return round(pressed_s * 1000)


def read_lines(lines: Iterable[bytes], on_error: Callable[[int, str], None]) -> Iterator[Entry]:
    """Yield the plays of a file; call `on_error` with the number of each line that is not a play, and the reason."""
    for number, line in enumerate(lines, 1):
        if line.isspace():
            continue
        try:
            pressed_ms, head = read_line(line)
        except BadLineError as error:
            on_error(number, str(error))
            continue
        yield pressed_ms, number, head


def in_order(
    entries: Iterable[Entry], on_error: Callable[[int, str], None], lookahead: int = LOOKAHEAD
) -> Iterator[Entry]:
    """Yield entries in the order of their presses; call `on_error` for those more than `lookahead` lines late."""
    source = iter(entries)
    heap = list(islice(source, lookahead))
    heapq.heapify(heap)
    last_ms = -1
    for entry in _drain(heap, source):
        if entry[0] < last_ms:
            on_error(entry[1], f"pressed {(last_ms - entry[0]) / 1000:.3f} s before a play {lookahead:,} lines earlier")
            continue
        last_ms = entry[0]
        yield entry


def _drain(heap: list[Entry], source: Iterator[Entry]) -> Iterator[Entry]:
    for entry in source:
        yield heapq.heappushpop(heap, entry)
    while heap:
        yield heapq.heappop(heap)


def blocks(entries: Iterable[Entry]) -> Iterator[Block]:
    """Yield blocks of ascending entries, with times relative to the first."""
    source, first_ms = iter(entries), None
    while rows := list(islice(source, CHUNK)):
        first_ms = rows[0][0] if first_ms is None else first_ms
        yield Block.of((pressed_ms - first_ms, head, number) for pressed_ms, number, head in rows)


class Lines:
    """The lines of an open file, with the progress of reading."""

    def __init__(self, file: Readable, size: int) -> None:
        """Start at the file's first byte; `size` is its length in bytes, 0 if unknown."""
        self._file, self._size, self._count = Counted(file), size, 0

    def share(self, number: int) -> float | None:
        """Return the share of the file before line `number` (0 to 1), None without a size.

        It assumes lines of equal length, because sorting reads ahead of that line.
        """
        return self._file.count / self._size * number / self._count if self._size and self._count else None

    def __iter__(self) -> Iterator[bytes]:
        """Yield lines; cut those that are too long to be a play."""
        for line in cut_lines(self._file):
            self._count += 1
            yield line
