"""Senders and viewers of `faults.py`: they keep sending and reconnecting whatever happens."""

from __future__ import annotations

import json
import random
import threading
import time
import urllib.error
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any

from websockets.exceptions import WebSocketException

from tests.serving import Server, ask, post_plays, stream
from webapp.core.gazetteer import Gazetteer

SONGS = 200
SENDERS = 32
AGAIN_S = 0.05
NEXT_S = 5.0
"""A viewer without a frame for this long reconnects."""
UNREACHABLE = (OSError, HTTPException, WebSocketException, TimeoutError, EOFError)


class Sending:
    """Sends plays at a steady rate, even while earlier requests wait for their answers.

    Attributes:
        accepted: plays that were answered 202.
        late: how many of these were said to be late.
        rejected: plays that were refused: a server that answers after 5 s takes those for too old.
        unanswered: plays whose request was refused or had no answer.
    """

    def __init__(self, server: Server, gazetteer: Gazetteer, per_s: int, each_s: float, *, timed: bool) -> None:
        self.accepted = self.late = self.rejected = self.unanswered = 0
        self._server, self._per_s, self._each_s, self._timed = server, per_s, each_s, timed
        self._cities = [gazetteer[index].geoname_id for index in range(len(gazetteer))]
        self._chance = random.Random(7)
        self._lock = threading.Lock()
        self._made = 0

    def run(self, seconds: float) -> None:
        """Send for that long, and wait for the answers."""
        began = time.monotonic()
        with ThreadPoolExecutor(SENDERS) as senders:
            for number in range(round(seconds / self._each_s)):
                time.sleep(max(0.0, began + number * self._each_s - time.monotonic()))
                senders.submit(self._send, self._plays(round(self._per_s * self._each_s)))

    def _plays(self, count: int) -> list[dict[str, Any]]:
        pressed_at = {"pressed_at": round(time.time(), 3)} if self._timed else {}
        self._made += count
        return [
            {
                "track": {"title": f"Song {self._chance.randrange(SONGS)}", "artist": "The Harbour Lamps"},
                "listener": f"listener {self._made - number}",
                "place": {"geoname_id": self._chance.choice(self._cities)},
                **pressed_at,
            }
            for number in range(count)
        ]

    def _send(self, plays: list[dict[str, Any]]) -> None:
        try:
            answer = post_plays(self._server, plays, X_Unison_Source="synthetic")
        except (*UNREACHABLE, urllib.error.HTTPError, json.JSONDecodeError):
            with self._lock:
                self.unanswered += len(plays)
            return
        with self._lock:
            self.accepted += answer["accepted"]
            self.late += answer["late"]
            self.rejected += answer["rejected"]


class Watching:
    """A viewer that gets each frame of each stream: it resumes after the last one, or at the first of a new stream.

    Attributes:
        silence_s: the longest time without a frame.
        plays: of all frames, those that were matched in time.
        lost: of all frames, those that were counted as lost.
        ids: of all connections shown.
        missed: frames that it could not get.
    """

    def __init__(self, server: Server) -> None:
        self.silence_s, self.plays, self.lost, self.missed = 0.0, 0, 0, 0
        self.ids = set[str]()
        self.newest = time.monotonic()
        self._server, self._stream, self._seq = server, "", 0
        self._ended = False
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watching:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._thread.join()

    def forget_silence(self) -> None:
        """Start to measure the longest silence."""
        self.silence_s = 0.0

    def _watch(self) -> None:
        while not self._ended:
            try:
                self._once()
            except UNREACHABLE:
                time.sleep(AGAIN_S)

    def _once(self) -> None:
        since = {"since": f"{self._stream}:{self._seq}"} if self._stream else {}
        with stream(self._server, NEXT_S, **since) as viewer:
            if viewer.hello["stream"] != self._stream:  # a new stream
                self._stream, self._seq = viewer.hello["stream"], 0
                return
            self.missed += viewer.hello["seq"] - self._seq
            for frame in viewer:
                if self._ended or frame["type"] == "bye":
                    return
                self._note(frame)

    def _note(self, frame: dict[str, Any]) -> None:
        now = time.monotonic()
        self.silence_s, self.newest = max(self.silence_s, now - self.newest), now
        self._seq = frame["seq"]
        self.plays += frame["counts"]["plays"]
        self.lost += frame["counts"]["lost"]
        self.ids.update(connection["id"] for connection in frame["connections"])


class Pictures:
    """Requests the pictures of connections, one after another.

    Attributes:
        served: how many there were.
        refused: how many there were not.
    """

    def __init__(self, server: Server, watching: Watching) -> None:
        self.served = self.refused = 0
        self._server, self._watching = server, watching
        self._ended = threading.Event()

    @contextmanager
    def asked(self) -> Iterator[Pictures]:
        """Send requests during the block."""
        thread = threading.Thread(target=self._ask, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            thread.join()

    def _ask(self) -> None:
        while not self._ended.wait(1.0):
            for id in sorted(self._watching.ids)[-1:]:
                served = ask(self._server, f"/c/{id}/card.png").status == 200
                self.served, self.refused = self.served + served, self.refused + (not served)
