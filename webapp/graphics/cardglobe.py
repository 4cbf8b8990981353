"""Paints the globe of a picture: the Earth as on the page, lit by the sun of that moment.

The formulas are those of the page's shaders (`assets/globe/layers`), for a camera infinitely far away; `lighting.py`
has the constants of both.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from webapp.graphics.cardview import Frame, View
from webapp.graphics.contrast import rgb
from webapp.graphics.earthdata import Floats, city_lights, land_points
from webapp.graphics.lighting import FALLOFF, LAND_DAY, LAND_DUSK, LIGHTS_NIGHT, REACH, SEA_DAY, SEA_DUSK, Range
from webapp.graphics.lighting import PICTURES as GLOW
from webapp.graphics.palette import DARK

Pixels = npt.NDArray[np.uint8]
Shade = Callable[[Floats, Floats, View], Floats]

GRID_STEP = 1 / 120
"""Distance between the points at which air and sea are computed, in radii."""
LIGHT_STEPS, FACING_STEPS = 7, 5
"""Number of different values of light on a dot, and of its slant: equal dots make a PNG small."""
DENSE_RADIUS = 480
"""Radius, in pixels, from which the land has more dots."""
MAX_LIGHTS = 1_500
STARS_PER_MEGAPIXEL = 170
MARGIN = 24
"""Pixels around the picture into which dots may reach."""


def paint_globe(frame: Frame, view: View) -> Image.Image:
    """Return a picture of the globe: space, air, sea, land, city lights and stars."""
    canvas = np.pad(np.array(_sky(frame, view)), ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)))
    shifted = replace(view, x=view.x + MARGIN, y=view.y + MARGIN)
    for draw in (_stars, _land, _lights):
        draw(canvas, shifted)
    return Image.fromarray(canvas[MARGIN:-MARGIN, MARGIN:-MARGIN])


def _sky(frame: Frame, view: View) -> Image.Image:
    """Return air and sea, with a sharp edge between them."""
    sky = Image.new("RGB", (frame.width, frame.height), DARK["ocean"]["ground"])
    left, top, right, bottom = _box(frame, view, REACH)
    sky.paste(_interpolated(_air, view, left, top, right - left, bottom - top), (left, top))
    left, top, right, bottom = _box(frame, view, 1.0)
    x, y = np.arange(left, right) + 0.5 - view.x, np.arange(top, bottom) + 0.5 - view.y
    # (1 - r²) / 2 is about 1 - r at the rim, where it matters.
    inside = np.subtract.outer((view.radius**2 - y * y).astype(np.float32), (x * x).astype(np.float32))
    inside *= 255 / (2 * view.radius)
    inside += 127.5
    rim = np.clip(inside, 0, 255, out=inside).astype(np.uint8)
    sky.paste(_interpolated(_sea, view, left, top, right - left, bottom - top), (left, top), Image.fromarray(rim))
    return sky


def _box(frame: Frame, view: View, radii: float) -> tuple[int, int, int, int]:
    """Return the part of the picture within that many radii: left, top, right, bottom."""
    reach = radii * view.radius + 1
    left, right = (round(min(max(view.x + offset, 0), frame.width)) for offset in (-reach, reach))
    top, bottom = (round(min(max(view.y + offset, 0), frame.height)) for offset in (-reach, reach))
    return left, top, right, bottom


def _interpolated(colour: Shade, view: View, left: int, top: int, width: int, height: int) -> Image.Image:
    """Return a box of the picture, computed on a coarse grid and interpolated."""
    step = max(3, round(view.radius * GRID_STEP))
    columns, rows = math.ceil(width / step), math.ceil(height / step)
    x = (left + (np.arange(columns) + 0.5) * step - view.x) / view.radius
    y = (view.y - top - (np.arange(rows)[:, None] + 0.5) * step) / view.radius
    grid = np.ones((rows, columns))
    coarse = np.clip(np.round(255 * colour(x * grid, y * grid, view)), 0, 255).astype(np.uint8)
    box = (0, 0, width / step, height / step)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BILINEAR, box)


def _air(x: Floats, y: Floats, view: View) -> Floats:
    r = np.maximum(np.hypot(x, y), 1.0)
    lit = _smooth(-0.8, 0.8, (x * view.sun[0] + y * view.sun[1]) / r + 0.25 * view.sun[2])
    thin, wide = np.exp((1 - r) * FALLOFF), np.exp((1 - r) * FALLOFF * 0.24)
    glow = (thin * _mix(*GLOW.thin, lit) + wide * _mix(*GLOW.wide, lit)) * _smooth(REACH, 1.02, r)
    return _mix(_OCEAN["haze"], _OCEAN["rim"], (thin**2)[..., None]) * glow[..., None] + _OCEAN["ground"]


def _sea(x: Floats, y: Floats, view: View) -> Floats:
    r = np.maximum(np.hypot(x, y), 1.0)  # outside the rim, use the colour at the rim
    x, y = x / r, y / r
    z = np.sqrt(np.maximum(0.0, 1 - x * x - y * y))
    light = np.stack([x, y, z], axis=-1) @ view.sun
    day, grazing = _smooth(*SEA_DAY, light)[..., None], (1 - z)[..., None]
    return np.asarray(
        _mix(_OCEAN["night"], _OCEAN["day"], day)
        + _OCEAN["dusk"] * _dusk(SEA_DUSK, light)[..., None]
        + _OCEAN["limb"] * grazing**2 * _mix(*GLOW.limb, day)
        + _OCEAN["gleam"] * grazing**6 * _mix(*GLOW.gleam, day)
    )


def _stars(canvas: Pixels, view: View) -> None:
    height, width, _ = canvas.shape
    random = np.random.Generator(np.random.PCG64(7)).random((round(width * height / 1e6 * STARS_PER_MEGAPIXEL), 4))
    x, y, bright = random[:, 0] * width, random[:, 1] * height, random[:, 3] ** 5
    outside = np.hypot(x - view.x, y - view.y) > view.radius * 1.01
    colour = np.where(random[:, 2:3] > 0.8, _rgb(DARK["stars"]["warm"]), _rgb(DARK["stars"]["cool"]))
    places = np.column_stack([x, y])[outside]
    _draw_dots(canvas, places, (0.7 + bright)[outside], colour[outside], (0.10 + 0.6 * bright)[outside])


@cache
def _dots(name: str) -> Floats:
    return _units(*np.radians(land_points(name)).T)


@cache
def _cities() -> tuple[Floats, Floats]:
    """Return the largest cities' places as unit vectors, and their sizes, 0 to 1."""
    places, sizes = city_lights()
    return _units(*np.radians(places[:MAX_LIGHTS]).T), sizes[:MAX_LIGHTS]


def _units(lon: Floats, lat: Floats) -> Floats:
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def _land(canvas: Pixels, view: View) -> None:
    is_dense = view.radius > DENSE_RADIUS
    points = _dots("land.bin" if is_dense else "land-few.bin")
    places = view.project(points)
    near = places[:, 2] > 0.03
    places, light = places[near], (points[near] @ view.axes.T) @ view.sun
    day = _quantized(_smooth(*LAND_DAY, light), LIGHT_STEPS)
    facing = _quantized(_smooth(0.0, 0.6, places[:, 2]), FACING_STEPS)
    dusk = _quantized(_dusk(LAND_DUSK, light), LIGHT_STEPS)
    colour = _mix(_LAND["night"] * 1.3, _LAND["day"], day[:, None]) + _LAND["dusk"] * 0.8 * dusk[:, None]
    size = view.radius * (0.0048 if is_dense else 0.0068)
    _draw_dots(canvas, places, size * (0.55 + 0.45 * facing), colour, 0.15 + 0.85 * facing)


def _lights(canvas: Pixels, view: View) -> None:
    points, sizes = _cities()
    places = view.project(points)
    night = _smooth(*LIGHTS_NIGHT, (points @ view.axes.T) @ view.sun) * _smooth(0.0, 0.35, places[:, 2])
    places, size = places[night > 0.3], sizes[night > 0.3]
    colour = _mix(_rgb(DARK["lights"]["small"]), _rgb(DARK["lights"]["large"]), size[:, None])
    large = size > 0.45
    for place, light_size, ink in zip(places[large].tolist(), size[large].tolist(), colour[large], strict=True):
        _draw_glow(canvas, place[0], place[1], view.radius * 0.026 * light_size, ink)
    _draw_dots(canvas, places, view.radius * 0.0042 * (0.5 + size), colour, _quantized(0.5 + 0.5 * size, LIGHT_STEPS))


def _draw_glow(canvas: Pixels, x: float, y: float, radius: float, colour: Floats) -> None:
    """Add the glow around a large city."""
    left, top, size = math.floor(x - radius), math.floor(y - radius), math.ceil(2 * radius) + 1
    if min(left, top) < 0 or left + size > canvas.shape[1] or top + size > canvas.shape[0]:
        return
    across, down = np.arange(size) + 0.5 + left - x, np.arange(size)[:, None] + 0.5 + top - y
    alpha = 0.34 * np.clip(1 - np.hypot(across, down) / radius, 0, 1)[..., None] ** 1.6
    patch = canvas[top : top + size, left : left + size]
    patch[:] = patch + (255 * colour - patch) * alpha


def _draw_dots(canvas: Pixels, places: Floats, radius: Floats, colour: Floats, opacity: Floats) -> None:
    """Draw round dots with soft edges, placed to half a pixel: fine enough, and it makes a PNG small."""
    height, width, _ = canvas.shape
    reach = math.ceil(float(radius.max(initial=0))) + 1
    halves = np.round(places[:, :2] * 2).astype(int)
    x, y = halves.T // 2
    inside = (x >= reach) & (x < width - reach) & (y >= reach) & (y < height - reach)
    for half in ((0, 0), (0, 1), (1, 0), (1, 1)):  # dots of one offset cover pixels in the same way
        chosen = inside & (halves % 2 == half).all(axis=1)
        ink = (255 * colour[chosen]).astype(np.float32)
        _draw_dots_at(canvas, y[chosen] * width + x[chosen], half, reach, radius[chosen], ink, opacity[chosen])


def _draw_dots_at(
    canvas: Pixels,
    at: npt.NDArray[np.int64],
    half: tuple[int, int],
    reach: int,
    radius: Floats,
    ink: npt.NDArray[np.float32],
    opacity: Floats,
) -> None:
    flat, width = canvas.reshape(-1, 3), canvas.shape[1]
    for down, right in (np.argwhere(_disc(reach)) - reach).tolist():
        distance = math.hypot(right + 0.5 - half[0] / 2, down + 0.5 - half[1] / 2)
        alpha = np.clip(radius + 0.5 - distance, 0, 1) * opacity
        covered = np.flatnonzero(alpha)
        if len(covered):
            pixels, part = at[covered] + (down * width + right), alpha[covered, None].astype(np.float32)
            below = flat[pixels]
            flat[pixels] = below + (ink[covered] - below) * part


def _disc(reach: int) -> npt.NDArray[np.bool_]:
    """Return a mask of the pixels that a dot may touch, in a square around its centre."""
    steps = np.arange(-reach, reach + 1)
    return np.asarray(np.hypot(steps, steps[:, None]) <= reach)


def _quantized(value: Floats, count: int) -> Floats:
    """Round to `count` values from 0 to 1: equal dots make a PNG small."""
    return np.asarray(np.round(np.clip(value, 0, 1) * (count - 1)) / (count - 1))


def _rgb(text: str) -> Floats:
    return np.array(rgb(text))


_OCEAN = {name: _rgb(text) for name, text in DARK["ocean"].items()}
_LAND = {name: _rgb(text) for name, text in DARK["land"].items()}


def _dusk(at: Range, light: Floats) -> Floats:
    """Return how strongly the colours of dusk show, from 0 to 1."""
    middle, steepness = at
    return np.asarray(np.maximum(0.0, 1 - np.abs(light - middle) * steepness) ** 2)


def _mix(a: npt.ArrayLike, b: npt.ArrayLike, part: npt.ArrayLike) -> Floats:
    return np.asarray(np.asarray(a) * (1 - np.asarray(part)) + np.asarray(b) * np.asarray(part))


def _smooth(low: float, high: float, value: npt.ArrayLike) -> Floats:
    t = np.clip((np.asarray(value) - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))
