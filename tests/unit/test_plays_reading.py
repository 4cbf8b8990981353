"""What bodies are read as, and what is said of bodies that cannot be read."""

import json
import time
import tracemalloc
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.reading_world import GAZETTEER, NOW_MS, OSAKA, READER, RECIFE, lines, play, read, track
from webapp.core.decoding import BodyError, TooManyPlaysError
from webapp.core.interning import InternedTexts
from webapp.core.listenerhashes import ListenerHashes
from webapp.core.playparser import HINTS_MOST, ManyTypedError, PlayParser
from webapp.core.plays import SOURCES, PlayBatch, Source, track_id

DEEP = b"[" * 100_000 + b"]" * 100_000


def test_a_single_object_is_one_play() -> None:
    plays = read(play(pressed_at=NOW_MS / 1000 - 1.25)).plays
    assert plays.at.tolist() == [NOW_MS - 1250]
    assert plays.city.tolist() == [GAZETTEER.by_id(OSAKA)]
    assert [SOURCES[code] for code in plays.source] == ["live"]


def test_a_list_keeps_its_order() -> None:
    plays = read([play(place={"geoname_id": id_}) for id_ in (OSAKA, RECIFE, OSAKA)]).plays
    assert plays.city.tolist() == [GAZETTEER.by_id(id_) for id_ in (OSAKA, RECIFE, OSAKA)]


def test_lines_are_plays_and_blank_lines_are_not_counted() -> None:
    body = b"\n  \r\n" + lines(play(), b"", b"{", play()).replace(b"\n", b"\r\n") + b"\r\n"
    reading = read(body, lines=True)
    assert (len(reading.plays), reading.rejected) == (2, 1)
    assert reading.errors[0].index == 1
    assert reading.errors[0].field is None
    assert "not JSON" in reading.errors[0].error


def test_a_track_comes_out_as_it_stands_in_a_connection() -> None:
    sent = track(
        title=" Ночной автобус ", recording="isrc:qzabc2600001", url="https://example.org/a?b#c", album="Any", x=1
    )
    (wire,) = read(sent).plays.tracks
    assert list(json.loads(wire).items()) == [
        ("id", track_id("Ada Lumen", "Ночной автобус")),
        ("title", "Ночной автобус"),
        ("artist", "Ada Lumen"),
        ("recording", "isrc:QZABC2600001"),
        ("url", "https://example.org/a?b#c"),
        ("artwork_url", None),
    ]
    assert b" :" not in wire
    assert "Ночной".encode() in wire


def test_a_track_is_carried_once_however_it_is_written() -> None:
    first, second = play(), play(track={"artist": "Ada Lumen", "title": "Night Bus Home ", "album": None})
    plays = read([first, second, track(title="Another")]).plays
    assert plays.track.tolist() == [0, 0, 1]
    assert len(plays.tracks) == 2


def test_tracks_of_rejected_plays_are_not_carried() -> None:
    assert len(read([play(), track(title="Another") | {"place": {}}]).plays.tracks) == 1


def test_markup_in_a_title_is_just_text() -> None:
    title = "<img src=x onerror=alert(1)>"
    assert json.loads(read(track(title=title)).plays.tracks[0])["title"] == title


def test_the_time_of_arrival_stands_in_for_a_missing_one() -> None:
    assert read([play(pressed_at=None), {**play(), "pressed_at": None}]).plays.at.tolist() == [NOW_MS, NOW_MS]


def test_presses_within_the_window_are_taken_to_the_millisecond() -> None:
    offsets = range(-5000, 1001)
    reading = read([play(pressed_at=(NOW_MS + off_ms) / 1000) for off_ms in offsets])
    assert reading.plays.at.tolist() == [NOW_MS + off_ms for off_ms in offsets]


def test_a_press_is_taken_at_the_nearest_millisecond() -> None:
    reading = read([play(pressed_at=NOW_MS / 1000 + off_s) for off_s in (-0.0006, -0.0004, 0.0004, 0.0006)])
    assert reading.plays.at.tolist() == [NOW_MS - 1, NOW_MS, NOW_MS, NOW_MS + 1]


@pytest.mark.parametrize(
    ("own", "header", "counts"),
    [
        (None, "live", "live"),
        (None, "synthetic", "synthetic"),
        ("live", "replay", "replay"),
        ("replay", "live", "replay"),
        ("replay", "synthetic", "synthetic"),
        ("synthetic", "replay", "synthetic"),
        ("synthetic", "live", "synthetic"),
    ],
)
def test_of_two_sources_the_less_true_one_counts(own: str | None, header: str, counts: str) -> None:
    plays = read([play(source=own)], source=header).plays
    assert [SOURCES[code] for code in plays.source] == [counts]


@pytest.mark.parametrize(
    "place",
    [
        {"geoname_id": OSAKA},
        {"geoname_id": float(OSAKA)},
        {"geoname_id": OSAKA, "city": None, "lon": None},
        {"city": " osaka ", "country": "JP"},
        {"city": "大阪", "country": "jp", "admin1": None},
        {"lon": 135.5, "lat": 34.69},
    ],
)
def test_every_way_to_give_a_place_leads_to_the_city(place: dict[str, Any]) -> None:
    assert read(play(place=place)).plays.city.tolist() == [GAZETTEER.by_id(OSAKA)]


def test_listeners_are_told_apart_by_a_keyed_hash_of_all_of_their_id() -> None:
    names = ["a", "b", "A", "a ", "é", "e\u0301", "x" * 128, "x" * 127 + "y"]
    hashes = read([play(listener=name) for name in names]).plays.listener
    assert len(set(hashes.tolist())) == len(names)
    assert hashes.tolist() == read([play(listener=name) for name in names]).plays.listener.tolist()
    other = PlayParser(GAZETTEER, b"another secret").read(json.dumps(play(listener="a")).encode(), NOW_MS)
    assert other.plays.listener[0] != hashes[0]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=128), max_size=40))
def test_listeners_are_hashed_as_by_the_cmac_of_the_library_however_many(listeners: list[str]) -> None:
    def cmac(listener: str) -> int:
        one = CMAC(AES(b"k" * 32))
        one.update(listener.encode())
        return int.from_bytes(one.finalize()[:8], "little")

    assert ListenerHashes(b"k" * 32).of(listeners).tolist() == [cmac(listener) for listener in listeners]


@given(
    source=st.sampled_from([None, *SOURCES, "real"]),
    header=st.sampled_from(SOURCES),
    listener=st.sampled_from(["someone", "jemand anders", "誰か", "", "a\n"]),
    at_s=st.none() | st.sampled_from([-5.0005, -5.0004, 1.0005, 1.0006, 1e306]) | st.floats(-5.1, 1.1),
    place=st.sampled_from([{"geoname_id": OSAKA}, {"city": "Recife", "country": "BR"}, {"geoname_id": 1}]),
    title=st.sampled_from(["Night Bus Home", "Ночь", " Night Bus Home ", ""]),
)
def test_a_play_that_comes_alone_is_taken_as_in_a_list(
    source: str | None, header: Source, listener: str, at_s: float | None, place: Any, title: Any
) -> None:
    pressed_at = None if at_s is None else NOW_MS / 1000 + at_s
    named = {"title": title, "artist": "Ada Lumen"}
    body = play(listener=listener, source=source, pressed_at=pressed_at, place=place, track=named)
    reading = READER.read(json.dumps(body).encode(), NOW_MS, header)
    taken = READER.parse(json.dumps(body).encode(), NOW_MS, header)
    assert taken.batch == reading.plays.encode()
    assert taken.by_source == {SOURCES[code]: 1 for code in reading.plays.source.tolist()}
    assert (taken.rejected, taken.errors) == (reading.rejected, reading.errors)


def test_a_listener_written_with_escapes_is_the_same_listener() -> None:
    plain = json.dumps(play(listener="é"), ensure_ascii=False).encode()
    assert read(plain).plays.listener.tolist() == read(play(listener="é")).plays.listener.tolist()


def test_of_duplicate_keys_the_last_counts() -> None:
    good = json.dumps(play())
    body = f'{{"listener": 5, "place": "Osaka", "track": [], {good[1:]}'.replace('"title"', '"title": 7, "title"')
    assert len(read(body.encode()).plays) == 1
    assert read(f'{good[:-1]}, "listener": 5}}'.encode()).errors[0].field == "listener"


def test_unknown_fields_are_ignored_whatever_is_in_them() -> None:
    for odd in (b"1e999", b"-" + b"9" * 5000, b'"\\ud800"', b'{"a":[null]}'):
        body = json.dumps(play()).encode()[:-1] + b',"odd":' + odd + b"}"
        assert len(read(b"[" + body + b"]").plays) == 1


def test_a_byte_order_mark_and_whitespace_around_the_body_do_no_harm() -> None:
    assert len(read(b"\xef\xbb\xbf\r\n [" + json.dumps(play()).encode() + b" ]\n").plays) == 1


def test_an_empty_list_is_no_play_and_no_error() -> None:
    reading = read([])
    assert (len(reading.plays), reading.rejected, reading.errors) == (0, 0, ())


def test_errors_are_the_first_twenty_and_all_rejected_are_counted() -> None:
    reading = read([play(listener=""), play()] * 30)
    assert (len(reading.plays), reading.rejected) == (30, 30)
    assert [error.index for error in reading.errors] == list(range(0, 40, 2))


def test_errors_are_in_the_order_of_the_plays_whatever_is_wrong_with_them() -> None:
    reading = read(
        [play(), play(place={}), 5, play(pressed_at=0), play(listener="\n"), play(source="x"), track(url="x")]
    )
    wrong = [(1, "place"), (2, None), (3, "pressed_at"), (4, "listener"), (5, "source"), (6, "track.url")]
    assert [(error.index, error.field) for error in reading.errors] == wrong
    assert len(reading.plays) == 1


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"5", "got 5; expected a play or a list of plays"),
        (b'"{}"', "got '{}'; expected a play or a list of plays"),
        (b"[{}", "byte 3 (line 1, column 4)"),
        (b'{"a": 1,\n "b": }', "byte 15 (line 2, column 7)"),
        (b'[{"a": "\xc3\xa9"}, nil]', "byte 14 (line 1, column 15)"),
        (b'[{"lon": NaN}]', "NaN is not a JSON number at byte 9"),
        (b'[{"a": "NaN"}, {"lon": -Infinity}]', "-Infinity is not a JSON number at byte 23"),
        (b'[{"a": "\xff"}]', "0xff is not UTF-8 at byte 8"),
        (json.dumps(play(odd="?")).encode().replace(b"?", b"\xff"), "0xff is not UTF-8 at byte"),
        (json.dumps([track(title="?")]).encode().replace(b"?", b"\xc3\x28"), "0xc3 is not UTF-8 at byte"),
        (b"\xff\xfe[\0]\0", "0xff is not UTF-8 at byte 0"),
        (b"{}\n{}", "application/x-ndjson"),
        (b"[1 2]", "at byte 3"),
        (b"[1,]", "(line 1, column "),  # of the comma since Python 3.13, of the bracket before
        (b'[{"a":1}},{}]', "at byte 8"),
        (b'["\\ud800", tru]', "at byte 11"),
        (b"[" * 1_000_000, "the list does not end"),
        (
            DEEP + b"]",
            "there is something after the value (for one play per line, use application/x-ndjson) at byte 200000",
        ),
        (b"[" + DEEP + b", tru]", "at byte 200003"),
        (b"[" + DEEP + b" 5]", "Expecting ',' delimiter at byte 200002"),
        (b"[" + DEEP + b', {"a": "' + DEEP + b'"} ', "Expecting ',' delimiter at byte 400013"),
        (b"[] tru", "there is something after the value (for one play per line, use application/x-ndjson) at byte 3"),
    ],
)
def test_a_body_that_is_not_json_is_refused_with_the_position(body: bytes, says: str) -> None:
    with pytest.raises(BodyError) as caught:
        read(body)
    assert says in str(caught.value)


def test_a_body_made_to_be_searched_again_and_again_is_refused_at_once() -> None:
    began = time.process_time()
    with pytest.raises(BodyError, match="NaN is not a JSON number at byte 1 "):
        read(b"[NaN," + b'\\"' * 32_000 + b"]")
    assert time.process_time() - began < 2  # 21 s where each of the quotes is followed to the end


def test_after_many_bad_lines_one_that_is_no_utf8_is_a_bad_line_like_others() -> None:
    one = json.dumps(play()).encode()
    reading = read(b"\n".join([b"{}"] * 30 + [b'{"\xff": 1}', one]), lines=True)
    assert (len(reading.plays), reading.rejected) == (1, 31)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b" \t\n"])
def test_good_lines_count_after_any_number_of_bad_ones_however_lines_end(end: bytes) -> None:
    one = json.dumps(play()).encode()
    reading = read(end.join([b"{}"] * 30 + [one] * 3) + end, lines=True)
    assert (len(reading.plays), reading.rejected) == (3, 30)


@pytest.mark.parametrize("end", [b"\x0b\n", b"\x0c"])
def test_a_line_ends_as_json_says_whatever_stands_before_it(end: bytes) -> None:
    one = json.dumps(play()).encode()
    assert read(one + end, lines=True).rejected == 1
    assert read(b"{}\n" + one + end, lines=True).rejected == 2


def test_plays_that_share_lines_are_refused_even_where_there_are_as_many_lines_as_plays() -> None:
    one = json.dumps(play()).encode()
    split = one.replace(b'"track": ', b'"track":\n')
    assert read(one + b" " + one + b"\n" + split + b"\n" + one, lines=True).rejected == 3


@pytest.mark.parametrize("wrap", [lambda p: json.dumps(p).encode(), lambda p: lines(*p)])
def test_more_than_ten_thousand_plays_are_too_many(wrap: Any) -> None:
    as_lines = {"lines": wrap([1, 2]) == b"1\n2"}
    assert len(read(wrap([play()] * 10_000), **as_lines).plays) == 10_000
    with pytest.raises(TooManyPlaysError):
        read(wrap([play()] * 10_001), **as_lines)
    with pytest.raises(TooManyPlaysError):
        read(wrap([5] * 10_001), **as_lines)


def test_a_play_nested_too_deeply_costs_no_other() -> None:
    good = json.dumps(play()).encode()
    for field in (b'"track"', b'"unknown"'):
        bad = good[:-1] + b"," + field + b":" + DEEP + b"}"
        reading = read(b"[" + good + b"," + bad + b"," + good + b"]")
        assert (len(reading.plays), reading.rejected) == (2, 1)
        assert reading.errors[0].error == "nested too deeply to read"
    assert read(lines(good, bad, good), lines=True).rejected == 1


@pytest.mark.parametrize("depth", range(900, 1100, 7))
def test_nesting_near_what_can_be_read_is_no_accident(depth: int) -> None:
    deep = b'{"a":' * depth + b"1" + b"}" * depth
    for field in (b"track", b"place", b"unknown"):
        body = json.dumps(play()).encode()[:-1] + b',"' + field + b'":' + deep + b',"listener":5}'
        assert read(b"[" + body + b"]").rejected == 1
        assert read(b"[" + body.replace(b":5}", b':"a"}') + b"]").rejected in (0, 1)


def test_millions_of_tiny_elements_do_not_become_millions_of_objects() -> None:
    body = b"[" + b"0," * 2_000_000 + b"0]"
    tracemalloc.start()
    try:
        with pytest.raises(TooManyPlaysError):
            read(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 * len(body)


def test_what_is_remembered_is_bounded_by_its_bytes() -> None:
    asked: list[bytes] = []

    def twice(raw: bytes) -> bytes:
        asked.append(raw)
        return raw * 2

    known = InternedTexts(twice, most_bytes=20_000)
    for first in range(0, 380, 20):
        raws = [b"%d" % number for number in range(first, first + 20)]
        assert [known.texts[number] for number in known.find(raws)[0]] == [raw * 2 for raw in raws]
        assert len(known) == len(known.texts) <= 60
    asked.clear()
    numbers, faults = known.find([b"379", b"379", b"x" * 9_000, b"x" * 9_000])
    assert (known.texts[numbers[0]], len(set(numbers.tolist())), faults) == (b"379379", 2, {})
    assert asked == [b"x" * 9_000] * 2  # what was met last is remembered, what is huge is not


def test_columns_have_the_types_that_the_matcher_takes() -> None:
    plays = read([play(), play(listener="")]).plays
    kinds = {name: getattr(plays, name).dtype for name in ("at", "source", "city", "listener", "track")}
    assert kinds == {
        "at": np.int64,
        "source": np.uint8,
        "city": np.uint16,
        "listener": np.uint64,
        "track": np.uint32,
    }


@pytest.mark.parametrize(
    ("body", "rejected"),
    [
        (b"%b,%b\n%b", 1),
        (b"%b %b\n%b", 1),
        (b"[%b\n%b\n%b]", 2),
        (b'{"track":\n%b\n%b\n%b', 1),
        (b'%b\n%b\n{"of": [{}\n{}]}\n%b', 2),
    ],
)
def test_a_line_is_one_play_whatever_would_be_json_with_its_neighbours(body: bytes, rejected: int) -> None:
    one = lines(play()).strip()
    body %= (one,) * body.count(b"%b")
    reading = read(body, lines=True)
    assert (reading.rejected, len(reading.plays)) == (rejected, len(body.splitlines()) - rejected)


@pytest.mark.parametrize("line", [b"12\n", b"{}\n"])
def test_millions_of_tiny_lines_take_no_more_memory_than_the_plays_of_one_request(line: bytes) -> None:
    body = line * 2_000_000
    tracemalloc.start()
    with pytest.raises(TooManyPlaysError):
        read(body, lines=True)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2 * len(body)


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1" + 400 * "0"])
def test_a_number_beyond_all_bounds_in_a_play_that_is_read_patiently_costs_no_other(number: str) -> None:
    bad = '{"track": {"title": %s, "artist": "b"}, "listener": "a", "place": {"geoname_id": 1853909}, "x": "\\ud800"}'
    one = lines(play()).strip()
    reading = read(b"[%b, %b]" % ((bad % number).encode(), one))
    plainly = read(b"[%b, %b]" % ((bad % number).replace("\\ud800", "").encode(), one))
    assert (len(reading.plays), reading.rejected) == (1, 1)
    assert reading.errors == plainly.errors


def test_a_place_may_be_text_and_the_first_twenty_of_these_are_told_back_with_their_city() -> None:
    texts = ["Osaka, Japan", "Portland, Maine", "Nowhere at all", "São Paulo - SP"]
    reading = read([play(place=text) for text in texts * 10] + [play()])
    assert (len(reading.plays), reading.rejected) == (31, 10)
    assert [note.index for note in reading.notes] == [i for i in range(40) if i % 4 != 2][:20]
    labels = [(GAZETTEER[note.city].label, GAZETTEER[note.city].country_code) for note in reading.notes[:3]]
    assert labels == [("Osaka", "JP"), ("Portland, Maine", "US"), ("São Paulo", "BR")]
    assert sorted(set(reading.plays.city.tolist())) == sorted({note.city for note in reading.notes})


def test_where_others_would_wait_only_few_places_may_be_given_as_text() -> None:
    body = json.dumps([play(place="Osaka, Japan")] * 3 + [play()] * 9).encode()
    assert READER.parse(body, NOW_MS, typed_most=3).accepted == 12
    for written in (body, body.replace(b'"place"', b'"pl\\u0061ce"')):
        with pytest.raises(ManyTypedError):
            READER.parse(written, NOW_MS, typed_most=2)


def test_only_the_first_errors_of_a_body_look_for_similar_cities() -> None:
    places = [{"city": name, "country": "FR"} for name in ("Parris", "Lyonn", "Marseile", "Bordeau", "Toulousse")]
    errors = [error.error for error in read([play(place=place) for place in places]).errors]
    assert ["did you mean" in error for error in errors] == [True] * HINTS_MOST + [False] * 2
    assert errors[-1] == "no city 'Toulousse' in country 'FR'"


def test_a_single_play_with_text_for_a_place_is_told_its_city_too() -> None:
    parsed = READER.parse(json.dumps(play(place="München")).encode(), NOW_MS)
    assert [(note.index, GAZETTEER[note.city].name) for note in parsed.notes] == [(0, "Munich")]
    assert PlayBatch.decode(parsed.batch).city.tolist() == [parsed.notes[0].city]
    assert READER.parse(json.dumps(play()).encode(), NOW_MS).notes == ()
