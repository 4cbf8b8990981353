"""Has matching begin anew where an operator wants it: a record that says so, and where matchers look for it."""

from __future__ import annotations

from typing import NamedTuple

from nats.aio.client import Client

from webapp.bus.log import ForestalledError, FullError, Log, UnavailableError
from webapp.bus.natsstreams import PLAYS, RECORDS, first_and_last, log_of
from webapp.bus.shared import Agreement, agreed, note_begun, replace_agreement
from webapp.core.cuts import Cut
from webapp.core.playlog import LogMessage
from webapp.core.plays import SLICE_MS, plays_in
from webapp.core.recordlog import RecordMessage, beginning


class Standing(NamedTuple):
    """Where the logs stand.

    Attributes:
        record: number of the newest record.
        slice: its last slice; 0 if there is no record.
        position: number of the newest message of the log of plays.
        messages: how many messages are in no record.
        lost: how many plays they hold, as far as they can be read.
        unreadable: how many of them cannot be read.
        gone: how many messages before these are in no record, and no longer in the log.
    """

    record: int
    slice: int
    position: int
    messages: int
    lost: int
    unreadable: int
    gone: int


async def look(client: Client) -> Standing:
    """Return where the logs stand.

    Raises:
        GoneError: messages were removed meanwhile.
        MessageError: the newest record cannot be read.
        OtherRulesError: no server has used the bus yet.
        UnavailableError: that cannot be told now.
    """
    await agreed(client)
    (_, record), (first, position) = await first_and_last(client, RECORDS), await first_and_last(client, PLAYS)
    cut = await _last_cut(log_of(client, RECORDS), record)
    after = cut.seq if cut.seq <= position else 0  # the log of plays was created anew
    begin = max(after, first - 1)
    lost, unreadable = await _plays(log_of(client, PLAYS), begin, position)
    return Standing(record, cut.slice, position, position - begin, lost, unreadable, begin - after)


async def begin(client: Client, found: Standing, mine: Agreement | None = None) -> int:
    """Append the record, at the time of the bus, and return its number.

    Args:
        client: connected.
        found: where the logs stand.
        mine: what all nodes need from then on, if that changes.

    Raises:
        UnavailableError: matching may begin anew, or not.
    """
    try:
        rules, now_ms = (mine or await agreed(client)).rules, await log_of(client, PLAYS).now_ms()
        due = (now_ms - rules.lateness_ms) // SLICE_MS
        message = beginning(rules.version, Cut(max(found.slice + 1, due), found.position, now_ms), found.lost)
        seq = await log_of(client, RECORDS).append(message.encode(), after=found.record)
        await note_begun(client, seq)
        if mine:
            await replace_agreement(client, mine)
    except ForestalledError as error:
        raise UnavailableError("a server wrote a record meanwhile, so nothing changed; run this again") from error
    except (FullError, UnavailableError) as error:
        raise UnavailableError(f"{error}; matching may not have begun anew: run this again") from error
    return seq


async def _last_cut(records: Log, record: int) -> Cut:
    if not record:
        return Cut(0, 0, 0)
    newest, *_ = await records.read(record - 1)
    return RecordMessage.decode(newest.data).cuts[-1]


async def _plays(plays: Log, after: int, upto: int) -> tuple[int, int]:
    """Return how many plays are in the messages above a number, up to another one, and how many cannot be read."""
    count = unreadable = 0
    while after < upto:
        for entry in await plays.read(after):
            if entry.seq <= upto:
                try:
                    count += sum(plays_in(batch.data) for batch in LogMessage.decode(entry.data).batches)
                except ValueError:
                    unreadable += 1
            after = entry.seq
    return count, unreadable
