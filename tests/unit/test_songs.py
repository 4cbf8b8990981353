"""Songs: what two spellings have in common. `tests/data/songs.tsv` has what is one song and what is not, by kind."""

from __future__ import annotations

import csv
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.serving import ROOT
from webapp.core.songs import RULES, Rule, song_key

CORPUS = ROOT / "tests" / "data" / "songs.tsv"
INVISIBLE = ("Cc", "Cf", "Cn", "Cs", "Zs", "Zl", "Zp", "Mn", "Me")


def pairs() -> list[list[str]]:
    with CORPUS.open(encoding="utf-8", newline="") as lines:
        rows = csv.reader((line for line in lines if not line.startswith("# ")), delimiter="\t", quoting=csv.QUOTE_NONE)
        return [row for row in rows if row]


PIECES = (
    "Tide The the A × x & + and 'n' - – ( ) [ ] feat. ft. (feat. with prod. Live Remix Remastered 2009 Pt. II Part 2 "
    'Vol. Version Edit Radio й ё が ガ ﷺ ™ … " ’ ??? ÷ # C# I̊ ß ſ ﬁ Ǆ İ \u0301 \u3099 \u200d , / | Explicit'
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


@given(texts, texts)
@example("\u1100 \u1161", "a \u0301")
@example("™", "\u3099")
def test_the_key_of_a_key_is_the_key(title: str, artist: str) -> None:
    key = song_key(title, artist)
    assert song_key(key.title, key.artist) == key


@given(texts)
def test_no_key_is_empty_if_anything_is_visible(text: str) -> None:
    visible = any(unicodedata.category(char) not in INVISIBLE for char in text)
    key = song_key(text, text)
    assert not visible or (key.title and key.artist)
