"""Senders in one process: the load of `ingest.py`.

What they send is prepared beforehand; only the time of the press is written into plays before sending. Each connection
is a thread that sends a request, waits for the answer and sends the next one, at once or when it is due.
"""

from __future__ import annotations

import json
import multiprocessing
import re
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np

from webapp.core.gazetteer import Gazetteer

STAMP = b"1790000000.000"
"""Placeholder in the bodies for the time of the press, seconds."""
SONGS = 20_000
EXPONENT = 0.51
"""A song's share of listening is its rank to the power of minus this."""
CITIES = 6_000
"""The most populous; the gazetteer had so many before it had towns, so both can be compared."""
TYPES = {"json": "application/json", "ndjson": "application/x-ndjson"}


@dataclass(frozen=True, slots=True)
class Sent:
    """The result of one run.

    Attributes:
        seconds: how long it was.
        requests: those whose plays were taken.
        plays: those that were accepted.
        refused: requests that were answered otherwise, such as 429.
        own_cpu_s: processor time that the senders took.
    """

    seconds: float
    requests: int
    plays: int
    refused: int
    own_cpu_s: float


def plays(gazetteer: Gazetteer, count: int, by: str, seed: int = 7) -> list[bytes]:
    """Return plays as JSON objects: large cities by population, songs by rank, and different listeners.

    Args:
        gazetteer: the cities.
        count: how many.
        by: "id" places them by GeoNames id, "name" by the city's name.
        seed: of the random numbers.
    """
    chance = np.random.default_rng(seed)
    weights = np.arange(1, SONGS + 1) ** -EXPONENT
    songs = chance.choice(SONGS, count, p=weights / weights.sum()).tolist()
    largest = np.argsort(-gazetteer.population.astype(np.int64), kind="stable")[:CITIES]
    cities = [gazetteer[index] for index in largest.tolist()]
    people = gazetteer.population[largest] / gazetteer.population[largest].sum()
    places = [
        json.dumps({"geoname_id": city.geoname_id} if by == "id" else {"city": city.name, "country": city.country_code})
        for city in cities
    ]
    return [
        f'{{"track":{{"title":"Song {song}","artist":"The Harbour Lamps"}},"listener":"listener-{seed}-{number}",'
        f'"place":{places[city]},"pressed_at":{STAMP.decode()}}}'.encode()
        for number, (song, city) in enumerate(
            zip(songs, chance.choice(len(cities), count, p=people).tolist(), strict=True)
        )
    ]


def bodies(made: Sequence[bytes], each: int, form: str) -> list[bytes]:
    """Split plays into bodies of a size, as "json" (a list) or "ndjson" (one on each line)."""
    parts = [made[start : start + each] for start in range(0, len(made) - each + 1, each)]
    if form == "ndjson":
        return [b"\n".join(part) + b"\n" for part in parts]
    return [b"[" + b",".join(part) + b"]" if each > 1 else part[0] for part in parts]


def send(
    port: int,
    made: list[bytes],
    form: str,
    *,
    connections: int,
    seconds: float,
    plays_per_s: float = inf,
    path: str,
    token: str = "",
) -> Sent:
    """Send bodies of plays again and again for that many seconds from a separate process, and return the result."""
    return apart(_PlaySenders(port, made, form, path, token), connections, seconds, plays_per_s)


def apart(senders: Senders, connections: int, seconds: float, plays_per_s: float = inf) -> Sent:
    """Have senders run in a separate process, and return the result."""
    fork = multiprocessing.get_context("fork")  # the bodies need not be copied
    ours, theirs = fork.Pipe()
    process = fork.Process(
        target=lambda: theirs.send(senders.run(connections, seconds, plays_per_s)),
        daemon=True,
    )
    process.start()
    try:
        sent: Sent = ours.recv()
    finally:
        process.join()
    return sent


class Senders:
    """Send what is prepared again and again.

    Args:
        port: of the server.
        made: what is prepared.
        each: how many plays one request has.
    """

    def __init__(self, port: int, made: Sequence[bytes], each: int = 1) -> None:
        self._port, self._made, self._each = port, made, each
        self._lock = threading.Lock()
        self._next = 0

    def request(self, made: bytes) -> bytes:
        """Return the request to send for what was prepared."""
        raise NotImplementedError

    def taken(self, answer: bytes) -> int | None:
        """Return how many plays were taken by an answer; None if it is another answer than wanted."""
        raise NotImplementedError

    def run(self, connections: int, seconds: float, plays_per_s: float) -> Sent:
        """Send for that many seconds."""
        began, own = time.monotonic(), time.process_time()
        self._began, self._until, self._per_s = began, began + seconds, plays_per_s / self._each
        self._requests = self._plays = self._refused = 0
        threads = [threading.Thread(target=self._send) for _ in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
        return Sent(took, self._requests, self._plays, self._refused, time.process_time() - own)

    def _send(self) -> None:
        with socket.create_connection(("127.0.0.1", self._port)) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while (made := self._due()) is not None:
                sock.sendall(self.request(made))
                self._count(self.taken(_answer(sock)))

    def _due(self) -> bytes | None:
        """Wait until what is sent next is due, and return it; return None when the time is over."""
        with self._lock:
            number, self._next = self._next, self._next + 1
        if (left := self._began + number / self._per_s - time.monotonic()) > 0:
            time.sleep(min(left, max(0.0, self._until - time.monotonic())))
        return self._made[number % len(self._made)] if time.monotonic() < self._until else None

    def _count(self, taken: int | None) -> None:
        with self._lock:
            if taken is None:
                self._refused += 1
            else:
                self._requests, self._plays = self._requests + 1, self._plays + taken


class _PlaySenders(Senders):
    """Send bodies of plays, in our own format."""

    def __init__(self, port: int, made: list[bytes], form: str, path: str, token: str) -> None:
        super().__init__(port, made, made[0].count(STAMP))
        self._form, self._path, self._token = form, path, token

    def request(self, made: bytes) -> bytes:
        """Write the time into a body, and a head before it."""
        stamped = made.replace(STAMP, b"%.3f" % time.time())
        head = (
            f"POST {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {TYPES[self._form]}\r\n"
            f"Authorization: Bearer {self._token}\r\nX-Unison-Source: synthetic\r\n"
        )
        return f"{head}Content-Length: {len(stamped)}\r\n\r\n".encode() + stamped

    def taken(self, answer: bytes) -> int | None:
        """Return how many plays were accepted."""
        accepted = re.search(rb'"accepted":(\d+)', answer)
        return int(accepted[1]) if answer.startswith(b"HTTP/1.1 202") and accepted else None


def _answer(sock: socket.socket) -> bytes:
    """Read one answer: its head, and the body of the announced length."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(sock)
    head, _, rest = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    missing = int(length[1]) - len(rest) if length else 0
    while missing > 0:
        piece = _some(sock)
        data, missing = data + piece, missing - len(piece)
    return data


def _some(sock: socket.socket) -> bytes:
    if not (data := sock.recv(1 << 16)):
        raise ConnectionError("the server closed the connection")
    return data


def quantile(values: Sequence[Any], share: float) -> float:
    """Return a quantile; NaN without values."""
    return float(np.quantile(np.array(values), share)) if values else float("nan")
