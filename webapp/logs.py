"""What the server logs: a line an event on standard error, as text for people or as JSON for machines.

Nothing in it tells an address, a token or a listener.
"""

from __future__ import annotations

import json
import logging
import sys
import time

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message"}
"""What every record has; the rest was given with `extra`."""


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON: time, level, logger, message, what was given with `extra`, and the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": _written_at(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in _OWN},
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def _written_at(record: logging.LogRecord) -> str:
    """Return when it was, in UTC, as RFC 3339 has it."""
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z"


def set_up(*, as_json: bool) -> None:
    """Write the application's records of level INFO and above to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if as_json else logging.Formatter("%(levelname)s %(message)s"))
    logger = logging.getLogger("webapp")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.INFO)
