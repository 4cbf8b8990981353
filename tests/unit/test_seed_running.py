"""What senders show while they run."""

from __future__ import annotations

import io
from typing import cast

import pytest

from webapp.seed.client import Client
from webapp.seed.display import Display
from webapp.seed.running import run
from webapp.seed.sender import Sender
from webapp.seed.totals import Totals


class Waiting:
    """A sender that waits for its next play, and shows its progress while it does."""

    def __init__(self, next_s: float) -> None:
        self.totals, self.next_s = Totals(25, 25), next_s

    def run(self, on_start: object, on_tick: object) -> None:
        assert callable(on_tick)
        on_tick()


class Closable:
    def close(self) -> None:
        pass


@pytest.mark.parametrize(("next_s", "told"), [(45.9, "next play in 0:45; 25 sent"), (0.4, "25 sent")])
def test_in_a_long_gap_progress_says_when_the_next_play_is(next_s: float, told: str) -> None:
    stream, times = io.StringIO(), iter((0.0, *[20.0] * 20))
    display = Display(stream, lambda: next(times))
    run(cast("Sender", Waiting(next_s)), cast("Client", Closable()), display, lambda: 0.51)
    assert stream.getvalue().startswith(f" 51% of plays 0:20 {told}, ")
