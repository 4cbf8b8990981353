"""Text can be read in both themes: WCAG's contrast of every colour of words on every ground they stand on."""

from __future__ import annotations

import re

import pytest

from webapp.graphics.contrast import rgb
from webapp.graphics.palette import DARK, LIGHT, PAIRS
from webapp.resources import ASSETS

TOKENS = {
    name: colours
    for name, *colours in re.findall(
        r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", (ASSETS / "ui" / "tokens.css").read_text(encoding="utf-8")
    )
}
THEMES = {"light": 0, "dark": 1}


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2.2."""
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb(colour)]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def contrast(a: str, b: str) -> float:
    darker, lighter = sorted((luminance(a), luminance(b)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_reckoned_as_the_standard_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", ["ground", "ground-lit", "raised"])
@pytest.mark.parametrize("words", ["text", "text-soft", "accent", "good", "warn", "bad"])
def test_words_are_read_on_every_ground(theme: str, ground: str, words: str) -> None:
    side = THEMES[theme]
    assert contrast(TOKENS[words][side], TOKENS[ground][side]) >= 4.5


@pytest.mark.parametrize("words", ["text", "text-soft"])
@pytest.mark.parametrize("sea", ["night", "day"])
def test_words_are_read_over_the_sea_too(words: str, sea: str) -> None:
    assert contrast(TOKENS[words][THEMES["dark"]], DARK["ocean"][sea]) >= 4.5
    assert contrast(TOKENS[words][THEMES["light"]], LIGHT["ocean"][sea]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_edges_of_what_is_used_are_seen(theme: str) -> None:
    side = THEMES[theme]
    assert contrast(TOKENS["edge"][side], TOKENS["ground"][side]) >= 3


def test_the_page_has_the_globes_colours() -> None:
    """In style sheets, for what stands in the globe's place."""
    assert TOKENS["accent"][THEMES["dark"]] == PAIRS["dark"][0][0]
    assert TOKENS["accent-far"] == [PAIRS[theme][1][1] for theme in THEMES]
    assert TOKENS["land-lit"] == [LIGHT["land"]["day"], DARK["land"]["day"]]
    assert TOKENS["land"][THEMES["dark"]] == DARK["land"]["night"]


def test_each_theme_has_as_many_pairs_for_songs() -> None:
    assert len(PAIRS["light"]) == len(PAIRS["dark"])
