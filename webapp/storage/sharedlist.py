"""The moderation list that all servers of a bus share: one key, changed by compare and swap, so no change is lost."""

from __future__ import annotations

import zlib

import msgspec

from webapp.core import versioned
from webapp.storage.moderationfile import ListFileError
from webapp.storage.sharedstore import ForestalledError, Item, SharedStore, UnreachableError, put

KEY = "moderation.list"
VERSION = 1
MOST_BYTES = 900_000
"""Of the packed list; NATS takes messages of 1 MiB."""
_NONE = Item(b"", 0)


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
    """

    name = "the moderation list on the bus"

    def __init__(self, store: SharedStore, node: str) -> None:
        self._store, self._node, self._follower = store, node, store.follow(KEY)
        self._item, self._data, self.by = _NONE, b"", "the bus"
        self._problem = ""

    def read(self) -> bytes:
        """See `StoredList.read`."""
        self._see()
        if self._problem:
            raise ListFileError(self._problem)
        return self._data

    def _see(self) -> None:
        is_all, items = self._follower.take()
        if item := items.get(KEY):
            self._item, self._problem = item, ""
            try:
                value = versioned.decode(VERSION, _Value, "the list", item.value)
                self._data, self.by = zlib.decompress(value.packed), f"{value.who}, at {value.node}"
            except (versioned.MessageError, zlib.error) as error:
                self._problem = f"{self.name} cannot be read ({error})"
        elif is_all and self._item is not _NONE:
            self._problem = f"{self.name} is gone; restore the bucket"

    def write(self, data: bytes, who: str, /) -> bool:
        """See `StoredList.write`."""
        value = versioned.encode(VERSION, _Value(zlib.compress(data), who, self._node))
        if len(value) > MOST_BYTES:
            raise ListFileError(f"{self.name} is too large; expected at most {MOST_BYTES:,} bytes once it is packed")
        try:
            revision = put(self._store, KEY, value, self._item.revision)
        except ForestalledError:
            return False
        except UnreachableError as error:
            raise ListFileError(f"{self.name} cannot be written ({error})") from error
        self._item, self._data, self.by = Item(value, revision), data, who
        return True
