"""The loop as a threaded server has it: in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import gevent
import pytest

from tests.waiting import loop_until
from webapp.engine.eventloop import EventLoop


@pytest.fixture
def loop() -> Iterator[EventLoop]:
    loop = EventLoop()
    loop.start()
    yield loop
    loop.stop()


def test_all_calls_run_on_one_thread_that_is_not_the_callers(loop: EventLoop) -> None:
    threads = {loop.call(threading.get_ident) for _ in range(3)}
    assert len(threads) == 1
    assert threads != {threading.get_ident()}


def test_a_call_raises_what_the_function_raised(loop: EventLoop) -> None:
    with pytest.raises(ZeroDivisionError):
        loop.call(divmod, 1, 0)
    assert loop.call(divmod, 7, 2) == (3, 1)


def test_what_runs_on_the_loop_can_call_it_without_waiting_for_itself(loop: EventLoop) -> None:
    done = threading.Event()
    loop.spawn(lambda: loop.call(done.set))
    assert done.wait(5)


def test_what_is_spawned_is_not_waited_for(loop: EventLoop) -> None:
    go, done = threading.Event(), threading.Event()

    def wait_and_end() -> None:
        loop_until(go.is_set)
        done.set()

    loop.spawn(wait_and_end)
    assert not done.is_set()
    go.set()
    assert done.wait(5)


def test_a_step_is_run_again_and_again_until_the_loop_stops() -> None:
    loop, enough = EventLoop(), threading.Semaphore(0)
    loop.start()

    def step() -> None:
        enough.release()
        gevent.sleep(0)

    loop.forever(step)
    for _ in range(3):
        assert enough.acquire(timeout=5)
    loop.stop()


def test_a_step_that_fails_is_logged_and_tried_again(loop: EventLoop, caplog: pytest.LogCaptureFixture) -> None:
    tries = threading.Semaphore(0)

    def step() -> None:
        tries.release()
        raise ValueError("a step of mine")

    loop.forever(step)
    assert tries.acquire(timeout=5)
    assert tries.acquire(timeout=5)
    assert "a step of mine" in caplog.text
