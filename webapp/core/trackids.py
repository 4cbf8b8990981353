"""Ids that tracks had in an earlier version, each with the id of today."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

_ALIAS = np.dtype([("old", "S16"), ("new", "S16")])  # 32 bytes each, because there can be many


class TrackAliases:
    """Looks up earlier ids of tracks.

    Args:
        pairs: each earlier id once, with the id of today; both have 16 characters.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._pairs = np.sort(np.fromiter(pairs, _ALIAS), order="old")

    def __len__(self) -> int:
        return len(self._pairs)

    def current(self, track_id: str) -> str:
        """Return the id of today; an id that is no alias is returned as it is."""
        place = int(np.searchsorted(self._pairs["old"], track_id.encode()))
        found = place < len(self) and self._pairs["old"][place] == track_id.encode()
        return bytes(self._pairs["new"][place]).decode() if found else track_id


NO_ALIASES = TrackAliases()
