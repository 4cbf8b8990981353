"""The process beside a server that takes part in matching."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress

from nats.aio.client import Client

from webapp.bus.log import Checkpoint, GoneError, Log, UnavailableError
from webapp.bus.matcher import BegunAnewError, Matcher
from webapp.bus.messages import Following, Refused, Start, ToNode
from webapp.bus.natsstreams import PLAYS, RECORDS, NatsCheckpoints, log_of
from webapp.bus.pipes import Pipe
from webapp.bus.processes import serve
from webapp.bus.shared import OtherRulesError, agreed, begun
from webapp.core.fold import DivergedError, Fold
from webapp.core.recordlog import RecordMessage
from webapp.core.versioned import MessageError
from webapp.gazetteerdata import load_gazetteer

RULES_S = 5.0
"""How often the version of the rules is asked for."""
LOOK_S = 0.05
RESET = "if nothing else helps, `unison bus reset` has matching begin anew"

log = logging.getLogger(__name__)


async def _work(client: Client, start: Start, pipe: Pipe[ToNode]) -> None:
    """Match until the server is gone; say why if this node cannot."""
    try:
        await _match(client, start, pipe)
    except Exception as raised:
        error = _first(raised)
        if isinstance(error, OSError | OtherRulesError):
            raise error from raised
        if isinstance(error, BegunAnewError):
            log.warning("%s", error)
            return
        if not isinstance(error, DivergedError | GoneError | MessageError):
            log.error("matching failed", exc_info=raised)
        await pipe.send(Refused(f"cannot match: {error or type(error).__name__}; {RESET}", is_final=False))


def _first(raised: Exception) -> Exception:
    while isinstance(raised, ExceptionGroup):
        raised = raised.exceptions[0]
    return raised


async def _match(client: Client, start: Start, pipe: Pipe[ToNode]) -> None:
    checkpoints, records = NatsCheckpoints(client), log_of(client, RECORDS)
    fold = Fold(load_gazetteer(), start.secret, start.rules)
    await _begin(fold, await begun(client), await checkpoints.newest(), records)
    plays = log_of(client, PLAYS)
    matcher = Matcher(start.node, fold, plays, records, checkpoints, time.monotonic)
    telling = asyncio.ensure_future(_tell_when_following(pipe, fold, await plays.last(), await records.last()))
    matching = asyncio.ensure_future(matcher.run())
    others = [asyncio.ensure_future(pipe.receive()), asyncio.ensure_future(_follow_rules(client, fold))]
    try:
        await asyncio.wait([matching, *others], return_when=asyncio.FIRST_COMPLETED)
        if matching.done():
            matching.result()
    finally:
        for task in (matching, telling, *others):
            task.cancel()


async def _begin(fold: Fold, begun_record: int, checkpoint: Checkpoint | None, records: Log) -> None:
    """Have a fold continue from the newest checkpoint, or where an operator had matching begin anew."""
    if checkpoint and checkpoint.record >= begun_record and _restore(fold, checkpoint):
        return
    if begun_record:
        first, *_ = await records.read(begun_record - 1)
        fold.begin(first.seq, RecordMessage.decode(first.data))


def _restore(fold: Fold, checkpoint: Checkpoint) -> bool:
    try:
        fold.restore(checkpoint.data)
    except ValueError as error:
        log.warning("the checkpoint after record %d does not fit (%s)", checkpoint.record, error)
        return False
    return True


async def _tell_when_following(pipe: Pipe[ToNode], fold: Fold, play: int, record: int) -> None:
    """Tell the server once a fold has these messages of the logs."""
    while fold.taken < play or fold.record < record:
        await asyncio.sleep(LOOK_S)
    await pipe.send(Following())


async def _follow_rules(client: Client, fold: Fold) -> None:
    """Go on by later rules once the bus says so. If they are unknown here, the first record by them tells."""
    while True:
        await asyncio.sleep(RULES_S)
        with suppress(OtherRulesError, UnavailableError):
            fold.want((await agreed(client)).rules.version)


if __name__ == "__main__":
    serve(_work)
