"""What one stranger does to a server in `hostile.py`: each attack is a function that ends when its time is up.

An attack runs in a process of its own. It returns None, or a sentence where the server did not do what it should.
"""

from __future__ import annotations

import json
import random
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

TOKEN = "bench"
STRANGER, ANOTHER = "198.51.100.66", "203.0.113.77"
CONNECTIONS = 12
SENT_IN_ONE = 1 << 16
UPGRADE = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
CITIES = 6_000
PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Target:
    """A server, and until when (CLOCK_MONOTONIC, seconds) it is attacked."""

    port: int
    until: float
    cities: tuple[int, ...] = ()

    @property
    def lasts(self) -> bool:
        """Whether there is time left."""
        return time.monotonic() < self.until

    def connect(self) -> socket.socket:
        """Open a connection; an operation on it that takes long ends with an OSError."""
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE_S)


Attack = Callable[[Target], str | None]


def head(method: str, path: str, *lines: str, address: str = STRANGER) -> bytes:
    """Return the head of a request."""
    given = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"X-Forwarded-For: {address}", *lines]
    return "\r\n".join([*given, "", ""]).encode()


def at_once(count: int, do: Callable[[int], object]) -> None:
    """Do something so many times at once; a connection that the server ends is no error."""

    def contained(index: int) -> None:
        with suppress(OSError):
            do(index)

    threads = [threading.Thread(target=contained, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def over_and_over(target: Target, requests: Callable[[], bytes], count: int = CONNECTIONS) -> None:
    """Ask on so many connections, each time when the last answer has come."""

    def ask(_: int) -> None:
        while target.lasts:
            with suppress(OSError), target.connect() as sock:
                while target.lasts:
                    sock.sendall(requests())
                    if not read_answer(sock):
                        break

    at_once(count, ask)


def read_answer(sock: socket.socket) -> int:
    """Read an answer with a Content-Length; returns its status, or 0 where the connection ended."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := sock.recv(SENT_IN_ONE)):
            return 0
        data += more
    top, _, body = data.partition(b"\r\n\r\n")
    lines = top.lower().split(b"\r\n")
    length = next((int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")), 0)
    while len(body) < length and (more := sock.recv(SENT_IN_ONE)):
        body += more
    return 0 if b"connection: close" in lines else int(lines[0].split()[1])


def endless(path: str, piece: bytes, *lines: str, count: int = 4) -> Attack:
    """Send a body that does not end, as fast as it is taken."""

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
    """Send as many and as long headers as gunicorn takes by default, all of them to be parsed."""
    one = {"Accept-Language": "de-x1;q=0.1,", "Accept": "a/b;q=0.1,", "Accept-Encoding": "br;q=0.1,"}
    lines = [f"{name}: {value * (8_000 // len(value))}" for name, value in one.items()]
    over_and_over(target, lambda: head("GET", "/nowhere", *(lines[n % 3] for n in range(94))), 2)


def asking(path: str, *lines: str) -> Attack:
    """Ask for a path, in which a # is another number each time, on twelve connections."""
    numbers = random.Random(1)

    def request() -> bytes:
        return head("GET", path.replace("#", str(numbers.randrange(10**9))), *lines)

    return lambda target: over_and_over(target, request)


BROWSER = ("Accept-Encoding: gzip, br", "Accept-Language: de", "Accept: text/html")
LIGATURE = quote("\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 100)


def watch(target: Target, query: str, *lines: str, address: str = STRANGER) -> socket.socket | int:
    """Open a websocket; returns it, or the status of a refusal."""
    sock = target.connect()
    sock.sendall(head("GET", f"/stream?{query}", UPGRADE + KEY.strip(), *lines, address=address))
    status = int((sock.recv(4096) or b"- 0").split()[1])
    if status != 101:
        sock.close()
    return sock if status == 101 else status


def watched(stack: ExitStack, target: Target, queries: Iterator[str], *lines: str) -> list[int]:
    """Open websockets until the time is up or there are no more queries; returns the statuses of those refused."""
    refused = []
    for query in queries:
        if not target.lasts:
            break
        with suppress(OSError):
            came = watch(target, query, *lines)
            if isinstance(came, int):
                refused.append(came)
            else:
                stack.enter_context(came)
    return refused


def filters(target: Target) -> str | None:
    """Take all filters, and see whether another may still have one."""
    with ExitStack() as stack:
        watched(stack, target, (f"city={city}" for city in target.cities))
        with suppress(OSError):
            return whether_in(watch(target, "country=BR", address=ANOTHER), "a stranger's filter")
        return "a stranger's filter got no answer"


def nobodys(target: Target) -> str | None:
    """Open sockets without an origin, as a sandboxed frame on another's page does, and see whether another comes in."""
    with ExitStack() as stack:
        watched(stack, target, iter(["" for _ in range(400)]), "Origin: null")
        with suppress(OSError):
            return whether_in(watch(target, "", address=ANOTHER), "a stranger")
        return "a stranger got no answer"


def whether_in(came: socket.socket | int, who: str) -> str | None:
    """Say that somebody was refused."""
    if isinstance(came, int):
        return f"{who} was refused: {came}"
    came.close()
    return None


def refused_bodies(target: Target) -> None:
    """Send sixty bodies of 9.8 MB at once, of which none is taken."""
    body = b" " * 9_800_000
    lines = ("Content-Type: application/json", f"Content-Length: {len(body)}")

    def send(_: int) -> None:
        while target.lasts:
            with suppress(OSError), target.connect() as sock:
                sock.sendall(head("POST", "/api/plays", *lines))
                sock.sendall(body)
                read_answer(sock)

    at_once(60, send)


def idle(target: Target) -> None:
    """Hold more open connections than the server may have files; one that is closed comes again."""
    with ExitStack() as stack:
        while target.lasts:
            for _ in range(100):
                with suppress(OSError):
                    stack.enter_context(target.connect())
            time.sleep(0.2)


def crowd(target: Target) -> str | None:
    """Be three hundred viewers where there are files for fewer: what is refused is told so."""
    with ExitStack() as stack:
        refused = set[int]()
        while target.lasts:
            refused |= set(watched(stack, target, iter([""] * 300)))
        # 0 is no answer: of so many at once some give way to others before they are read.
        wrong = refused - {0, 503, 429} or not refused & {503, 429}
        return f"refused with {sorted(refused)}" if wrong else None


def empty_plays(target: Target) -> None:
    """Send plays without anything in them, sixty thousand bytes at a time."""
    body = b"{}\n" * 20_000
    lines = ("Content-Type: application/x-ndjson", f"Content-Length: {len(body)}", BEARER)
    over_and_over(target, lambda: head("POST", "/api/plays", *lines) + body, 2)


@dataclass(frozen=True, slots=True)
class Named:
    """An attack, what the table calls it, and what its server is started with."""

    name: str
    attack: Attack
    files: int | None = None
    settings: tuple[tuple[str, str], ...] = ()


def outcomes(target: Target) -> None:
    """Press play once, and ask what came of it on fifty connections."""
    press = pressed(target)
    over_and_over(target, lambda: head("GET", f"/play/{press}"), 50)


def pressed(target: Target) -> str:
    """Press play on a song that brought two people together; returns the name of the press."""
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


def told(target: Target, path: str, sent: object = None, tab: str = "") -> Any:
    """Return a decoded answer; what is sent goes as JSON, with the bench's token or that of a tab."""
    own = {"X-CSRF-Token": tab} if tab else {"Authorization": f"Bearer {TOKEN}"}
    headers = {"X-Forwarded-For": STRANGER, "Content-Type": "application/json", **own}
    data = None if sent is None else json.dumps(sent).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{target.port}{path}", data, headers)
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        return json.load(answer)


def nothing(target: Target) -> None:
    """Do nothing, for comparison: what the machine itself costs the viewers."""
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
    Named("all filters taken", filters),
    Named("sockets with Origin: null", nobodys, settings=(("UNISON_VIEWERS_MAX", "200"),)),
    Named("60 refused bodies of 9.8 MB", refused_bodies),
    Named("idle sockets at the file limit", idle, files=256),
    Named("300 viewers at 256 files", crowd, files=256),
    Named("60 kB of {} lines", empty_plays),
    Named("fifty on what came of one press", outcomes, settings=(("UNISON_VISITOR_PLAYS", "1"),)),
)
