"""Reads JSON that may be wrong: tells where it stops being JSON, and reads each element of a list by itself."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

_STRING_OR_CONSTANT = re.compile(r'"(?:[^"\\]++|\\.)*+"|(-?Infinity|NaN)', re.DOTALL)
_LIST_START = re.compile(r"\s*+\[[ \t\n\r]*+(?!\])", re.ASCII)
_COMMA = re.compile(r"[ \t\n\r]*+,[ \t\n\r]*+")
_LIST_END = re.compile(r"[ \t\n\r]*+(\]\s*+)?", re.ASCII)
TOO_DEEP: Final = object()
"""The value of an element that is nested too deeply to read."""
_FOLLOWED = "there is something after the value (for one play per line, use application/x-ndjson)"
_WINDOW = 1 << 12
_STEP = np.zeros(256, np.int8)
_STEP[list(b"[{")], _STEP[list(b"]}")] = 1, -1
_DIGITS_MOST = 300  # a longer whole number is beyond all floats, and slow to read


class NotJsonError(ValueError):
    """Bytes that are not JSON.

    Attributes:
        problem: what is wrong.
        at: the byte at which it is, from 0.
    """

    def __init__(self, problem: str, at: int) -> None:
        super().__init__(f"{problem} at byte {at}")
        self.problem = problem
        self.at = at

    def within(self, body: bytes) -> str:
        """Return a sentence for a person, given the body that `at` counts in."""
        before = body[: self.at]
        line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        return f"the body is not JSON: {self.problem} at byte {len(before)} (line {line}, column {column})"


def decoded(data: bytes) -> str:
    """Return bytes as text; raise a NotJsonError if they are not UTF-8."""
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError as error:
        raise NotJsonError(f"0x{data[error.start]:02x} is not UTF-8", error.start) from None


def loads(data: bytes) -> Any:
    """Return the value of JSON. Lone surrogates are read, and of duplicate keys the last counts.

    Raises:
        NotJsonError: it is not JSON.
        RecursionError: it is nested too deeply to read.
    """
    text = decoded(data)
    try:
        return _DECODER.decode(text)
    except (json.JSONDecodeError, _ConstantError) as error:
        raise _not_json(error, text) from None


def elements(text: str) -> Iterator[tuple[str, Any]]:
    """Yield the elements of a JSON list: the text of each and its value, which may be `TOO_DEEP`.

    Raises:
        NotJsonError: an element is not JSON, the list does not end, or something follows it.
    """
    read, separator, end = _DECODER.raw_decode, _LIST_START.match(text), text.index("[") + 1
    while separator:
        start = separator.end()
        try:
            value, end = read(text, start)
        except RecursionError:
            value, end = TOO_DEEP, _end_of_brackets(text, start)
        except (json.JSONDecodeError, _ConstantError) as error:
            raise _not_json(error, text, start) from None
        yield text[start:end], value
        separator = _COMMA.match(text, end)
    if (last := _LIST_END.match(text, end)) and (not last[1] or last.end() < len(text)):
        raise NotJsonError(_FOLLOWED if last[1] else "Expecting ',' delimiter", _byte(text, last.end()))


def _end_of_brackets(text: str, start: int) -> int:
    """Return where the list or object ends that begins at a character, by counting brackets in ever larger windows."""
    end = start
    while end < len(text):
        end = min(start + max(_WINDOW, 2 * (end - start)), len(text))
        closed = np.flatnonzero(_depths(text[start:end]) == 0)
        if len(closed):
            return start + int(closed[0]) + 1
    raise NotJsonError("the list does not end", _byte(text, len(text)))


def _depths(text: str) -> npt.NDArray[np.int32]:
    """Return how many brackets are open after each character, those in strings aside."""
    # Backslashes occur in strings only; with escaped ones and escaped quotes masked, each quote opens or closes one.
    masked = text.encode("ascii", "replace").replace(rb"\\", b"__").replace(rb"\"", b"__")
    letters = np.frombuffer(masked, np.uint8)
    outside = np.bitwise_xor.accumulate((letters == ord('"')).view(np.uint8)) == 0
    return np.cumsum(_STEP[letters] * outside, dtype=np.int32)


class _ConstantError(Exception):
    pass


def _refuse(constant: str) -> Any:
    raise _ConstantError(constant)


def _whole(digits: str) -> float:
    return int(digits) if len(digits) <= _DIGITS_MOST else math.copysign(math.inf, -1 if digits[0] == "-" else 1)


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_int=_whole)


def _not_json(error: json.JSONDecodeError | _ConstantError, text: str, start: int = 0) -> NotJsonError:
    """Return the error of a text that was read from a character on."""
    if isinstance(error, json.JSONDecodeError):
        return NotJsonError(_described(error), _byte(text, error.pos))
    # Up to there it is JSON, so its strings end. What follows is not looked at: an open string there would cost a
    # search to the end of the body for each quote in it.
    at = next(found.start() for found in _STRING_OR_CONSTANT.finditer(text, start) if found[1])
    return NotJsonError(f"{error} is not a JSON number", _byte(text, at))


def _byte(text: str, at: int) -> int:
    return len(text[:at].encode())


def _described(error: json.JSONDecodeError) -> str:
    """Return the problem without json's position, and with a hint if several values follow one another."""
    if error.msg == "Extra data":
        return _FOLLOWED
    return error.msg.removesuffix(" at").removesuffix(" starting")
