"""Songs: what two spellings have in common. `tests/data/songs.tsv` has what is one song and what is not, by kind."""

from __future__ import annotations

import csv
import time
import unicodedata
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.serving import ROOT
from webapp.core import songs
from webapp.core.songs import RULES, Rule, song_key
from webapp.core.songtext import SAME
from webapp.core.songtitles import title_key

CORPUS = ROOT / "tests" / "data" / "songs.tsv"
INVISIBLE = ("Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn", "Me")


def pairs() -> list[list[str]]:
    with CORPUS.open(encoding="utf-8", newline="") as lines:
        rows = csv.reader((line for line in lines if not line.startswith("# ")), delimiter="\t", quoting=csv.QUOTE_NONE)
        return [row for row in rows if row]


PIECES = (
    "Tide The the A × x & + and 'n' - – ( ) [ ] feat. ft. (feat. with prod. Live Remix Remastered 2009 Pt. II Part 2 "
    'Vol. Version Edit Radio й ё が ガ ﷺ ™ … " ’ ??? ÷ # C# I̊ ß ſ ﬁ Ǆ İ \u0301 \u3099 \u200d , / | Explicit '
    "~ 〜 7/11 1 11 10,000 Parts I-V Part2 Chapter 1.11 From 'Low Water' (( )) feat.Bo - Topic V evo vs. Rock'n'Roll '"
    "P t2 I nst 000 \U0001fffe ， 、"
)
texts = st.one_of(st.text(max_size=40), st.lists(st.sampled_from(PIECES.split(" ")), max_size=12).map(" ".join))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.says)
def test_each_rule_joins_its_two_spellings(rule: Rule) -> None:
    assert rule.one != rule.other
    assert song_key(*rule.one) == song_key(*rule.other)


def test_the_page_about_songs_has_each_rule() -> None:
    page = (ROOT / "docs" / "songs.md").read_text(encoding="utf-8")
    rows = [f"| {rule.says} | {' · '.join(rule.one)} | {' · '.join(rule.other)} |" for rule in RULES]
    assert [line for line in page.splitlines() if line.startswith("|")][2:] == rows


def test_the_corpus_holds() -> None:
    rows = pairs()
    wrong = [row for row in rows if (song_key(row[1], row[2]) == song_key(row[3], row[4])) != (row[0] == "same")]
    assert wrong == []
    assert len(rows) > 400
    assert {kind for kind, *_ in rows} == {"same", "different"}


def test_a_character_that_this_python_does_not_know_is_a_symbol() -> None:
    unassigned = "\U0001fffe"  # for ever
    assert song_key(f"Tide {unassigned}", "Ana") != song_key("Tide", "Ana")
    assert song_key(unassigned, "Ana") == song_key(f"{unassigned} (Official Video)", "Ana")


def test_each_character_of_a_kind_stays_in_the_compatible_form_of_a_text() -> None:
    assert [char for char in SAME if unicodedata.normalize("NFKC", char).casefold() != char] == []


def test_the_longest_texts_that_are_made_to_be_slow_take_a_few_ms() -> None:
    pieces = (
        "\ufdfa",
        "(",
        "~",
        '"',
        "'n ",
        "- ",
        "(from '",
        "feat. ",
        "pts. i-v, ",
        "é\u0301",
        "ß",
        "1,000 ",
        "x ",
        "live ",
    )
    for one, other in product(pieces, pieces):
        text = ((one + other) * 300)[:300]
        assert min(took_s(f"{text[1:]}{turn}", text[turn:]) for turn in range(3)) < 0.010, text  # two texts


def took_s(title: str, artist: str) -> float:
    began = time.thread_time()
    song_key(title, artist)
    return time.thread_time() - began


@given(texts, texts)
@example("P t22", "V ol2")
@example("I nst", "Ada V evo")
@example("Pts2 - 7 110", "10 000 - Topic - Topic - Topic")
@example("\u1100 \u1161", "a \u0301")
@example("™", "\u3099")
def test_the_key_of_a_key_is_the_key(title: str, artist: str) -> None:
    key = song_key(title, artist)
    assert song_key(key.title, key.artist) == key


TEXT = """a an the and n nd & x vs with feat ft featuring from part parts pt pts vol volume chapter one two ii iv xl i
    version ver inst rmx live acoustic remix demo remaster remastered edit radio original mono hd official video topic
    vevo anavevo sharp g tide night bus 7 1983 10 000 12345 song prod"""


@given(st.lists(st.sampled_from(TEXT.split()), min_size=1, max_size=5).map(" ".join), st.booleans())
def test_texts_of_plain_words_have_the_key_that_the_rules_give(text: str, capitals: bool) -> None:
    written = text.title() if capitals else text
    short = songs._of_plain_words(written)
    assert short in ("", songs._stable(title_key, written))
    assert short in ("", songs._stable(songs._first_artist, written))


def test_the_invented_songs_are_of_plain_words() -> None:
    assert song_key("Night Bus Home 12345", "The Harbour Lamps") == ("harbourlamps", "nightbushome12345")
    assert songs._of_plain_words("Night Bus Home 12345")


@given(texts)
def test_no_key_is_empty_if_anything_is_visible(text: str) -> None:
    visible = any(unicodedata.category(char) not in INVISIBLE for char in text)
    key = song_key(text, text)
    assert not visible or (key.title and key.artist)
