"""Logging: one line for each event on standard error, as text for people or as JSON for machines.

Everything goes through the root logger: our own events, gunicorn's errors, Python's warnings, and uncaught exceptions
of all threads, greenlets and processes. No line has an address, a token or a listener.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

LEVELS = ("debug", "info", "warning", "error")

log = logging.getLogger(__name__)

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message"}
"""Fields of every record; other fields come from `extra`."""


class JsonFormatter(logging.Formatter):
    """Formats a record as a line of JSON: time, level, logger, message, fields of `extra`, and the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": _utc_time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in _STANDARD},
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class OncePerMinute(logging.Filter):
    """Drops warnings that repeat one of the last minute; the next one says how many were dropped.

    Warnings that differ only in numbers count as equal.

    Args:
        clock: returns seconds of a monotonic clock.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._recent: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to write the record."""
        if record.levelno < logging.WARNING:
            return True
        now, kind = self._clock(), (record.name, _NUMBER.sub("#", record.getMessage())[:200])
        since, dropped = self._recent.pop(kind, (-REPEAT_S, 0))
        if now - since < REPEAT_S:
            self._recent[kind] = since, dropped + 1
            return False
        self._recent[kind] = now, 0
        while len(self._recent) > MAX_KINDS:
            self._recent.pop(next(iter(self._recent)))
        if dropped:
            record.msg, record.args = f"{record.getMessage()} (and {dropped} more like this)", None
        return True


REPEAT_S = 60.0
RELAY_S = 1.0
MAX_KINDS = 200
_NUMBER = re.compile(r"\d+(\.\d+)?")


def _utc_time(record: logging.LogRecord) -> str:
    """Return a record's time in UTC, in RFC 3339 format."""
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z"


def set_up(*, as_json: bool, level: str = "info") -> None:
    """Log to standard error: the application from `level` on, libraries from warning on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if as_json else logging.Formatter("%(levelname)s %(message)s"))
    handler.addFilter(OncePerMinute())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("webapp").setLevel(level.upper())
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda failed: _uncaught(failed.exc_type, failed.exc_value, failed.exc_traceback)
    sys.unraisablehook = lambda failed: _uncaught(failed.exc_type, failed.exc_value, failed.exc_traceback)


def announce(sentence: str, **fields: object) -> None:
    """Print a sentence about the start to standard output, for the person who started the server.

    If the log is JSON, print a line of JSON with `fields` beside the message.
    """
    with suppress(OSError):  # the terminal may be closed
        print(_started(logging.INFO, sentence, fields) or sentence, flush=True)


def refuse(sentence: str) -> None:
    """Print the reason why the server cannot start to standard error."""
    print(_started(logging.ERROR, sentence, {}) or f"Error: {sentence}", file=sys.stderr, flush=True)


def _started(level: int, sentence: str, fields: dict[str, object]) -> str:
    """Return a line about the start as JSON; "" if the log is text."""
    formatters = [handler.formatter for handler in logging.getLogger().handlers]
    if not any(isinstance(formatter, JsonFormatter) for formatter in formatters):
        return ""
    return JsonFormatter().format(log.makeRecord(log.name, level, "", 0, sentence, (), None, extra=fields))


def log_native_output() -> None:
    """Log what native code writes to standard error, such as a panic in Rust. Call it once, before `set_up`.

    What it writes just before it aborts the process may be lost, so call it only if the log must be JSON.
    """
    reading, writing = os.pipe()
    own = os.dup(2)
    os.dup2(writing, 2)
    os.close(writing)
    sys.stderr = os.fdopen(own, "w", buffering=1)
    relay = threading.Thread(target=_relay, args=(reading,), daemon=True)
    relay.start()

    def finish() -> None:
        os.dup2(own, 2)  # closes the pipe's last writing end, which ends the relay
        relay.join(RELAY_S)

    atexit.register(finish)


def _relay(reading: int) -> None:
    with os.fdopen(reading, errors="replace") as lines:
        for line in lines:
            log.error("%s", line.rstrip(), extra={"event": "native_output"})


def log_greenlets(hub: Any) -> None:
    """Make a gevent hub log uncaught exceptions of its greenlets instead of printing them as plain text."""
    hub.print_exception = lambda _context, *error: _uncaught(*error)


def _uncaught(_kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
    if error is None or isinstance(error, KeyboardInterrupt):
        return
    log.error("uncaught %r", error, exc_info=(type(error), error, trace))
