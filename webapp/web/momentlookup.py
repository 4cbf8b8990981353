"""Finds a moment by its id: in the history, or on a server of several in the records."""

from __future__ import annotations

from flask import request
from werkzeug.exceptions import Gone, NotFound, ServiceUnavailable, TooManyRequests

from webapp.bus.log import UnavailableError
from webapp.config import Settings
from webapp.core.records import Connection, is_connection_id
from webapp.engine.offload import offload
from webapp.engine.recordlookup import RecordLookup
from webapp.storage.history import History
from webapp.web.clientaddress import client_address
from webapp.web.errors import Hidden
from webapp.web.ratelimits import Rate, RateLimits

RETRY_S = 2
LOOKUPS = Rate(burst=20, per_s=0.5)
"""Moments that are looked for in the log of records, for one address."""
LOOKUPS_OF_ALL = Rate(burst=50, per_s=5.0)


class Moments:
    """Finds moments.

    Args:
        settings: the server's.
        history: has what everyone was shown, and what was shared.
        records: has all the rest; None for a server alone, whose history has it.
    """

    def __init__(self, settings: Settings, history: History, records: RecordLookup | None) -> None:
        self._settings, self._history, self._records = settings, history, records
        self._lookups = RateLimits(LOOKUPS_OF_ALL, LOOKUPS)

    def get(self, id: str) -> Connection:
        """Return the connection with this id.

        Raises:
            NotFound: there is none, or it is no id.
            Hidden: the server's operator hides it.
            Gone: it is older than what is kept.
            ServiceUnavailable: it may be there, but the history or the bus is in trouble.
            TooManyRequests: too many are looked for in the log of records.
        """
        if not is_connection_id(id):
            raise NotFound(f"{id[:40]!r} is not a connection id; expected 23 characters of 0-9 and a-v")
        found = self._checked(self._records.lately(id)) if self._records else None
        return found or offload(self._history.get, id) or self._elsewhere(id)

    def _checked(self, found: Connection | None) -> Connection | None:
        """Return a connection of a record.

        Raises:
            Hidden: the server's operator hides it.
        """
        if found and self._records and self._history.rules.hides_connection(found, self._records.gazetteer):
            raise Hidden("this moment is not shown on this server")
        return found

    def _elsewhere(self, id: str) -> Connection:
        history, records = self._history, self._records
        if history.problem:
            raise ServiceUnavailable(history.problem, retry_after=RETRY_S)
        if offload(history.is_hidden, id):
            raise Hidden("this moment is not shown on this server")
        if records and (found := self._checked(self._in_log(id, records))):
            return found
        if offload(history.is_expired, id):
            raise Gone("this moment has been deleted")
        raise NotFound("there is no such moment")

    def _in_log(self, id: str, records: RecordLookup) -> Connection | None:
        if span := records.span(id):
            if wait_s := self._lookups.spend(client_address(request, self._settings)):
                raise TooManyRequests("too many moments are being looked for right now; try again", retry_after=wait_s)
            try:
                if found := records.read(id, span):
                    return found
            except UnavailableError as error:
                raise ServiceUnavailable(f"this moment cannot be read: {error}", retry_after=RETRY_S) from error
        if records.is_behind:
            raise ServiceUnavailable("the history is being read; try again", retry_after=RETRY_S)
        return None
