"""A file of known pairs, and an independent computation of the connections that must result."""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from webapp.core.gazetteer import Gazetteer
from webapp.core.plays import track_id
from webapp.seed.blocks import play_head
from webapp.seed.catalogue import load_catalogue
from webapp.seed.client import Answer, BatchRejected, Client, Unavailable

START_S = 1_700_000_000
STEP_MS = 160
"""Time from one pair to the next: the shortest that repeats no track within 20 windows."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """A connection in a form that both sides of the comparison have.

    Attributes:
        track: the track's id.
        first: GeoNames id of the city that pressed first.
        second: of the other.
        apart_ms: how far apart.
        at_ms: when the later one was pressed, epoch milliseconds.
    """

    track: str
    first: int
    second: int
    apart_ms: int
    at_ms: int

    @classmethod
    def of(cls, connection: dict[str, Any]) -> "Meeting":
        """Return the meeting of a connection in wire format."""
        ends = connection["from"]["geoname_id"], connection["to"]["geoname_id"]
        return cls(connection["track"]["id"], *ends, connection["apart_ms"], round(connection["at"] * 1000))


def known_pairs(count: int, gazetteer: Gazetteer, *, speed: float, window_ms: int = 1000, seed: int = 1) -> list[bytes]:
    """Return the lines of a file, in the order of the presses.

    Replayed at `speed` the two presses of a pair lie 0 to `window_ms` apart, both ends among them; no track comes back
    within 20 windows of the file's own time.

    Raises:
        ValueError: the catalogue is too small for that window and speed.
    """
    tracks, draw = load_catalogue(), random.Random(seed)
    apart_most_ms = round(window_ms * speed)
    if len(tracks) * STEP_MS <= apart_most_ms + 20 * window_ms:
        raise ValueError(f"at speed {speed:g} a track would come back too soon")
    plays = []
    for pair in range(count):
        apart_ms = {0: 0, 1: apart_most_ms}.get(pair, draw.randint(0, apart_most_ms))
        cities = draw.sample(gazetteer.geoname_id.tolist(), 2)
        for who, (city, after_ms) in enumerate(zip(cities, (0, apart_ms), strict=True)):
            track = {"title": tracks[pair % len(tracks)].title, "artist": tracks[pair % len(tracks)].artist}
            head = play_head(track, {"geoname_id": city}, f"known {pair} {who}")
            plays.append((pair * STEP_MS + after_ms, head))
    return [b"%b%d.%03d}\n" % (head, START_S + at // 1000, at % 1000) for at, head in sorted(plays)]


class RecordBuilder:
    """A client that keeps every line that the server accepted."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.lines: list[bytes] = []

    def post(self, body: bytes) -> Answer | Unavailable | BatchRejected:
        """Send a batch of NDJSON."""
        outcome = self._client.post(body)
        if isinstance(outcome, Answer):
            self.lines += body.splitlines()
        return outcome


def meetings(lines: Iterable[bytes], window_ms: int = 1000) -> list[Meeting]:
    """Return the connections that must result from sent plays: a track's neighbours within the window.

    That is all there is to it as long as no track has a third play near the two of a pair.
    """
    presses: dict[str, set[tuple[int, int]]] = defaultdict(set)
    for line in lines:
        play = json.loads(line)
        track = track_id(play["track"]["artist"], play["track"]["title"])
        presses[track].add((round(play["pressed_at"] * 1000), play["place"]["geoname_id"]))
    return [meeting for track, rows in presses.items() for meeting in _neighbours(track, sorted(rows), window_ms)]


def _neighbours(track: str, rows: list[tuple[int, int]], window_ms: int) -> Iterator[Meeting]:
    for (early_ms, first), (late_ms, second) in pairwise(rows):
        if late_ms - early_ms <= window_ms:
            yield Meeting(track, first, second, late_ms - early_ms, late_ms)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The comparison of found and expected meetings."""

    found: int
    missing: tuple[Meeting, ...]
    twice: tuple[Meeting, ...]
    unexpected: tuple[Meeting, ...]

    @property
    def exact(self) -> bool:
        """Return whether every meeting was found exactly once, and nothing else."""
        return not (self.missing or self.twice or self.unexpected)

    @classmethod
    def between(cls, expected: Iterable[Meeting], connections: Iterable[dict[str, Any]]) -> "Comparison":
        """Compare meetings with connections in wire format."""
        counts = Counter(map(Meeting.of, connections))
        wanted = set(expected)
        twice = tuple(meeting for meeting, count in counts.items() if count > 1)
        return cls(counts.total(), tuple(wanted - counts.keys()), twice, tuple(counts.keys() - wanted))
