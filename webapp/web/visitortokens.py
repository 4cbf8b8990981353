"""What the server signs for visitors, so that it need not remember it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property

from itsdangerous import BadData, URLSafeTimedSerializer

__all__ = ["BadData", "VisitorTokens"]


class VisitorTokens:
    """Signs values, and reads them back.

    Args:
        secret: returns the key, once there is something to sign or to read.
        clock: tells the time, epoch seconds.
    """

    def __init__(self, secret: Callable[[], bytes], clock: Callable[[], float]) -> None:
        self._secret, self._clock = secret, clock

    @cached_property
    def _serializer(self) -> URLSafeTimedSerializer:
        signing = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
        return URLSafeTimedSerializer(self._secret(), "unison visitor", signer_kwargs=signing)

    def sign(self, value: object, kind: str | None = None) -> str:
        """Return a text that holds a value, and can stand in an address; `kind` tells it from texts for other uses."""
        text = self._serializer.dumps(value, salt=kind)
        return text if isinstance(text, str) else text.decode()

    def read(self, text: str, most_s: float, kind: str | None = None) -> object:
        """Return the value of a text that was signed at most so long ago; a clock that was set back makes it no older.

        Raises:
            BadData: it was not signed here for this use, or longer ago.
        """
        value, signed = self._serializer.loads(text, salt=kind, return_timestamp=True)
        if self._clock() - signed.timestamp() > most_s:
            raise BadData("too old")
        return value
