import json
import logging

import pytest

from webapp.logs import JsonFormatter


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
