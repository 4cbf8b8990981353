"""Texts of tokens: an id, and the token that is derived from it and the server's secret."""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from hashlib import sha256

_ID_BYTES, _CHECK_BYTES = 6, 16
_LONGEST = 100
_PADDING = "======"
_ID = re.compile(r"[a-z2-7]{10}")


def new_id() -> str:
    """Return an id that nobody can guess: 10 letters of base32, in lower case."""
    return base64.b32encode(secrets.token_bytes(_ID_BYTES)).decode().lower().removesuffix(_PADDING)


def is_id(text: str) -> bool:
    """Tell whether a text looks like a token's id."""
    return _ID.fullmatch(text) is not None


def digest_of(text: str) -> bytes:
    """Return what is stored of a token: its SHA-256. Capitals and white space around it make no difference."""
    return sha256(text[:_LONGEST].strip().lower().encode("utf-8", "replace")).digest()


class TokenTexts:
    """Derives tokens.

    Args:
        secret: the server's secret.

    Attributes:
        check: tells this secret from others, and nothing else about it.
    """

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, b"unison token", "sha256")
        self.check = hmac.digest(secret, b"unison accounts", "sha256")[:_CHECK_BYTES]

    def of(self, id: str) -> str:
        """Return the token with that id, written as a random UUID (version 4): some clients refuse anything else."""
        digits = hmac.digest(self._key, id.encode(), "sha256").hex()
        variant = "89ab"[int(digits[16], 16) % 4]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"
