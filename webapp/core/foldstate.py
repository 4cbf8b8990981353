"""What a fold remembers: after a record, and of the records and messages since."""

from __future__ import annotations

import msgspec

from webapp.core.cuts import Cut, CutterState
from webapp.core.playlog import LogMessage

STATE_VERSION = 1


class Entry(msgspec.Struct, frozen=True):
    """A message of the log of plays, with its number and time stamp."""

    seq: int
    log_ms: int
    message: LogMessage


class Folded(msgspec.Struct, frozen=True):
    """A record since the last snapshot: what it takes to make it once more."""

    rules: str
    cuts: tuple[Cut, ...]
    entries: list[Entry]


class FoldState(msgspec.Struct, frozen=True, array_like=True):
    """All that a fold remembers after a record.

    Attributes:
        version: of this struct and all that is in it.
        rules: the version of the rules.
        record: number of the record.
        position: number of the last message that counts for it.
        cutter: the state of the rule then.
        slicer: the slicer's snapshot; empty before the first slice.
    """

    version: int
    rules: str
    record: int
    position: int
    cutter: CutterState
    slicer: bytes
