"""The prints of sleeves: families of geometric drawings, each with its own chances.

All numbers are whole, so that `assets/common/sleeve.js` comes to the same shapes.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isqrt

Shape = tuple[str, dict[str, str | int]]
"""An SVG element and its attributes; a sleeve is 100 units wide and high."""
Inks = tuple[str, str, str, str]
"""The colour of the paper, of the print, of its second plate and of its smallest."""

_CORNERS = ((0, 0), (100, 0), (100, 100), (0, 100))
_HALF_WIDTHS = {8: 30, 9: 26, 10: 24, 12: 20, 15: 16, 18: 13}
"""Half the width of a ray 150 units long, for so many rays: half of the gaps are as wide."""


class Dice:
    """Whole numbers that follow from a text (FNV-1a, then mulberry32)."""

    def __init__(self, text: str) -> None:
        self._state = 0x811C9DC5
        for character in text:
            self._state = (self._state ^ ord(character)) * 0x01000193 & 0xFFFFFFFF

    def below(self, count: int) -> int:
        """Return the next number from 0 to count - 1."""
        self._state = value = (self._state + 0x6D2B79F5) & 0xFFFFFFFF
        value = (value ^ value >> 15) * (value | 1) & 0xFFFFFFFF
        value ^= value + (value ^ value >> 7) * (value | 61) & 0xFFFFFFFF
        return (value ^ value >> 14) % count

    def one_of(self, count: int, first: int, step: int = 1) -> int:
        """Return one of `count` numbers from `first` on."""
        return first + step * self.below(count)


def disc(x: int, y: int, r: int, fill: str) -> Shape:
    """Return a disc."""
    return "circle", {"cx": x, "cy": y, "r": r, "fill": fill}


def _ring(x: int, y: int, r: int, ink: str, width: int) -> Shape:
    return "circle", {"cx": x, "cy": y, "r": r, "fill": "none", "stroke": ink, "stroke-width": width}


def box(x: int, y: int, width: int, height: int, fill: str) -> Shape:
    """Return a rectangle."""
    return "rect", {"x": x, "y": y, "width": width, "height": height, "fill": fill}


def line(d: str, ink: str, width: int) -> Shape:
    """Return a line along a path."""
    return "path", {"d": d, "fill": "none", "stroke": ink, "stroke-width": width}


def _path(d: str, fill: str) -> Shape:
    return "path", {"d": d, "fill": fill}


def _turned(shape: Shape, degrees: int, x: int = 50, y: int = 50) -> Shape:
    tag, attributes = shape
    return tag, {**attributes, "transform": f"rotate({degrees} {x} {y})"}


def _dot(x: int, y: int, r: int) -> str:
    """Return a disc as a part of a path."""
    return f"M{x - r} {y}a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 {-2 * r} 0"


def _target(dice: Dice, inks: Inks) -> list[Shape]:
    """Discs around one centre, in the middle, at an edge or in a corner."""
    x, y = ((50, 50), (50, 50), (50, 100), (0, 50), *_CORNERS)[dice.below(8)]
    step, reach = dice.one_of(3, 8), 48 if (x, y) == (50, 50) else 96
    count = reach // step
    rings = [disc(x, y, step * n, inks[(1, 0, 2, 0)[(count - n) % 4]]) for n in range(count, 1, -1)]
    return [*rings, disc(x, y, step, inks[3])]


def _eclipse(dice: Dice, inks: Inks) -> list[Shape]:
    """A large disc, another one before it, and a small one apart."""
    r, shift, down = dice.one_of(9, 31), dice.one_of(10, 14), dice.one_of(13, -6)
    side, front = 1 - 2 * dice.below(2), inks[(0, 2)[dice.below(2)]]
    x = 50 - side * (shift // 2)
    small = disc(50 + side * 38, 50 - (1 - 2 * dice.below(2)) * 37, dice.one_of(4, 4), inks[3])
    return [disc(x, 50, r, inks[1]), disc(x + side * shift, 50 + down, r - 3, front), small]


def _stripes(dice: Dice, inks: Inks) -> list[Shape]:
    """Bars that grow from one side to the other, upright, flat or aslant."""
    turn, grows, gap = (0, 90, 45, 135, 180, 270)[dice.below(6)], dice.one_of(3, 1), dice.one_of(3, 4)
    accent, at, width = dice.one_of(4, 2), -24, 2
    bars: list[Shape] = []
    for n in range(16):
        if at > 124:
            break
        ink = inks[3] if n == accent else inks[1 + n % 2]
        bars.append(_turned(box(-30, at, 160, width, ink), turn))
        at, width = at + width + gap, width + grows
    return bars


def _waves(dice: Dice, inks: Inks) -> list[Shape]:
    """A sea of layers, each wave before the last, under a small sun."""
    half, high, gap = dice.one_of(3, 17, 4), dice.one_of(9, 7), dice.one_of(4, 10)
    top, x = dice.one_of(3, 34, 4), dice.one_of(5, 30, 10)
    sun = disc(x, top - 4, dice.one_of(7, 11), inks[3])
    layers: list[Shape] = []
    for n in range((96 - top) // gap + 1):
        start, y = -half * (1 + n % 2) - n * 3, top + n * gap
        sweep = f"M{start} {y}q{half // 2} {-high} {half} 0" + f"t{half} 0" * 9
        layers.append(_path(f"{sweep}V110H{start}Z", inks[(1, 2, 0)[n % 3]]))
    return [sun, *layers]


def _halftone(dice: Dice, inks: Inks) -> list[Shape]:
    """A screen of dots that grow along a way."""
    count = dice.one_of(3, 5)
    cell, way, inverted = 96 // count, dice.below(5), dice.below(2)
    plates = ["", ""]
    last = count - 1
    for j in range(count):
        for i in range(count):
            far = isqrt((2 * i - last) ** 2 + (2 * j - last) ** 2)
            part, most = (
                (i + j, 2 * last), (j, last), (last - i + j, 2 * last), (far, isqrt(2 * last * last)), (max(i, j), last)
            )[way]  # fmt: skip
            r = 1 + (most - part if inverted else part) * (cell // 2 - 1) // most
            left = (100 - cell * count) // 2 + cell // 2
            plates[(i + j) % 2 if way == 4 else 0] += _dot(left + cell * i, left + cell * j, r)
    dots = [_path(plate, ink) for plate, ink in zip(plates, inks[1:], strict=False) if plate]
    return [*dots, disc(*_CORNERS[dice.below(4)], dice.one_of(3, 14, 4), inks[3])]


def _quarters(dice: Dice, inks: Inks) -> list[Shape]:
    """Tiles of quarter discs, each turned by chance."""
    count = dice.one_of(3, 2)
    side = (99 + count) // count
    plates = ["", "", "", ""]
    for n in range(count * count):
        x, y = side * (n % count) - (side * count - 100) // 2, side * (n // count) - (side * count - 100) // 2
        corner, ink, back = dice.below(4), 1 + dice.below(2), dice.below(3)
        ink = 1 + n if n < 2 else ink  # both at least once
        if back == 0:
            plates[3 - ink] += f"M{x} {y}h{side}v{side}h{-side}Z"
        arcs = (
            f"M{x} {y}h{side}a{side} {side} 0 0 1 {-side} {side}Z",
            f"M{x + side} {y}v{side}a{side} {side} 0 0 1 {-side} {-side}Z",
            f"M{x + side} {y + side}h{-side}a{side} {side} 0 0 1 {side} {-side}Z",
            f"M{x} {y + side}v{-side}a{side} {side} 0 0 1 {side} {side}Z",
        )
        plates[3 if back == 0 else ink] += arcs[corner]
    return [_path(plate, ink) for plate, ink in zip(plates, inks, strict=True) if plate]


def _horizon(dice: Dice, inks: Inks) -> list[Shape]:
    """A sun at the sea's edge, its light on the water, and a moon."""
    edge, r, x = dice.one_of(4, 54, 4), dice.one_of(9, 18), dice.one_of(5, 34, 8)
    sun, sea = disc(x, edge - dice.below(10), r, inks[1]), box(0, edge, 100, 100 - edge, inks[2])
    lights: list[Shape] = []
    y, width = edge + 5, 2 * r + 6
    while y < 97 and width > 4:
        lights.append(box(x - width // 2, y, width, 3, inks[1]))
        y, width = y + 7, width - 7 - dice.below(3)
    return [sun, sea, *lights, disc(100 - x, dice.one_of(8, 12), dice.one_of(3, 4), inks[3])]


def _orbits(dice: Dice, inks: Inks) -> list[Shape]:
    """Ways around a middle, each with its planet."""
    count, first, spread, flat = dice.one_of(3, 2), dice.below(180), dice.one_of(4, 24, 8), dice.one_of(3, 3)
    ways: list[Shape] = []
    for n in range(count):
        rx, turn, ink = 42 - 4 * (n % 2), first + n * spread, inks[1 + n % 2]
        ring: dict[str, str | int] = {"cx": 50, "cy": 50, "rx": rx, "ry": rx // flat + 4, "fill": "none"}
        ways.append(_turned(("ellipse", ring | {"stroke": ink, "stroke-width": 3}), turn))
        x = 50 + rx * (1 - 2 * dice.below(2))
        ways.append(_turned(disc(x, 50, dice.one_of(4, 5), ink), turn))
    return [*ways, disc(50, 50, dice.one_of(5, 9), inks[3])]


def _rays(dice: Dice, inks: Inks) -> list[Shape]:
    """Light from one point."""
    count = tuple(_HALF_WIDTHS)[dice.below(6)]
    x, y = ((50, 50), (50, 100), (50, 62), (0, 100), (100, 100), (50, 0))[dice.below(6)]
    wide, tilt = _HALF_WIDTHS[count], dice.below(2) * 180 // count
    ray = f"M{x} {y}L{x - wide} {y - 150}H{x + wide}Z"
    plates = [_path(ray, inks[1 + n % 2 * (1 - count % 2)]) for n in range(count)]
    light = [_turned(plate, n * 360 // count + tilt, x, y) for n, plate in enumerate(plates)]
    r = dice.one_of(4, 14, 4)
    return [*light, disc(x, y, r + 5, inks[0]), disc(x, y, r, inks[3])]


def _bridge(dice: Dice, inks: Inks) -> list[Shape]:
    """Arcs over arcs, as from one city to another."""
    width, count, base = dice.one_of(3, 5), dice.one_of(3, 3), dice.one_of(3, 66, 7)
    turn, both = (0, 0, 90, 180, 270)[dice.below(5)], dice.below(2)
    arcs = [disc(x, base, width + 1, inks[3]) for x in (6, 94)]
    for n in range(count):
        r = 44 - n * (width + 4)
        arcs.append(line(f"M{50 - r} {base}a{r} {r} 0 0 1 {2 * r} 0", inks[1 + n % 2], width))
    if both:
        arcs.append(_path(f"M{50 - r} {base + 7}h{2 * r}a{r} {r} 0 0 1 {-2 * r} 0Z", inks[2]))
    return [_turned(shape, turn) for shape in arcs]


def _nest(dice: Dice, inks: Inks) -> list[Shape]:
    """Squares within squares, each turned a little more."""
    step, turn = dice.one_of(4, 11), (0, 9, 15, 30, 45)[dice.below(5)]
    squares: list[Shape] = []
    side, n = 92, 0
    while side > step + 4:
        half = side // 2
        square = box(50 - half, 50 - half, 2 * half, 2 * half, inks[(1, 0, 2, 0)[n % 4]])
        squares.append(_turned(square, n * turn))
        side, n = side - step - (5 if turn in (15, 30, 45) else 0), n + 1
    return [*squares, disc(50, 50, step // 2, inks[3])]


def _peaks(dice: Dice, inks: Inks) -> list[Shape]:
    """Three ranges, one before the other, and a moon."""
    x, y = dice.one_of(7, 20, 10), dice.one_of(4, 20, 3)
    shapes: list[Shape] = [disc(x, y, dice.one_of(6, 9), inks[3])]
    for n, ink in enumerate((inks[2], inks[1], inks[0])):
        low, d = 50 + 16 * n, f"M-10 {58 + 16 * n}"
        at = -10
        while at < 110:
            rise, run = dice.one_of(20, 16), dice.one_of(3, 14, 6)
            d += f"L{at + run} {low - rise + 10}L{at + 2 * run} {low + dice.one_of(7, 10)}"
            at += 2 * run
        shapes.append(_path(f"{d}V110H-10Z", ink))
    return shapes


def _ripples(dice: Dice, inks: Inks) -> list[Shape]:
    """Waves from two places that meet."""
    gap, apart, tilt = dice.one_of(3, 9), dice.one_of(4, 20, 4), dice.one_of(5, -60, 30)
    rings = [
        _ring(50 + side * apart, 50, gap * n, inks[1 if side < 0 else 2], 3) for side in (-1, 1) for n in range(2, 6)
    ]
    hearts = [disc(50 + side * apart, 50, gap, inks[3]) for side in (-1, 1)]
    return [_turned(shape, tilt) for shape in [*rings, *hearts]]


def _petals(dice: Dice, inks: Inks) -> list[Shape]:
    """A flower, and another one in it."""
    count, wide = ((5, 15), (6, 13), (8, 10), (9, 9), (10, 8), (12, 7))[dice.below(6)]
    wide, tilt = wide + dice.below(2), dice.below(2) * 180 // count
    outer: dict[str, str | int] = {"cx": 50, "cy": 25, "rx": wide, "ry": 21, "fill": inks[1]}
    inner: dict[str, str | int] = {"cx": 50, "cy": 34, "rx": wide // 2, "ry": 12, "fill": inks[2]}
    leaves = [_turned(("ellipse", leaf), n * 360 // count + tilt) for leaf in (outer, inner) for n in range(count)]
    return [*leaves, disc(50, 50, dice.one_of(4, 7), inks[3])]


FAMILIES: tuple[Callable[[Dice, Inks], list[Shape]], ...] = (
    _target, _eclipse, _stripes, _waves, _halftone, _quarters, _horizon,
    _orbits, _rays, _bridge, _nest, _peaks, _ripples, _petals,
)  # fmt: skip
