import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.histories.textlines import LINE_BYTES
from webapp.seed.replay import BadLineError, Lines, blocks, in_order, read_line, read_lines


class Complaints(list[tuple[int, str]]):
    def __call__(self, number: int, why: str) -> None:
        self.append((number, why))


def play(pressed_at: object, **more: object) -> bytes:
    return json.dumps({"track": {"title": "t"}, **more, "pressed_at": pressed_at}).encode() + b"\n"


def replayed(*lines: bytes, lookahead: int = 100) -> tuple[list[Any], Complaints]:
    bad = Complaints()
    out = []
    for block in blocks(in_order(read_lines(lines, bad), bad, lookahead)):
        out += [json.loads(line) for line in block.lines(block.at_ms).tolist()]
    return out, bad


def test_times_count_from_the_files_first_press() -> None:
    out, bad = replayed(play(1_700_000_000.5, n=1), play(1_700_000_000.54, n=2), play(1_700_000_060.5, n=3))
    assert [(p["n"], p["pressed_at"]) for p in out] == [(1, 0.0), (2, 0.04), (3, 60.0)]
    assert not bad


def test_all_but_the_time_stays_as_it_is_to_the_byte() -> None:
    line = '{ "x" : 1.50, "pressed_at": 3, "track":{"title":"\\ud83d\\ude00é", "a\\"b":[1, 2]},"source":"live"}'
    assert read_line(line.encode()) == (
        3000,
        '{"x":1.50,"track":{"title":"\\ud83d\\ude00é", "a\\"b":[1, 2]},"source":"live","pressed_at":'.encode(),
    )


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"not json\n", "not a JSON object"),
        (b"[1, 2]\n", "not a JSON object"),
        (b'{"pressed_at": 5\n', "not a JSON object"),
        (b"\xff\xfe\n", "not a JSON object"),
        (b"\x00\n", "not a JSON object"),
        (b"[" * 100_000 + b"\n", "not a JSON object"),
        (b'{"listener": "a"}\n', "no pressed_at"),
        (b'{"pressed_at": "1790000000"}\n', 'pressed_at is "1790000000", not epoch seconds'),
        (b'{"pressed_at": null}\n', "pressed_at is null, not epoch seconds"),
        (b'{"pressed_at": true}\n', "pressed_at is true, not epoch seconds"),
        (b'{"pressed_at": NaN}\n', "not a JSON object"),
        (b'{"pressed_at": 1e999}\n', "not epoch seconds"),
        (b'{"pressed_at": -1}\n', "not epoch seconds"),
        (b'{"pressed_at": 1790000000000}\n', "looks like milliseconds"),
        (b'{"x": "' + b"y" * LINE_BYTES + b'", "pressed_at": 1}\n', "longer than 1,000,000 bytes"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_line_that_is_no_play_says_why(line: bytes, why: str) -> None:
    with pytest.raises(BadLineError, match=why):
        read_line(line)


def test_bad_lines_are_reported_by_their_number_and_the_others_play() -> None:
    out, bad = replayed(b"\n", play(10, n=1), b"oops\n", b"  \r\n", play(11, n=2), b'{"n": 3}\n')
    assert [p["n"] for p in out] == [1, 2]
    assert [number for number, _ in bad] == [3, 6]


def test_a_little_disorder_is_put_right_and_more_is_skipped() -> None:
    out, bad = replayed(play(1), play(3), play(2), play(4), play(5), play(6), play(0.5), lookahead=2)
    assert [p["pressed_at"] for p in out] == [0, 1, 2, 3, 4, 5]
    assert [number for number, _ in bad] == [7]
    assert "before a play 2 lines earlier" in bad[0][1]


@given(st.lists(st.integers(0, 10_000), max_size=60), st.integers(1, 70))
def test_whatever_the_order_what_is_replayed_ascends_and_the_rest_is_reported(at: list[int], lookahead: int) -> None:
    bad = Complaints()
    entries = [(at_ms, number, b"") for number, at_ms in enumerate(at, 1)]
    rows = [row for block in blocks(in_order(entries, bad, lookahead)) for row in block.at_ms.tolist()]
    assert rows == sorted(rows)
    assert len(rows) + len(bad) == len(at)
    assert not bad or lookahead < len(at)


def test_a_line_too_long_is_read_in_pieces_and_is_one_line() -> None:
    file = io.BytesIO(b"a\n" + b"x" * (3 * LINE_BYTES) + b"\nb")
    lines = list(Lines(file, 0))
    assert [len(line) for line in lines] == [2, LINE_BYTES + 1, 1]
    assert lines[-1] == b"b"


def test_a_line_of_exactly_the_greatest_length_costs_its_neighbour_nothing() -> None:
    for length in (LINE_BYTES - 1, LINE_BYTES, LINE_BYTES + 1, 2 * LINE_BYTES, 2 * LINE_BYTES + 1):
        lines = list(Lines(io.BytesIO(b"x" * length + b"\nnext\n"), 0))
        assert [line[:4] for line in lines] == [b"xxxx", b"next"], length


def test_progress_is_by_the_line_that_was_sent() -> None:
    data = b"1234567\n" * 100
    lines = Lines(io.BytesIO(data), len(data))
    assert lines.share(0) is None
    assert sum(1 for _ in lines) == 100
    assert lines.share(25) == pytest.approx(0.25)
    assert lines.share(100) == pytest.approx(1.0)
