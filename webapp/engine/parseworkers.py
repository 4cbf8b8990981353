"""Reading of bodies: small ones at once, large ones and those with many places given as text in child processes.

Ten thousand plays take long to read, the longer the more of their tracks are new, and while that goes on no viewer gets
a frame. So what is large goes to a process of its own, of which there may be one a core; that way all cores take part.
If one is lost, the body is read once more: a short one by the server itself, a long one by another process. A long body
that loses two is refused, so that it cannot end the server, too. Where no process starts, all bodies are read here for
ten seconds.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property

import msgspec

from webapp.core.decoding import BodyError, TooManyPlaysError
from webapp.core.gazetteer import Gazetteer
from webapp.core.playparser import ManyTypedError, ParsedPlays, PlayParser
from webapp.core.plays import Source
from webapp.engine.childprocess import Child, LostError, StartError, give_way, readiest, serve
from webapp.gazetteerdata import load_gazetteer

LARGE_BYTES = 1 << 13
"""What is shorter takes a few milliseconds, unless it has many places given as text."""
TYPED_MOST = 8
"""Places given as text that the server itself looks up for a body, while viewers wait."""
CHILDREN_MOST = 4
_AGAIN_S = 10.0
_STUCK_S = 0.3
"""Another one then reads the body before its plays are late; to be wrong about it costs no more than that."""
SHORT_BYTES = 1 << 18
"""So much is read in a few milliseconds; a process that begins takes longer."""

log = logging.getLogger(__name__)


class ParseWorkersLost(Exception):  # noqa: N818 - it says what is so
    """Two processes were lost over one body; nothing of it was taken."""

    def __init__(self) -> None:
        super().__init__("the plays could not be parsed: two processes died over them; none were accepted")


class _Start(msgspec.Struct):
    """What the child is told first."""

    secret: bytes


class _Job(msgspec.Struct):
    """A body to be parsed, with what `PlayParser.parse` is to know of it."""

    body: bytes
    now_ms: int
    source: Source
    lines: bool


class _Refused(msgspec.Struct):
    """The body cannot be used: too many plays, or another sentence for a person."""

    sentence: str
    too_many: bool


class _Answer(msgspec.Struct):
    taken: ParsedPlays | None = None
    refused: _Refused | None = None


class ParseWorkers:
    """Parses bodies of plays. Call it from any greenlet or thread.

    Args:
        gazetteer: where places are looked up.
        secret: returns the key of the listener hashes, once there are plays.
        clock: tells the time, epoch milliseconds.
    """

    def __init__(self, gazetteer: Gazetteer, secret: Callable[[], bytes], clock: Callable[[], int]) -> None:
        self._gazetteer, self._secret, self._clock = gazetteer, secret, clock
        self._reading = threading.Lock()
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        count = min(CHILDREN_MOST, cores)
        self.children = [self._child() for _ in range(count)]
        self._not_before_s = 0.0
        self._readying = threading.Lock()

    def _child(self) -> Child[_Answer]:
        return Child("readers", __name__, lambda: _Start(self._secret()), _Answer, stuck_s=_STUCK_S)

    @cached_property
    def _here(self) -> PlayParser:
        return PlayParser(self._gazetteer, self._secret())

    def parse(self, body: bytes, source: Source, *, lines: bool) -> ParsedPlays:
        """Parse a body as one that arrives now; see `PlayParser.parse`.

        Raises:
            ParseWorkersLost: two processes were lost over this body.
        """
        if len(body) < LARGE_BYTES and (parsed := self._parsed_here(body, source, lines)):
            return parsed
        if time.monotonic() >= self._not_before_s:
            try:
                return self._parsed_elsewhere(body, source, lines)
            except StartError as error:
                self._not_before_s = max(self._not_before_s, time.monotonic() + _AGAIN_S)
                log.warning("the server itself parses large bodies for %g s: %s", _AGAIN_S, error)
        with self._reading:
            return self._here.parse(body, self._clock(), source, lines=lines)

    def parse_one(
        self, track: Mapping[str, object], listener: str, city: int | None, source: Source, precise: int
    ) -> ParsedPlays:
        """Encode a single play that arrives now; see `PlayParser.parse_one`."""
        with self._reading:
            return self._here.parse_one(track, listener, city, self._clock(), source, precise)

    def _parsed_here(self, body: bytes, source: Source, lines: bool) -> ParsedPlays | None:
        """Parse a body in this process; None if it has so many places given as text that others would wait for it."""
        with self._reading, suppress(ManyTypedError):
            return self._here.parse(body, self._clock(), source, lines=lines, typed_most=TYPED_MOST)
        return None

    def _parsed_elsewhere(self, body: bytes, source: Source, lines: bool) -> ParsedPlays:
        """Have a child process parse a body, or this one if it does that sooner than a child that begins."""
        short = len(body) <= SHORT_BYTES
        if short and self._readying.locked() and (parsed := self._parsed_here(body, source, lines)):
            return parsed

        def asked() -> ParsedPlays:
            return _outcome(readiest(self.children).asked(lambda: _Job(body, self._clock(), source, lines)))

        try:
            return asked()
        except LostError as error:
            log.warning("a parse process died (%s); another one takes over", error)
        self._ready_another()
        if short and (parsed := self._parsed_here(body, source, lines)):
            return parsed
        try:
            return asked()
        except LostError as error:
            raise ParseWorkersLost from error

    def _ready_another(self) -> None:
        """Have a process begin, so that the next bodies need not wait for that."""
        child = readiest(self.children)
        if not child.running and self._readying.acquire(blocking=False):
            threading.Thread(target=self._ready, args=(child,), daemon=True).start()

    def _ready(self, child: Child[_Answer]) -> None:
        try:
            child.asked(lambda: _Job(b"[]", 0, "live", lines=False))
        except OSError as error:
            log.warning("a parse process did not start (%s)", error)
        finally:
            self._readying.release()

    def stop(self) -> None:
        """End the children; what is still to be read is read here."""
        self._not_before_s = math.inf
        for child in self.children:
            child.stop()


def _outcome(answer: _Answer) -> ParsedPlays:
    if answer.refused:
        raise (TooManyPlaysError if answer.refused.too_many else BodyError)(answer.refused.sentence)
    assert answer.taken is not None
    return answer.taken


def _begin(start: _Start) -> Callable[[_Job], _Answer]:
    give_way()
    reader = PlayParser(load_gazetteer(), start.secret)  # it reads names when it needs one

    def answer(job: _Job) -> _Answer:
        try:
            return _Answer(taken=reader.parse(job.body, job.now_ms, job.source, lines=job.lines))
        except (BodyError, TooManyPlaysError) as error:
            return _Answer(refused=_Refused(str(error), isinstance(error, TooManyPlaysError)))

    return answer


if __name__ == "__main__":
    serve(_Start, _Job, _begin)
