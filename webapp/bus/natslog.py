"""Logs and checkpoints in NATS JetStream: a log is a stream with one subject.

A reader hears new messages as the stream publishes them again, with their numbers. Where it missed some, it asks any
server that has the stream for them, by number. So there are no consumers that die with a server, and nothing to
acknowledge; where a reader is, only the reader knows.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg

from webapp.bus.log import Entry, ForestalledError, FullError, GoneError, UnavailableError
from webapp.bus.natsclient import AWAY, asking

ANSWER_S = 1.0
"""How long to wait for an answer. It is lost with its server, so to wait longer would be in vain."""
POLL_S = 1.0
"""How often a reader that hears nothing asks whether it missed something."""
BATCH, BATCH_BYTES = 256, 8 << 20
"""What a reader asks for at once."""
FETCH_BYTES = 2 << 20
"""What is asked for at once on behalf of somebody else; each message is smaller."""
HEARD_BYTES = 64 << 20
"""Messages that nobody has read yet; if more are heard, the reader asks for them when it comes to them."""
_FORESTALLED = {10071, 10164}  # the error codes of JetStream: wrong last sequence
_FULL = {10077, 10122, 10023}  # maximum of messages or bytes exceeded, message too large for them, no more storage


class NatsLog:
    """A stream with one subject.

    Args:
        client: connected.
        stream: the stream's name.
        subject: of its messages.
        live: the subject under which the stream publishes them again.
    """

    def __init__(self, client: Client, stream: str, subject: str, live: str) -> None:
        self._client, self._stream, self._subject, self._live = client, stream, subject, live
        self._heard: deque[Entry] = deque()
        self._heard_bytes = 0
        self._news = asyncio.Event()
        self._is_listening = False

    async def append(self, data: bytes, *, after: int | None = None, id: str = "") -> int:
        """See `webapp.bus.log.Log`."""
        headers = {"Nats-Expected-Stream": self._stream}
        if after is not None:
            headers["Nats-Expected-Last-Sequence"] = str(after)
        if id:
            headers["Nats-Msg-Id"] = id
        return int((await self._asked(self._subject, data, headers))["seq"])

    async def last(self) -> int:
        """Return the number of the newest message, by the stream's leader; 0 if there is none.

        Raises:
            UnavailableError: there is no leader now.
        """
        state = (await self._asked(f"$JS.API.STREAM.INFO.{self._stream}", b""))["state"]
        return int(state["last_seq"])

    async def now_ms(self) -> int:
        """Return what the time is by the stream's leader, epoch milliseconds.

        Raises:
            UnavailableError: there is no leader now.
        """
        at = (await self._asked(f"$JS.API.STREAM.INFO.{self._stream}", b""))["ts"]
        return round(datetime.fromisoformat(at).timestamp() * 1000)

    async def purge(self, upto: int) -> None:
        """Remove the messages up to a number.

        Raises:
            UnavailableError: they may be removed, or not.
        """
        await self._asked(f"$JS.API.STREAM.PURGE.{self._stream}", json.dumps({"seq": upto + 1}).encode())

    async def read(self, after: int) -> Sequence[Entry]:
        """See `webapp.bus.log.Log`."""
        await self._listen()
        while True:
            self._forget(after)
            if self._heard and self._heard[0].seq == after + 1:
                return self._heard_run()
            if entries := await self._fetched(after + 1):
                return entries
            await self._wait()

    async def fetch(self, after: int, upto: int) -> Sequence[Entry]:
        """Return some messages above a number, up to another, in order, beginning with the next one.

        Raises:
            GoneError: the next one is not kept any more.
            UnavailableError: nobody answers now.
        """
        if entries := await self._fetched(after + 1, min(upto - after, BATCH), FETCH_BYTES):
            return entries
        raise UnavailableError(f"no answer from {self._stream}")

    # What is heard.

    async def _listen(self) -> None:
        if not self._is_listening:
            self._is_listening = True
            await self._client.subscribe(self._live, cb=self._hear)

    async def _hear(self, message: Msg) -> None:
        self._heard.append(_entry(message))
        self._heard_bytes += len(message.data)
        if self._heard_bytes > HEARD_BYTES:
            self._heard.clear()
            self._heard_bytes = 0
        self._news.set()

    def _forget(self, upto: int) -> None:
        while self._heard and self._heard[0].seq <= upto:
            self._heard_bytes -= len(self._heard.popleft().data)

    def _heard_run(self) -> list[Entry]:
        """Return the heard messages up to the first gap."""
        run = [self._heard[0]]
        for entry in list(self._heard)[1:]:
            if entry.seq != run[-1].seq + 1:
                break
            run.append(entry)
        return run

    async def _wait(self) -> None:
        """Wait for news; where there is none for long, something may have been missed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self._news.wait()
        self._news.clear()

    # What is asked for.

    async def _fetched(self, seq: int, most: int = BATCH, most_bytes: int = BATCH_BYTES) -> list[Entry]:
        """Return messages from a number on, none if there is none or nobody answers.

        Raises:
            GoneError: the first one is not kept any more.
        """
        found, _ = await messages_from(self._client, self._stream, seq, most, most_bytes)
        return self._run_from(seq, [_entry(message) for message in found])

    def _run_from(self, seq: int, found: list[Entry]) -> list[Entry]:
        if found and found[0].seq > seq:
            first = found[0].seq
            raise GoneError(f"{self._stream} has no message {seq} any more; the first one is {first}", first)
        return [entry for place, entry in enumerate(found) if entry.seq == seq + place]

    async def _asked(self, subject: str, data: bytes, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return what JetStream answers.

        Raises:
            ForestalledError, FullError, UnavailableError: see `webapp.bus.log.Log.append`.
        """
        return await answer_to(self._client, self._stream, subject, data, headers)


async def answer_to(
    client: Client, stream: str, subject: str, data: bytes, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return what JetStream answers to a message about a stream.

    Raises:
        ForestalledError, FullError, UnavailableError: see `webapp.bus.log.Log.append`.
    """
    with asking(f"no answer from {stream}"):
        message = await client.request(subject, data, timeout=ANSWER_S, headers=dict(headers or {}))
    answer: dict[str, Any] = json.loads(message.data)
    if "error" in answer:
        raise _refusal(answer["error"])
    return answer


async def messages_from(
    client: Client, stream: str, seq: int, most: int = BATCH, most_bytes: int = BATCH_BYTES
) -> tuple[list[Msg], bool]:
    """Return the next messages of a stream from a number on, and whether they were answered to the end."""
    inbox = client.new_inbox()
    answers = await client.subscribe(inbox)
    question = {"seq": seq, "batch": most, "max_bytes": most_bytes}
    found: list[Msg] = []
    try:
        await client.publish(f"$JS.API.DIRECT.GET.{stream}", json.dumps(question).encode(), reply=inbox)
        while True:
            message = await answers.next_msg(timeout=POLL_S)
            if (message.headers or {}).get("Status"):
                return found, True
            found.append(message)
    except AWAY:
        return found, False  # what came is enough to go on; the rest is asked for again
    finally:
        with suppress(*AWAY):
            await answers.unsubscribe()


def _refusal(error: Mapping[str, Any]) -> Exception:
    code, text = error.get("err_code"), str(error.get("description"))
    if code in _FORESTALLED:
        return ForestalledError(text)
    if code in _FULL:
        return FullError(text)
    return UnavailableError(text)


def _entry(message: Msg) -> Entry:
    headers = message.headers or {}
    at = datetime.fromisoformat(headers["Nats-Time-Stamp"])
    return Entry(int(headers["Nats-Sequence"]), round(at.timestamp() * 1000), message.data)
