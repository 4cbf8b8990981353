"""Attacks of `hostile.py` over websockets and idle connections."""

from __future__ import annotations

import random
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

from bench.hostile_target import ANOTHER, CONNECTIONS, SENT_IN_ONE, STRANGER, Target, at_once, head

UPGRADE = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="


def watch(target: Target, query: str, *lines: str, address: str = STRANGER) -> socket.socket | int:
    """Open a websocket; return it, or the status of a refusal."""
    sock = target.connect()
    sock.sendall(head("GET", f"/stream?{query}", UPGRADE + KEY, *lines, address=address))
    status = int((sock.recv(4096, socket.MSG_PEEK) or b"- 0").split()[1])
    if status != 101:
        sock.close()
    return sock if status == 101 else status


def watched(stack: ExitStack, target: Target, queries: Iterator[str], *lines: str) -> list[int]:
    """Open websockets until the time is up or the queries end; return the statuses of refusals."""
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
    """Use all filters, and check whether another viewer still gets one."""
    with ExitStack() as stack:
        watched(stack, target, (f"city={city}" for city in target.cities))
        with suppress(OSError):
            return whether_in(watch(target, "country=BR", address=ANOTHER), "a stranger's filter")
        return "a stranger's filter got no answer"


def comings(target: Target) -> None:
    """Join and leave on twelve connections, each time with another filter and with frames to resume."""
    numbers = random.Random(1)
    stream, seq = newest(target)

    def come(_: int) -> None:
        while target.lasts:
            city = numbers.choice(target.cities)
            with suppress(OSError):
                came = watch(target, f"city={city}&since={stream}:{max(0, seq - 8)}")
                if not isinstance(came, int):
                    with came:
                        came.recv(SENT_IN_ONE)

    at_once(CONNECTIONS, come)


def newest(target: Target) -> tuple[str, int]:
    """Return the stream's id and its newest seq, from hello."""
    came = watch(target, "")
    assert not isinstance(came, int)
    with came:
        hello = b""
        while not (found := re.search(rb'"stream":"([^"]*)","seq":([0-9]+)', hello)):
            hello += came.recv(SENT_IN_ONE)
    return found[1].decode(), int(found[2])


def nobodys(target: Target) -> str | None:
    """Open sockets without an origin, as a sandboxed frame does, and check whether another viewer gets in."""
    with ExitStack() as stack:
        watched(stack, target, iter(["" for _ in range(400)]), "Origin: null")
        with suppress(OSError):
            return whether_in(watch(target, "", address=ANOTHER), "a stranger")
        return "a stranger got no answer"


def whether_in(came: socket.socket | int, who: str) -> str | None:
    """Return a sentence if somebody was refused."""
    if isinstance(came, int):
        return f"{who} was refused: {came}"
    came.close()
    return None


def idle(target: Target) -> None:
    """Hold more connections than the server's limit of open files; reconnect closed ones."""
    with ExitStack() as stack:
        while target.lasts:
            for _ in range(100):
                with suppress(OSError):
                    stack.enter_context(target.connect())
            time.sleep(0.2)


def crowd(target: Target) -> str | None:
    """Join as three hundred viewers with files for fewer; refusals must have a status."""
    with ExitStack() as stack:
        refused, all_came = set[int](), False
        while target.lasts:
            refused |= set(watched(stack, target, iter([""] * 300)))
            all_came |= target.lasts  # a slow machine may not get that far
        # 0 is no answer: with so many at once the server closes some before it reads them.
        wrong = refused - {0, 503, 429} or (all_came and not refused & {503, 429})
        return f"refused with {sorted(refused)}" if wrong else None
