"""Finds the listening histories in a file: one, or those in a zip file."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from webapp.histories import archives, multiscrobblerdb, spotify
from webapp.histories.archives import Archive
from webapp.histories.errors import HistoryError
from webapp.histories.forms import HEAD_BYTES, Form, recognise
from webapp.histories.textlines import Readable

EXPECTED = "expected plays as NDJSON, or an export of Spotify, ListenBrainz, Last.fm, Maloja or multi-scrobbler"
_NO_TEXT = {b"\x1f\x8b": "it is packed with gzip; unpack it first", b"\xff\xfe": "it is UTF-16; save it as UTF-8"}


@dataclass(frozen=True, slots=True)
class Source:
    """A file with listens.

    Attributes:
        name: its name in the zip file; empty if it is alone.
        form: how it is read.
        size: bytes, unpacked.
    """

    name: str
    form: Form
    size: int


@dataclass(frozen=True, slots=True)
class Sources:
    """The histories in an open file.

    Attributes:
        file: the file.
        archive: what it is, if a zip file.
        found: at least one.
        others: how many files of the archive are left out.
    """

    file: BufferedReader
    archive: Archive | None
    found: tuple[Source, ...]
    others: int = 0

    @property
    def name(self) -> str:
        """What the file is, such as "Spotify's extended history"."""
        return " and ".join(dict.fromkeys(source.form.name for source in self.found))

    @contextmanager
    def opened(self, source: Source) -> Iterator[Readable]:
        """Open one of the histories at its start."""
        if self.archive is None:
            self.file.seek(0)
            yield self.file
            return
        with self.archive.opened(source.name) as file:
            yield file


def find(path: Path, file: BufferedReader) -> Sources | None:
    """Return the histories in an open file; None, with the file at its start, if it may be one of Unison's plays.

    Raises:
        HistoryError: it is neither, or is damaged.
    """
    if not file.seekable():
        return None
    head = file.read(HEAD_BYTES)
    size = file.seek(0, 2)
    if head.startswith(archives.MAGIC):
        return _in_archive(file)
    is_database = head.startswith(multiscrobblerdb.MAGIC)
    form = multiscrobblerdb.form_of(path) if is_database else recognise(head)
    file.seek(0)
    if form is None and (reason := _no_plays(head)):
        raise HistoryError(f"{reason}; {EXPECTED}")
    return Sources(file, None, (Source("", form, size),)) if form else None


def no_plays(file: BufferedReader) -> str | None:
    """Return why an open file, which `find` took for one of plays, has no line of JSON at its start; None if it has."""
    if not file.seekable():
        return None
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if any(line.lstrip(b"\xef\xbb\xbf \t").startswith(b"{") for line in head.splitlines()):
        return None
    return f"it is {'no known listening history' if head.strip() else 'empty'}; {EXPECTED}"


def _in_archive(file: BufferedReader) -> Sources:
    archive = Archive(file)
    names = archive.files()
    forms = [(name, _form_in(archive, name), size) for name, size in names]
    found = _without_doubles([Source(name, form, size) for name, form, size in forms if form])
    if not found:
        raise HistoryError(f"no file in the zip file is a listening history; {EXPECTED}")
    return Sources(file, archive, tuple(found), len(names) - len(found))


def _form_in(archive: Archive, name: str) -> Form | None:
    with archive.opened(name) as file:
        head = file.read(HEAD_BYTES)
    try:
        return recognise(head)
    except HistoryError:
        return None  # a table of something else


def _without_doubles(found: list[Source]) -> list[Source]:
    """Leave out Spotify's short history beside its extended one, which has the same plays."""
    if any(source.form.read is spotify.read for source in found):
        return [source for source in found if source.form.read is not spotify.read_short]
    return found


def _no_plays(head: bytes) -> str | None:
    """Return why a file cannot be one of plays, as the beginning of a sentence; None if it can."""
    if head.startswith(multiscrobblerdb.MAGIC):
        return "it is a database, but not multi-scrobbler's"
    if head.lstrip().startswith(b"[") and b'"pressed_at"' not in head:
        return "it is a JSON array of an unknown kind"
    return _NO_TEXT.get(head[:2])
