"""What holds for every body: nothing but the documented errors, every play counted, no neighbour harmed."""

import json
from typing import Any

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.reading_world import NOW_MS, OSAKA, RECIFE, lines, play, read
from webapp.core.decoding import BodyError, TooManyPlaysError
from webapp.core.playparser import Reading

thorough = settings(max_examples=60)
characters = st.text(st.characters(), max_size=8)  # lone surrogates and controls included
numbers = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.just(10**400))
scalars = st.one_of(st.none(), st.booleans(), numbers, characters)
anything = st.recursive(
    scalars, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(characters, inner, max_size=3))
)


def mostly(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(good, good, good, anything)


places = st.one_of(
    st.builds(lambda i: {"geoname_id": i}, mostly(st.sampled_from([OSAKA, RECIFE]))),
    st.builds(lambda c, k: {"city": c, "country": k}, mostly(st.just("Osaka")), mostly(st.just("JP"))),
    st.builds(lambda x, y: {"lon": x, "lat": y}, mostly(st.floats(-180, 180)), mostly(st.floats(-90, 90))),
)
tracks = st.builds(
    lambda t, a, more: {"title": t, "artist": a} | more,
    mostly(st.text(min_size=1, max_size=8)),
    mostly(st.just("Ada Lumen")),
    st.dictionaries(st.sampled_from(["recording", "url", "artwork_url", "album", "id", ""]), anything, max_size=2),
)
candidates = st.builds(
    lambda fields, more: more | fields,
    st.fixed_dictionaries(
        {"track": mostly(tracks), "listener": mostly(characters), "place": mostly(places)},
        optional={
            "pressed_at": mostly(st.floats(NOW_MS / 1000 - 6, NOW_MS / 1000 + 2)),
            "source": mostly(st.sampled_from(["live", "synthetic", "replay"])),
        },
    ),
    st.dictionaries(characters, anything, max_size=2),
)
elements = st.one_of(candidates, candidates, anything)
good_plays = st.builds(
    lambda title, listener, city, off_ms: play(
        track={"title": f"Title {title}", "artist": "Ada Lumen"},
        listener=listener,
        place={"geoname_id": city},
        pressed_at=(NOW_MS + off_ms) / 1000,
    ),
    st.integers(0, 3),
    st.text("abcé ", min_size=1, max_size=5),
    st.sampled_from([OSAKA, RECIFE]),
    st.integers(-5000, 1000),
)


def read_or_refuse(body: bytes, **more: Any) -> Reading | str:
    """Return what was read, or the message of an error that is documented."""
    try:
        return read(body, **more)
    except (BodyError, TooManyPlaysError) as error:
        return str(error)


def rows(reading: Reading) -> list[tuple[int, int, int, int, bytes]]:
    plays = reading.plays
    columns = (column.tolist() for column in (plays.at, plays.source, plays.city, plays.listener))
    return list(zip(*columns, (plays.tracks[i] for i in plays.track), strict=True))


@thorough
@given(st.lists(elements, max_size=6))
def test_every_play_of_a_list_is_accepted_or_rejected(given_plays: list[Any]) -> None:
    reading = read(given_plays)
    assert len(reading.plays) + reading.rejected == len(given_plays)
    assert len(reading.errors) == reading.rejected
    for error in reading.errors:
        assert error.error.isprintable()
        assert len(error.error) < 400
        json.dumps([error.field, error.error], ensure_ascii=False).encode()


@thorough
@given(st.lists(elements, min_size=1, max_size=6))
def test_a_list_and_lines_say_the_same(given_plays: list[Any]) -> None:
    as_list, as_lines = read(given_plays), read(lines(*given_plays), lines=True)
    assert rows(as_list) == rows(as_lines)
    assert as_list.errors == as_lines.errors


@thorough
@given(elements)
def test_what_a_play_is_does_not_depend_on_its_neighbours(candidate: Any) -> None:
    """Alone, after one that makes the batch be read play by play, and after one that makes it be split by hand."""
    alone = read([candidate])
    others: list[Any] = [5, {"listener": "\ud800"}, [[]], 10**400]
    for reading in (read([candidate, other]) for other in others):
        assert rows(reading) == rows(alone)
        assert [e for e in reading.errors if e.index == 0] == list(alone.errors)


@thorough
@given(st.lists(st.tuples(good_plays, st.lists(anything, max_size=2)), min_size=1, max_size=5))
def test_good_plays_survive_any_bad_neighbours(mixed: list[tuple[dict[str, Any], list[Any]]]) -> None:
    good = [fields for fields, _ in mixed]
    bad = [neighbour for _, neighbours in mixed for neighbour in neighbours]
    reading = read([play for fields, neighbours in mixed for play in (*neighbours, fields)])
    assert rows(reading) == rows(read(good))
    assert reading.rejected == len(bad)


A_PLAY = {"track": {"title": "One", "artist": "Two"}, "listener": "a", "place": {"geoname_id": 2950159}}


@thorough
@given(st.lists(good_plays, min_size=1, max_size=5), st.lists(st.binary(max_size=20), max_size=5))
@example([A_PLAY], [b"\xef\xbb\xbf"])
def test_good_lines_survive_any_bytes_beside_them(good: list[dict[str, Any]], noise: list[bytes]) -> None:
    before = b"\n".join(noise)
    wrong = [line for line in before.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()]
    reading = read(before + b"\n" + lines(*good), lines=True)
    assert rows(reading) == rows(read(good))
    assert reading.rejected == len(wrong)


@thorough
@given(st.binary(max_size=60) | st.text(max_size=40).map(str.encode), st.booleans())
def test_bytes_that_are_no_plays_are_a_documented_error(body: bytes, as_lines: bool) -> None:
    outcome = read_or_refuse(body, lines=as_lines)
    assert outcome.isprintable() if isinstance(outcome, str) else len(outcome.plays) == 0


@thorough
@given(st.lists(elements, max_size=3), st.data())
def test_a_damaged_body_is_a_documented_error(given_plays: list[Any], data: st.DataObject) -> None:
    body = bytearray(json.dumps(given_plays).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place : place + data.draw(st.integers(0, 2))] = data.draw(
            st.sampled_from(
                [b"", b'"', b"\\", b"]", b"[", b"{", b"}", b",", b":", b"0", b"\xff", b"\\u", b"NaN", b"\n"]
            )
        )
        body = body or bytearray(b" ")
    outcome = read_or_refuse(bytes(body))
    assert isinstance(outcome, Reading) or outcome.isprintable()


@thorough
@given(st.lists(good_plays, min_size=1, max_size=5), st.data())
def test_a_list_that_python_can_read_is_never_called_broken(good: list[dict[str, Any]], data: st.DataObject) -> None:
    indent, ascii_only = data.draw(st.none() | st.just(1)), data.draw(st.booleans())
    text = json.dumps([*good, data.draw(anything)], ensure_ascii=ascii_only, indent=indent)
    reading = read(text.encode("utf-8", "replace"))
    assert len(reading.plays) == len(good)


@thorough
@given(st.lists(good_plays, min_size=1, max_size=8))
def test_columns_hold_what_the_plays_said(good: list[dict[str, Any]]) -> None:
    reading = read(good)
    assert reading.plays.at.tolist() == [round(fields["pressed_at"] * 1000) for fields in good]
    titles = [json.loads(reading.plays.tracks[i])["title"] for i in reading.plays.track]
    assert titles == [fields["track"]["title"] for fields in good]
    assert len(reading.plays.tracks) == len(set(titles))
    same = np.equal.outer(reading.plays.listener, reading.plays.listener)
    assert same.tolist() == [[a["listener"] == b["listener"] for a in good] for b in good]
