"""What a server shares with others over the bus, as its worker threads see it; see `webapp.storage.sharedstore`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from gevent import monkey

from webapp.bus import messages
from webapp.bus.messages import MOMENTS, STATE, Get, State, Stored
from webapp.storage.sharedstore import Follower, Followers, ForestalledError, Put, UnreachableError

ANSWER_S, MOMENT_S = 8.0, 2.0
"""How long to wait for an answer: longer than the process beside the server tries; visitors wait less."""
AWAY = "the bus cannot be reached; try again"

Question = messages.Put | Get


class _Asked:
    """Questions on their way; a native thread waits for the answers."""

    def __init__(self, count: int) -> None:
        self.answers: list[Stored | None] = [None] * count
        self._left = count
        self._done = monkey.get_original("threading", "Lock")()
        self._done.acquire()

    def answer(self, place: int, stored: Stored) -> None:
        if self.answers[place] is None:
            self.answers[place] = stored
            self._left -= 1
            if not self._left:
                self._done.release()

    def wait(self, most_s: float) -> None:
        self._done.acquire(timeout=most_s)


class SharedState:
    """See `webapp.storage.sharedstore.SharedStore`.

    Args:
        spawn: runs a function on the event loop, from any thread.
    """

    def __init__(self, spawn: Callable[..., None]) -> None:
        self._spawn, self._followers = spawn, Followers()
        self._send: Callable[[Question], None] | None = None
        self._numbers = itertools.count(1)
        self._asked: dict[int, tuple[_Asked, int]] = {}

    @property
    def is_complete(self) -> bool:
        """Whether all keys were told once."""
        return self._followers.is_complete

    # On the event loop.

    def attach(self, send: Callable[[Question], None]) -> None:
        """Send questions with this from now on; it raises OSError if that is not possible."""
        self._send = send

    def detach(self) -> None:
        """Send nothing any more; there will be no answers."""
        self._send = None
        self.fail_all()

    def fail_all(self) -> None:
        """The process that was asked is gone."""
        for number in list(self._asked):
            self.take_answer(Stored(number, error=AWAY))

    def take(self, state: State) -> None:
        """Take note of changes."""
        self._followers.take(state.changes, begins=state.begins, complete=state.complete)

    def take_answer(self, stored: Stored) -> None:
        """Take an answer."""
        if found := self._asked.pop(stored.number, None):
            asked, place = found
            asked.answer(place, stored)

    def _ask(self, asked: _Asked, make: Sequence[Callable[[int], Question]]) -> None:
        for place, each in enumerate(make):
            number = next(self._numbers)
            self._asked[number] = asked, place
            try:
                if self._send is None:
                    raise UnreachableError(AWAY)
                self._send(each(number))
            except OSError:
                self.take_answer(Stored(number, error=AWAY))

    # In worker threads.

    def follow(self, prefix: str) -> Follower:
        """See `SharedStore.follow`."""
        return self._followers.follow(prefix)

    def put_all(self, puts: Sequence[Put]) -> list[int | Exception]:
        """See `SharedStore.put_all`."""
        make = [lambda number, put=put: messages.Put(number, STATE, *put) for put in puts]
        return [_outcome(answer) for answer in self._answers(make)]

    def keep_moments(self, moments: Sequence[tuple[str, bytes]]) -> None:
        """See `SharedStore.keep_moments`."""
        make = [lambda number, id=id, value=value: messages.Put(number, MOMENTS, id, value, 0) for id, value in moments]
        for answer in self._answers(make):
            if isinstance(outcome := _outcome(answer), UnreachableError):
                raise outcome

    def moment(self, id: str) -> bytes | None:
        """See `SharedStore.moment`."""
        (answer,) = self._answers([lambda number: Get(number, id)], MOMENT_S)
        if answer.error:
            raise UnreachableError(answer.error)
        return answer.value

    def _answers(self, make: Sequence[Callable[[int], Question]], most_s: float | None = None) -> list[Stored]:
        if not make or self._send is None:
            return [Stored(0, error=AWAY)] * len(make)
        asked = _Asked(len(make))
        self._spawn(self._ask, asked, make)
        asked.wait(most_s or ANSWER_S)
        return [answer or Stored(0, error=AWAY) for answer in asked.answers]


def _outcome(answer: Stored) -> int | Exception:
    if answer.is_forestalled:
        return ForestalledError(answer.error)
    return UnreachableError(answer.error) if answer.error else answer.revision
