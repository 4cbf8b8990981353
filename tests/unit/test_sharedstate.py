"""What a server's worker threads share with other servers: questions on the loop, answers in the threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from queue import SimpleQueue
from threading import Thread

import pytest

from webapp.bus.messages import MOMENTS, STATE, Changed, Get, Put, State, Stored
from webapp.engine import sharedstate
from webapp.engine.sharedstate import AWAY, Question, SharedState
from webapp.storage import sharedstore
from webapp.storage.sharedstore import ForestalledError, Item, UnreachableError, put


class Loop:
    """An event loop in a thread, and a process beside it that answers at once, or never.

    Attributes:
        asked: what the process was asked.
        answer: makes its answer.
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._thread = Thread(target=self._run)
        self._thread.start()
        self.asked: list[Question] = []
        self.answer: Callable[[Question], Stored | None] = lambda question: Stored(question.number, 7)
        self.shared = SharedState(self.spawn)

    def _run(self) -> None:
        while call := self._calls.get():
            call()

    def spawn(self, function: Callable[..., object], *args: object) -> None:
        self._calls.put(lambda: function(*args))

    def send(self, question: Question) -> None:
        self.asked.append(question)
        if answer := self.answer(question):
            self.spawn(self.shared.take_answer, answer)

    def end(self) -> None:
        self._calls.put(None)
        self._thread.join()


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    made.shared.attach(made.send)
    yield made
    made.end()


def test_changes_are_asked_for_and_answered_one_by_one(loop: Loop) -> None:
    answers = {
        "a": Stored(0, 5),
        "b": Stored(0, is_forestalled=True, error="wrong last sequence"),
        "c": Stored(0, error="x"),
    }
    loop.answer = lambda question: _numbered(answers[question.key], question.number)
    wanted = [sharedstore.Put("a", b"1"), sharedstore.Put("b", None, 3), sharedstore.Put("c", b"", 0)]
    first, second, third = loop.shared.put_all(wanted)
    assert (first, type(second), type(third)) == (5, ForestalledError, UnreachableError)
    assert loop.asked == [Put(1, STATE, "a", b"1"), Put(2, STATE, "b", None, 3), Put(3, STATE, "c", b"", 0)]
    assert loop.shared.put_all([]) == []


def _numbered(stored: Stored, number: int) -> Stored:
    return Stored(number, stored.revision, stored.value, stored.is_forestalled, stored.error)


def test_moments_are_kept_once_and_found(loop: Loop) -> None:
    loop.answer = lambda question: Stored(question.number, is_forestalled=True)
    loop.shared.keep_moments([("id", b"x")])
    loop.answer = lambda question: Stored(question.number, value=b"x")
    assert loop.shared.moment("id") == b"x"
    assert loop.asked == [Put(1, MOMENTS, "id", b"x", 0), Get(2, "id")]
    loop.answer = lambda question: Stored(question.number, error="no answer")
    with pytest.raises(UnreachableError, match="no answer"):
        loop.shared.moment("id")
    with pytest.raises(UnreachableError, match="no answer"):
        loop.shared.keep_moments([("id", b"x")])


@pytest.mark.parametrize("how", ["lost", "late", "gone", "never there"])
def test_without_an_answer_it_is_not_known_what_became_of_a_change(
    how: str, loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(_question: Question) -> None:
        if how == "gone":
            raise ConnectionResetError("it is gone")
        if how == "lost":
            loop.spawn(loop.shared.fail_all)

    monkeypatch.setattr(sharedstate, "ANSWER_S", 0.05)
    loop.shared.attach(send)
    if how == "never there":
        loop.shared.detach()
    with pytest.raises(UnreachableError, match=AWAY):
        put(loop.shared, "k", b"x")


def test_followers_are_told_what_comes(loop: Loop) -> None:
    follower = loop.shared.follow("a.")
    assert not loop.shared.is_complete
    loop.shared.take(State((Changed("a.1", b"x", 1), Changed("b.1", b"y", 2)), begins=True))
    assert follower.take() == (False, {})
    loop.shared.take(State((Changed("a.2", None, 3),)))
    loop.shared.take(State((), complete=True))
    assert loop.shared.is_complete
    assert follower.take() == (True, {"a.1": Item(b"x", 1), "a.2": None})
    loop.shared.take(State((Changed("a.1", b"z", 4),)))
    assert follower.take() == (False, {"a.1": Item(b"z", 4)})
