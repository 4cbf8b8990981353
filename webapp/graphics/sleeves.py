"""Draws a sleeve for each song from its id: one label's records, each with a geometric print of its own.

`assets/common/sleeve.js` draws the same.
"""

from __future__ import annotations

from webapp.graphics.palette import GROUNDS, PAIRS, song_pair
from webapp.graphics.sleeveprints import FAMILIES, Dice, Inks, Shape, box, disc, line

MARK_FROM = 96
"""Smallest size in pixels at which a sleeve carries the label's mark."""
_MARK = "M83 91C83 81 95 81 95 91"


def _inks(pair: int, way: int) -> Inks:
    """Return one of five ways to print with a song's colours, on night, on paper or on one of them."""
    (near, far), (deep, deep_far) = PAIRS["dark"][pair], PAIRS["light"][pair]
    night, paper = GROUNDS["dark"], GROUNDS["light"]
    return (
        (night, near, far, paper),
        (paper, deep, deep_far, night),
        (near, deep_far, night, paper),
        (deep_far, near, paper, night),
        (far, night, paper, deep),
    )[way]


def shapes(track_id: str, size: int = MARK_FROM) -> list[Shape]:
    """Return a song's sleeve, from the back to the front; at `size` pixels a small one has no mark."""
    dice = Dice(track_id)
    inks = _inks(song_pair(track_id), dice.below(5))
    drawn = [box(0, 0, 100, 100, inks[0]), *FAMILIES[dice.below(len(FAMILIES))](dice, inks)]
    return [*drawn, *_mark(inks)] if size >= MARK_FROM else drawn


def _mark(inks: Inks) -> list[Shape]:
    """Return the label's mark: an arc between two places, on a disc in a corner."""
    ends = [disc(x, 91, 2, inks[1]) for x in (83, 95)]
    return [disc(89, 89, 9, inks[0]), line(_MARK, inks[1], 1), *ends]


def sleeve_svg(track_id: str, size: int = MARK_FROM) -> str:
    """Return a song's sleeve as an SVG element of that many pixels, to stand in a page or in another SVG."""
    box = f'viewBox="0 0 100 100" width="{size}" height="{size}"'
    return f'<svg class="sleeve" {box} aria-hidden="true">{body(track_id, size)}</svg>'


def body(track_id: str, size: int = MARK_FROM) -> str:
    """Return what is in a sleeve's SVG; all of it is our own, so that nothing has to be escaped."""
    return "".join(_element(*shape) for shape in shapes(track_id, size))


def _element(tag: str, attributes: dict[str, str | int]) -> str:
    given = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return f"<{tag} {given}/>"
