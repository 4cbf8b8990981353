import json
import logging
import subprocess
import sys

import pytest

from webapp.logs import JsonFormatter, OncePerMinute


def line(message: str, *values: object, **extra: object) -> dict[str, object]:
    record = logging.makeLogRecord(
        {"name": "webapp.app", "levelname": "WARNING", "msg": message, "args": values} | extra
    )
    record.created, record.msecs = 1790000000.25, 250.0
    text = JsonFormatter().format(record)
    assert "\n" not in text
    written: dict[str, object] = json.loads(text)
    return written


def test_an_event_is_one_line_with_its_own_fields() -> None:
    assert line("not ready: %s", "東京", event="not_ready", problems=["a", "b"]) == {
        "time": "2026-09-21T14:13:20.250Z",
        "level": "warning",
        "logger": "webapp.app",
        "message": "not ready: 東京",
        "event": "not_ready",
        "problems": ["a", "b"],
    }


def test_a_traceback_is_a_field_and_breaks_no_line() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError as error:
        written = line("a viewer failed", exc_info=(type(error), error, error.__traceback__))
    assert "ValueError: two\nlines" in str(written["exception"])


@pytest.mark.parametrize("odd", [{1, 2}, object(), b"bytes"])
def test_what_json_cannot_say_is_written_as_text(odd: object) -> None:
    assert line("x", odd=odd)["odd"] == str(odd)


def test_repeated_warnings_are_one_a_minute_and_say_how_many_were_dropped() -> None:
    now = [0.0]
    once, written = OncePerMinute(lambda: now[0]), list[str]()
    for second in range(180):
        now[0] = float(second)
        for message in ("matching is %.1f s behind", "the history cannot be written: %.0f"):
            record = logging.LogRecord("webapp.app", logging.WARNING, "", 0, message, (second / 7,), None)
            written += [record.getMessage()] if once.filter(record) else []
    assert written == [
        "matching is 0.0 s behind",
        "the history cannot be written: 0",
        "matching is 8.6 s behind (and 59 more like this)",
        "the history cannot be written: 9 (and 59 more like this)",
        "matching is 17.1 s behind (and 59 more like this)",
        "the history cannot be written: 17 (and 59 more like this)",
    ]


def test_news_is_never_dropped() -> None:
    once = OncePerMinute(lambda: 0.0)
    record = logging.LogRecord("webapp.app", logging.INFO, "", 0, "ready again", (), None)
    assert [once.filter(record) for _ in range(3)] == [True] * 3


def test_what_code_below_python_prints_becomes_a_line_of_the_log() -> None:
    program = """
import os
from webapp import logs
logs.log_native_output()
logs.set_up(as_json=True)
os.write(2, b"thread panicked\\nat line 7\\n")
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in ran.stderr.splitlines()]
    assert [line["message"] for line in lines] == ["thread panicked", "at line 7"]
    assert {line["event"] for line in lines} == {"native_output"}
