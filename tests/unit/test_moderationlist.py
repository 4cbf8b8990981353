"""The list of what is hidden, as an operator writes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.making import OSAKA, PARIS
from webapp.core.moderation import RULE_KINDS, Rule
from webapp.core.moderationlist import ListReader, RuleError, with_line
from webapp.core.plays import track_id
from webapp.core.trackids import NO_ALIASES, TrackAliases
from webapp.gazetteerdata import load_gazetteer

GAZETTEER = load_gazetteer()
READER = ListReader(GAZETTEER, NO_ALIASES)
WRITTEN = """\ufeff# What we do not show.

word: Bad  Words
ARTIST :  The Lamps feat. Bo
  song: Tide - Live - Ana
city: Paris, France
# city: Osaka
token: abcdefghij
"""


def test_a_list_is_read_line_by_line_without_its_comments() -> None:
    listing = READER.listing(WRITTEN.encode())
    assert listing.problems == ()
    assert [(line.number, line.rule.kind, line.rule.value) for line in listing.lines] == [
        (3, "word", "bad words"),
        (4, "artist", "lamps"),
        (5, "song", track_id("Ana", "Tide (Live)")),
        (6, "city", str(PARIS)),
        (8, "token", "abcdefghij"),
    ]
    assert [line.means for line in listing.lines] == ["", "", "", "Paris, France", ""]
    assert listing.rules.rules == {line.rule for line in listing.lines}


def test_bad_lines_are_named_by_number_and_the_good_ones_count() -> None:
    good, bad = [b"word: spam", b"artist: Ana"], [b"words: spam", b"word:", b"\xff\xfe", b"city: Qqqqqq", b"song: Tide"]
    more = [b"word: !?", b"city: 1", b"nothing\r"]
    listing = READER.listing(b"\n".join([good[0], *bad, good[1], *more]))
    assert [line.number for line in listing.lines] == [1, 7]
    assert [problem.number for problem in listing.problems] == [2, 3, 4, 5, 6, 8, 9, 10]
    said = [problem.error for problem in listing.problems]
    assert said[0] == "'words: spam': expected one of word:, artist:, song:, city:, token: and a value"
    assert said[2] == "this line is not UTF-8 text"
    assert said[4] == "song: 'Tide': expected a track id of 16 characters, or Title - Artist"


@pytest.mark.parametrize(
    "line", ["word: a\x00b", "word: a\u2028b", "word: a\nword: b", f"word: {'a' * 800}", "word: \udc80", "city: ²"]
)
def test_what_cannot_stand_in_one_line_is_refused(line: str) -> None:
    with pytest.raises(RuleError):
        READER.line(line)


def test_no_message_repeats_what_may_be_a_token() -> None:
    with pytest.raises(RuleError) as refused:
        READER.line("token: 1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed")
    assert "1b9d" not in str(refused.value)


def test_a_song_may_have_its_earlier_id() -> None:
    reader = ListReader(GAZETTEER, TrackAliases([("0" * 16, "1" * 16)]))
    assert reader.line(f"song: {'0' * 16}").rule == Rule("song", "1" * 16)


def test_a_line_is_added_at_the_end_and_all_else_stays() -> None:
    assert with_line(b"", "word: a") == b"word: a\n"
    assert with_line(b"# x\r\nword: b", " word: a ") == b"# x\r\nword: b\nword: a\n"


def test_a_rule_is_removed_however_it_is_written_and_all_else_stays() -> None:
    data = b"# Bad\nword: BAD\r\nword: good\n\nnothing\nword: b\xc3\xa1d"
    assert READER.without(data, Rule("word", "bad")) == b"# Bad\nword: good\n\nnothing"


a_line = st.one_of(
    st.sampled_from(["# note", "", "word: a", "word: Á", "city: Osaka", f"city: {OSAKA}", "artist: The A", "bad line"]),
    st.builds(
        "{}: {}".format, st.sampled_from(RULE_KINDS), st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
    ),
)


@given(st.lists(a_line, max_size=6), a_line)
def test_what_was_added_and_removed_leaves_the_rules_of_before(lines: list[str], line: str) -> None:
    data = "\n".join(lines).encode()
    before = READER.listing(data).rules.rules
    try:
        rule = READER.line(line).rule
    except RuleError:
        return
    added = with_line(data, line)
    assert READER.listing(added).rules.rules == before | {rule}
    assert READER.listing(READER.without(added, rule)).rules.rules == before - {rule}
