"""What the server logs: a line an event on standard error, as text for people or as JSON for machines.

Nothing in it tells an address, a token or a listener.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from collections.abc import Callable

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


class OncePerMinute(logging.Filter):
    """Drops a warning that says the same as one of the last minute; the next one says how many were dropped.

    Warnings that differ in numbers alone count as the same.

    Args:
        clock: seconds of a clock that never goes back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to write it."""
        if record.levelno < logging.WARNING:
            return True
        now, what = self._clock(), (record.name, _NUMBER.sub("#", record.getMessage())[:200])
        since, dropped = self._said.pop(what, (-REPEAT_S, 0))
        if now - since < REPEAT_S:
            self._said[what] = since, dropped + 1
            return False
        self._said[what] = now, 0
        while len(self._said) > KINDS_MAX:
            self._said.pop(next(iter(self._said)))
        if dropped:
            record.msg, record.args = f"{record.getMessage()} (and {dropped} more like it)", None
        return True


REPEAT_S = 60.0
KINDS_MAX = 200
_NUMBER = re.compile(r"\d+(\.\d+)?")


def _written_at(record: logging.LogRecord) -> str:
    """Return when it was, in UTC, as RFC 3339 has it."""
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z"


def set_up(*, as_json: bool) -> None:
    """Write the application's records of level INFO and above to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if as_json else logging.Formatter("%(levelname)s %(message)s"))
    handler.addFilter(OncePerMinute())
    logger = logging.getLogger("webapp")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.INFO)
