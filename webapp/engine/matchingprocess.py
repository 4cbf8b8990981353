"""Matching in a process of its own, which another one takes over from when it is lost, without losing a play.

Whoever asks keeps what the process was asked since its last snapshot. The next process loads that snapshot and is asked
the same once more: as a slicer does the same with the same, nobody can tell by the records. A batch over which two
processes are lost is set aside, and matching goes on without it.
"""

from __future__ import annotations

import logging
import os
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Self

import gevent
import msgspec

from webapp.core.plays import plays_in
from webapp.engine.childprocess import Child, LostError
from webapp.engine.matching import Closed, Due, Fresh, Load, Question, Save, Start

log = logging.getLogger(__name__)

MODULE = "webapp.engine.matching"
ANSWER_S = 20.0
"""Of processor time; a process that takes longer for one answer is stuck."""
SAVE_S, SAVE_MOST_S = 1.0, 5.0
SAVE_SHARE = 0.03
"""So long after a snapshot the next one is made, the later the longer they take: at most this share of the time."""
RETRY_S = 1.0
TAKE_OVERS_MOST = 5
"""So many processes in a row may be lost while they load a snapshot; then matching begins anew."""


def _file_in_memory() -> int:
    """Return the descriptor of a new file without a name, in memory where the system has such."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("unison snapshot")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


class _Suspect(msgspec.Struct):
    """What a process is to be asked, and over how many processes it was lost."""

    due: Due
    lost_over: int = 0


class MatchingProcess:
    """A slicer in a process of its own.

    Args:
        secret: returns the key of the connection ids, once the process starts.
        window_ms: how far apart two presses may lie to be together, inclusive.
        lateness_ms: how long a slice waits after its end.
        privacy_k: see `Slicer`.
        save_s: how long after a snapshot the next one is made.
        save_share: which share of the time snapshots may take.

    Attributes:
        lost: how many plays were lost, by reason.
    """

    def __init__(
        self,
        secret: Callable[[], bytes],
        window_ms: int,
        lateness_ms: int = 0,
        privacy_k: int = 0,
        *,
        save_s: float = SAVE_S,
        save_share: float = SAVE_SHARE,
    ) -> None:
        self.lost = Counter(dict.fromkeys(("set_aside", "no_snapshot", "left_out"), 0))
        self._files: list[int] = []

        def start() -> Start:
            return Start(secret(), window_ms, lateness_ms, privacy_k)

        self.child = Child("matching", MODULE, start, Closed, ANSWER_S, files=self._files)
        self._start_ms, self._closed = 0, Closed([], 0, 0)
        self._snapshot: Load | None = None
        self._since: list[Due] = []
        self._save_s, self._save_share, self._save_at_s = save_s, save_share, 0.0

    def start(self, start_ms: int) -> Self:
        """Begin at a time, epoch milliseconds; plays before it are late."""
        self._files += [_file_in_memory() for _ in range(2)]
        self._start_ms, self._closed = start_ms, Closed([], start_ms, 0)
        return self

    @property
    def started(self) -> int:
        """How many processes there have been."""
        return self.child.started

    def close(self, batches: Sequence[bytes], watermark_ms: int, now_ms: int, begin_ms: int | None = None) -> Closed:
        """See `Matching`; returns once all is done, over however many processes.

        Raises:
            StartError: it was told to stop.
        """
        todo = deque([_Suspect(Due(list(batches), watermark_ms, now_ms, begin_ms=begin_ms))])
        records: list[bytes] = []
        before_ms = self._closed.closed_ms
        while todo:
            try:
                self._have_one_that_knows_all()
                closed = self._asked(todo[0].due)
            except LostError as error:
                todo.extendleft(reversed(self._after_loss(todo.popleft(), error)))
            else:
                self._since.append(todo.popleft().due)
                self._note(closed)
                records += closed.records
        self._save_now_and_then(idle=self._closed.closed_ms == before_ms)
        return msgspec.structs.replace(self._closed, records=records)

    def stop(self) -> None:
        """End the process."""
        self.child.stop()
        for file in self._files:
            os.close(file)
        self._files.clear()

    def _asked(self, ask: Fresh | Load | Save | Due) -> Closed:
        return self.child.asked(lambda: Question(ask))

    def _note(self, closed: Closed) -> None:
        self._closed = closed
        if closed.left_out:
            self.lost["left_out"] += closed.left_out
            log.error("lost %d plays with slices that were skipped", closed.left_out)

    # A process that takes over.

    def _have_one_that_knows_all(self) -> None:
        """Where there is no process, start one and tell it all that was answered; try until that is done."""
        failed = 0
        while not self.child.running:
            self._start()
            try:
                self._tell_all()
            except OSError as error:
                failed += 1
                log.warning("the new matching process died as well (%s)", error)
                if failed == TAKE_OVERS_MOST:
                    self._begin_anew()

    def _start(self) -> None:
        """Start a process, and wait until it answers."""
        while True:
            try:
                self._asked(Fresh(self._start_ms))
                return
            except OSError as error:
                if not self._files:
                    raise
                log.warning("the matching process does not start (%s); retrying in %g s", error, RETRY_S)
                gevent.sleep(RETRY_S)

    def _tell_all(self) -> None:
        if self._snapshot:
            self._asked(self._snapshot)
        for due in self._since:  # their records are out already
            self._asked(due)

    def _begin_anew(self) -> None:
        """Give up what the matcher remembers, and the plays whose slices are open."""
        lost, self._start_ms = self._closed.waiting, self._closed.closed_ms
        log.error("matching starts over, because no process can continue from its snapshot; lost %d plays", lost)
        self.lost["no_snapshot"] += lost
        self._snapshot, self._since = None, [Due([], self._start_ms, 0, lost=lost)]

    # What is asked again after a process was lost over it.

    def _after_loss(self, suspect: _Suspect, error: OSError) -> list[_Suspect]:
        """Return what is asked in place of that over which a process was lost."""
        due = suspect.due
        log.warning("the matching process died (%s); another one takes over, with all plays", error)
        if not suspect.lost_over:
            return [_Suspect(part, 1) for part in self._parts(due)]
        if due.batches:
            return [_Suspect(self._without(due))]
        if not due.skip:
            log.error("two matching processes died over the slices up to %d ms; skipping them", due.watermark_ms)
            return [_Suspect(msgspec.structs.replace(due, skip=True), 1)]
        self._begin_anew()
        return [_Suspect(msgspec.structs.replace(due, skip=False))]

    def _parts(self, due: Due) -> list[Due]:
        """Cut a step into one for each batch, which closes nothing, and one that closes the slices."""
        open_ms = self._closed.closed_ms
        return [*(Due([batch], open_ms, due.now_ms) for batch in due.batches), msgspec.structs.replace(due, batches=[])]

    def _without(self, due: Due) -> Due:
        """Set the batch of a step aside."""
        plays = sum(map(plays_in, due.batches))
        log.error("two matching processes died over a batch of %d plays; setting it aside", plays)
        self.lost["set_aside"] += plays
        return msgspec.structs.replace(due, batches=[], lost=plays)

    def _save_now_and_then(self, *, idle: bool) -> None:
        """Have a snapshot made where one is due, best when no slice was closed: `idle`."""
        began_s = time.monotonic()
        if began_s < self._save_at_s + (0 if idle else self._save_s) or not self._since:
            return
        file = next(file for file in self._files if not self._snapshot or file != self._snapshot.file)
        try:
            self._snapshot = Load(file, self._asked(Save(file)).saved)
        except OSError as error:  # the next question finds no process
            log.warning("the matching process died (%s); another one takes over, with all plays", error)
            return
        self._since.clear()
        took_s = time.monotonic() - began_s
        self._save_at_s = time.monotonic() + min(max(self._save_s, took_s / self._save_share), SAVE_MOST_S)
