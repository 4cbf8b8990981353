"""The API key and the shared secret for clients that ask for them, and how calls are signed.

Both are published, and protect nothing: a session's key, or the token, says who calls.
"""

from __future__ import annotations

from hashlib import md5

from webapp.ingest.forms import Fields

API_KEY = b"unison-globe-key".hex()
"""What people type as API key: 756e69736f6e2d676c6f62652d6b6579."""
SHARED_SECRET = b"unison-globe-sig".hex()
"""What people type as shared secret: 756e69736f6e2d676c6f62652d736967."""
_UNSIGNED = {"api_sig", "format", "callback"}


def signature(sent: Fields, secret: str) -> str:
    """Return the signature of a call: the MD5 of its fields, sorted by name, and the app's secret."""
    signed = [name for name in sorted(sent) if name not in _UNSIGNED]
    return md5_of(b"".join(name.encode("latin-1") + sent[name] for name in signed) + secret.encode())


def md5_of(message: bytes) -> str:
    """Return the MD5 of a message in hexadecimal digits, as these protocols want it."""
    return md5(message, usedforsecurity=False).hexdigest()
