"""How the globe of a picture is turned: both ends of an arc on the near side, and the arc a bow. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

TILT_DEG = 34.0
"""How far the eye is beside the plane of the arc, from which it would be a straight line."""
NEAREST = 2.3
"""How many times larger than whole the globe may be, so that a short arc is seen."""
SPAN = 0.62
"""How long an arc is made by that, in radii of the whole globe."""
LOWEST_ARC, HIGHEST_ARC = 0.018, 0.25
"""Earth radii, as in `assets/globe/geo.js`."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an arc begins or ends, in degrees."""

    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the globe may be: a picture's size, the middle of the whole globe, its radius; pixels."""

    width: int
    height: int
    x: float
    y: float
    radius: float


@dataclass(frozen=True, slots=True)
class View:
    """A globe in its frame.

    Attributes:
        axes: (3, 3) of unit vectors: to the right, up, and toward the eye.
        sun: unit vector to it, along the axes.
        x: of the middle, pixels from the left.
        y: of the middle, pixels from the top.
        radius: pixels.
    """

    axes: Floats
    sun: Floats
    x: float
    y: float
    radius: float

    def seen(self, points: Floats) -> Floats:
        """Return (n, 3) of points: pixels from the left, from the top, and how near the eye, in radii."""
        along = points @ self.axes.T
        return np.column_stack([self.x + self.radius * along[:, 0], self.y - self.radius * along[:, 1], along[:, 2]])


def unit(place: Place) -> Floats:
    """Return a place as a unit vector: x toward 0 E, y toward 90 E, z north."""
    lon, lat = math.radians(place.lon), math.radians(place.lat)
    return np.array([math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)])


def arc(start: Place, end: Place, count: int = 65) -> Floats:
    """Return points of the arc, raised above the ground as on the page: (count, 3)."""
    a, tangent, angle = _great_circle(unit(start), unit(end))
    u = np.linspace(0, 1, count)[:, None]
    ground = a * np.cos(u * angle) + tangent * np.sin(u * angle)
    return np.asarray(ground * (1 + arc_height(angle) * np.sin(math.pi * u)))


def arc_height(angle: float) -> float:
    """Return how far an arc's top is above the ground, in Earth radii, by its length in radians."""
    return LOWEST_ARC + HIGHEST_ARC * (angle / math.pi) ** 1.15


def _great_circle(a: Floats, b: Floats) -> tuple[Floats, Floats, float]:
    """Return the start, the way from there, and the angle; between antipodes the way over a pole."""
    across = b - a * float(a @ b)
    length = float(np.linalg.norm(across))
    angle = math.atan2(length, float(a @ b))
    if length < 1e-6:
        across = np.array([0.0, 0.0, 1.0] if abs(a[2]) < 0.9 else [1.0, 0.0, 0.0])
        across = across - a * float(a @ across)
    return a, across / np.linalg.norm(across), angle


def look(start: Place, end: Place, frame: Frame, at_s: float) -> View:
    """Turn the globe so that both ends are on the near side and the arc is a bow; a short one is seen from nearer."""
    a, tangent, angle = _great_circle(unit(start), unit(end))
    middle = a * math.cos(angle / 2) + tangent * math.sin(angle / 2)
    normal, tilt = np.cross(a, tangent), math.radians(TILT_DEG)
    # From the side of the equator, so that the globe is seen as one is used to; along a meridian, from the west.
    side = -1.0 if normal[2] * middle[2] > 0 or (normal[2] > 0 and not middle[2]) else 1.0
    toward = middle * math.cos(tilt) + side * normal * math.sin(tilt)
    axes = _upright(toward)
    raised = arc(start, end) @ axes.T
    zoom = float(np.clip(2 * SPAN / max(np.ptp(raised[:, :2], axis=0).max(), 1e-6), 1.0, NEAREST))
    centred = (zoom - 1) / (NEAREST - 1)  # the nearer, the more the arc is in the middle instead of the globe
    along = raised[:, :2].mean(axis=0) * frame.radius * zoom * centred
    sun = axes @ unit(subsolar(at_s))
    return View(axes, sun, frame.x - along[0], frame.y + along[1], frame.radius * zoom)


def facing(place: Place, frame: Frame, at_s: float) -> View:
    """Turn the whole globe so that a place is in the middle; as far as 60° north or south, so that it stays upright."""
    axes = _upright(unit(Place(place.lon, min(max(place.lat, -60.0), 60.0))))
    return View(axes, axes @ unit(subsolar(at_s)), frame.x, frame.y, frame.radius)


def _upright(toward: Floats) -> Floats:
    east = np.cross([0.0, 0.0, 1.0], toward)
    east = east / max(float(np.linalg.norm(east)), 1e-9)
    return np.array([east, np.cross(toward, east), toward])


def subsolar(at_s: float) -> Place:
    """Where the sun stands overhead, to about 0.02°: the Astronomical Almanac's low-precision formulas.

    Args:
        at_s: epoch seconds.
    """
    days = at_s / 86_400 - 10_957.5
    anomaly = math.radians(357.528 + 0.9856003 * days)
    longitude = math.radians(280.46 + 0.9856474 * days + 1.915 * math.sin(anomaly) + 0.02 * math.sin(2 * anomaly))
    tilt = math.radians(23.439 - 4e-7 * days)
    ascension = math.degrees(math.atan2(math.cos(tilt) * math.sin(longitude), math.cos(longitude)))
    sidereal = ((18.697374558 + 24.06570982441908 * days) % 24) * 15
    lat = math.degrees(math.asin(math.sin(tilt) * math.sin(longitude)))
    return Place((ascension - sidereal + 180) % 360 - 180, lat)
