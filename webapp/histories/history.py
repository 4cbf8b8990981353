"""Reads a listening history to its end: sorts it by time, and counts what is left out.

The memory that it takes is bounded, however large the file is or whatever a zip file unpacks to.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import file_digest
from itertools import groupby
from typing import Protocol

import msgspec

from webapp.histories.errors import BadEntryError, HistoryError
from webapp.histories.listens import Listen, Skip
from webapp.histories.sorting import Sorter
from webapp.histories.sources import Source, Sources
from webapp.histories.textlines import Counted

LISTENS_MOST = 5_000_000
"""28 years without a pause, in songs of three minutes."""
GAP_MOST_MS = 86_400_000
"""A longer time between two listens is replayed as one day."""
TELL_EACH = 1_000
"""Entries between reports of progress."""
_NAME_MOST = 80

Row = tuple[int, int, bytes, int]
"""Time (epoch milliseconds), seconds of precision, track as JSON, number."""


class Reports(Protocol):
    """Is told what happens while a history is read."""

    def malformed(self, place: str, reason: str) -> None:
        """Take note of an entry that cannot be read, such as "line 5"."""
        ...

    def progress(self, listens: int, share: float) -> bool:
        """Take note of the listens so far, and of the share that was read (0 to 1); return False to stop."""
        ...


@dataclass(slots=True)
class Counts:
    """What a history brought.

    Attributes:
        listens: those to be replayed.
        skipped: entries in order that are left out, by reason.
        malformed: entries that cannot be read.
        first_ms: when the first listen began, epoch milliseconds.
        last_ms: when the last one began.
        span_ms: from the first to the last, with long gaps shortened.
    """

    listens: int = 0
    skipped: Counter[Skip] = field(default_factory=Counter)
    malformed: int = 0
    first_ms: int = 0
    last_ms: int = 0
    span_ms: int = 0


class History:
    """The listens of an open file, in order of time.

    Attributes:
        counts: filled by `read`.
    """

    def __init__(self, sources: Sources, reports: Reports) -> None:
        """Prepare to read."""
        self._sources, self._reports, self._sorter = sources, reports, Sorter()
        self._starts: list[int] = []
        self._number = 0
        self.counts = Counts()

    def read(self) -> bool:
        """Read all listens; return False if the reports asked to stop.

        Raises:
            HistoryError: the file cannot be read to its end, or is too long.
        """
        size, done = sum(source.size for source in self._sources.found) or 1, 0
        for source in self._sources.found:
            if not self._read_source(source, done, size):
                return False
            done += source.size
        self._measure()
        return True

    def close(self) -> None:
        """Delete the temporary files."""
        self._sorter.close()

    def digest(self) -> str:
        """Return 32 letters and digits that depend on the file's content alone."""
        self._sources.file.seek(0)
        return file_digest(self._sources.file, "blake2b").hexdigest()[:32]

    def place(self, number: int) -> str:
        """Return what an entry's number stands for: "line 5", "entry 12 of endsong_3.json"."""
        index = bisect_right(self._starts, number - 1) - 1
        source = self._sources.found[index]
        where = f" of {_shown(source.name)}" if source.name else ""
        return f"{source.form.noun} {number - self._starts[index]}{where}"

    def plays(self, place: bytes, listener: str) -> Iterator[tuple[int, int, bytes]]:
        """Yield each listen as (time, number, a play's JSON up to the number of `pressed_at`).

        Times are milliseconds since the first listen, with long gaps shortened.

        Args:
            place: the play's place, as JSON.
            listener: the opaque id of the one who listened.
        """
        about = b'"place":%b,"listener":%b' % (place, msgspec.json.encode(listener))
        at_ms, last_ms = 0, self.counts.first_ms
        for listened_ms, within_s, track, number in self._rows():
            at_ms, last_ms = at_ms + min(listened_ms - last_ms, GAP_MOST_MS), listened_ms
            yield at_ms, number, b'{"track":%b,%b,"within_s":%d,"pressed_at":' % (track, about, within_s)

    def _read_source(self, source: Source, done: int, size: int) -> bool:
        start = self._number
        self._starts.append(start)
        with self._sources.opened(source) as file:
            counted = Counted(file)
            for number, listen in source.form.listens(counted):
                self._number = start + number
                self._take(listen)
                share = (done + counted.count) / size
                if number % TELL_EACH == 0 and not self._reports.progress(self.counts.listens, share):
                    return False
        return True

    def _take(self, listen: Listen | Skip | BadEntryError) -> None:
        if isinstance(listen, BadEntryError):
            self.counts.malformed += 1
            self._reports.malformed(self.place(self._number), str(listen))
        elif isinstance(listen, Skip):
            self.counts.skipped[listen] += 1
        elif self.counts.listens == LISTENS_MOST:
            raise HistoryError(f"it has more than {LISTENS_MOST:,} plays")
        else:
            self.counts.listens += 1
            self._sorter.add(_row(listen, self._number))

    def _rows(self) -> Iterator[Row]:
        """Yield each listen once."""
        for row, same in groupby(self._sorter.rows(), lambda row: row.rpartition(b" ")[0]):
            at_ms, within_s, track = row.split(b" ", 2)
            yield int(at_ms), int(within_s), track, int(next(same).rpartition(b" ")[2])

    def _measure(self) -> None:
        counts, listens = self.counts, 0
        for at_ms, *_ in self._rows():
            if not listens:
                counts.first_ms = counts.last_ms = at_ms
            counts.span_ms += min(at_ms - counts.last_ms, GAP_MOST_MS)
            counts.last_ms, listens = at_ms, listens + 1
        if counts.listens > listens:
            counts.skipped[Skip.REPEATED] = counts.listens - listens
        counts.listens = listens


def _row(listen: Listen, number: int) -> bytes:
    """Return a listen as a row that sorts by time, then by track."""
    track = {"title": listen.title, "artist": listen.artist}
    if listen.recording:
        track["recording"] = listen.recording
    return b"%013d %02d %b %d" % (listen.at_ms, listen.within_s, msgspec.json.encode(track), number)


def _shown(name: str) -> str:
    """Return a file's name without its folders, safe to print."""
    base = name.rpartition("/")[2][-_NAME_MOST:]
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in base)
