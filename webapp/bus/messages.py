"""What a server and its processes beside it tell each other; `webapp.bus.pipes` carries it."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from webapp.bus.credentials import Access
from webapp.core.fold import FoldRules

STATE, MOMENTS = "UNISON_STATE", "UNISON_MOMENTS"
"""Buckets of what servers share: tokens and the moderation list; shared moments."""


class Start(msgspec.Struct, tag=True):
    """What a process is told first.

    Attributes:
        access: to NATS.
        node: this node's name.
        secret: key of the connection ids.
        rules: of the fold.
        shown_per_s: connections that a filter shows in a second.
        writes: whether the server takes plays in.
        shows: whether it needs the records' data.
        matches: whether it takes part in matching.
        known: the newest record that the server was told, and the stream that it is of; 0 if there is none.
        shares: whether it needs the shared state.
    """

    access: Access
    node: str
    secret: bytes
    rules: FoldRules
    shown_per_s: int
    writes: bool = True
    shows: bool = True
    matches: bool = True
    known: tuple[str, int] = ("", 0)
    shares: bool = True


class Write(msgspec.Struct, tag=True):
    """Plays for the log; `Written` with the same number answers."""

    number: int
    batch: bytes


class Put(msgspec.Struct, tag=True):
    """A value for a key of the shared state; `Stored` with the same number answers.

    Attributes:
        number: of the question.
        bucket: STATE or MOMENTS.
        key: its name.
        value: None erases the key.
        after: the revision that the key must have; 0 if it must not be there.
    """

    number: int
    bucket: str
    key: str
    value: bytes | None
    after: int | None = None


class Get(msgspec.Struct, tag=True):
    """Asks for a shared moment; `Stored` with the same number answers."""

    number: int
    key: str


class Read(msgspec.Struct, tag=True):
    """A question for the records above `after`, up to `upto`; `Found` with the same number answers."""

    number: int
    after: int
    upto: int


ToNode = Start | Write | Read | Put | Get


class Ready(msgspec.Struct, tag=True):
    """The process is connected. It tells the records from `first` on; `newest` is the last one for now.

    Attributes:
        oldest: number of the oldest record that the log has.
    """

    stream: str
    first: int
    newest: int
    oldest: int = 1


class Record(msgspec.Struct, tag=True):
    """A record.

    Attributes:
        seq: its number.
        off_ms: how far the log's time is ahead of this machine's, as far as can be told.
        end_ms: the end of its last slice, epoch milliseconds.
        data: the slice record, with this gazetteer's city indices; empty if the server shows nothing.
        silent: nodes whose plays may be late.
    """

    seq: int
    off_ms: int
    end_ms: int
    data: bytes
    silent: tuple[str, ...] = ()


class Written(msgspec.Struct, tag=True):
    """What became of plays.

    Attributes:
        number: of the `Write`.
        late: how many of them come too late.
        error: why they are not all in the log; empty if they are.
        taken: how many of the first ones are in the log then.
    """

    number: int
    late: int = 0
    error: str = ""
    taken: int = 0


class Condition(msgspec.Struct, tag=True):
    """How the bus is.

    Attributes:
        retries: how often this process had to send a message to the log of plays again.
        copies: how many copies of the log of records are up to date; 0 if it has no leader now.
        copies_wanted: how many there should be.
        plays_bytes: size of the log of plays; 0 if this server does not match.
        plays_max_bytes: its largest size, at which plays are refused.
    """

    retries: int = 0
    copies: int = 0
    copies_wanted: int = 0
    plays_bytes: int = 0
    plays_max_bytes: int = 0


class Following(msgspec.Struct, tag=True):
    """The process that matches has all that was in the logs when it began, and can take over."""


class Found(msgspec.Struct, tag=True):
    """The first of the records that were asked for.

    Attributes:
        number: of the `Read`.
        records: each one's number, and its slice record with this gazetteer's city indices.
        oldest: number of the oldest record, if the log no longer has the first one; else 0.
        error: why they cannot be read now; empty if they can.
    """

    number: int
    records: tuple[tuple[int, bytes], ...] = ()
    oldest: int = 0
    error: str = ""


class Refused(msgspec.Struct, tag=True):
    """The process cannot do its work; a sentence for the operator says why."""

    why: str
    is_final: bool = True


class Changed(NamedTuple):
    """A key's value, and its revision; without a value it was erased."""

    key: str
    value: bytes | None
    revision: int


class State(msgspec.Struct, tag=True):
    """Keys of the shared state that changed.

    Attributes:
        changes: in the order in which they happened.
        begins: all keys follow, until one is `complete`; others are gone.
        complete: all keys were told.
    """

    changes: tuple[Changed, ...]
    begins: bool = False
    complete: bool = False


class Stored(msgspec.Struct, tag=True):
    """The answer to `Put` and `Get`.

    Attributes:
        number: of the question.
        revision: that the key has now.
        value: that it has, of `Get`.
        is_forestalled: it had another revision than was asked for.
        error: why it cannot be told or done now; empty if it can.
    """

    number: int
    revision: int = 0
    value: bytes | None = None
    is_forestalled: bool = False
    error: str = ""


FromNode = Ready | Record | Condition | Written | Following | Found | Refused | State | Stored
