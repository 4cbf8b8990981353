"""Recognises a listening history by its content. Pure."""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import msgspec

from webapp.histories import lastfm, lastfmcsv, listenbrainz, maloja, multiscrobbler, spotify
from webapp.histories.errors import BadEntryError
from webapp.histories.jsonscan import Members, Scanner, members_of
from webapp.histories.listens import Listen, Reader, Skip
from webapp.histories.textlines import LINE_BYTES, Readable, cut_lines

HEAD_BYTES = 1 << 16
"""What a file is recognised by."""

_TRIED = 50
"""So many entries at the beginning may be broken, or of no known form."""
_LISTS = frozenset({"scrobbles", "data", "recenttracks", "track", "payload", "listens"})
"""Names of the members that hold entries: Maloja's, lastfmstats.com's, multi-scrobbler's, Last.fm's, ListenBrainz's."""

Numbered = tuple[int, Listen | Skip | BadEntryError]
Entry = tuple[int, bytes | BadEntryError]


@dataclass(frozen=True, slots=True)
class Form:
    """How a file's entries are found and read.

    Attributes:
        name: what the file is, for a sentence.
        read: reads an entry.
        noun: what an entry's number counts: "entry", "line", "row".
        entries: finds the entries of an open file, with their numbers.
    """

    name: str
    read: Reader
    noun: str
    entries: Callable[[Readable], Iterator[Entry]]

    def listens(self, file: Readable) -> Iterator[Numbered]:
        """Yield what a file says, with the number of each entry."""
        for number, entry in self.entries(file):
            yield number, entry if isinstance(entry, BadEntryError) else self._read(entry)

    def _read(self, entry: bytes) -> Listen | Skip | BadEntryError:
        try:
            return self.read(entry)
        except BadEntryError as error:
            return error
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return BadEntryError(str(error))


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    fits: Callable[[Members], bool]
    read: Reader


def _has(*names: str) -> Callable[[Members], bool]:
    return lambda members: members.keys() >= set(names)


_PAGES = _Kind("Last.fm's scrobbles", lastfm.is_page, lastfm.read)
_KINDS = (
    _Kind("Spotify's extended history", _has("ts", "ms_played"), spotify.read),
    _Kind("Spotify's history of a year", _has("endTime", "msPlayed"), spotify.read_short),
    _Kind("ListenBrainz's export", _has("track_metadata"), listenbrainz.read),
    _Kind("multi-scrobbler's plays", multiscrobbler.fits, multiscrobbler.read),
    _PAGES,
    _Kind("Maloja's export", _has("time", "track"), maloja.read),
    _Kind("Last.fm's scrobbles", _has("artist", "track", "date"), lastfm.read_stats),
    _Kind("Last.fm's scrobbles", _has("artist", "name", "date"), lastfm.read),
    _Kind("Last.fm's scrobbles", _has("artist", "name", "@attr"), lastfm.read),
)


def recognise(head: bytes) -> Form | None:
    """Return the form of a file that begins so, HEAD_BYTES of it; None if it is no known history.

    Raises:
        HistoryError: it is CSV whose columns have unknown names.
    """
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"{":
        return _of_list(text) or _of_lines(text)
    return _of_list(text) if text[:1] == b"[" else _of_csv(head)


def _of_lines(head: bytes) -> Form | None:
    """Return the form of JSON Lines; a line that is cut off, or one of Unison's plays, is of no kind."""
    kind = _kind_among(line for line in head.splitlines() if line.strip())
    return Form(kind.name, kind.read, "line", _lines) if kind and kind is not _PAGES else None


def _of_list(head: bytes) -> Form | None:
    scanner = Scanner(io.BytesIO(head).read)
    if not scanner.enter(_LISTS) or (kind := _kind_among(scanner.elements())) is None:
        return None
    return Form(kind.name, kind.read, "entry", partial(_elements, is_paged=kind is _PAGES))


def _of_csv(head: bytes) -> Form | None:
    lines = [line for line in head.splitlines() if line.strip()]
    if (found := lastfmcsv.layout_of(lines)) is None:
        return None
    layout, has_header = found
    lines_of = partial(_lines, headers=int(has_header))
    return Form("Last.fm's scrobbles", lastfmcsv.reader(layout), "line", lines_of)


def _kind_among(entries: Iterable[bytes | BadEntryError]) -> _Kind | None:
    """Return the kind of the first entry that has one."""
    for entry, _ in zip(entries, range(_TRIED), strict=False):
        if not isinstance(entry, BadEntryError) and (kind := _kind_of(entry)):
            return kind
    return None


def _kind_of(entry: bytes) -> _Kind | None:
    try:
        members = members_of(entry)
        return None if "pressed_at" in members else next((kind for kind in _KINDS if kind.fits(members)), None)
    except BadEntryError:
        return None


def _lines(file: Readable, headers: int = 0) -> Iterator[Entry]:
    for number, line in enumerate(cut_lines(file), 1):
        if not line.strip(b" \t\r\n\xef\xbb\xbf"):
            continue
        if headers:
            headers -= 1
        elif len(line) > LINE_BYTES:
            yield number, BadEntryError(f"longer than {LINE_BYTES:,} bytes")
        else:
            yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line


def _elements(file: Readable, *, is_paged: bool) -> Iterator[Entry]:
    scanner = Scanner(file.read)
    scanner.enter(_LISTS)
    yield from enumerate(lastfm.tracks_of(scanner.elements()) if is_paged else scanner.elements(), 1)
