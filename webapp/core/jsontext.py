"""Reading JSON that may be wrong: where it stops being JSON, and the elements of a list each for itself."""

import json
import math
import re
from typing import Any

import numpy as np

_STRING_OR_CONSTANT = re.compile(rb'"(?:[^"\\]++|\\.)*+"|(-?Infinity|NaN)', re.DOTALL)
_DIGITS_MOST = 300  # a longer whole number is beyond what a float holds, and slow to read
_STEP = np.zeros(256, np.int8)
_STEP[list(b"[{")], _STEP[list(b"]}")] = 1, -1


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
    """Return bytes as text; a NotJsonError where they are not UTF-8."""
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError as error:
        raise NotJsonError(f"0x{data[error.start]:02x} is not UTF-8", error.start) from None


def loads(data: bytes) -> Any:
    """Return what JSON says, lone surrogates included; of duplicate keys the last counts.

    Raises:
        NotJsonError: it is not JSON.
        RecursionError: it is nested too deeply to read.
    """
    text = decoded(data)
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise NotJsonError(_described(error), len(text[: error.pos].encode())) from None
    except _ConstantError as error:
        # Up to there it is JSON, so its strings end. What follows is not looked at: an open string there would cost a
        # search to the end of the body for each quote in it.
        at = next(found.start() for found in _STRING_OR_CONSTANT.finditer(data) if found[1])
        raise NotJsonError(f"{error} is not a JSON number", at) from None


class _ConstantError(Exception):
    pass


def _refuse(constant: str) -> Any:
    raise _ConstantError(constant)


def _whole(digits: str) -> float:
    return int(digits) if len(digits) <= _DIGITS_MOST else math.copysign(math.inf, -1 if digits[0] == "-" else 1)


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_int=_whole)


def _described(error: json.JSONDecodeError) -> str:
    """Say it without json's position, and with what helps where several values follow one another."""
    if error.msg == "Extra data":
        return "there is something after the value (for one play per line, use application/x-ndjson)"
    return error.msg.removesuffix(" at").removesuffix(" starting")


def elements(body: bytes, most: int) -> tuple[list[int], list[bytes]]:
    """Split a JSON list into its first elements without reading them: so one that cannot be read costs no other.

    Args:
        body: a list, after whitespace if any.
        most: how many elements are wanted.

    Returns:
        The bytes at which they begin, and their bytes.

    Raises:
        NotJsonError: the list does not end, or something follows it.
    """
    # Backslashes occur in strings only; with escaped ones and escaped quotes masked, each quote opens or closes one.
    masked = np.frombuffer(body.replace(rb"\\", b"__").replace(rb"\"", b"__"), np.uint8)
    outside = np.bitwise_xor.accumulate((masked == ord('"')).view(np.uint8)) == 0
    depth = np.cumsum(_STEP[masked] * outside, dtype=np.int32)
    ends = np.flatnonzero((depth == 0) & (masked == ord("]")) & outside)
    if not len(ends):
        raise NotJsonError("the list does not end", len(body))
    end = int(ends[0])
    if rest := body[end + 1 :].lstrip():
        raise NotJsonError("there is something after the list", len(body) - len(rest))
    commas = np.flatnonzero((depth[:end] == 1) & (masked[:end] == ord(",")) & outside[:end])[:most].tolist()
    starts = [body.index(b"[") + 1, *(comma + 1 for comma in commas)][:most]
    return starts, [body[start:stop] for start, stop in zip(starts, [*commas, end], strict=False)]
