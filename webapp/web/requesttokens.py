"""Request tokens: a client gets one, its listener confirms it on a page of ours, and the client then gets a session."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable

KEEP_S = 3600.0
AGAIN_S = 60.0
"""How long a client may ask again for the session that it got: the answer may have been lost, or its rate used up."""
TOKENS_MOST = 10_000
"""Of those that wait to be confirmed; and of those that are, which the others do not push out."""


class RequestTokens:
    """The request tokens of the last hour, in memory: whoever is not done when the server restarts begins again.

    Args:
        clock: seconds of a clock that is never set.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._open: OrderedDict[str, float] = OrderedDict()  # until when each is kept, the oldest first
        self._confirmed: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._lock = threading.Lock()

    def make(self) -> str:
        """Return a new one, with 32 hexadecimal digits."""
        token = secrets.token_hex(16)
        with self._lock:
            self._forget_old()
            self._open[token] = self._clock() + KEEP_S
            if len(self._open) > TOKENS_MOST:
                self._open.popitem(last=False)
        return token

    def is_open(self, token: str) -> bool:
        """Tell whether it waits to be confirmed."""
        with self._lock:
            self._forget_old()
            return token in self._open

    def confirm(self, token: str, token_id: str) -> bool:
        """Have it stand for the token with that id; return False if it does not wait for that."""
        with self._lock:
            self._forget_old()
            until_s = self._open.pop(token, None)
            if until_s is None:
                return False
            self._confirmed[token] = until_s, token_id
            if len(self._confirmed) > TOKENS_MOST:
                self._confirmed.popitem(last=False)
            return True

    def take(self, token: str) -> str | None:
        """Return the id of the token that it stands for; None if nobody confirmed it, or it was taken a while ago."""
        now_s = self._clock()
        with self._lock:
            until_s, token_id = self._confirmed.pop(token, (0.0, ""))
            if until_s < now_s:
                return None
            self._confirmed[token] = min(until_s, now_s + AGAIN_S), token_id
            return token_id

    def _forget_old(self) -> None:
        now_s = self._clock()
        while self._open and next(iter(self._open.values())) < now_s:
            self._open.popitem(last=False)
        while self._confirmed and next(iter(self._confirmed.values()))[0] < now_s:
            self._confirmed.popitem(last=False)
