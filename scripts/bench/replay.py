#!/usr/bin/env python3
"""Replay a file of known pairs, fast, and compare what a viewer and the history get with the expected connections."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.knownpairs import Comparison, known_pairs
from bench.rehearsal import Rehearsal, rehearse

from tests.serving import Server, stream
from webapp.gazetteerdata import load_gazetteer


@click.command()
@click.option("--pairs", type=click.IntRange(2), default=3600, show_default=True, help="How many pairs.")
@click.option("--speed", type=click.FloatRange(0.1, 20), default=20.0, show_default=True, help="How much faster.")
def main(pairs: int, speed: float) -> None:
    """Start a server that shows everything, replay the pairs, print the comparison; exit with 1 if it is not exact."""
    lines = known_pairs(pairs, load_gazetteer(), speed=speed)
    with TemporaryDirectory() as folder:
        server = Server(Path(folder) / "data", {"UNISON_SHOWN_PER_S": "0"})
        try:
            with stream(server) as viewer:
                result = rehearse(server.url, server.token, lines, speed, viewer)
        finally:
            server.stop()
    _print(result, pairs, speed)
    sys.exit(not (result.streamed.exact and result.kept.exact and len(result.expected) == pairs))


def _print(result: Rehearsal, pairs: int, speed: float) -> None:
    totals = result.totals
    print(f"{pairs:,} pairs at {speed:g} times speed: {totals.counts()}")
    print(f"{len(result.expected):,} connections expected from the times as sent\n")
    print(f"| {'where':7} | {'found':>6} | {'missing':>7} | {'twice':>5} | {'unexpected':>10} |")
    print(f"| {'-' * 7} | {'-' * 5}: | {'-' * 6}: | {'-' * 4}: | {'-' * 9}: |")
    _row("stream", result.streamed)
    _row("history", result.kept)
    if totals.late or totals.missed:
        print("\nLate plays are not matched and missed ones were not sent: their connections are the missing ones.")
    if len(result.expected) != pairs:
        print("\nThe replay's clock paused: presses that were to be within a window were sent further apart.")


def _row(where: str, found: Comparison) -> None:
    missing, twice, unexpected = map(len, (found.missing, found.twice, found.unexpected))
    print(f"| {where:7} | {found.found:6,} | {missing:7,} | {twice:5,} | {unexpected:10,} |")


if __name__ == "__main__":
    main()
