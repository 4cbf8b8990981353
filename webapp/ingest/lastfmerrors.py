"""Last.fm's errors: their codes, the HTTP status that Last.fm sends with each, and their texts.

Clients show the texts, and some look for words in them. Source: https://www.last.fm/api/errorcodes; the statuses are
those that clients' logs show.
"""

from __future__ import annotations

from typing import NamedTuple


class LastFmError(NamedTuple):
    """An error of the API."""

    code: int
    status: int
    text: str


NO_SERVICE = LastFmError(2, 400, "Invalid service - This service does not exist")
NO_METHOD = LastFmError(3, 400, "Invalid Method - No method with that name in this package")
NOT_AUTHENTICATED = LastFmError(4, 403, "Authentication Failed - You do not have permissions to access the service")
NOT_POST = LastFmError(4, 403, "You must use POST in order to use this method.")
NO_TOKEN = LastFmError(4, 403, "Invalid authentication token supplied")
NO_FORMAT = LastFmError(5, 400, "Invalid format - This service doesn't exist in that format")
MISSING = LastFmError(6, 400, "Invalid parameters - Your request is missing a required parameter")
TOO_MANY = LastFmError(6, 400, "Invalid parameters - At most 50 scrobbles fit in one request")
FAILED = LastFmError(8, 500, "Operation failed - Most likely the backend service failed. Please try again.")
NO_SESSION = LastFmError(9, 403, "Invalid session key - Please re-authenticate")
NO_KEY = LastFmError(10, 403, "Invalid API key - Send any key, or the one that this server's set-up page shows")
OFFLINE = LastFmError(11, 503, "Service Offline - This service is temporarily offline. Try again later.")
BAD_SIGNATURE = LastFmError(13, 403, "Invalid method signature supplied")
NOT_CONFIRMED = LastFmError(14, 403, "Unauthorized Token - This token has not been authorized")
TEMPORARY = LastFmError(16, 503, "There was a temporary error processing your request. Please try again")
SUSPENDED = LastFmError(26, 403, "API Key Suspended - This application is not allowed to make requests")
LIMITED = LastFmError(29, 429, "Rate limit exceeded - Too many requests in a short period")

_BY_STATUS = {403: SUSPENDED, 408: TEMPORARY, 429: LIMITED, 500: FAILED, 503: OFFLINE}


def of_status(status: int) -> LastFmError:
    """Return the error that fits an HTTP status of ours."""
    return _BY_STATUS.get(status, MISSING if status < 500 else TEMPORARY)
