"""What the server logs: one line for each event on standard error, as text for people or as JSON for machines.

Everything goes through the root logger: our own events, gunicorn's errors, Python's warnings and uncaught exceptions of
any thread, greenlet or process. No line holds an address, a token or a listener.
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
            record.msg, record.args = f"{record.getMessage()} (and {dropped} more like this)", None
        return True


REPEAT_S = 60.0
RELAY_S = 1.0
KINDS_MAX = 200
_NUMBER = re.compile(r"\d+(\.\d+)?")


def _written_at(record: logging.LogRecord) -> str:
    """Return when it was, in UTC, as RFC 3339 has it."""
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z"


def set_up(*, as_json: bool, level: str = "info") -> None:
    """Write records to standard error: the application's from `level` on, those of libraries from warning on."""
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
    """Print a sentence about the start to standard output, for whoever started the server.

    Where the log is JSON, it is a line of the same form, with `fields` beside the message.
    """
    with suppress(OSError):  # whoever started it may have left with the terminal
        print(_started(logging.INFO, sentence, fields) or sentence, flush=True)


def refuse(sentence: str) -> None:
    """Print to standard error why the server cannot start."""
    print(_started(logging.ERROR, sentence, {}) or f"Error: {sentence}", file=sys.stderr, flush=True)


def _started(level: int, sentence: str, fields: dict[str, object]) -> str:
    """Return a line about the start as JSON; nothing where the log is text."""
    formatters = [handler.formatter for handler in logging.getLogger().handlers]
    if not any(isinstance(formatter, JsonFormatter) for formatter in formatters):
        return ""
    return JsonFormatter().format(log.makeRecord(log.name, level, "", 0, sentence, (), None, extra=fields))


def log_native_output() -> None:
    """Log what code below Python writes to standard error, such as a panic in Rust. Call it once, before `set_up`."""
    reading, writing = os.pipe()
    own = os.dup(2)
    os.dup2(writing, 2)
    os.close(writing)
    sys.stderr = os.fdopen(own, "w", buffering=1)
    relay = threading.Thread(target=_relay, args=(reading,), daemon=True)
    relay.start()

    def finish() -> None:
        os.dup2(own, 2)  # closes the pipe's last writing end, so the relay ends
        relay.join(RELAY_S)

    atexit.register(finish)


def _relay(reading: int) -> None:
    with os.fdopen(reading, errors="replace") as lines:
        for line in lines:
            log.error("%s", line.rstrip(), extra={"event": "native_output"})


def log_greenlets(hub: Any) -> None:
    """Have a gevent hub log uncaught exceptions of its greenlets; by itself it prints them as plain text."""
    hub.print_exception = lambda _context, *error: _uncaught(*error)


def _uncaught(_kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
    if error is None or isinstance(error, KeyboardInterrupt):
        return
    log.error("uncaught %r", error, exc_info=(type(error), error, trace))
