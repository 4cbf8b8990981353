"""What is hidden, in records and frames."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.making import CAIRO, LYON, OSAKA, PARIS, RECIFE, T0, listener, track
from webapp.core.filters import Filter
from webapp.core.moderation import NO_RULES, Rules
from webapp.core.moderationlist import ListReader
from webapp.core.plays import track_id
from webapp.core.records import PAIR, PULSE, SPARK, Connection, Counts, Rows, SliceRecord
from webapp.core.selection import Selection
from webapp.core.songs import artist_key
from webapp.core.trackids import NO_ALIASES
from webapp.engine.channel import FrameMaker
from webapp.gazetteerdata import load_gazetteer

GAZETTEER = load_gazetteer()
READER = ListReader(GAZETTEER, NO_ALIASES)
CITIES = (OSAKA, RECIFE, PARIS, LYON, CAIRO)
NAMES = (("Night Bus", "Ana"), ("Bad Tide", "Ana"), ("Tide", "The Bád Lamps"), ("夜行バス", "Bo"), ("Night Bus", "Cy"))
SONGS = tuple(track(title, artist) for title, artist in NAMES)
RULES = ("word: BAD", "word: 夜行", "artist: ana", "song: Night Bus - Cy", f"city: {CAIRO}", "city: Lyon, FR")

Row = tuple[int, int, int, int]
"""Two cities and two tracks, by their places above."""


def rules(*lines: str) -> Rules:
    return Rules(frozenset(READER.line(line).rule for line in lines))


def record(start_ms: int, rows: Iterable[Row]) -> SliceRecord:
    """Return a record with a pair, a pulse and a spark for each row."""
    rows = list(rows)
    pairs, pulses, sparks = np.zeros(len(rows), PAIR), np.zeros(len(rows), PULSE), np.zeros(len(rows), SPARK)
    for n, (a, b, song, other) in enumerate(rows):
        start, end = GAZETTEER.by_id(CITIES[a]), GAZETTEER.by_id(CITIES[b])
        for kind in (pairs, pulses, sparks):
            kind[n]["at"], kind[n]["track"] = T0 + start_ms, song
        pairs[n]["to_track"], pairs[n]["tail"], pairs[n]["km"] = other, n, GAZETTEER.km(np.array(start), np.array(end))
        pairs[n]["from_listener"], pairs[n]["to_listener"] = listener(f"{a}"), listener(f"{b}")
        pairs[n]["from_city"], pairs[n]["to_city"] = start, end
        pulses[n]["city"] = sparks[n]["city"] = start
    return SliceRecord(T0 + start_ms + 250, T0 + start_ms + 750, Counts(), pairs, pulses, sparks, tracks=SONGS)


def without_hidden(some: SliceRecord, lines: Iterable[str]) -> SliceRecord:
    """Return a record without the rows that are hidden, as the lines say it."""

    def kept(rows: Rows) -> Rows:
        shown: Rows = rows[np.array([not _is_hidden(row, lines) for row in rows], bool)]
        return shown

    shown = kept(some.pairs), kept(some.pulses), kept(some.sparks)
    return SliceRecord(some.end_ms, some.now_ms, some.counts, *shown, tracks=some.tracks)


def _is_hidden(row: np.void, lines: Iterable[str]) -> bool:
    names = row.dtype.names or ()
    places = {int(GAZETTEER.geoname_id[row[name]]) for name in names if name.endswith("city")}
    tracks = {int(row[name]) for name in names if name.endswith("track")}
    hides = {
        "word: BAD": int(row["track"]) in (1, 2),
        "word: 夜行": int(row["track"]) == 3,
        "artist: ana": int(row["track"]) in (0, 1),
        "song: Night Bus - Cy": 4 in tracks,
        f"city: {CAIRO}": CAIRO in places,
        "city: Lyon, FR": LYON in places,
    }
    return any(hides[line] for line in lines)


def frames_of(records: Iterable[SliceRecord], wanted: Filter, hidden: Rules) -> list[bytes]:
    maker = FrameMaker(wanted, 4, GAZETTEER, hidden)
    return [maker.make(seq, some).payload for seq, some in enumerate(records)]


row = st.tuples(*[st.integers(0, 4)] * 4)
ten_seconds = st.lists(st.lists(row, max_size=8), min_size=8, max_size=8).map(
    lambda slices: [record(250 * k, rows) for k, rows in enumerate(slices)]
)
some_lines = st.sets(st.sampled_from(RULES))
a_filter = st.sampled_from(
    [Filter(), Filter(country="FR"), Filter(artist="ana"), Filter(city=CAIRO), Filter(artist="bo")]
)


@settings(max_examples=60)
@given(ten_seconds, some_lines, a_filter)
def test_frames_are_those_of_records_that_never_had_what_is_hidden(
    records: list[SliceRecord], lines: set[str], wanted: Filter
) -> None:
    shown = frames_of(records, wanted, rules(*lines))
    assert shown == frames_of((without_hidden(each, lines) for each in records), wanted, NO_RULES)


@given(ten_seconds)
def test_no_frame_has_a_hidden_text(records: list[SliceRecord]) -> None:
    text = b"".join(
        frames_of(records, Filter(), rules("word: bad", "word: バス", "artist: Ana", "city: Osaka"))
    ).decode()
    assert not [hidden for hidden in ("Bad", "Bád", "バス", '"Ana"', "Osaka") if hidden in text]


def test_a_hidden_pair_costs_no_shown_place_and_does_not_match() -> None:
    some = record(750, [(0, 1, 1, 1)] * 9 + [(2, 3, 4, 4)] * 3)
    chosen = Selection(Filter(), 4, GAZETTEER, rules("word: bad")).choose(some)
    assert (chosen.pairs, chosen.matching) == ([9, 10, 11], 3)


def test_hidden_plays_count_in_totals() -> None:
    some = record(0, [(0, 1, 1, 1)])
    counted = SliceRecord(some.end_ms, some.now_ms, Counts(plays=2, connections=1), some.pairs, tracks=SONGS)
    (payload,) = frames_of([counted], Filter(), rules("word: bad"))
    told = json.loads(payload)
    assert (told["connections"], told["counts"]["plays"], told["counts"]["connections"]) == ([], 2, 1)


def test_the_version_changes_frames_and_frames_of_one_version_are_the_same_bytes() -> None:
    records = [record(250 * k, [(k % 5, (k + 1) % 5, k % 5, k % 5), (0, 1, 2, 2)]) for k in range(40)]
    one, same, other = (
        rules("word: Bad", "artist: The Ana"),
        rules("artist: ANA feat. Bo", "word: ＢÁＤ"),
        rules("word: tide"),
    )
    assert one.version == same.version
    assert frames_of(records, Filter(), one) == frames_of(records, Filter(), same)
    assert len({NO_RULES.version, one.version, other.version}) == 3
    assert len({tuple(frames_of(records, Filter(), each)) for each in (NO_RULES, one, other)}) == 3


@given(some_lines)
def test_the_version_says_nothing_of_the_order(lines: set[str]) -> None:
    read = [READER.listing("\n".join(order).encode()).rules for order in (sorted(lines), sorted(lines, reverse=True))]
    assert read[0].version == read[1].version


def connection(song: int, start: int = 0, end: int = 1, to_track: bytes = SONGS[0]) -> Connection:
    title, artist = NAMES[song]
    ends = (GAZETTEER.by_id(CITIES[place]) for place in (start, end))
    told: dict[str, Any] = json.loads(to_track)
    return Connection(
        "0" * 23, "live", T0, 7, 100, SONGS[song], track_id(artist, title), artist_key(artist), told["id"], *ends
    )


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        ("word: bad", [1, 2]),
        ("word: bad tide", [1]),
        ("word: lamps", [2]),
        ("artist: Lamps", []),
        ("artist: bad lamps", [2]),
        ("song: night bus – ana", [0]),
        (f"song: {track_id('Bo', '夜行バス')}", [3]),
        ("city: osaka", [0, 1, 2, 3, 4]),
        ("token: abcdefghij", []),
    ],
)
def test_a_rule_hides_what_it_says(line: str, hidden: list[int]) -> None:
    said = rules(line)
    shown = [song for song in range(5) if said.hides_connection(connection(song, to_track=SONGS[song]), GAZETTEER)]
    assert shown == hidden


def test_a_pair_is_hidden_with_the_song_of_either_play() -> None:
    assert rules("song: Night Bus - Cy").hides_connection(connection(0, to_track=SONGS[4]), GAZETTEER)


def test_what_a_filter_names_can_be_hidden_as_a_whole() -> None:
    said = rules("artist: Ana", f"city: {CAIRO}", "song: Tide - Bo")
    hidden = [
        Filter(artist="ana"),
        Filter(city=CAIRO),
        Filter(track=track_id("Bo", "Tide")),
        Filter(artist="ana", country="FR"),
    ]
    assert all(map(said.hides_all_of, hidden))
    assert not any(map(said.hides_all_of, [Filter(), Filter(artist="bo"), Filter(country="EG")]))
    assert not any(map(NO_RULES.hides_all_of, [*hidden, Filter()]))


def test_a_token_is_blocked_by_its_id() -> None:
    said = rules("token: abcdefghij")
    assert said.blocks_token("abcdefghij")
    assert not said.blocks_token("bcdefghijk")
    assert not NO_RULES.blocks_token("abcdefghij")


def test_without_rules_rows_are_not_even_looked_at() -> None:
    rows = np.arange(3)
    assert NO_RULES.visible(record(0, []), "pairs", rows, GAZETTEER) is rows
