import io
import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.histories import jsonscan
from webapp.histories.errors import BadEntryError
from webapp.histories.jsonscan import Scanner

NAMES = frozenset({"scrobbles", "data"})

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
objects = st.lists(st.dictionaries(st.text(), values, max_size=4), max_size=6)


def in_pieces(data: bytes, size: int) -> Callable[[int], bytes]:
    """Return a `read` that gives at most so many bytes, as a slow file does."""
    file = io.BytesIO(data)
    return lambda wanted: file.read(min(size, wanted))


def scan(data: bytes, size: int = 1 << 20) -> list[Any]:
    scanner = Scanner(in_pieces(data, size))
    assert scanner.enter(NAMES)
    return [str(each) if isinstance(each, BadEntryError) else json.loads(each) for each in scanner.elements()]


@given(objects, st.integers(1, 50), st.sampled_from([None, 2]), st.booleans())
def test_elements_are_those_of_the_document_however_it_is_written_and_read(
    elements: list[dict[str, Any]], size: int, indent: int | None, is_ascii: bool
) -> None:
    for document in (elements, {"x": elements, "data": elements}, {"y": {"data": 1}, "data": {"scrobbles": elements}}):
        data = json.dumps(document, indent=indent, ensure_ascii=is_ascii).encode()
        assert scan(data, size) == elements


@pytest.mark.parametrize(
    "data", [b"", b"3", b'"[{}]"', b"{}", b'{"x":[{}]}', b'{"data":3}', b'{"data"', b"{[", b"{3:4}"]
)
def test_a_document_without_a_list_of_that_name_is_not_entered(data: bytes) -> None:
    assert not Scanner(io.BytesIO(data).read).enter(NAMES)


def test_a_deep_or_endless_document_is_not_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonscan, "ELEMENT_BYTES", 1_000)
    for data in (b'{"data":' * 100_000, b'{"x":' * 100_000, b'{"x":"' + b"y" * 1_000_000, b'{"' + b"y" * 1_000_000):
        assert not Scanner(io.BytesIO(data).read).enter(NAMES)


@pytest.mark.parametrize(
    ("data", "good", "bad"),
    [
        (b'[{"a":1}, 3, "x", null, [{"a":2}], {"a":4}]', [1, 4], 4),
        (b'[{"a":1},{"b":nope},{"a":3}]', [1, 3], 1),
        (b'[{"a":1},{"b":[1,2},{"a":3},{"a":4}]', [1, 3, 4], 1),
        (b'[{"a":1},{"b":{"x":1},{"a":3},{"a":4}]', [1, 3, 4], 1),
        (b'[{"a":1},{"b":"x, "y":1},\n  {"a":3},\n  {"a":4}]', [1, 3, 4], 1),
        (b'[{"a":1} {"a":2},,{"a":3},]', [1, 2, 3], 0),
    ],
)
def test_a_broken_element_costs_only_itself(data: bytes, good: list[int], bad: int) -> None:
    found = scan(data)
    assert [each["a"] for each in found if isinstance(each, dict)] == good
    assert sum(isinstance(each, str) for each in found) == bad


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'[{"a":1},{"b":"', "its end is missing"),
        (b'[{"a":1},{"b":[', "its end is missing"),
        (b'[{"a":1},', "the file ends here, before the list does"),
        (b'[{"a":1}', "the file ends here, before the list does"),
    ],
)
def test_a_file_that_was_cut_off_says_so_after_what_it_has(data: bytes, reason: str) -> None:
    assert scan(data) == [{"a": 1}, reason]


def test_an_element_too_long_costs_only_itself_and_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonscan, "ELEMENT_BYTES", 100_000)
    long = b'{"b": "' + b"x" * 20_000_000 + b'"}'
    file = io.BytesIO(b'[{"a":1},' + long + b',{"a":2},{"a":3}' + b"]")
    tracemalloc.start()
    scanner = Scanner(file.read)
    assert scanner.enter(NAMES)
    found = [str(each) if isinstance(each, BadEntryError) else each for each in scanner.elements()]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == [b'{"a":1}', "longer than 100,000 bytes", b'{"a":2}', b'{"a":3}']
    assert peak < 2_000_000


def test_a_file_broken_all_through_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonscan, "LOST_MOST", 10)
    found = scan(b"[" + b'{"a":[},{' * 1_000)
    assert len(found) < 20
    assert found[-1] == "too much of the file is broken; the rest is not read"


def test_depth_that_no_parser_can_follow_is_a_malformed_element() -> None:
    data = b'[{"a":' + b"[" * 100_000 + b"]" * 100_000 + b'},{"a":1}]'
    reason, good = scan(data)
    assert reason.startswith("not a JSON object")
    assert good == {"a": 1}
