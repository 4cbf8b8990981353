"""The process beside a server that writes its plays to the log, and reads records and shared state for it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable
from contextlib import suppress

from nats.aio.client import Client

from webapp.bus.log import Entry, ForestalledError, FullError, GoneError, UnavailableError
from webapp.bus.messages import (
    MOMENTS,
    STATE,
    Condition,
    Found,
    Get,
    Put,
    Read,
    Ready,
    Record,
    Refused,
    Start,
    Stored,
    ToNode,
    Write,
    Written,
)
from webapp.bus.natslog import NatsLog
from webapp.bus.natsstate import Bucket, SharedState, check_buckets
from webapp.bus.natsstreams import PLAYS, RECORDS, copies_of, first_and_last, log_of, stream_id, stream_of
from webapp.bus.pipes import Pipe
from webapp.bus.processes import serve
from webapp.bus.writer import NotWrittenError, Writer
from webapp.core.recordlog import RecordMessage
from webapp.core.records import SliceRecord
from webapp.gazetteerdata import load_gazetteer

RESUME_RECORDS = 360
"""So many records, those of 90 s at most, are told at the start: those of the last minute, in whole aligned 10 s."""
CONDITION_S = 5.0
"""How often the server is told how the bus is."""
OFF_RECORDS = 8
"""From so many records together it is told how far the bus's time is ahead of this machine's."""


class _Node:
    def __init__(self, client: Client, start: Start, pipe: Pipe[ToNode]) -> None:
        self._client, self._start, self._pipe = client, start, pipe
        self._gazetteer = load_gazetteer()
        self._records: NatsLog = log_of(client, RECORDS)
        lateness_ms = start.rules.lateness_ms
        self._writer = Writer(
            start.node, log_of(client, PLAYS), self._gazetteer, lateness_ms, clock=time.time, now=time.monotonic
        )
        self._shared, self._moments = SharedState(client, pipe.send, self._warn), Bucket(client, MOMENTS)
        self._answers: set[asyncio.Task[None]] = set()
        self._newest = 0  # when this process began
        self._off_ms = deque[int](maxlen=OFF_RECORDS)

    async def run(self) -> None:
        if self._start.shares:
            await check_buckets(self._client)
        stream = await stream_id(self._client, RECORDS)
        first, newest = await first_and_last(self._client, RECORDS)
        self._newest = newest
        begin = max(first, self._first_needed(stream), 1)
        await self._pipe.send(Ready(stream, begin, newest, oldest=max(first, 1)))
        work = [self._tell(begin - 1), self._listen(), self._tell_condition()]
        work += [self._writer.run()] if self._start.writes else []
        work += [self._shared.run()] if self._start.shares else []
        tasks = [asyncio.ensure_future(each) for each in work]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)  # the server is gone for all of them

    def _first_needed(self, stream: str) -> int:
        """Return the number of the first record that the server is told."""
        if not self._start.shows:
            return self._newest + 1
        known_stream, known = self._start.known
        return min(known, self._newest) + 1 if known_stream == stream else self._newest - RESUME_RECORDS

    async def _listen(self) -> None:
        """Take what the server says, until it is gone."""
        while message := await self._pipe.receive():
            if isinstance(message, Write):
                self._answer(self._write(message))
            elif isinstance(message, Read):
                self._answer(self._find(message))
            elif isinstance(message, Put | Get):
                self._answer(self._store(message))

    def _answer(self, finding: Awaitable[Written | Found | Stored]) -> None:
        task = asyncio.create_task(self._send(finding))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _send(self, finding: Awaitable[Written | Found | Stored]) -> None:
        with suppress(OSError):
            await self._pipe.send(await finding)

    async def _warn(self, why: str) -> None:
        await self._pipe.send(Refused(why, is_final=False))

    async def _write(self, message: Write) -> Written:
        try:
            return Written(message.number, await self._writer.write(message.batch))
        except NotWrittenError as error:
            return Written(message.number, error=str(error), taken=error.taken)

    async def _store(self, message: Put | Get) -> Stored:
        try:
            if isinstance(message, Get):
                return Stored(message.number, value=await self._moments.get(message.key))
            put = self._shared.put if message.bucket == STATE else self._moments.put
            return Stored(message.number, await put(message.key, message.value, message.after))
        except ForestalledError as error:
            return Stored(message.number, is_forestalled=True, error=str(error))
        except (UnavailableError, FullError) as error:
            return Stored(message.number, error=str(error))

    async def _find(self, message: Read) -> Found:
        try:
            entries = await self._records.fetch(message.after, message.upto)
        except GoneError as error:
            return Found(message.number, oldest=error.oldest)
        except UnavailableError as error:
            return Found(message.number, error=str(error))
        records = ((entry.seq, RecordMessage.decode(entry.data).slice_record(self._gazetteer)) for entry in entries)
        return Found(message.number, tuple(records))

    async def _tell(self, after: int) -> None:
        """Tell the server each record above a number."""
        while True:
            try:
                entries = await self._records.read(after)
            except GoneError as error:
                await self._pipe.send(Refused(f"records are lost for viewers: {error}", is_final=False))
                return
            for entry in entries:
                await self._pipe.send(self._record(entry))
            after = entries[-1].seq

    async def _tell_condition(self) -> None:
        """Tell the server how the bus is, again and again."""
        known = Condition()
        while True:
            known.copies, known.retries = 0, self._writer.retries
            with suppress(UnavailableError):
                known.copies, known.copies_wanted = copies_of(await stream_of(self._client, RECORDS))
                if self._start.matches:
                    plays = await stream_of(self._client, PLAYS)
                    known.plays_bytes, known.plays_max_bytes = plays.state.bytes, plays.config.max_bytes or 0
            await self._pipe.send(known)
            await asyncio.sleep(CONDITION_S)

    def _record(self, entry: Entry) -> Record:
        message = RecordMessage.decode(entry.data)
        if entry.seq > self._newest:
            self._off_ms.append(entry.log_ms - round(time.time() * 1000))
        off_ms = max(self._off_ms, default=0)  # of the one that was the shortest time on its way
        data = message.slice_record(self._gazetteer) if self._start.shows else b""
        return Record(entry.seq, off_ms, SliceRecord.end_of(message.record), data, message.silent)


async def _work(client: Client, start: Start, pipe: Pipe[ToNode]) -> None:
    await _Node(client, start, pipe).run()


if __name__ == "__main__":
    serve(_work)
