import io

import pytest

from webapp.seed.display import Display, bar, clock_text


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Time:
    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


def test_a_terminal_gets_one_line_that_is_rewritten_and_taken_away() -> None:
    stream, time = Terminal(), Time()
    display = Display(stream, time)
    for step in range(1, 11):
        time.s = step / 5
        display.show(f"{step} sent", step / 10)
    display.say("hello")
    lines = stream.getvalue().split("\r\x1b[K")
    assert len(lines) == 12
    assert "[############------------]  50% of plays 0:01 5 sent" in lines[5]
    assert lines[-1] == "hello\n"


def test_on_a_narrow_terminal_the_numbers_stay_and_the_bar_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    stream, time = Terminal(), Time()
    display = Display(stream, time)
    time.s = 2
    display.show("119 sent, 119 accepted, 0 late, 0 rejected, 0 missed", None)
    assert stream.getvalue() == "\r\x1b[K0:02 119 sent, 119 accepted, 0 late, 0 rejected, 0 missed"


def test_elsewhere_there_is_a_plain_line_every_five_seconds() -> None:
    stream, time = io.StringIO(), Time()
    display = Display(stream, time)
    for step in range(240):
        time.s = step / 20
        display.show(f"{step} sent", None)
    assert stream.getvalue() == "0:05 100 sent\n0:10 200 sent\n"


@pytest.mark.parametrize(
    ("share", "seconds", "text"),
    [(0.0, 0, "-" * 24), (1.0, 9, "#" * 24), (2.0, 9, "#" * 24), (None, 0, "#" + "-" * 23), (None, 47, "-" * 23 + "#")],
)
def test_a_bar_fills_or_where_there_is_no_end_travels(share: float | None, seconds: float, text: str) -> None:
    assert bar(share, seconds) == f"[{text}]"


def test_seconds_read_as_a_clock() -> None:
    assert [clock_text(s) for s in (0.9, 61, 3600 * 26)] == ["0:00", "1:01", "26:00:00"]
