"""Shared moments that servers of one bus pass on to each other, so that each shows what any one's visitor shared.

On the bus a moment is bytes with a version, and its cities are GeoNames ids. Its key is the connection's id.
"""

from __future__ import annotations

import sqlite3

import msgspec

from webapp.core import versioned
from webapp.storage import sharedmoments
from webapp.storage.schema import HistoryError, transaction
from webapp.storage.sharedstore import SharedStore, UnreachableError

VERSION = 1

_READ_ALL = f"SELECT id, {sharedmoments.COLUMNS} FROM shared ORDER BY number"


class _Moment(msgspec.Struct, array_like=True):
    """The columns of a row of the table `shared`, in this order."""

    source: int
    at_ms: int
    apart_ms: int
    km: int
    json: str
    track_id: str
    artist: str
    to_track_id: str | None
    within_s: int
    from_city: int
    to_city: int


class MomentExchange:
    """Passes moments on, and finds those of others.

    Args:
        store: what all servers share.
    """

    def __init__(self, store: SharedStore) -> None:
        self._store = store

    def pass_on(self, id: str, values: sharedmoments.Values) -> None:
        """Let other servers have a connection, given by `sharedmoments.values_of`.

        Raises:
            HistoryError: it may not have been passed on.
        """
        try:
            self._store.keep_moments([(id, versioned.encode(VERSION, _Moment(*values)))])
        except UnreachableError as error:
            raise HistoryError(f"this cannot be saved at the moment ({error}); try again later") from error

    def pass_on_all(self, db: sqlite3.Connection) -> int:
        """Let other servers have all shared connections, in the order in which they were shared; return how many.

        Raises:
            UnreachableError: not all may have been passed on.
        """
        moments = [(id, versioned.encode(VERSION, _Moment(*row))) for id, *row in db.execute(_READ_ALL)]
        self._store.keep_moments(moments)
        return len(moments)

    def find(self, id: str) -> bytes | None:
        """Return the shared connection with that id; None if no server shared it, or it was one of too many.

        Raises:
            HistoryError: that cannot be told now.
        """
        try:
            return self._store.moment(id)
        except UnreachableError as error:
            raise HistoryError(f"other servers may have this moment ({error}); try again later") from error


def keep(db: sqlite3.Connection, id: str, data: bytes, most: int) -> None:
    """Keep a connection from `MomentExchange.find` here, too, and the `most` newest shared ones at all.

    Raises:
        HistoryError: it cannot be kept now.
    """
    try:
        row = msgspec.structs.astuple(versioned.decode(VERSION, _Moment, "a shared moment", data))
        with transaction(db):
            db.execute(sharedmoments.ADD, (id, *row))
            sharedmoments.drop_oldest(db, most)
    except (sqlite3.Error, versioned.MessageError) as error:
        raise HistoryError(f"this moment cannot be read at the moment ({error}); try again later") from error
