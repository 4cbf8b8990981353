"""How the Earth looks, on the page and in pictures: the night's colours, the songs', and the land's dots. Pure."""

import math

import numpy as np
import numpy.typing as npt

from webapp.resources import ASSETS

STARS = {"cool": "#c3d3ff", "warm": "#ffe2c3"}
OCEAN = {
    "ground": "#04060f",
    "night": "#040714",
    "day": "#0d2a52",
    "dusk": "#060817",
    "haze": "#3a78d8",
    "rim": "#a9d4ff",
    "limb": "#3a78d8",
    "gleam": "#a9d4ff",
}
LAND = {"night": "#2a3a6b", "day": "#7fb4e2", "dusk": "#7a4034"}
LIGHTS = {"small": "#ffa552", "large": "#ffe0b0"}
# each arc runs from one colour to the other; a song keeps its pair
PAIRS = [
    ("#ffb25e", "#ff5e8a"),
    ("#ff6fb1", "#9a7bff"),
    ("#5ad1ff", "#8a8bff"),
    ("#4fe3c1", "#5ab4ff"),
    ("#ffe27a", "#ff8f5e"),
    ("#b7f27c", "#3fd6c9"),
]


def land_points(name: str = "land.bin") -> npt.NDArray[np.float64]:
    """The land's dots as (lon, lat) rows in degrees: `scripts/build_land.py` packed them, and fewer in land-few.bin."""
    mask = np.unpackbits(np.frombuffer((ASSETS / "data" / name).read_bytes(), np.uint8), bitorder="little").astype(bool)
    i = np.arange(len(mask))
    lon_deg = np.degrees(i * np.pi * (3 - math.sqrt(5))) % 360 - 180
    lat_deg = np.degrees(np.arcsin(1 - 2 * (i + 0.5) / len(mask)))
    points: npt.NDArray[np.float64] = np.column_stack([lon_deg, lat_deg])[mask]
    return points.round(2)
