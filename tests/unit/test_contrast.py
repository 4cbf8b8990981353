"""Colours that somebody chose are read, and can be seen where they are put."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.graphics import contrast

GROUNDS = ["#04060f", "#efe9dd", "#ffffff", "#000000", "#7a4034", "#808080"]
parts = st.integers(0, 255).map(lambda n: n / 255)


@pytest.mark.parametrize(
    ("text", "colour"), [("#f08", "#ff0088"), ("FF0088", "#ff0088"), (" #Ff0088 ", "#ff0088"), ("000", "#000000")]
)
def test_hex_colours_are_read_with_or_without_the_hash(text: str, colour: str) -> None:
    assert contrast.parse_hex(text) == colour


@pytest.mark.parametrize("text", ["", "#", "red", "#ff", "#ff00888", "ff008g", "#ff0088;x", "rgb(1 2 3)", "٣٣٣"])
def test_all_else_is_no_colour(text: str) -> None:
    assert contrast.parse_hex(text) is None


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    # computed with WebAIM's contrast checker
    [
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.48),
        ("#ff0000", "#ffffff", 4.0),
        ("#0000ff", "#000000", 2.44),
    ],
)
def test_contrast_is_wcags(one: str, other: str, ratio: float) -> None:
    assert contrast.contrast(contrast.rgb(one), contrast.rgb(other)) == pytest.approx(ratio, abs=0.01)


@given(st.tuples(parts, parts, parts), st.sampled_from(GROUNDS))
def test_every_accent_is_seen_on_every_ground(accent: contrast.Colour, ground: str) -> None:
    for pair in contrast.pairs(accent, contrast.rgb(ground)):
        for colour in pair:
            assert contrast.contrast(colour, contrast.rgb(ground)) >= 2.9
            assert contrast.parse_hex(contrast.to_hex(colour)) is not None


def test_an_accent_that_can_be_seen_is_left_as_it_is() -> None:
    accent = contrast.rgb("#ff5e8a")
    assert contrast.pairs(accent, contrast.rgb("#04060f"))[0][0] == pytest.approx(accent)
