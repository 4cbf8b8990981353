"""Keys of sessions, which are derived and not stored: a restart loses none.

A key has 32 hexadecimal digits: 12 of the token's id, 4 of the client's precision, 16 of an HMAC over both.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from functools import lru_cache
from typing import NamedTuple

KEYS_MOST = 10_000
"""Keys that are remembered."""
_ID_DIGITS, _SIGNED, _DIGITS = 12, 16, 32
_PADDING = "======"


class Session(NamedTuple):
    """What a key says: the token's id, and the precision of the client that began the session."""

    token_id: str
    precision: int


class Sessions:
    """Makes and reads keys.

    Args:
        secret: the server's secret.
    """

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, b"unison session", "sha256")
        self._known = lru_cache(maxsize=KEYS_MOST)(self._read)

    def key(self, session: Session) -> str:
        """Return the key of a session; the token's id has 10 letters of base32, in lower case."""
        signed = f"{base64.b32decode(session.token_id.upper() + _PADDING).hex()}{session.precision:04x}"
        return signed + self._mac(signed)

    def read(self, key: str) -> Session | None:
        """Return what a key says; None if it was not made here."""
        return self._known(key) if len(key) == _DIGITS else None

    def _read(self, key: str) -> Session | None:
        signed, mac = key[:_SIGNED], key[_SIGNED:]
        if not key.isascii() or not hmac.compare_digest(mac, self._mac(signed)):
            return None
        try:
            token_id = base64.b32encode(bytes.fromhex(signed[:_ID_DIGITS])).decode().lower().removesuffix(_PADDING)
            return Session(token_id, int(signed[_ID_DIGITS:], 16))
        except (ValueError, binascii.Error):
            return None

    def _mac(self, signed: str) -> str:
        return hmac.digest(self._key, signed.encode(), "sha256").hex()[: _DIGITS - _SIGNED]
