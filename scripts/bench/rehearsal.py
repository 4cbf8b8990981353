"""Replays a file into a server while a viewer watches, and compares what was sent with what was seen."""

import json
import sys
import threading
import urllib.request
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from bench.knownpairs import Comparison, Meeting, RecordBuilder, meetings

from webapp.seed import replay
from webapp.seed.client import Client
from webapp.seed.feed import Feed
from webapp.seed.running import REPLAY_PACE
from webapp.seed.sender import Sender
from webapp.seed.totals import Totals

PAGE = 100


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The result of a replay, from the plays to the connections.

    Attributes:
        totals: what became of the plays.
        expected: the connections that must come of the plays as they were sent.
        streamed: how the stream's compare with them.
        kept: how the history's do.
    """

    totals: Totals
    expected: list[Meeting]
    streamed: Comparison
    kept: Comparison


def rehearse(url: str, token: str, lines: list[bytes], speed: float, frames: Iterable[dict[str, Any]]) -> Rehearsal:
    """Replay lines at a given speed.

    Args:
        url: a server that shows all (UNISON_SHOWN_PER_S=0) and has seen nothing yet.
        token: what allows to send to it.
        lines: a file's.
        speed: what gaps are divided by.
        frames: what a viewer of its stream gets, hello left out.
    """
    over = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        seen = threads.submit(_watch, frames, over)
        try:
            sender, recorder = _replay(url, token, lines, speed)
        finally:
            over.set()
        streamed = seen.result()
    expected = meetings(recorder.lines)
    kept = Comparison.between(expected, history(url))
    return Rehearsal(sender.totals, expected, Comparison.between(expected, streamed), kept)


def history(url: str) -> Iterator[dict[str, Any]]:
    """Yield all connections of a server's history, page by page."""
    before: str | None = ""
    while before is not None:
        query = f"limit={PAGE}" + (f"&before={before}" if before else "")
        with urllib.request.urlopen(f"{url}/api/connections?{query}", timeout=10) as answer:
            page = json.load(answer)
        yield from page["connections"]
        before = page["next"]


def _replay(url: str, token: str, lines: list[bytes], speed: float) -> tuple[Sender, RecordBuilder]:
    client = Client(url, "replay", token)
    recorder = RecordBuilder(client)
    entries = replay.in_order(replay.read_lines(lines, _unexpected), _unexpected)
    feed = Feed(replay.blocks(entries))
    sender = Sender(recorder, feed, speed=speed, pace=REPLAY_PACE, say=_tell, stop=threading.Event())
    sender.run()
    client.close()
    return sender, recorder


def _watch(frames: Iterable[dict[str, Any]], over: threading.Event) -> list[dict[str, Any]]:
    """Collect connections until all sent plays are certainly matched."""
    found: list[dict[str, Any]] = []
    end_s = None
    for frame in frames:
        found += frame.get("connections", ())
        if over.is_set():
            end_s = end_s or frame["now"] + 4.0  # lead, lateness, a window, a heartbeat, and a margin
            if frame["now"] >= end_s:
                break
    return found


def _unexpected(number: int, why: str) -> None:
    raise ValueError(f"line {number}: {why}")


def _tell(text: str) -> None:
    print(text, file=sys.stderr)
