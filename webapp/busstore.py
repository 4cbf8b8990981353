"""What all servers of a bus share, for a command: its own connection to NATS, on asyncio in a thread.

Import this only where NATS's client is installed.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Self, TypeVar

from nats.aio.client import Client

from webapp.bus.credentials import Access, CredentialsError
from webapp.bus.log import ForestalledError as Forestalled
from webapp.bus.log import FullError, UnavailableError
from webapp.bus.messages import MOMENTS, State
from webapp.bus.natsclient import closed, connected
from webapp.bus.natsstate import Bucket, SharedState, check_buckets
from webapp.bus.shared import OtherRulesError, check_secret
from webapp.storage.sharedstore import Follower, Followers, ForestalledError, Put, SharedStoreError, UnreachableError

READY_S, CLOSE_S = 10.0, 3.0
ANSWER_S = 8.0
"""How long to wait until changes are made and told: longer than each is tried."""
AT_ONCE = 100
"""Changes that are on their way together."""

S = TypeVar("S")
T = TypeVar("T")


class CommandStore:
    """See `webapp.storage.sharedstore.SharedStore`. Use it in a `with` block, which connects it.

    Args:
        access: to NATS.
        name: of the command, which NATS shows.
        secret: of all servers.

    Raises:
        SharedStoreError: the bus does not answer, lacks what it needs, or has another secret.
    """

    def __init__(self, access: Access, name: str, secret: bytes) -> None:
        self._access, self._name, self._secret = access, name, secret
        self._followers, self._complete = Followers(), threading.Event()
        self._told = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._client: Client | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._run(self._open())
        except (CredentialsError, UnavailableError, OtherRulesError) as error:
            self.__exit__()
            raise SharedStoreError(str(error)) from error
        told = -1
        while not self._complete.wait(READY_S):
            if self._told == told:
                self.__exit__()
                raise SharedStoreError(f"the bus told nothing for {READY_S:g} s, and not all that it has; try again")
            told = self._told
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self) -> None:
        self._client = await connected(self._access, self._name)
        await check_buckets(self._client)
        await check_secret(self._client, self._secret)
        self._shared, self._moments = SharedState(self._client, self._take), Bucket(self._client, MOMENTS)
        following = asyncio.create_task(self._shared.run())
        following.add_done_callback(lambda task: task.cancelled() or task.exception())  # it ends with the connection

    async def _close(self) -> None:
        if self._client:
            await closed(self._client)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=CLOSE_S)

    async def _take(self, state: State) -> None:
        self._told += len(state.changes)
        self._followers.take(state.changes, begins=state.begins, complete=state.complete)
        if state.complete:
            self._complete.set()

    def _run(self, work: Coroutine[Any, Any, T], most_s: float | None = None) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(most_s)

    def follow(self, prefix: str) -> Follower:
        """See `SharedStore.follow`."""
        return self._followers.follow(prefix)

    def put_all(self, puts: Sequence[Put]) -> list[int | Exception]:
        """See `SharedStore.put_all`."""
        return self._all(lambda put: self._shared.put(*put), puts)

    def keep_moments(self, moments: Sequence[tuple[str, bytes]]) -> None:
        """See `SharedStore.keep_moments`."""
        for outcome in self._all(lambda moment: self._moments.put(*moment, 0), moments):
            if isinstance(outcome, UnreachableError):
                raise outcome

    def _all(self, act: Callable[[S], Awaitable[int]], on: Sequence[S]) -> list[int | Exception]:
        """Return what came of each action, of many at once."""

        async def outcome(of: S) -> int | Exception:
            try:
                return await act(of)
            except Forestalled as error:
                return ForestalledError(str(error))
            except (UnavailableError, FullError) as error:
                return UnreachableError(str(error))

        async def some(of: Sequence[S]) -> list[int | Exception]:
            return await asyncio.gather(*map(outcome, of))

        def answers(of: Sequence[S]) -> list[int | Exception]:
            try:
                return self._run(some(of), ANSWER_S)
            except TimeoutError:  # the bus died after it took a change and before it told of it
                return [UnreachableError(f"no answer from the bus within {ANSWER_S:g} s")] * len(of)

        parts = (on[start : start + AT_ONCE] for start in range(0, len(on), AT_ONCE))
        return [each for part in parts for each in answers(part)]

    def moment(self, id: str) -> bytes | None:
        """See `SharedStore.moment`."""
        try:
            return self._run(self._moments.get(id))
        except UnavailableError as error:
            raise UnreachableError(str(error)) from error
