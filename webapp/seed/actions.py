"""The actions of `unison seed`: send a scenario, replay a file, or write one."""

import sys
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import TextIO

import click

from webapp.core.places import City
from webapp.histories import sources
from webapp.histories.errors import HistoryError
from webapp.seed import listening, replay
from webapp.seed.blocks import Block
from webapp.seed.client import Client
from webapp.seed.display import Display
from webapp.seed.feed import Clock, Feed
from webapp.seed.running import REPLAY_PACE, BadEntries, end_ms, opened, opened_to_read, run
from webapp.seed.scenarios import Scenario
from webapp.seed.sender import Pace, Sender
from webapp.seed.stopping import stopping

WRITE_PLAYS = 20_000


def send(kind: Scenario, rate: float, blocks: Iterator[Block], client: Client, seconds: float | None) -> None:
    """Send a scenario's plays for that many seconds; for ever if None."""
    display = Display(sys.stderr)
    with stopping() as stop:
        feed, pace = Feed(blocks, end_ms(seconds)), Pace(waits=kind.flat_out)
        sender = Sender(client, feed, pace=pace, say=display.say, stop=stop)

        def share() -> float | None:
            if seconds and kind.flat_out and display.seconds >= seconds:
                stop.set()  # the pace clock fell behind the wall clock
            return sender.number / (rate * seconds) if seconds else None

        run(sender, client, display, share)
    if kind.flat_out:
        print(f"reached {sender.totals.rate(display.seconds):,.0f} of {rate:,.0f} plays/s")


def replay_file(path: Path, client: Client, seconds: float | None, speed: float | None, city: City | None) -> None:
    """Send a file's plays, or a listening history from a city, with the times shifted to now."""
    with opened_to_read(str(path)) as file:
        try:
            found = sources.find(path, file)
        except HistoryError as error:
            raise click.ClickException(f"{path} cannot be replayed: {error}.") from error
        if found is None:
            if city is not None:
                if reason := sources.no_plays(file):
                    raise click.ClickException(f"{path} cannot be replayed: {reason}.")
                raise click.UsageError(f"--city is for listening histories; the plays of {path} say where they are.")
            return _replay_plays(path, file, client, seconds, speed or 1.0)
        if city is None:
            raise click.UsageError(
                f"{path} ({found.name}) does not say where you were: add --city, such as --city 'Osaka, Japan'."
            )
        return listening.replay_history(path, found, city, client, seconds, speed or listening.SPEED)


def write(out: str, blocks: Iterator[Block], start_s: int, seconds: float) -> None:
    """Write that many seconds of plays as NDJSON, from epoch second `start_s` on; `-` is standard output."""
    display, written = Display(sys.stderr), 0
    feed, clock = Feed(blocks, seconds * 1000), Clock(start_s * 1000)
    with stopping() as stop, opened(out, "wb") as file:
        while not stop.is_set() and (at_ms := feed.next_ms()) is not None:
            plays = feed.take_due(at_ms + 1000, WRITE_PLAYS)
            file.write(b"".join(plays.lines(clock.wall_ms(plays.at_ms)).tolist()))
            written += len(plays)
            display.show(f"{written:,} plays written", at_ms / (seconds * 1000))
    display.clear()
    print(f"{written:,} plays written", file=_summary_stream(out))


def _replay_plays(path: Path, file: BufferedReader, client: Client, seconds: float | None, speed: float) -> None:
    display = Display(sys.stderr)
    bad = BadEntries(display.say)
    with stopping() as stop:
        lines = replay.Lines(file, path.stat().st_size)
        entries = replay.in_order(replay.read_lines(lines, bad.line), bad.line)
        feed = Feed(replay.blocks(entries), end_ms(seconds) * speed)
        sender = Sender(client, feed, speed=speed, pace=REPLAY_PACE, say=display.say, stop=stop, named="line {}".format)
        run(sender, client, display, lambda: lines.share(sender.number))
    bad.close()
    if not sender.totals.sent + sender.totals.missed + stop.is_set():
        raise click.ClickException(f"{path} has no valid play.")


def _summary_stream(out: str) -> TextIO:
    return sys.stderr if out == "-" else sys.stdout
