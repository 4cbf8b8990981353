"""Replays a listening history that somebody exported: each listen as a play of one listener in one city."""

import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import click

from webapp.core.places import City
from webapp.histories.errors import HistoryError
from webapp.histories.history import Counts, History
from webapp.histories.sources import Sources
from webapp.seed import replay
from webapp.seed.client import Client
from webapp.seed.display import Display, clock_text
from webapp.seed.feed import Feed
from webapp.seed.running import REPLAY_PACE, BadEntries, end_ms, run
from webapp.seed.sender import Sender
from webapp.seed.stopping import stopping

SPEED = 1440.0
"""A day in a minute: between two songs are minutes, and nobody watches those."""
STOPPED = "Stopped while reading; nothing was sent."


def replay_history(
    path: Path, sources: Sources, city: City, client: Client, seconds: float | None, speed: float
) -> None:
    """Read a history, and send its listens from a city, with their times shifted to now.

    The listener's id is the digest of the file. So the same file sent twice is one listener, and nobody learns from it
    whose it is.
    """
    display = Display(sys.stderr)
    with stopping() as stop, closing(History(sources, Reports(display, stop))) as history:
        if not _read(history, path):
            return display.say(STOPPED)
        for line in summary(history.counts, sources, city, speed):
            display.say(line)
        if not history.counts.listens:
            raise click.ClickException(f"{path} has no listen that can be replayed.")
        plays = history.plays(b'{"geoname_id":%d}' % city.geoname_id, history.digest())
        feed = Feed(replay.blocks(plays), end_ms(seconds) * speed)
        sender = Sender(client, feed, speed=speed, pace=REPLAY_PACE, say=display.say, stop=stop, named=history.place)
        totals, listens = sender.totals, history.counts.listens
        return run(sender, client, display, lambda: (totals.sent + totals.missed) / listens)


class Reports:
    """Shows the progress of reading, and reports malformed entries."""

    def __init__(self, display: Display, stop: Event) -> None:
        self._display, self._stop = display, stop
        self._bad = BadEntries(display.say)

    def malformed(self, place: str, reason: str) -> None:
        """Report a malformed entry."""
        self._bad(place, reason)

    def progress(self, listens: int, share: float) -> bool:
        """Show how much was read; return False once the user wants to stop."""
        self._display.show(f"{listens:,} plays read", share)
        return not self._stop.is_set()


def summary(counts: Counts, sources: Sources, city: City, speed: float) -> list[str]:
    """Return lines that say what will be sent, what is left out, and how long it takes."""
    days = " to ".join(f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d}" for ms in (counts.first_ms, counts.last_ms))
    left_out = [*sorted(counts.skipped.items()), ("malformed", counts.malformed), ("other files", sources.others)]
    numbers = ", ".join(f"{reason} ({count:,})" for reason, count in left_out if count)
    lines = [f"Left out: {numbers}."] if numbers else []
    if counts.listens:
        lines.insert(0, f"{sources.name}: {counts.listens:,} plays, {days}, in {city.label}, {city.country}.")
        lines.append(f"At --speed {speed:g} this takes {clock_text(counts.span_ms / 1000 / speed)}.")
    return lines


def _read(history: History, path: Path) -> bool:
    try:
        return history.read()
    except HistoryError as error:
        raise click.ClickException(f"{path} cannot be replayed: {error}.") from error
