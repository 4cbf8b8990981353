"""Moments: connections that have a page of their own, `/c/<id>`."""

from __future__ import annotations

import re

from werkzeug.exceptions import Gone, NotFound

from webapp.records import Connection
from webapp.runtime import offload, unison

_ID = re.compile("[0-9a-v]{23}")


def moment(id: str) -> Connection:
    """Return the connection with this id.

    Raises:
        NotFound: there is none, or it is no id.
        Gone: it is older than what is kept.
    """
    if not _ID.fullmatch(id):
        raise NotFound(f"{id[:40]!r} is no id of a connection: 23 characters of 0-9 and a-v")
    history = unison().history
    found: Connection | None = offload(history.get, id)
    if found is None:
        oldest = offload(history.oldest_id)
        if oldest is not None and id < oldest:
            raise Gone("this moment is older than what is kept here")
        raise NotFound("there is no such moment here")
    return found
