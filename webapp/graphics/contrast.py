"""Colours that somebody chose: read, brought far enough from what they lie on, and made into the arcs' pairs. Pure."""

from __future__ import annotations

import re
from colorsys import hls_to_rgb, rgb_to_hls

Colour = tuple[float, float, float]
"""Red, green and blue of sRGB, each from 0 to 1."""

VISIBLE = 3.0
"""The contrast that what is no text needs: WCAG 2.2, 1.4.11."""
HUES = (0.0, 0.035, -0.035)
"""How far, in turns, the songs' hues lie from the one that was chosen: near enough to be called the same."""
FAR_HUE = 0.08
"""From an arc's one end to its other."""
STEP = 0.02


def read(text: str) -> str | None:
    """Return "#rrggbb" for a colour such as "#f08", "ff0088" or "#FF0088"; None for anything else."""
    found = re.fullmatch(r"#?([0-9a-f]{3}|[0-9a-f]{6})", text.strip().lower())
    if not found:
        return None
    digits = found[1]
    return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))


def rgb(text: str) -> Colour:
    """Return the three numbers of "#rrggbb"."""
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return red / 255, green / 255, blue / 255


def text(colour: Colour) -> str:
    """Return "#rrggbb"."""
    return "#" + bytes(round(255 * part) for part in colour).hex()


def luminance(colour: Colour) -> float:
    """Return the relative luminance, as WCAG 2.2 defines it: from 0 to 1."""
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio, as WCAG 2.2 defines it: from 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def seen_on(ground: Colour, colour: Colour, least: float = VISIBLE) -> Colour:
    """Return the colour, lighter on a dark ground or darker on a light one until its contrast is enough."""
    hue, lightness, saturation = rgb_to_hls(*colour)
    step = STEP if luminance(ground) < 0.18 else -STEP
    while contrast(colour, ground) < least and 0 < lightness + step < 1:
        lightness += step
        colour = hls_to_rgb(hue, lightness, saturation)
    return colour


def pairs(accent: Colour, ground: Colour) -> list[list[Colour]]:
    """Return pairs of colours for the songs' arcs, all of them near the accent, all of them seen on the ground."""
    turned = ((_turned(accent, hue), _turned(accent, hue + FAR_HUE)) for hue in HUES)
    return [[seen_on(ground, start), seen_on(ground, end)] for start, end in turned]


def _turned(colour: Colour, turns: float) -> Colour:
    hue, lightness, saturation = rgb_to_hls(*colour)
    return hls_to_rgb((hue + turns) % 1, lightness, saturation)
