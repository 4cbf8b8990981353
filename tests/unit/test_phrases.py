"""Words and phrases in titles and names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.phrases import Phrases, words_in


def are_in(phrase: str, text: str) -> bool:
    return Phrases([words_in(phrase)]).are_in(text)


@pytest.mark.parametrize(
    "text", ["BAD", "ＢＡＤ", "bád", "Bad!", "so (bad)", "ba\u200bd", "b\u0430d bad", "bad🍆", "$bad$"]
)
def test_a_word_is_found_however_it_is_written(text: str) -> None:
    assert are_in("bad", text)
    assert are_in("ＢÁＤ", text)


@pytest.mark.parametrize("text", ["badly", "a Badger", "not-so-good", "b ad", ""])
def test_a_word_is_not_found_within_another(text: str) -> None:
    assert not are_in("bad", text)


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("night bus", "The Night—Bus, again", True),
        ("night bus", "night of the bus", False),
        ("night bus", "bus night", False),
        ("don't", "DON’T stop", True),
        ("夜行", "最後の夜行バス", True),
        ("バス", "最後の夜行ﾊﾞｽ", True),
        ("夜 行", "最後の夜行バス", True),
        ("bad", "BADな歌", True),
        ("กา", "ลากาล", True),
        ("노래", "나의 노래 하나", True),
        ("🍆", "a🍆b", True),
        ("и", "й", False),
    ],
)
def test_a_phrase_is_found_in_whole_words_and_in_any_part_where_a_script_has_no_spaces(
    phrase: str, text: str, found: bool
) -> None:
    assert are_in(phrase, text) is found


def test_what_becomes_longer_in_its_compatible_form_hides_nothing_after_it() -> None:
    assert are_in("bad", "\ufdfa" * 296 + " bad")


a_word = st.text("abBéЙ夜バ🍆$1", min_size=1, max_size=3)


@given(
    st.lists(a_word, min_size=1, max_size=6), st.sets(st.lists(a_word, min_size=1, max_size=3).map(tuple), max_size=4)
)
def test_many_phrases_are_found_as_one_by_one(text: list[str], phrases: set[tuple[str, ...]]) -> None:
    folded = {words for phrase in phrases if (words := words_in(" ".join(phrase)))}
    found = words_in(" ".join(text))
    plainly = any(found[at : at + len(words)] == words for words in folded for at in range(len(found)))
    assert Phrases(folded).are_in(" ".join(text)) is plainly
