"""The checks of a bus for `unison doctor`: is it there, and do its servers and their clocks agree?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

from nats.aio.client import Client

from webapp.bus.credentials import Access, CredentialsError
from webapp.bus.log import Entry, UnavailableError
from webapp.bus.messages import MOMENTS, STATE
from webapp.bus.natsclient import closed, connected
from webapp.bus.natsstreams import PLAYS, RECORDS, bucket_stream, copies_of, log_of, stream_of
from webapp.bus.shared import OtherRulesError, agreed, agreement, compare
from webapp.core.counted import counted
from webapp.core.fold import FoldRules
from webapp.core.marks import CLOCK_OFF_MS
from webapp.core.playlog import LogMessage
from webapp.core.recordlog import RecordMessage

STREAMS = (PLAYS, RECORDS, bucket_stream(STATE), bucket_stream(MOMENTS))
LISTEN_S = 2.5
"""Servers say something four times a second."""
RECORDS_AGO_S = 5.0

Result = tuple[bool, str]


def check(bus: Access, rules: FoldRules, shown_per_s: int, secret: bytes) -> list[Result]:
    """Return the result of each check: whether it passed, and a sentence."""
    return asyncio.run(_check(bus, rules, shown_per_s, secret))


async def _check(bus: Access, rules: FoldRules, shown_per_s: int, secret: bytes) -> list[Result]:
    try:
        client = await connected(bus, "unison doctor")
    except (CredentialsError, UnavailableError) as error:
        return [(False, f"bus: {error}")]
    try:
        theirs = await agreed(client)
        compare(agreement(rules, shown_per_s, secret), theirs)
        return [
            (True, f"bus: settings as those of the bus, which matches by the rules {theirs.rules.version}"),
            *[await _copies(client, stream) for stream in STREAMS],
            await _newest_record(client),
            *clocks(await _heard(client)),
        ]
    except (OtherRulesError, UnavailableError) as error:
        return [(False, f"bus: {error}")]
    finally:
        await closed(client)


async def _copies(client: Client, stream: str) -> Result:
    current, wanted = copies_of(await stream_of(client, stream))
    return current >= wanted, f"bus: {current} of {counted(wanted, 'copy', 'copies')} of {stream} are up to date"


async def _newest_record(client: Client) -> Result:
    records = log_of(client, RECORDS)
    newest = await records.last()
    if not newest:
        return True, "bus: no record yet"
    entry = (await records.read(newest - 1))[0]
    ago_s = time.time() - entry.log_ms / 1000
    silent = RecordMessage.decode(entry.data).silent
    told = f"bus: the newest record is {newest:,}, {max(0.0, ago_s):.1f} s old"
    if silent:
        return False, f"{told}; no message from {', '.join(silent)}"
    return ago_s < RECORDS_AGO_S, told


async def _heard(client: Client) -> list[Entry]:
    """Listen to the log of plays for a while."""
    plays, found = log_of(client, PLAYS), list[Entry]()
    newest = await plays.last()
    with suppress(TimeoutError):
        async with asyncio.timeout(LISTEN_S):
            while True:
                found += await plays.read(found[-1].seq if found else newest)
    return found


def clocks(heard: Sequence[Entry]) -> Iterator[Result]:
    """Tell how far the clocks of the servers are apart that wrote messages to the log of plays.

    A message is some milliseconds on its way, and its mark is never later than its server's clock. So what is least
    between both is how far that clock is behind the log's.
    """
    behind_ms: dict[str, int] = {}
    for entry in heard:
        message = LogMessage.decode(entry.data)
        behind_ms[message.node] = min(entry.log_ms - message.mark_ms, behind_ms.get(message.node, 1 << 40))
    if not behind_ms:
        yield False, f"bus: no server wrote to {PLAYS} in {LISTEN_S:g} s"
        return
    first, last = min(behind_ms, key=behind_ms.__getitem__), max(behind_ms, key=behind_ms.__getitem__)
    apart_s = (behind_ms[last] - behind_ms[first]) / 1000
    yield True, f"bus: {counted(len(behind_ms), 'server')} wrote to {PLAYS}: {', '.join(sorted(behind_ms))}"
    if len(behind_ms) > 1:
        yield apart_s < CLOCK_OFF_MS / 1000, f"bus: the clock of {last} is {apart_s:.2f} s behind that of {first}"
    off = max(behind_ms.values(), key=abs)
    yield abs(off) < CLOCK_OFF_MS, f"bus: clocks are within {abs(off) / 1000:.2f} s of that of NATS"
