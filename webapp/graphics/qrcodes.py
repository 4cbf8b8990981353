"""QR codes (ISO/IEC 18004) in the house style: dark on light, with a quiet zone of four modules."""

from __future__ import annotations

from collections.abc import Iterator

import segno

INK, PAPER = "#10173a", "#f6f8ff"
QUIET = 4
"""Empty modules around the code, as in the standard."""
FINDER = 7
"""Width of the three squares in the corners, modules."""
MODULE_PX = 10
MAX_ADDRESS = 500
"""Characters of an address; a longer one makes a code too fine to scan from a screen."""


def modules(address: str) -> list[list[bool]]:
    """Return the code's modules, row by row, without its quiet zone; error correction is M at least."""
    code = segno.make_qr(address, error="m", boost_error=True)
    return [[bool(module) for module in row] for row in code.matrix]


def code_svg(address: str) -> str:
    """Return a code as an SVG document."""
    matrix = modules(address)
    size = len(matrix) + 2 * QUIET
    pixels = size * MODULE_PX
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{pixels}" height="{pixels}" viewBox="0 0 {size} {size}">'
        f"{_draw(matrix)}</svg>"
    )


def code_group(address: str, x: float, y: float, size: float) -> str:
    """Return a code with its quiet zone as an SVG group that fills a square of another picture."""
    matrix = modules(address)
    scale = size / (len(matrix) + 2 * QUIET)
    return f'<g transform="translate({x:g} {y:g}) scale({scale:.5f})">{_draw(matrix)}</g>'


def _draw(matrix: list[list[bool]]) -> str:
    """Return SVG with one unit for each module: round dots, and finders with round corners."""
    size = len(matrix)
    corners = [(0, 0), (size - FINDER, 0), (0, size - FINDER)]
    dots = "".join(f"M{x + QUIET + 0.5:g} {y + QUIET + 0.5:g}h0" for x, y in _data(matrix, corners))
    return (
        f'<rect width="{size + 2 * QUIET}" height="{size + 2 * QUIET}" rx="{QUIET / 2}" fill="{PAPER}"/>'
        f'<path d="{dots}" stroke="{INK}" stroke-width="0.94" stroke-linecap="round"/>'
        + "".join(_finder(x + QUIET, y + QUIET) for x, y in corners)
    )


def _data(matrix: list[list[bool]], corners: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for y, row in enumerate(matrix):
        for x, dark in enumerate(row):
            if dark and not any(0 <= x - left < FINDER and 0 <= y - top < FINDER for left, top in corners):
                yield x, y


def _finder(x: int, y: int) -> str:
    return (
        f'<rect x="{x + 0.5}" y="{y + 0.5}" width="6" height="6" rx="1.6" fill="none" stroke="{INK}"/>'
        f'<rect x="{x + 2}" y="{y + 2}" width="3" height="3" rx="0.9" fill="{INK}"/>'
    )
