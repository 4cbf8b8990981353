"""What all senders share: files opened with errors for a person, malformed lines told, progress and totals shown."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from io import BufferedReader
from typing import IO, cast

import click

from webapp.seed.client import Client, Refusal
from webapp.seed.display import Display, clock_text
from webapp.seed.sender import Pace, Sender

REPLAY_LEAD_MS = 500
REPLAY_PACE = Pace(REPLAY_LEAD_MS, waits=True)
ENTRIES_REPORTED = 20
GAP_TOLD_S = 3
"""So long before the next play, progress says when it is; otherwise it would seem to hang."""

Share = Callable[[], float | None]


class BadEntries:
    """Reports lines or entries that cannot be read: the first ENTRIES_REPORTED one by one."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._count = say, 0

    def __call__(self, place: str, reason: str) -> None:
        """Report one by its place, such as "line 5"."""
        self._count += 1
        if self._count <= ENTRIES_REPORTED:
            self._say(f"{place} skipped: {reason}")

    def line(self, number: int, reason: str) -> None:
        """Report a line by its number."""
        self(f"line {number}", reason)

    def close(self) -> None:
        """Report the total of lines if not every one was reported."""
        if self._count > ENTRIES_REPORTED:
            self._say(f"{self._count:,} lines skipped in all.")


def run(sender: Sender, client: Client, display: Display, share: Share) -> None:
    """Run a sender to its end, show progress, and print the totals even after an error."""
    totals = sender.totals

    def show() -> None:
        display.show(
            f"{_next_play(sender.next_s)}{totals.counts()}; {totals.rate(display.seconds):,.1f} plays/s", share()
        )

    try:
        with closing(client):
            sender.run(on_start=display.begin, on_tick=show)
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from refusal
    finally:
        display.clear()
        seconds = display.seconds
        print(f"{totals.counts()}; {totals.rate(seconds):,.1f} plays/s in {clock_text(seconds)}", flush=True)
    if totals.missed and not totals.sent:
        raise click.ClickException("no play reached the server.")


def _next_play(seconds: float | None) -> str:
    return f"next play in {clock_text(seconds)}; " if seconds is not None and seconds >= GAP_TOLD_S else ""


@contextmanager
def opened(name: str, mode: str) -> Iterator[IO[bytes]]:
    """Open a file; a failure, now or later, becomes an error for a person."""
    try:
        file = click.open_file(name, mode)
    except OSError as error:
        raise click.UsageError(f"{name} cannot be opened: {error.strerror}.") from error
    try:
        with file:
            yield cast("IO[bytes]", file)
    except BrokenPipeError:
        raise  # the reader closed the pipe; click handles that
    except OSError as error:
        raise click.ClickException(f"{name}: {error.strerror}.") from error


@contextmanager
def opened_to_read(name: str) -> Iterator[BufferedReader]:
    """Open a file to read it."""
    with opened(name, "rb") as file:
        yield cast("BufferedReader", file)


def end_ms(seconds: float | None) -> float:
    """Return the end of that many seconds in milliseconds; infinity for None."""
    return float("inf") if seconds is None else seconds * 1000
