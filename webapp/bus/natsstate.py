"""Shared state that is no log: keys with values, in a bucket of NATS. A key's revision is its message's number.

A bucket keeps the newest message of each key. A reader reads all of them, then hears of each change, and asks for what
it missed. So it needs no consumer that dies with a server. A key that is erased leaves a note of that for a day.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.errors import NotFoundError

from webapp.bus.log import ForestalledError, FullError, UnavailableError
from webapp.bus.messages import MOMENTS, STATE, Changed, State
from webapp.bus.natsclient import asking
from webapp.bus.natslog import ANSWER_S, POLL_S, answer_to, messages_from
from webapp.bus.natsstreams import bucket_stream, keys_of, live_keys_of
from webapp.bus.shared import OtherRulesError

SYNC = "sync"
"""A key without a value. Who has seen a message of it has seen all that was put before."""
TRY_S = 2.0
"""So long a change is tried again; then whoever wants it is told."""
RETRY_S = 0.1
ERASED_S = 86_400
"""How long a note stays that a key was erased."""
STALE_S = 3_600.0
"""Who had no answer for so long reads all anew, since it may have missed such a note."""
HEARD_MOST = 10_000

ABSENT = -1
"""Instead of a revision: the key must have no value. Unlike 0, it may have been erased."""

_OPERATION = "KV-Operation"
"""A header of messages that erase a key: "PURGE", or "DEL" of NATS's own tool."""
_ERASE = {_OPERATION: "PURGE", "Nats-Rollup": "sub", "Nats-TTL": f"{ERASED_S}s"}
_AFTER = "Nats-Expected-Last-Subject-Sequence"


class Bucket:
    """Puts values into a bucket.

    Args:
        client: connected.
        name: the bucket's.
    """

    def __init__(self, client: Client, name: str) -> None:
        self._client, self._name, self._stream = client, name, bucket_stream(name)

    async def put(self, key: str, value: bytes | None, after: int | None = None, *, try_s: float = TRY_S) -> int:
        """Put a value, and try again for a while if there is no answer; return the key's revision.

        Args:
            key: its name.
            value: None erases the key.
            after: the revision that the key must have now; 0 if it must never have been there; see `ABSENT`.
            try_s: how long to try.

        Raises:
            ForestalledError: the key has another revision.
            FullError: there is no room.
            UnavailableError: it may be put, or not.
        """
        until_s = time.monotonic() + try_s
        while True:
            try:
                return await self._put(key, value, max(after, 0) if after is not None else None)
            except ForestalledError:
                if seq := await self._revision_if(key, value):
                    return seq  # of an earlier try, whose answer was lost
                if after != ABSENT or not (after := await self._erased_at(key)):
                    raise
            except UnavailableError:
                if time.monotonic() >= until_s:
                    raise
                await asyncio.sleep(RETRY_S)

    async def _put(self, key: str, value: bytes | None, after: int | None) -> int:
        self._need_connection()
        headers = dict(_ERASE) if value is None else {}
        if after is not None:
            headers[_AFTER] = str(after)
        return int(
            (await answer_to(self._client, self._stream, keys_of(self._name, key), value or b"", headers))["seq"]
        )

    def _need_connection(self) -> None:
        if not self._client.is_connected:  # what is sent now would come later, when nobody wants it any more
            raise UnavailableError("there is no connection to NATS")

    async def _revision_if(self, key: str, value: bytes | None) -> int:
        """Return a key's revision if it has a value; else 0."""
        found = await self._newest(key)
        has_it = value is not None and found and base64.b64decode(found.get("data", "")) == value
        return int(found["seq"]) if has_it else 0

    async def _erased_at(self, key: str) -> int:
        """Return a key's revision if it was erased; else 0."""
        found = await self._newest(key)
        return int(found["seq"]) if _OPERATION.encode() in base64.b64decode(found.get("hdrs", "")) else 0

    async def _newest(self, key: str) -> dict[str, Any]:
        """Return a key's newest message, in base 64; nothing if there is none, or no answer now."""
        question = json.dumps({"last_by_subj": keys_of(self._name, key)}).encode()
        with suppress(UnavailableError):
            answer = await answer_to(self._client, self._stream, f"$JS.API.STREAM.MSG.GET.{self._stream}", question)
            return dict(answer["message"])
        return {}

    async def get(self, key: str) -> bytes | None:
        """Return a key's value; None if there is none.

        Raises:
            UnavailableError: nobody answers now.
        """
        question = json.dumps({"last_by_subj": keys_of(self._name, key)}).encode()
        self._need_connection()
        with asking(f"no answer from {self._stream}"):
            message = await self._client.request(f"$JS.API.DIRECT.GET.{self._stream}", question, timeout=ANSWER_S)
        headers = message.headers or {}
        return None if "Status" in headers or _OPERATION in headers else message.data


class SharedState:
    """The keys of the bucket STATE, as they are and as they change.

    Args:
        client: connected.
        tell: is told all keys, and each change after that. All are told again if some may have been missed.
        warn: is told, once, why all keys cannot be told now.
    """

    def __init__(
        self,
        client: Client,
        tell: Callable[[State], Awaitable[None]],
        warn: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        self._client, self._tell, self._warn, self._bucket = client, tell, warn, Bucket(client, STATE)
        self._seen = 0
        self._moved, self._news = asyncio.Condition(), asyncio.Event()
        self._heard = deque[Msg]()
        self._answered_s = 0.0
        self._must_begin = False

    async def put(self, key: str, value: bytes | None, after: int | None = None) -> int:
        """See `Bucket.put`; it returns or raises once the change, or that of whoever forestalled it, is told."""
        seen = self._seen
        try:
            seq = await self._bucket.put(key, value, after)
        except ForestalledError:
            await self._until(await self._bucket.put(SYNC, b""), seen)
            raise
        await self._until(seq, seen if after is None else 0)
        return seq

    async def _until(self, seq: int, seen: int) -> None:
        """Wait until a change is told; one with a number seen before it was made means that the bucket is a new one."""
        if seq <= seen:
            self._must_begin = True
            self._news.set()
        async with self._moved:
            await self._moved.wait_for(lambda: self._seen >= seq and not self._must_begin)

    async def run(self) -> None:
        """Tell all keys and all changes, until cancelled."""
        await self._client.subscribe(live_keys_of(STATE), cb=self._hear)
        while True:
            await self._read_all()
            while not self._must_begin and _awake_s() - self._answered_s < STALE_S:
                await self._read_next()

    async def _hear(self, message: Msg) -> None:
        if len(self._heard) >= HEARD_MOST:
            self._heard.clear()
        self._heard.append(message)
        self._news.set()

    async def _read_all(self) -> None:
        warn = self._warn
        while True:
            try:
                upto = await self._bucket.put(SYNC, b"")
                break
            except (UnavailableError, FullError) as error:  # who shows records goes on without this
                if warn:
                    await warn(f"waiting for what all servers share: {error}")
                warn = None
            await asyncio.sleep(RETRY_S)
        self._must_begin, self._seen = False, 0
        await self._tell(State((), begins=True))
        while self._seen < upto:
            if not await self._fetch():
                await asyncio.sleep(RETRY_S)
        await self._tell(State((), complete=True))

    async def _read_next(self) -> None:
        while self._heard and _seq(self._heard[0]) <= self._seen:
            self._heard.popleft()
        if self._heard and _seq(self._heard[0]) == self._seen + 1:
            await self._take([self._heard.popleft()])
        elif not await self._fetch():
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._news.wait()
            self._news.clear()

    async def _fetch(self) -> bool:
        """Ask for what comes next; return whether there was something."""
        found, is_answered = await messages_from(self._client, bucket_stream(STATE), self._seen + 1)
        if is_answered:
            self._answered_s = _awake_s()
        await self._take(found)
        return bool(found)

    async def _take(self, messages: Sequence[Msg]) -> None:
        if messages:
            changes = tuple(change for change in map(_change, messages) if change.key != SYNC)
            if changes:
                await self._tell(State(changes))
            async with self._moved:
                self._seen = _seq(messages[-1])
                self._moved.notify_all()


async def check_buckets(client: Client) -> None:
    """Check that the bus has the buckets.

    Raises:
        OtherRulesError: it has not.
        UnavailableError: it does not answer now.
    """
    for bucket in (STATE, MOMENTS):
        with asking("the bus does not answer"):
            try:
                await client.jetstream(timeout=2).stream_info(bucket_stream(bucket))
            except NotFoundError as error:
                raise OtherRulesError(f"the bus has no {bucket} yet; run `unison bus init` again") from error


def _seq(message: Msg) -> int:
    return int((message.headers or {})["Nats-Sequence"])


def _change(message: Msg) -> Changed:
    headers = message.headers or {}
    key = headers["Nats-Subject"].removeprefix(keys_of(STATE))
    return Changed(key, None if _OPERATION in headers else message.data, _seq(message))


def _awake_s() -> float:
    """Return seconds of a clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
