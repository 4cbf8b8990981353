"""Last.fm's scrobbles in CSV, as common export tools write them. Pure.

With a header, columns go by name: mainstream.ghan.nl (`uts,utc_time,artist,...`), lastfmstats.com
(`Artist;Album;AlbumId;Track;Date#user`), Libre.fm. Without one, by place: benfoxall's lastfm-to-csv (artist, album,
track, date) and lastfm-backup-cli (day, time, artist, track).
A header with other names is refused: by place, its columns could be swapped.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from webapp.core.validation import shown
from webapp.histories import times
from webapp.histories.errors import BadEntryError, HistoryError
from webapp.histories.listens import Listen, Skip

_DELIMITERS = (",", ";", "\t")
_ARTIST = ("artist", "artist_name", "artist name", "artistname")
_TITLE = ("track", "title", "name", "track_name", "track name", "trackname", "song")
_TIME = ("uts", "timestamp", "listened_at", "unix", "datetime", "utc_time", "played_at", "date", "time")
"""Names of columns, the most precise first."""
_LINES_TRIED = 20
_NAMES_SHOWN = 10

Row = list[str]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a file's columns are.

    Attributes:
        delimiter: between columns.
        artist: the column's place, as are the others.
        title: the track's name.
        time: or the day, where the clock has a column of its own.
        clock: None if the time is in one column.
        width: columns of a row, None if a header says them.
    """

    delimiter: str
    artist: int
    title: int
    time: int
    clock: int | None = None
    width: int | None = None

    def fits(self, row: Row) -> bool:
        """Tell whether a row has this layout, by its width and its time."""
        return len(row) == self.width and times.is_time(self.time_in(row))

    def time_in(self, row: Row) -> str:
        """Return a row's time as text."""
        return row[self.time] if self.clock is None else f"{row[self.time].strip()} {row[self.clock].strip()}"


_HEADERLESS = tuple(
    partial(Layout, artist=artist, title=title, time=time, clock=clock, width=width)
    for width, artist, title, time, clock in (
        (4, 0, 2, 3, None),  # lastfm-to-csv
        (5, 0, 2, 3, 4),  # the same, its date with a comma and not quoted
        (4, 2, 3, 0, 1),  # lastfm-backup-cli
        (3, 0, 1, 2, None),  # lastfm-to-csv before it had albums
    )
)


def layout_of(lines: list[bytes]) -> tuple[Layout, bool] | None:
    """Return the layout of a file that begins with these lines, and whether it has a header; None if it has none.

    Raises:
        HistoryError: it has a header, but not with the names that are known.
    """
    for delimiter in _DELIMITERS:
        rows = [row for line in lines[:_LINES_TRIED] if (row := _row_or_none(line, delimiter))]
        if rows and (headed := _headed(rows[0], delimiter)):
            return headed, True
        if rows and _is_unknown_header(rows[0], rows[1:]):
            raise HistoryError(_unknown(rows[0]))
        layouts = [make(delimiter) for make in _HEADERLESS]
        if found := next((layout for row in rows for layout in layouts if layout.fits(row)), None):
            return found, False
    return None


def reader(layout: Layout) -> Callable[[bytes], Listen | Skip]:
    """Return what reads a line with that layout."""
    return partial(_read, layout)


def _read(layout: Layout, line: bytes) -> Listen | Skip:
    row = _row(line, layout.delimiter)
    most = max(layout.artist, layout.title, layout.time, layout.clock or 0)
    if len(row) <= most or layout.width not in (None, len(row)):
        raise BadEntryError(f"{len(row)} columns; expected {layout.width or f'at least {most + 1}'}")
    if not (time := layout.time_in(row)).strip():
        return Skip.PLAYING
    return Listen.of(times.of_text(time), row[layout.title], row[layout.artist])


def _row(line: bytes, delimiter: str) -> Row:
    try:
        return next(csv.reader([line.decode("utf-8-sig").rstrip("\r\n")], delimiter=delimiter, strict=True), [])
    except (UnicodeDecodeError, csv.Error) as error:
        reason = "not UTF-8" if isinstance(error, UnicodeDecodeError) else f"not CSV: {error}"
        raise BadEntryError(reason) from error


def _row_or_none(line: bytes, delimiter: str) -> Row | None:
    try:
        return _row(line, delimiter)
    except BadEntryError:
        return None


def _headed(row: Row, delimiter: str) -> Layout | None:
    names = [name.strip().partition("#")[0].lower() for name in row]  # lastfmstats.com adds the user to "Date"
    found = [_first(names, known) for known in (_ARTIST, _TITLE, _TIME)]
    artist, title, time = found
    if artist is None or title is None or time is None:
        return None
    split = names[time] == "date" and "time" in names
    return Layout(delimiter, artist, title, time, names.index("time") if split else None)


def _is_unknown_header(row: Row, others: list[Row]) -> bool:
    """Tell whether a first row names columns: words alone, where other rows of its width have a time."""
    places = {place for other in others if len(other) == len(row) for place in _times_in(other)}
    names = [row[place].strip().partition("#")[0] for place in sorted(places)]
    return bool(names) and not _times_in(row) and all(_is_words(name) for name in names)


def _times_in(row: Row) -> list[int]:
    """Return the places of times; a day and a clock in two columns are one, at the place of the day."""
    pairs = zip(row, [*row[1:], ""], strict=True)
    return [
        place
        for place, (cell, after) in enumerate(pairs)
        if times.is_time(cell) or times.is_time(f"{cell.strip()} {after.strip()}")
    ]


def _is_words(name: str) -> bool:
    return bool(name) and not any(letter.isdigit() for letter in name)


def _unknown(row: Row) -> str:
    names = ", ".join(shown(name.strip()) for name in row[:_NAMES_SHOWN]) + ", …" * (len(row) > _NAMES_SHOWN)
    known = [", ".join(dict.fromkeys(name.split()[0] for name in names)) for names in (_ARTIST, _TITLE, _TIME)]
    return (
        f"its columns are {names}; expected one for the artist ({known[0]}), one for the track ({known[1]}) and one "
        f"for the time ({known[2]})"
    )


def _first(names: list[str], known: tuple[str, ...]) -> int | None:
    return next((names.index(name) for name in known if name in names), None)
