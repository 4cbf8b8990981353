from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from webapp import scene
from webapp.graphics import palette
from webapp.graphics.earthdata import land_points
from webapp.resources import ASSETS

CONNECTION = {
    "track": {"title": "Night Bus Home", "artist": "The Harbour Lamps"},
    "apart_ms": 40,
    "km": 16897,
    "from": {"city": "Osaka", "country": "Japan", "lon": 135.5, "lat": 34.69},
    "to": {"city": "Recife", "country": "Brazil", "lon": -34.88, "lat": -8.05},
}


def test_the_scene_names_layers_that_the_page_has() -> None:
    exported = re.findall(r"\w+Layer", (ASSETS / "globe" / "layers" / "index.js").read_text())
    described = scene.scene()
    assert [layer["@@type"] for layer in described["layers"]] == [
        "OceanLayer",
        "StarsLayer",
        "LandLayer",
        "LightsLayer",
        "LiveArcsLayer",
    ]
    assert {layer["@@type"] for layer in described["layers"]} == set(exported)
    assert described["views"][0]["@@type"] == "_GlobeView"
    assert described["deviceProps"] == {"webgl": {"antialias": False, "preserveDrawingBuffer": False, "alpha": False}}


def test_the_globe_stands_on_the_pages_own_ground() -> None:
    light, dark = re.findall(r"--ground: light-dark\((#\w+), (#\w+)\)", (ASSETS / "ui" / "tokens.css").read_text())[0]
    assert {"dark": dark, "light": light} == palette.GROUNDS


def test_every_uniform_of_a_layer_is_given_by_the_scene() -> None:
    sources = "".join(path.read_text() for path in (ASSETS / "globe" / "layers").glob("*.js"))
    classes = {text.split()[0]: text for text in sources.split("export class ")[1:]}
    for layer in scene.scene()["layers"]:
        look = re.search(r"static look = \{(.*?)\};", classes[layer["@@type"]], re.DOTALL)
        assert look is not None
        assert set(re.findall(r"(\w+): \"", look[1])) - {"segments"} <= layer.keys(), "segments go by the disc's size"


def test_a_colour_changed_in_python_changes_the_globe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(palette.DARK["ocean"], "day", "#ff0080")
    ocean = next(layer for layer in scene.scene()["layers"] if layer["id"] == "ocean")
    assert ocean["day"] == [1, 0, 128 / 255]


def test_a_snapshot_needs_pydeck_alone(tmp_path: Path) -> None:
    deck = scene.snapshot([CONNECTION])
    described = json.loads(deck.to_json())
    assert [layer["@@type"] for layer in described["layers"]] == ["ScatterplotLayer", "ArcLayer", "TextLayer"]
    (arc,) = described["layers"][1]["data"]
    assert (arc["from"], arc["to"], arc["title"]) == ([135.5, 34.69], [-34.88, -8.05], "Night Bus Home")
    page = tmp_path / "found.html"
    deck.to_html(str(page), open_browser=False)
    assert "Night Bus Home" in page.read_text()


def test_a_snapshot_says_seconds_where_times_are_not_exact() -> None:
    inexact = CONNECTION | {"apart_ms": None, "within_s": 3}
    arcs = json.loads(scene.snapshot([CONNECTION, inexact]).to_json())["layers"][1]["data"]
    assert [arc["apart"] for arc in arcs] == ["40 ms apart", "within about 3 s"]


def test_an_empty_snapshot_is_a_globe_too() -> None:
    assert json.loads(scene.snapshot([]).to_json())["layers"][1]["data"] == []


def test_the_land_is_as_much_as_the_earth_has() -> None:
    points = land_points()
    assert 0.27 < len(points) / 65_536 < 0.31
    assert abs(points[:, 0]).max() <= 180
    assert abs(points[:, 1]).max() <= 90


def test_the_globe_begins_above_a_place_but_no_pole() -> None:
    begun = scene.scene((15.6, 78.2))
    assert begun["camera"]["placed"]
    assert (begun["initialViewState"]["longitude"], begun["initialViewState"]["latitude"]) == (15.6, 60)
    assert not scene.scene()["camera"]["placed"]
