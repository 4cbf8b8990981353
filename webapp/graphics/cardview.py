"""Turns the globe of a picture so that both ends of an arc are in front and the arc is curved."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

TILT_DEG = 34.0
"""Angle of the camera from the plane of the arc; in the plane an arc would look straight."""
MAX_ZOOM = 2.3
"""How much the globe may be enlarged to show a short arc."""
APART = 60
"""Pixels between neighbours, so that both have a name: the globe is enlarged more for it."""
NEIGHBOURS_ZOOM = 8.0
"""The most that the globe is enlarged for neighbours."""
SPAN = 0.62
"""Half the length to which a short arc is enlarged, in radii of the whole globe."""
LOWEST_ARC, HIGHEST_ARC = 0.018, 0.25
"""Earth radii, as in `assets/globe/geo.js`."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place, in degrees."""

    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Frame:
    """The size of a picture, and the centre and radius of the whole globe in it; pixels."""

    width: int
    height: int
    x: float
    y: float
    radius: float


@dataclass(frozen=True, slots=True)
class View:
    """A globe in its frame.

    Attributes:
        axes: (3, 3) of unit vectors: right, up, and toward the camera.
        sun: unit vector to the sun, along the axes.
        x: the centre, pixels from the left.
        y: the centre, pixels from the top.
        radius: the radius, pixels.
    """

    axes: Floats
    sun: Floats
    x: float
    y: float
    radius: float

    def project(self, points: Floats) -> Floats:
        """Return (n, 3) of points: pixels from the left, pixels from the top, and radii toward the camera."""
        along = points @ self.axes.T
        return np.column_stack([self.x + self.radius * along[:, 0], self.y - self.radius * along[:, 1], along[:, 2]])


def unit(place: Place) -> Floats:
    """Return a place as a unit vector: x toward 0 E, y toward 90 E, z north."""
    lon, lat = math.radians(place.lon), math.radians(place.lat)
    return np.array([math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)])


def arc(start: Place, end: Place, count: int = 65) -> Floats:
    """Return points of an arc above the ground, shaped as on the page: (count, 3)."""
    a, tangent, angle = _great_circle(unit(start), unit(end))
    u = np.linspace(0, 1, count)[:, None]
    ground = a * np.cos(u * angle) + tangent * np.sin(u * angle)
    return np.asarray(ground * (1 + arc_height(angle) * np.sin(math.pi * u)))


def arc_height(angle: float) -> float:
    """Return the height of an arc's top above the ground, in Earth radii, for its length in radians."""
    return LOWEST_ARC + HIGHEST_ARC * math.pow(angle / math.pi, 1.15)


def _great_circle(a: Floats, b: Floats) -> tuple[Floats, Floats, float]:
    """Return the start, the direction there, and the angle; the arc between antipodes passes a pole."""
    across = b - a * float(a @ b)
    length = float(np.linalg.norm(across))
    angle = math.atan2(length, float(a @ b))
    if length < 1e-6:
        across = np.array([0.0, 0.0, 1.0] if abs(a[2]) < 0.9 else [1.0, 0.0, 0.0])
        across = across - a * float(a @ across)
    return a, across / np.linalg.norm(across), angle


def view_arc(start: Place, end: Place, frame: Frame, at_s: float) -> View:
    """Return a view with both ends in front and the arc curved; zoom in on a short arc."""
    a, tangent, angle = _great_circle(unit(start), unit(end))
    middle = a * math.cos(angle / 2) + tangent * math.sin(angle / 2)
    normal, tilt = np.cross(a, tangent), math.radians(TILT_DEG)
    # Look from the side of the equator, which is more familiar; along a meridian, from the west.
    side = -1.0 if normal[2] * middle[2] > 0 or (normal[2] > 0 and not middle[2]) else 1.0
    toward = middle * math.cos(tilt) + side * normal * math.sin(tilt)
    axes = _upright(toward)
    raised = arc(start, end) @ axes.T
    zoom = float(np.clip(2 * SPAN / max(np.ptp(raised[:, :2], axis=0).max(), 1e-6), 1.0, MAX_ZOOM))
    centred = (zoom - 1) / (MAX_ZOOM - 1)  # 0 centres the globe, 1 the arc
    zoom = max(zoom, min(APART / (max(angle, 1e-6) * frame.radius), NEIGHBOURS_ZOOM))
    along = raised[:, :2].mean(axis=0) * frame.radius * zoom * centred
    sun = axes @ unit(subsolar(at_s))
    return View(axes, sun, frame.x - along[0], frame.y + along[1], frame.radius * zoom)


def view_place(place: Place, frame: Frame, at_s: float) -> View:
    """Return a view of the whole globe around a place, turned at most 60° north or south to stay upright."""
    axes = _upright(unit(Place(place.lon, min(max(place.lat, -60.0), 60.0))))
    return View(axes, axes @ unit(subsolar(at_s)), frame.x, frame.y, frame.radius)


def _upright(toward: Floats) -> Floats:
    east = np.cross([0.0, 0.0, 1.0], toward)
    east = east / max(float(np.linalg.norm(east)), 1e-9)
    return np.array([east, np.cross(toward, east), toward])


def subsolar(at_s: float) -> Place:
    """Return where the sun is overhead, to about 0.02°, by the Astronomical Almanac's low-precision formulas.

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
