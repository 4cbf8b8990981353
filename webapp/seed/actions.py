"""The actions of `unison seed`: send a scenario, replay a file, or write one."""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, TextIO, cast

import click

from webapp.seed import replay
from webapp.seed.blocks import Block
from webapp.seed.client import Client, Refusal
from webapp.seed.display import Display, clock_text
from webapp.seed.feed import Clock, Feed
from webapp.seed.scenarios import Scenario
from webapp.seed.sender import Pace, Sender
from webapp.seed.stopping import stopping

REPLAY_LEAD_MS = 500
LINES_REPORTED = 20
WRITE_PLAYS = 20_000

Share = Callable[[], float | None]


def send(kind: Scenario, rate: float, blocks: Iterator[Block], client: Client, seconds: float | None) -> None:
    """Send a scenario's plays for that many seconds; for ever if None."""
    display = Display(sys.stderr)
    with stopping() as stop:
        feed, pace = Feed(blocks, _end_ms(seconds)), Pace(waits=kind.flat_out)
        sender = Sender(client, feed, pace=pace, say=display.say, stop=stop)

        def share() -> float | None:
            if seconds and kind.flat_out and display.seconds >= seconds:
                stop.set()  # the pace clock fell behind the wall clock
            return sender.number / (rate * seconds) if seconds else None

        _run(sender, client, display, share)
    if kind.flat_out:
        print(f"reached {sender.totals.rate(display.seconds):,.0f} of {rate:,.0f} plays/s")


def replay_file(path: Path, client: Client, seconds: float | None, speed: float) -> None:
    """Send a file's plays, with their times shifted to now."""
    display = Display(sys.stderr)
    bad = BadLines(display.say)
    with _opened(str(path), "rb") as file, stopping() as stop:
        lines = replay.Lines(file, path.stat().st_size)
        entries = replay.in_order(replay.read_lines(lines, bad), bad)
        feed = Feed(replay.blocks(entries), _end_ms(seconds) * speed)
        pace = Pace(REPLAY_LEAD_MS, waits=True)
        sender = Sender(client, feed, speed=speed, pace=pace, say=display.say, stop=stop, noun="line")
        _run(sender, client, display, lambda: lines.share(sender.number))
    bad.close()
    if not sender.totals.sent + sender.totals.missed + stop.is_set():
        raise click.ClickException(f"{path} has no valid play.")


def write(out: str, blocks: Iterator[Block], start_s: int, seconds: float) -> None:
    """Write that many seconds of plays as NDJSON, from epoch second `start_s` on; `-` is standard output."""
    display, written = Display(sys.stderr), 0
    feed, clock = Feed(blocks, seconds * 1000), Clock(start_s * 1000)
    with stopping() as stop, _opened(out, "wb") as file:
        while not stop.is_set() and (at_ms := feed.next_ms()) is not None:
            plays = feed.take_due(at_ms + 1000, WRITE_PLAYS)
            file.write(b"".join(plays.lines(clock.wall_ms(plays.at_ms)).tolist()))
            written += len(plays)
            display.show(f"{written:,} plays written", at_ms / (seconds * 1000))
    display.clear()
    print(f"{written:,} plays written", file=_summary_stream(out))


class BadLines:
    """Reports lines that are not plays: the first LINES_REPORTED one by one, then the total."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._count = say, 0

    def __call__(self, number: int, reason: str) -> None:
        """Report a skipped line by its number."""
        self._count += 1
        if self._count <= LINES_REPORTED:
            self._say(f"line {number} skipped: {reason}")

    def close(self) -> None:
        """Report the total if not every line was reported."""
        if self._count > LINES_REPORTED:
            self._say(f"{self._count:,} lines skipped in all.")


def _run(sender: Sender, client: Client, display: Display, share: Share) -> None:
    """Run a sender to its end, show progress, and print the totals even after an error."""
    totals = sender.totals

    def show() -> None:
        display.show(f"{totals.counts()}; {totals.rate(display.seconds):,.1f} plays/s", share())

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


@contextmanager
def _opened(name: str, mode: str) -> Iterator[IO[bytes]]:
    try:
        opened = click.open_file(name, mode)
    except OSError as error:
        raise click.UsageError(f"{name} cannot be opened: {error.strerror}.") from error
    try:
        with opened as file:
            yield cast("IO[bytes]", file)
    except BrokenPipeError:
        raise  # the reader closed the pipe; click handles that
    except OSError as error:
        raise click.ClickException(f"{name}: {error.strerror}.") from error


def _end_ms(seconds: float | None) -> float:
    return float("inf") if seconds is None else seconds * 1000


def _summary_stream(out: str) -> TextIO:
    return sys.stderr if out == "-" else sys.stdout
