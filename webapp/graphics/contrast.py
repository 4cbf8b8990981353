"""Chosen colours: parsing, contrast with the background, and pairs of colours for arcs."""

from __future__ import annotations

import re
from colorsys import hls_to_rgb, rgb_to_hls

Colour = tuple[float, float, float]
"""Red, green and blue of sRGB, each from 0 to 1."""

VISIBLE = 3.0
"""Least contrast of graphics that are not text: WCAG 2.2, 1.4.11."""
HUES = (0.0, 0.035, -0.035)
"""The songs' hues relative to the chosen one, in turns: close enough to look like one colour."""
FAR_HUE = 0.08
"""Change of hue from one end of an arc to the other, in turns."""
STEP = 0.02


def parse_hex(text: str) -> str | None:
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


def to_hex(colour: Colour) -> str:
    """Return "#rrggbb"."""
    return "#" + bytes(round(255 * part) for part in colour).hex()


def luminance(colour: Colour) -> float:
    """Return the relative luminance of WCAG 2.2: 0 to 1."""
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of WCAG 2.2: 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def visible_on(ground: Colour, colour: Colour, min_contrast: float = VISIBLE) -> Colour:
    """Return the colour, made lighter on a dark ground or darker on a light one until its contrast is enough."""
    hue, lightness, saturation = rgb_to_hls(*colour)
    step = STEP if luminance(ground) < 0.18 else -STEP
    while contrast(colour, ground) < min_contrast and 0 < lightness + step < 1:
        lightness += step
        colour = hls_to_rgb(hue, lightness, saturation)
    return colour


def pairs(accent: Colour, ground: Colour) -> list[list[Colour]]:
    """Return pairs of colours for the songs' arcs, close to the accent and visible on the ground."""
    shifted = ((_shift_hue(accent, hue), _shift_hue(accent, hue + FAR_HUE)) for hue in HUES)
    return [[visible_on(ground, start), visible_on(ground, end)] for start, end in shifted]


def _shift_hue(colour: Colour, turns: float) -> Colour:
    hue, lightness, saturation = rgb_to_hls(*colour)
    return hls_to_rgb((hue + turns) % 1, lightness, saturation)
