"""The process beside a server that takes part in matching."""

from __future__ import annotations

import asyncio
import logging
import time

from nats.aio.client import Client

from webapp.bus.log import Checkpoint, GoneError
from webapp.bus.matcher import Matcher
from webapp.bus.messages import Refused, Start, ToNode
from webapp.bus.natsstreams import PLAYS, RECORDS, NatsCheckpoints, log_of
from webapp.bus.pipes import Pipe
from webapp.bus.processes import serve
from webapp.core.fold import DivergedError, Fold
from webapp.core.versioned import MessageError
from webapp.gazetteerdata import load_gazetteer

log = logging.getLogger(__name__)


async def _work(client: Client, start: Start, pipe: Pipe[ToNode]) -> None:
    """Match until the server is gone; say why if this node cannot."""
    checkpoints = NatsCheckpoints(client)
    fold = Fold(load_gazetteer(), start.secret, start.rules)
    if newest := await checkpoints.newest():
        _restore(fold, newest)
    matcher = Matcher(start.node, fold, log_of(client, PLAYS), log_of(client, RECORDS), checkpoints, time.monotonic)
    matching = asyncio.ensure_future(matcher.run())
    gone = asyncio.ensure_future(pipe.receive())
    try:
        await asyncio.wait([matching, gone], return_when=asyncio.FIRST_COMPLETED)
        if matching.done():
            matching.result()
    except* (DivergedError, GoneError, MessageError) as group:
        await pipe.send(Refused(f"cannot match: {group.exceptions[0]}", is_final=False))
    finally:
        for task in (matching, gone):
            task.cancel()


def _restore(fold: Fold, checkpoint: Checkpoint) -> None:
    try:
        fold.restore(checkpoint.data)
    except ValueError as error:
        log.warning("the checkpoint after record %d does not fit (%s)", checkpoint.record, error)


if __name__ == "__main__":
    serve(_work)
