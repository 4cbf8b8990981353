"""The messages of the log of plays: batches of a node's plays, and the node's mark; see `webapp.core.marks`."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import msgspec
import numpy as np

from webapp.core import versioned
from webapp.core.gazetteer import Gazetteer
from webapp.core.plays import PlayBatch
from webapp.core.versioned import MessageError

VERSION = 1


class LogBatch(NamedTuple):
    """Plays that arrived at one time.

    Attributes:
        data: the plays as `PlayBatch.encode` writes them, stamped with their time of arrival.
        cities: the GeoNames id of each play's city, little-endian uint32: a city index means another city elsewhere.
    """

    data: bytes
    cities: bytes

    @classmethod
    def of(cls, data: bytes, gazetteer: Gazetteer) -> LogBatch:
        """Return an encoded batch with the ids of its cities."""
        return cls(data, gazetteer.geoname_id[PlayBatch.decode(data).city].astype("<u4").tobytes())

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.data) + len(self.cities)

    def plays(self, gazetteer: Gazetteer) -> tuple[PlayBatch, int]:
        """Return the plays with the city indices of this gazetteer, and how many are in cities that it lacks.

        Raises:
            MessageError: the batch is damaged.
        """
        try:
            batch, ids = PlayBatch.decode(self.data), np.frombuffer(self.cities, "<u4")
        except ValueError as error:
            raise MessageError(f"damaged batch in the log: {error}") from error
        if len(ids) != len(batch):
            raise MessageError(f"damaged batch in the log: {len(ids)} cities for {len(batch)} plays")
        cities = gazetteer.by_ids(ids)
        known = np.flatnonzero(cities >= 0)
        if len(known) < len(ids):
            batch, cities = batch.take(known), cities[known]
        return replace(batch, city=cities.astype(np.uint16)), len(ids) - len(known)


class LogMessage(msgspec.Struct, frozen=True, array_like=True):
    """What a node writes.

    Attributes:
        node: its name.
        mark_ms: its mark, epoch milliseconds.
        gone: whether it stops.
        batches: plays; none in a tick.
    """

    node: str
    mark_ms: int
    gone: bool = False
    batches: tuple[LogBatch, ...] = ()

    def encode(self) -> bytes:
        """Return the message as bytes."""
        return versioned.encode(VERSION, self)

    @classmethod
    def decode(cls, data: bytes) -> LogMessage:
        """Read what `encode` wrote.

        Raises:
            MessageError: the bytes are of another version, or damaged.
        """
        return versioned.decode(VERSION, cls, "message", data)
