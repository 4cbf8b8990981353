"""A matcher: folds the log of plays, and appends the records that nobody else has appended.

All matchers do the same work. Each waits a little before it appends, the one that appended last the least, so that
usually there is one that does. If two do at once, the log takes one record; the other matcher then follows it.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections import deque
from collections.abc import Callable

from webapp.bus.log import Checkpoint, Checkpoints, ForestalledError, Log, UnavailableError
from webapp.core.fold import Fold
from webapp.core.recordlog import RecordMessage

TURN_S = 0.2
"""How much longer each matcher waits than the one before it."""
TURNS = 3
RETRY_S = 0.05
KEEP_S = 1.0
"""How much of its work a matcher may have to do again."""
SAVE_S = 10.0
PLAYS_S = 3600.0
"""How long the log of plays keeps what a checkpoint covers."""

log = logging.getLogger(__name__)


class BegunAnewError(Exception):
    """An operator had matching begin anew."""


class Matcher:
    """One of the matchers of a log.

    Args:
        name: of its node.
        fold: without any messages yet, or restored.
        plays: the log of plays.
        records: the log of records.
        checkpoints: where it saves what it remembers.
        now: tells seconds that nobody sets.

    Attributes:
        fold: what it folds.
    """

    def __init__(
        self, name: str, fold: Fold, plays: Log, records: Log, checkpoints: Checkpoints, now: Callable[[], float]
    ) -> None:
        self.fold = fold
        self._plays, self._records, self._checkpoints, self._now = plays, records, checkpoints, now
        self._turn = 1 + zlib.crc32(name.encode()) % TURNS
        self._was_mine = False  # the newest record
        self._kept_s = self._saved_s = now()
        self._to_save: Checkpoint | None = None
        self._saved = deque[tuple[float, int]]()  # when, and up to which message of the log of plays
        self._moved = asyncio.Event()

    async def run(self) -> None:
        """Match until cancelled.

        Raises:
            ExceptionGroup: of these:
                DivergedError: this node's rules or data are not those of the log's records.
                BegunAnewError: it must begin with another record.
                GoneError: it is so far behind that the logs lack what it needs; it can begin from a checkpoint.
                MessageError: a message is of a later version.
        """
        async with asyncio.TaskGroup() as tasks:
            for each in (self._follow_plays, self._follow_records, self._propose, self._save):
                tasks.create_task(each())

    async def _follow_plays(self) -> None:
        while True:
            for entry in await self._plays.read(self.fold.taken):
                self.fold.take(*entry)
            self._note_move()

    async def _follow_records(self) -> None:
        while True:
            for entry in await self._records.read(self.fold.record):
                message = RecordMessage.decode(entry.data)
                if message.begins:
                    raise BegunAnewError(f"matching begins anew with record {entry.seq}")
                await self._wait(lambda seq=message.last: self.fold.taken >= seq)  # type: ignore[misc]
                if entry.seq > self.fold.record:  # or it is ours, and was taken in meanwhile
                    self._take_in(entry.seq, message, is_mine=False)

    async def _propose(self) -> None:
        while True:
            while (proposal := self.fold.propose()) is None:
                await self._moved.wait()
            record = self.fold.record
            if await self._is_forestalled(record):
                continue
            try:
                seq = await self._records.append(proposal.encode(), after=record)
            except ForestalledError:
                await self._wait(lambda record=record: self.fold.record > record)  # type: ignore[misc]
            except UnavailableError as error:
                log.warning("cannot append record %d (%s); trying again", record + 1, error)
                await asyncio.sleep(RETRY_S)  # if it is in the log after all, the next try is forestalled
            else:
                if self.fold.record == record:
                    self._take_in(seq, proposal, is_mine=True)
                elif self.fold.record == seq:  # it was read before the answer came
                    self._was_mine = True
                    self._note_move()

    async def _is_forestalled(self, record: int) -> bool:
        """Wait for this matcher's turn; return whether the next record came meanwhile."""
        if self._was_mine:
            return False
        try:
            async with asyncio.timeout(self._turn * TURN_S):
                await self._wait(lambda: self.fold.record > record)
        except TimeoutError:
            return False
        return True

    def _take_in(self, seq: int, message: RecordMessage, *, is_mine: bool) -> None:
        self.fold.apply(seq, message)
        self._was_mine = is_mine
        if self._now() - self._kept_s >= KEEP_S:
            self._to_save = Checkpoint(seq, self.fold.position, self.fold.keep())
            self._kept_s = self._now()
        self._note_move()

    async def _save(self) -> None:
        """Save a checkpoint now and then, if the records are ours."""
        while True:
            await self._wait(self._is_save_due)
            checkpoint, self._to_save, self._saved_s = self._to_save, None, self._kept_s
            assert checkpoint
            try:
                await self._checkpoints.save(checkpoint)
                self._saved.append((self._now(), checkpoint.position))
                await self._trim()
            except UnavailableError as error:
                log.warning("cannot save a checkpoint (%s); the next one is due in %g s", error, SAVE_S)

    def _is_save_due(self) -> bool:
        """Whose record it is may be known only some time after the record, and its answer, was read."""
        return self._was_mine and self._to_save is not None and self._kept_s - self._saved_s >= SAVE_S

    async def _trim(self) -> None:
        """Remove the plays that were used up to a checkpoint of long ago."""
        old = [position for saved_s, position in self._saved if self._now() - saved_s >= PLAYS_S]
        if old:
            await self._plays.purge(old[-1])
            while self._saved and self._saved[0][1] <= old[-1]:
                self._saved.popleft()

    def _note_move(self) -> None:
        """Wake all who wait for what the fold does next."""
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def _wait(self, until: Callable[[], bool]) -> None:
        while not until():
            await self._moved.wait()
