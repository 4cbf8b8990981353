"""The sleeves of songs, which assets/common/sleeve.js draws, too (test_both_languages.py)."""

from __future__ import annotations

import io
import re
from collections import Counter
from xml.etree import ElementTree

import numpy as np
import pytest
import resvg_py
from PIL import Image

from webapp.core.plays import track_id
from webapp.graphics.palette import GROUNDS, PAIRS, song_pair
from webapp.graphics.sleeveprints import FAMILIES, Dice, Inks
from webapp.graphics.sleeves import MARK_FROM, shapes, sleeve_svg
from webapp.seed.catalogue import load_catalogue

IDS = [track_id(track.artist, track.title) for track in load_catalogue()]
INKS: Inks = ("#000000", "#ff0000", "#00ff00", "#0000ff")
PIXELS = 28


def pixels(svg: str) -> np.ndarray:
    """Return what an SVG looks like, (height, width, RGBA)."""
    alone = svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    png = resvg_py.svg_to_bytes(svg_string=alone, skip_system_fonts=True)
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))


def test_a_song_always_has_the_same_sleeve_and_hardly_ever_another_songs() -> None:
    drawn = [sleeve_svg(id) for id in IDS]
    assert drawn == [sleeve_svg(id) for id in IDS]
    assert len(set(drawn)) > 0.97 * len(set(IDS))


def test_it_is_in_the_songs_colours_of_the_globe() -> None:
    for id in IDS:
        pair = song_pair(id)
        known = {*PAIRS["dark"][pair], *PAIRS["light"][pair], *GROUNDS.values(), "none"}
        used = {str(value) for _, given in shapes(id) for name, value in given.items() if name in ("fill", "stroke")}
        assert used <= known
        assert len(used - {"none"}) >= 3


def test_all_families_and_grounds_are_about_as_frequent() -> None:
    grounds = Counter(next(iter(shapes(id)))[1]["fill"] in GROUNDS.values() for id in IDS)
    assert 0.3 < grounds[True] / len(IDS) < 0.5, "two of five grounds are night and paper"
    families = Counter()  # type: ignore[var-annotated]
    for id in IDS:
        dice = Dice(id)
        dice.below(5)
        families[dice.below(len(FAMILIES))] += 1
    assert len(families) == len(FAMILIES) >= 12
    assert min(families.values()) > len(IDS) / len(FAMILIES) / 3


@pytest.mark.parametrize("family", FAMILIES)
def test_no_print_is_empty_or_hides_its_paper_where_it_is_small(family: object) -> None:
    for number in range(40):
        drawn = family(Dice(f"song {number}"), INKS)  # type: ignore[operator]
        body = "".join(
            f"<{tag} {' '.join(f'{name}={str(value)!r}' for name, value in given.items())}/>" for tag, given in drawn
        )
        svg = f'<svg viewBox="0 0 100 100" width="{PIXELS}" height="{PIXELS}">{body}</svg>'
        inked = float((pixels(svg)[:, :, 3] > 128).mean())
        assert inked > 0.08, number
        colours = {str(given.get("fill")) for _, given in drawn} | {str(given.get("stroke")) for _, given in drawn}
        assert len(colours & set(INKS)) >= 2, number


@pytest.mark.parametrize("size", [28, 600])
def test_it_is_an_svg_without_styles_ids_or_scripts_and_fills_its_square(size: int) -> None:
    for id in IDS[:100]:
        svg = sleeve_svg(id, size)
        root = ElementTree.fromstring(svg)
        assert (root.get("width"), root.get("aria-hidden")) == (str(size), "true")
        assert {child.tag for child in root} <= {"rect", "circle", "path", "ellipse"}
        assert not re.search("style|id=|href|script", svg)
        assert len(svg) < 6_000
    assert pixels(sleeve_svg(IDS[0], size)).shape[:2] == (size, size)
    assert (pixels(sleeve_svg(IDS[0], size))[:, :, 3] == 255).all()


def test_only_a_large_one_carries_the_labels_mark() -> None:
    assert len(shapes(IDS[0], MARK_FROM)) == len(shapes(IDS[0], MARK_FROM - 1)) + 4
