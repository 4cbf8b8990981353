"""Takes JSON apart while it is read: the elements of an array of any length, one by one, in bounded memory.

Streaming parsers make objects of whatever stands in a file, however long it is. This one only finds where an element
ends; msgspec reads the element. So one element too long, or broken, costs only itself.
"""

import re
from collections.abc import Callable, Iterator

import msgspec

from webapp.histories.errors import BadEntryError

ELEMENT_BYTES = 8_000_000
"""Of an element; the largest known ones are pages of 1,000 tracks, about 1 MB."""
LOST_MOST = 1_000
"""So often the scanner looks for the next element after a broken one."""

_CHUNK = 1 << 16
_DEPTH_MOST = 3
_BOM = b"\xef\xbb\xbf"
_SPACE = re.compile(rb"[ \t\r\n]*+")
_TO_BRACKET = re.compile(rb'(?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+")*+[{}\[\]]', re.DOTALL)
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_SCALAR = re.compile(rb'[^ \t\r\n,:"{}\[\]]++')
_SEAM = re.compile(rb"\}[ \t\r\n]*+,[ \t\r\n]*+\{")
_SEAM_MOST = 64
"""Bytes of a seam that may lie across two reads."""
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])

Members = dict[str, msgspec.Raw]


class CutShortError(Exception):
    """The file ends inside a value."""


class TooLongError(Exception):
    """A value is longer than ELEMENT_BYTES."""


def members_of(element: bytes | msgspec.Raw) -> Members:
    """Return the members of a JSON object.

    Raises:
        BadEntryError: it is none.
    """
    try:
        return _members.decode(element)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadEntryError(f"not a JSON object: {error}") from error


def is_object(value: msgspec.Raw) -> bool:
    """Tell whether a JSON value is an object."""
    return bytes(value).startswith(b"{")


class Scanner:
    """Reads JSON from a file, value by value."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        """Start at the file's first byte; `read` returns up to so many bytes."""
        self._read = read
        self._data, self._at, self._started = b"", 0, False
        self._lost = 0

    def enter(self, names: frozenset[str], depth: int = 0) -> bool:
        """Go to the first element of the array: the file's, or that of the first member with such a name, or in it."""
        opening = self._peek()
        self._at += len(opening)
        if opening != b"{" or depth == _DEPTH_MOST:
            return opening == b"["
        try:
            return self._enter_member(names, depth)
        except (CutShortError, TooLongError):
            return False

    def elements(self) -> Iterator[bytes | BadEntryError]:
        """Yield the elements of the array that was entered; an error for each that is no JSON object."""
        while (head := self._next()) not in (b"]", b"") and self._lost <= LOST_MOST:
            yield self._element()
        if not head:
            yield BadEntryError("the file ends here, before the list does")
        elif head != b"]":
            yield BadEntryError("too much of the file is broken; the rest is not read")

    def _enter_member(self, names: frozenset[str], depth: int) -> bool:
        while (name := self._member()) is not None:
            if name in names and self._peek() in (b"[", b"{"):
                return self.enter(names, depth + 1)
            self._value()
        return False

    def _next(self) -> bytes:
        """Go to the next element or to the array's end, and return its first byte."""
        while (head := self._peek()) == b"," or (self._lost and head not in (b"{", b"")):
            self._at += 1
        if not head and self._lost:
            return b"]"  # where it is lost, it cannot tell the array's end
        return head

    def _element(self) -> bytes | BadEntryError:
        try:
            element = self._value()
        except (CutShortError, TooLongError) as error:
            self._resume(self._at)
            return BadEntryError(f"longer than {ELEMENT_BYTES:,} bytes" if error.args else "its end is missing")
        try:
            members_of(element)
        except BadEntryError as error:
            if seam := _SEAM.search(element):
                self._resume(self._at - len(element) + seam.start())
            return error
        return element

    def _resume(self, start: int) -> None:
        """Go to where an object ends and another one begins, from a position in the data on."""
        self._at, self._lost = start, self._lost + 1
        while (seam := _SEAM.search(self._data, self._at)) is None:
            self._at = max(self._at, len(self._data) - _SEAM_MOST)
            if not self._more():
                self._at = len(self._data)
                return
        self._at = seam.start() + 1

    def _member(self) -> str | None:
        """Go to the value of an object's next member, and return its name; None at the object's end."""
        while (head := self._peek()) in (b",", b":"):
            self._at += 1
        if head != b'"':
            return None
        try:
            name = msgspec.json.decode(self._value(), type=str)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        while self._peek() == b":":
            self._at += 1
        return name

    def _value(self) -> bytes:
        """Return the JSON of the next value.

        Raises:
            CutShortError: the file ends inside it.
            TooLongError: it is longer than ELEMENT_BYTES.
        """
        head = self._peek()
        length = self._nested() if head in (b"{", b"[") else self._plain(_STRING if head == b'"' else _SCALAR)
        start = self._at
        self._at += length
        return self._data[start : self._at]

    def _nested(self) -> int:
        """Return the length of an object or array."""
        depth = length = 0
        while not length or depth:
            if found := _TO_BRACKET.match(self._data, self._at + length):
                length = found.end() - self._at
                depth += 1 if found[0][-1:] in (b"{", b"[") else -1
            else:
                self._grow()
        return length

    def _plain(self, pattern: re.Pattern[bytes]) -> int:
        """Return the length of a string, number or word; 1 for what is none."""
        while True:
            found = pattern.match(self._data, self._at)
            if found and (pattern is _STRING or found.end() < len(self._data)):
                return found.end() - self._at
            try:
                self._grow()
            except CutShortError:
                if pattern is _STRING:
                    raise
                return len(found[0]) if found else 1

    def _peek(self) -> bytes:
        """Go to the next byte that is no space, and return it; nothing at the file's end."""
        while True:
            found = _SPACE.match(self._data, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._data):
                return self._data[self._at : self._at + 1]
            if not self._more():
                return b""

    def _grow(self) -> None:
        if len(self._data) - self._at > ELEMENT_BYTES:
            raise TooLongError(ELEMENT_BYTES)
        if not self._more():
            raise CutShortError

    def _more(self) -> bool:
        """Forget what is behind, and read as much again as is kept; return whether there was more."""
        kept = self._data[self._at :]
        more = self._read(max(_CHUNK, len(kept)))
        self._data, self._at = kept + more, 0
        if not self._started:
            self._data, self._started = self._data.removeprefix(_BOM), True
        return bool(more)
