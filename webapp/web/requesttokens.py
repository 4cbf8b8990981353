"""Request tokens: a client gets one, its listener confirms it on a page of ours, and the client then gets a session."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable

KEEP_S = 3600.0
TOKENS_MOST = 10_000


class RequestTokens:
    """The request tokens of the last hour, in memory: whoever is not done when the server restarts begins again.

    Args:
        clock: seconds of a clock that is never set.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._made: OrderedDict[str, tuple[float, str | None]] = OrderedDict()  # the oldest first
        self._lock = threading.Lock()

    def make(self) -> str:
        """Return a new one, with 32 hexadecimal digits."""
        token = secrets.token_hex(16)
        with self._lock:
            self._forget_old()
            self._made[token] = self._clock(), None
            if len(self._made) > TOKENS_MOST:
                self._made.popitem(last=False)
        return token

    def is_open(self, token: str) -> bool:
        """Tell whether it waits to be confirmed."""
        with self._lock:
            self._forget_old()
            return token in self._made and self._made[token][1] is None

    def confirm(self, token: str, token_id: str) -> bool:
        """Have it stand for the token with that id; return False if it does not wait for that."""
        with self._lock:
            made_s, owner = self._made.get(token, (0.0, None))
            if token not in self._made or owner is not None:
                return False
            self._made[token] = made_s, token_id
            return True

    def take(self, token: str) -> str | None:
        """Return the id of the token that it stands for, once; None if nobody confirmed it."""
        with self._lock:
            self._forget_old()
            if self._made.get(token, (0.0, None))[1] is None:
                return None
            return self._made.pop(token)[1]

    def _forget_old(self) -> None:
        oldest_s = self._clock() - KEEP_S
        while self._made and next(iter(self._made.values()))[0] < oldest_s:
            self._made.popitem(last=False)
