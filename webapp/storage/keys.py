"""The hashes that stand for texts in the history's indexes."""

from hashlib import blake2b


def key(text: str) -> int:
    """Return the signed 64-bit BLAKE2b hash that stands for a text in an index."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)
