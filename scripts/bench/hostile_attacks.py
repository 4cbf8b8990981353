"""The attacks of `hostile.py`: each is a function that ends when its time is up.

An attack runs in its own process. It returns None, or a sentence if the server did not behave as it should.
"""

from __future__ import annotations

import random
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bench import hostile_viewers as viewers
from bench.hostile_target import TOKEN, Attack, Target, at_once, head, over_and_over, read_answer, told

from webapp.storage.quartersums import QUARTER_S
from webapp.web.today import HOURS_MAX


def endless(path: str, piece: bytes, *lines: str, count: int = 4) -> Attack:
    """Send a body that does not end, as fast as the server reads it."""

    def attack(target: Target) -> None:
        def send(_: int) -> None:
            while target.lasts:
                with suppress(OSError), target.connect() as sock:
                    sock.sendall(head("POST", path, "Content-Type: application/json", *lines))
                    while target.lasts:
                        sock.sendall(piece)

        at_once(count, send)

    return attack


CHUNKED = "Transfer-Encoding: chunked"
BEARER = f"Authorization: Bearer {TOKEN}"
ONE_BYTE = b"1\r\n \r\n" * 10_000
LARGE = b"10000\r\n" + b" " * (1 << 16) + b"\r\n"
HUGE = f"Content-Length: {100 * 10**9}"


def headers(target: Target) -> None:
    """Send as many and as long headers as gunicorn accepts by default."""
    one = {"Accept-Language": "de-x1;q=0.1,", "Accept": "a/b;q=0.1,", "Accept-Encoding": "br;q=0.1,"}
    lines = [f"{name}: {value * (8_000 // len(value))}" for name, value in one.items()]
    over_and_over(target, lambda: head("GET", "/nowhere", *(lines[n % 3] for n in range(94))), 2)


def asking(path: str, *lines: str) -> Attack:
    """Request a path on twelve connections; replace # by another number each time."""
    numbers = random.Random(1)

    def request() -> bytes:
        return head("GET", path.replace("#", str(numbers.randrange(10**9))), *lines)

    return lambda target: over_and_over(target, request)


def todays(target: Target) -> None:
    """Ask on twelve connections what ever new cities saw since ever new quarter hours."""
    numbers, last = random.Random(1), int(time.time()) // QUARTER_S * QUARTER_S

    def request() -> bytes:
        since, city = last - QUARTER_S * numbers.randrange(4 * HOURS_MAX), numbers.choice(target.cities)
        return head("GET", f"/api/today?since={since}&city={city}")

    over_and_over(target, request)


BROWSER = ("Accept-Encoding: gzip, br", "Accept-Language: de", "Accept: text/html")
LIGATURE = quote("\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 100)


def refused_bodies(target: Target) -> None:
    """Send sixty bodies of 9.8 MB at once, which are all refused."""
    body = b" " * 9_800_000
    lines = ("Content-Type: application/json", f"Content-Length: {len(body)}")

    def send(_: int) -> None:
        while target.lasts:
            with suppress(OSError), target.connect() as sock:
                sock.sendall(head("POST", "/api/plays", *lines))
                sock.sendall(body)
                read_answer(sock)

    at_once(60, send)


def empty_plays(target: Target) -> None:
    """Send empty plays, sixty thousand bytes at a time."""
    body = b"{}\n" * 20_000
    lines = ("Content-Type: application/x-ndjson", f"Content-Length: {len(body)}", BEARER)
    over_and_over(target, lambda: head("POST", "/api/plays", *lines) + body, 2)


@dataclass(frozen=True, slots=True)
class Named:
    """An attack, its name in the table, and its server's settings."""

    name: str
    attack: Attack
    files: int | None = None
    settings: tuple[tuple[str, str], ...] = ()


def outcomes(target: Target) -> None:
    """Press play once, and request the result on fifty connections."""
    press = pressed(target)
    over_and_over(target, lambda: head("GET", f"/play/{press}"), 50)


def pressed(target: Target) -> str:
    """Press play on a song of a connection; return the id of the press."""
    artist, cities = "The Last to Know", target.cities[:2]
    play = {"track": {"title": "Who Was It", "artist": artist}}
    together = [{**play, "listener": str(city), "place": {"geoname_id": city}} for city in cities]
    found: list[Any] = []
    while not found and target.lasts:  # among others' they may not be shown the first time
        told(target, "/api/plays", together)
        time.sleep(1.5)
        found = told(target, f"/api/connections?artist={quote(artist)}")["connections"]
    token = told(target, "/play/token")["token"]
    return str(told(target, "/play", {"track": found[0]["track"]["id"], "city": cities[0]}, token)["press"])


def nothing(target: Target) -> None:
    """Do nothing, for comparison."""
    time.sleep(max(0.0, target.until - time.monotonic()))


ATTACKS = (
    Named("nothing", nothing),
    Named("endless body, 1-byte chunks, any path", endless("/nowhere", ONE_BYTE, CHUNKED)),
    Named("endless body, 1-byte chunks, with a token", endless("/api/plays", ONE_BYTE, CHUNKED, BEARER)),
    Named("endless body, 64 kB chunks, any path", endless("/embed", LARGE, CHUNKED)),
    Named("endless body, 64 kB chunks, with a token", endless("/api/plays", LARGE, CHUNKED, BEARER)),
    Named("endless body, Content-Length of 100 GB", endless("/playlist", LARGE, HUGE)),
    Named("771 kB of headers", headers),
    Named("twelve connections on /playlist", asking("/playlist", *BROWSER)),
    Named("twelve on /embed with ever new queries", asking("/embed?title=#&x#=1", *BROWSER)),
    Named("twelve on /api/search with U+FDFA", asking(f"/api/search?q={LIGATURE}")),
    Named("twelve on /api/today with ever new cities", todays),
    Named("all filters taken", viewers.filters),
    Named("twelve come with ever new filters", viewers.comings),
    Named("sockets with Origin: null", viewers.nobodys, settings=(("UNISON_VIEWERS_MAX", "200"),)),
    Named("60 refused bodies of 9.8 MB", refused_bodies),
    Named("idle sockets at the file limit", viewers.idle, files=256),
    Named("300 viewers at 256 files", viewers.crowd, files=256),
    Named("60 kB of {} lines", empty_plays),
    Named("fifty on what came of one press", outcomes, settings=(("UNISON_VISITOR_PLAYS", "1"),)),
)
