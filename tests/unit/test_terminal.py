from __future__ import annotations

import pytest

from webapp.terminal import DETACH_S, HANGUP_S, Terminal


class Started:
    """A process in a terminal, and its clock."""

    def __init__(self, *, ends_process: bool = True) -> None:
        self.has_terminal, self.now = True, 100.0
        self.terminal = Terminal(ends_process=ends_process, is_there=lambda: self.has_terminal, now=lambda: self.now)
        assert not self.terminal.was_closed()

    def signalled(self, after_s: float = 0.0) -> bool:
        self.now += after_s
        self.terminal.note_sighup()
        return self.terminal.was_closed()

    def closed(self, after_s: float = 0.0) -> bool:
        self.now += after_s
        self.has_terminal = False
        return self.terminal.was_closed()


def test_sighup_in_a_terminal_that_stays_is_a_command() -> None:
    process = Started()
    assert not process.signalled()
    process.now += 1
    assert not process.terminal.was_closed()


@pytest.mark.parametrize("late_s", [0, HANGUP_S - 1])
def test_sighup_of_a_closed_terminal_ends_the_process_however_late_it_comes(late_s: float) -> None:
    process = Started()
    assert not process.closed()
    assert process.signalled(late_s)


def test_a_terminal_that_goes_right_after_sighup_ends_the_process() -> None:
    process = Started()
    assert not process.signalled()
    assert process.closed(after_s=1)


def test_a_terminal_that_is_closed_long_after_a_reload_does_not_end_the_process() -> None:
    process = Started()
    assert not process.signalled()
    process.now += DETACH_S - 1
    assert not process.terminal.was_closed()
    assert not process.closed(after_s=2)


def test_a_daemon_that_lost_its_terminal_long_ago_reloads() -> None:
    process = Started()
    assert not process.closed()
    assert not process.signalled(HANGUP_S + 1)


def test_under_nohup_no_terminal_ends_the_process() -> None:
    process = Started(ends_process=False)
    assert not process.closed()
    assert not process.signalled()
