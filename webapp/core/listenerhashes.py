"""Keyed hashes of listeners' ids: AES-CMAC (RFC 4493), thousands at a time.

One call for each listener would cost more than all else that reads a play. CMAC is a chain of AES over blocks of 16
bytes; here each link of the chain is one call for all listeners.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.cmac import CMAC

Hashes = npt.NDArray[np.uint64]

_BLOCK = 16
_REMEMBERED = 4_096
"""Listeners whose hashes are kept: those with tokens come again and again."""
_FEW = 16  # for fewer ids, one call each is faster


class ListenerHashes:
    """Hashes listeners' ids to 64 bits, which tell nothing about the id without the key."""

    def __init__(self, key: bytes) -> None:
        """Start with a key for AES: 16, 24 or 32 bytes."""
        self._aes = AES(key)
        self._remembered = lru_cache(_REMEMBERED)(self._hash)
        self._cipher = Cipher(self._aes, ECB())  # for the links of the chain, not to encrypt
        once = _doubled(self._cipher.encryptor().update(bytes(_BLOCK)))
        # RFC 4493's K1 and K2: XORed with the last block if it is full, and if it is padded.
        self._last = np.frombuffer(once + _doubled(once), np.uint64).reshape(2, 2)

    def of(self, ids: Sequence[str]) -> Hashes:
        """Return the hashes of ids, none of which may end with U+0000: 8 bytes of each CMAC, little-endian."""
        if len(ids) < _FEW:
            return np.frombuffer(b"".join(map(self.one, ids)), "<u8")
        blocks, last, mask = self._blocks(_encoded(ids))
        links = self._cipher.encryptor()
        state = np.zeros((len(ids), 2), np.uint64)
        for number in range(blocks.shape[1]):
            link = state ^ blocks[:, number] ^ mask * (last == number)[:, None]
            mixed = np.frombuffer(links.update(link.tobytes()), np.uint64).reshape(-1, 2)
            state = np.where((last >= number)[:, None], mixed, state)
        return state[:, 0].astype("<u8", copy=False)

    def one(self, listener: str) -> bytes:
        """Return the hash of an id as 8 bytes."""
        return self._remembered(listener)

    def _hash(self, listener: str) -> bytes:
        cmac = CMAC(self._aes)
        cmac.update(listener.encode())
        return cmac.finalize()[:8]

    def _blocks(self, texts: npt.NDArray[np.bytes_]) -> tuple[Hashes, npt.NDArray[np.int64], Hashes]:
        """Return the blocks of each text, shape (texts, blocks, 2); the number of its last block; K1 or K2."""
        count = max(1, -(-texts.dtype.itemsize // _BLOCK))
        octets = texts.astype(f"S{count * _BLOCK}").view(np.uint8).reshape(len(texts), -1)
        size = np.strings.str_len(texts)
        short = (size % _BLOCK != 0) | (size == 0)
        octets[short, size[short]] = 0x80
        blocks = octets.view(np.uint64).reshape(len(texts), count, 2)
        return blocks, np.maximum(size - 1, 0) // _BLOCK, self._last.take(short, axis=0)


def _encoded(ids: Sequence[str]) -> npt.NDArray[np.bytes_]:
    try:
        return np.array(ids, np.bytes_)
    except UnicodeEncodeError:
        return np.array(list(map(str.encode, ids)), np.bytes_)


def _doubled(block: bytes) -> bytes:
    """Double a block in GF(2 ** 128), as RFC 4493 does."""
    number = int.from_bytes(block) << 1
    return (number & (1 << 128) - 1 ^ (0x87 if number >> 128 else 0)).to_bytes(_BLOCK)
