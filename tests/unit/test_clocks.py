"""`docs/clocks.md` says of each class of players what the matcher does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from webapp.config import Settings
from webapp.core import precision
from webapp.core.precision import CLASSED, CLASSES, UNMATCHED, added_ms, slack_ms, spread_ms

DOCS = (Path(__file__).parents[2] / "docs" / "clocks.md").read_text(encoding="utf-8")
WINDOW_MS = round(Settings().window_s * 1000)


def said(ms: int) -> str:
    return f"{ms / 1000:g} s"


def row(name: str, why: str, code: int) -> str:
    slack, spread = slack_ms(code), spread_ms(code)
    figures = (slack - spread, spread, slack, WINDOW_MS + added_ms(code, code))
    return f"| {' | '.join((name, *map(said, figures)))} | {why}".rstrip() + " |"


def test_the_table_has_each_class_as_the_matcher_has_it() -> None:
    expected = [row("exact", "", precision.EXACT)]
    for place, each in enumerate(CLASSES):
        matched = row(each.name, each.source, CLASSED + place)
        expected.append(matched if each.delay_ms >= 0 else f"| {each.name} | | | | never | {each.source} |")
    table = DOCS[DOCS.index("| --- | --- |") :].split("\n\n")[0].splitlines()[1:]
    assert table == expected


@pytest.mark.parametrize("kind", ["at once", "poller"])
def test_the_players_of_a_class_are_of_it(kind: str) -> None:
    (names,) = re.findall({"at once": r"\*At once\* are (.*?)\.", "poller": r"\*Pollers\* are (.*?):"}[kind], DOCS)
    (place,) = [place for place, each in enumerate(CLASSES) if each.name == kind]
    codes = {precision.of_client([name]) for name in re.split(", | and ", names)}
    assert codes == {CLASSED + place if CLASSES[place].delay_ms >= 0 else UNMATCHED}


def test_the_examples_are_right() -> None:
    mpdscribble, vlc = (precision.of_client([name]) for name in ("mpdscribble", "VLC"))
    assert f"1 + 1.5 + 0.5 = {said(WINDOW_MS + added_ms(mpdscribble, vlc))} apart" in DOCS
    assert f"with an exact play up to {said(WINDOW_MS + added_ms(mpdscribble, precision.EXACT))}." in DOCS
    within_ms = 400 + added_ms(mpdscribble, mpdscribble)
    assert f"within about {-(-within_ms // 1000)} s: 0.4 + 0.35 + 0.35 = {said(within_ms)}." in DOCS
