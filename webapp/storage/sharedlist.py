"""The moderation list that all servers of a bus share: one key, changed by compare and swap, so no change is lost."""

from __future__ import annotations

import zlib

import msgspec

from webapp.core import versioned
from webapp.storage.moderationfile import MAX_BYTES, ListFileError
from webapp.storage.sharedstore import ABSENT, ForestalledError, SharedStore, UnreachableError, put

KEY = "moderation.list"
VERSION = 1
MOST_BYTES = 900_000
"""Of the packed list; NATS takes messages of 1 MiB."""


class _Value(msgspec.Struct, array_like=True):
    """The list, packed, and who changed it last at which server."""

    packed: bytes
    who: str
    node: str


class SharedList:
    """See `webapp.storage.moderationfile.StoredList`.

    Args:
        store: what all servers share.
        node: this server's name.

    Attributes:
        name: what messages call it.
        by: who changed it last.
        problem: see `StoredList`.
    """

    name = "the moderation list on the bus"

    def __init__(self, store: SharedStore, node: str) -> None:
        self._store, self._node, self._follower = store, node, store.follow(KEY)
        self._revision, self._data, self.by = ABSENT, b"", "the bus"
        self._unread = self.problem = ""

    def read(self) -> bytes:
        """See `StoredList.read`."""
        self._see()
        if self._unread:
            raise ListFileError(self._unread)
        return self._data

    def _see(self) -> None:
        is_all, items = self._follower.take()
        if item := items.get(KEY):
            self._revision, self._unread, self.problem = item.revision, "", ""
            try:
                value = versioned.decode(VERSION, _Value, "the list", item.value)
                self._data, self.by = _unpacked(value.packed), f"{value.who}, at {value.node}"
            except (versioned.MessageError, ListFileError, zlib.error) as error:
                self._unread = f"{self.name} cannot be read ({error})"
        elif KEY in items or (is_all and self._revision != ABSENT):
            self._revision, self._unread = ABSENT, ""
            self.problem = f"{self.name} is gone; restore the bucket, or change the list, which writes it anew"

    def write(self, data: bytes, who: str, /) -> bool:
        """See `StoredList.write`."""
        _check_size(data)
        value = versioned.encode(VERSION, _Value(zlib.compress(data), who, self._node))
        if len(value) > MOST_BYTES:
            raise ListFileError(f"{self.name} is too large; expected at most {MOST_BYTES:,} bytes once it is packed")
        try:
            revision = put(self._store, KEY, value, self._revision)
        except ForestalledError:
            return False
        except UnreachableError as error:
            raise ListFileError(f"{self.name} cannot be written ({error})") from error
        self._revision, self._data, self.by, self.problem = revision, data, who, ""
        return True


def _unpacked(packed: bytes) -> bytes:
    """Return the list. A message of 1 MiB could unpack to 1 GiB, so this stops once there is too much."""
    data = zlib.decompressobj().decompress(packed, MAX_BYTES + 1)
    _check_size(data)
    return data


def _check_size(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise ListFileError(f"it is too large; expected at most {MAX_BYTES} bytes")
