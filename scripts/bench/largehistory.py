#!/usr/bin/env python3
"""Measure a large history: first answers of /playlist and /stats, the stream's longest gap, cost of sums and backups.

    python scripts/bench/largehistory.py [--rows 1000000]

It fills a history up to now, starts a real server on it, lets viewers watch while plays arrive, and requests each
page. Then it repeats that with a file of the version without sums, which the server upgrades
meanwhile. Exits with 1 if a goal is missed.
"""

import contextlib
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.browser import machine
from bench.history import BATCH, Traffic

from tests.serving import Server, ask, console_script, post_plays, stream
from webapp.core.gazetteer import Gazetteer
from webapp.gazetteerdata import load_gazetteer
from webapp.storage.history import FILE_NAME, History

FIRST_S, GAP_S, WHOLE_S = 1.0, 0.3, 600.0
FRAME_S = 0.25
"""Normal time between two frames."""
VIEWERS = 10
PERIODS = ("day", "week", "hour")
COST_ROWS = 100_000
"""Rows with which the cost of writing is measured."""
SMALL_ROWS = 2
"""Rows written at once by a server that shows four a second."""


def fill(folder: Path, gazetteer: Gazetteer, rows: int, hours: float, batch: int = BATCH) -> float:
    """Write rows spread over the last hours; return the CPU seconds of flush."""
    folder.mkdir(exist_ok=True)
    history, traffic = (
        History(folder / FILE_NAME, gazetteer, days=36_500, max_rows=10 * rows),
        Traffic(gazetteer, 20_000),
    )
    history.open()
    now_ms, step_ms, cpu_s = round(time.time() * 1000), 3_600_000 * hours / rows, 0.0
    for first in range(0, rows, batch):
        at_ms = round(now_ms - step_ms * (rows - first))
        history.record("bench", first + 1, at_ms, traffic.connections(at_ms, batch), b"{}", b"[]")
        began_s = time.process_time()
        history.flush()
        cpu_s += time.process_time() - began_s
    history.close()
    return cpu_s


def write_costs(folder: Path, gazetteer: Gazetteer) -> None:
    """Print the cost of writing a row, with and without sums, in large batches and in a server's."""
    for name, rows, batch in (("large batches", COST_ROWS, BATCH), ("two at a time", COST_ROWS // 20, SMALL_ROWS)):
        costs_us = []
        for number, kept in enumerate((True, False)):
            with contextlib.ExitStack() as stack:
                if not kept:
                    for part in ("shown_to_everyone", "choose", "count"):
                        stack.enter_context(patch(f"webapp.storage.periodsums.{part}", return_value=set()))
                costs_us.append(1e6 * fill(folder / f"{batch}-{number}", gazetteer, rows, 1, batch) / rows)
        click.echo(
            f"a row costs {costs_us[0]:.0f} us of the processor to write in {name}, {costs_us[1]:.0f} without sums"
        )


class Gaps:
    """Viewers, and the longest time that one of them waited for a frame."""

    def __init__(self, server: Server) -> None:
        self._server, self._over = server, threading.Event()
        self._longest_s = [0.0] * VIEWERS

    def _watch(self, number: int) -> None:
        with stream(self._server, timeout_s=60) as viewer:
            last_s = time.monotonic()
            while not self._over.is_set():
                viewer.next()
                now_s = time.monotonic()
                self._longest_s[number], last_s = max(self._longest_s[number], now_s - last_s), now_s

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Let the viewers watch during the block."""
        self._over.clear()
        self._longest_s = [0.0] * VIEWERS
        watchers = [threading.Thread(target=self._watch, args=(number,)) for number in range(VIEWERS)]
        for watcher in watchers:
            watcher.start()
        yield
        self._over.set()
        for watcher in watchers:
            watcher.join()

    @property
    def longest_s(self) -> float:
        """The longest wait, seconds."""
        return max(self._longest_s)


def press(server: Server, over: threading.Event) -> None:
    """Send a pair each tenth of a second, so that every slice has a frame."""
    number = 0
    while not over.wait(0.1):
        number += 1
        now = time.time()
        track = {"title": f"Song {number}", "artist": "Nobody"}
        post_plays(server, [{"track": track, "listener": f"{number}-{city}", "place": {"geoname_id": city},
                             "pressed_at": now} for city in (1853909, 3390760)])  # fmt: skip


def first_answers(server: Server) -> float:
    """Print how long the first answer of each page and period takes; return the longest time."""
    times_s = {}
    for page in ("playlist", "stats"):
        for period in PERIODS:
            began_s = time.monotonic()
            assert ask(server, f"/{page}?period={period}", Accept="text/html").status == 200
            times_s[f"{page} of the {period}"] = time.monotonic() - began_s
    click.echo("first " + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in times_s.items()))
    return max(times_s.values())


def until_whole(server: Server) -> float:
    """Return the seconds until the sums of all periods are complete."""
    began_s = time.monotonic()
    while "unison_history_sums_whole 1.0" not in ask(server, "/metrics").text:
        assert time.monotonic() - began_s < WHOLE_S, "the sums are not made"
        time.sleep(0.5)
    return time.monotonic() - began_s


def measure(folder: Path, *, whole: bool) -> list[str]:
    """Start a server on the history, measure, print, and return the missed goals."""
    name = "with sums" if whole else "after an upgrade"
    began_s, over = time.monotonic(), threading.Event()
    server = Server(folder, {"UNISON_HISTORY_DAYS": "3650"})
    started_s = time.monotonic() - began_s
    presses = threading.Thread(target=press, args=(server, over))
    presses.start()
    gaps = Gaps(server)
    try:
        with gaps.watching():
            time.sleep(5)
        quiet_s = gaps.longest_s
        with gaps.watching():
            click.echo(f"{name}: started in {started_s:.1f} s")
            slowest_s = first_answers(server)
            made_s = 0.0 if whole else until_whole(server)
        longest_s = gaps.longest_s
        if not whole:
            click.echo(f"whole after {made_s:.0f} s")
        click.echo(f"longest gap of {VIEWERS} viewers meanwhile {longest_s:.2f} s, before {quiet_s:.2f} s")
        if whole:
            back_up(server, gaps)
    finally:
        over.set()
        presses.join()
        server.stop()
    missed = [f"{name}: the first answer took {slowest_s:.2f} s, goal {FIRST_S:g} s"] if slowest_s > FIRST_S else []
    return missed + ([f"{name}: a gap of {longest_s:.2f} s"] if longest_s - FRAME_S > GAP_S else [])


def back_up(server: Server, gaps: Gaps) -> None:
    """Print how long a backup takes while the server runs."""
    target = server.data_dir.parent / "backup"
    with gaps.watching():
        began_s = time.monotonic()
        command = [console_script(), "backup", str(target), "--data-dir", str(server.data_dir)]
        subprocess.run(command, check=True, capture_output=True)
        took_s = time.monotonic() - began_s
    click.echo(f"backup of {target.stat().st_size / 1e6:,.0f} MB in {took_s:.1f} s, longest gap {gaps.longest_s:.2f} s")
    target.unlink()


def made_earlier(folder: Path) -> None:
    """Change the file back to the version before the sums and the aliases."""
    with contextlib.closing(sqlite3.connect(folder / FILE_NAME)) as db:
        for table in ("periods", "sums", "pair_sums", "song_sums", "aliases"):
            db.execute(f"DROP TABLE {table}")
        db.execute("DROP INDEX connections_to_track")
        for table in ("connections", "shared"):
            for column in ("to_track_id", "within_s"):
                db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        db.execute("PRAGMA user_version = 2")


@click.command()
@click.option("--rows", default=1_000_000, show_default=True)
@click.option("--hours", default=20.0, show_default=True, help="Over which the rows are spread, back from now.")
def main(rows: int, hours: float) -> None:
    """Fill, measure, print."""
    gazetteer = load_gazetteer()
    with TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        click.echo(f"{machine()}\n")
        write_costs(Path(folder), gazetteer)
        cpu_s = fill(data, gazetteer, rows, hours)
        size = (data / FILE_NAME).stat().st_size
        click.echo(f"{rows:,} rows: {size / 1e6:,.0f} MB, {rows / cpu_s:,.0f} written a CPU second\n")
        missed = measure(data, whole=True)
        made_earlier(data)
        click.echo()
        missed += measure(data, whole=False)
    click.echo(f"\n{machine()}\nmissed: {'; '.join(missed) or 'nothing'}")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
