"""The globe's scene, described with pydeck: what is drawn, in which order, colours and sizes.

The page draws it with pydeck's own bundle and our five layers (`assets/globe/layers`), which pydeck's custom libraries
know by name. A change here changes the globe. `snapshot` needs only pydeck, for a notebook.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pydeck as pdk

from webapp.graphics.contrast import Colour, rgb
from webapp.graphics.palette import LAND, LIGHTS, OCEAN, PAIRS, STARS, land_points

ARCS = {"heat": "#ffffff", "spark": "#b9c9ee"}
COVER = {"ocean": 0.3, "arcs": 0.4}
"""How much light hides what it falls on: little in the dark, where it adds up; all of it on paper, where it is ink."""
CONTROLLER = {"inertia": 400, "keyboard": False, "scrollZoom": False}
"""What deck does with gestures. The page handles keys and the wheel (`assets/ui/shortcuts.js`, `globe/gestures.js`)."""
FARTHEST_DEG = 60.0
"""From the equator, of where the globe begins: nearer to a pole there would be little but ice in view."""
FLIGHT_S = (1.3, 3.0)
"""Seconds from a neighbour, and from the other side of the Earth."""

# the light theme: a globe printed on paper
PAPER_OCEAN = {
    "ground": "#efe9dd",
    "night": "#b9c6dc",
    "day": "#ebf2f1",
    "haze": "#8ea6cc",
    "rim": "#c3d2e8",
    "gleam": "#6f8ba6",
}
PAPER_SHADE = {"limb": "#94a6c6", "dusk": "#fffaf0"}
"""What is taken from the sea there, as its distance from white."""
PAPER_LAND = {"night": "#5c6890", "day": "#4f7d86"}
PAPER_DUSK = (0.20, 0.02, -0.10)
PAPER_LIGHTS = {"small": "#b4640c", "large": "#8a3c00"}
PAPER_ARCS = {"heat": "#2b1036", "spark": "#4a5578"}
PAPER_PAIRS = [
    ("#b8570a", "#c2184f"),
    ("#c01a72", "#5b3fd0"),
    ("#0a6fa8", "#4b48c9"),
    ("#08796a", "#1763b8"),
    ("#8a6400", "#b84a12"),
    ("#4b7a10", "#0a7a74"),
]


def _paint(colours: Mapping[str, str]) -> dict[str, Colour]:
    return {name: rgb(text) for name, text in colours.items()}


def live_layers() -> list[pdk.Layer]:
    """The page's layers, from the ground up."""
    return [
        pdk.Layer("OceanLayer", id="ocean", reach=1.3, falloff=30, cover=COVER["ocean"], clear=0.0, **_paint(OCEAN)),
        pdk.Layer("StarsLayer", id="stars", bright=1.0, **_paint(STARS)),
        pdk.Layer("LandLayer", id="land", size=0.0078, **_paint(LAND)),
        pdk.Layer("LightsLayer", id="lights", size=0.014, **_paint(LIGHTS)),
        pdk.Layer(
            "LiveArcsLayer",
            id="arcs",
            capacity=512,
            width=6.5,
            flight_s=FLIGHT_S,
            hold_s=2.0,
            fade_s=1.7,
            pulse_s=3.2,
            spark_s=5.0,
            pairs=[[rgb(first), rgb(second)] for first, second in PAIRS],
            cover=COVER["arcs"],
            **_paint(ARCS),
        ),
    ]


def live_deck() -> pdk.Deck:
    """The page's scene as a `pdk.Deck`; its layers are drawn by the page only."""
    return pdk.Deck(
        layers=live_layers(),
        views=[pdk.View("_GlobeView", id="globe", resolution=10, controller=CONTROLLER)],
        initial_view_state=pdk.ViewState(longitude=0, latitude=20, zoom=1, min_zoom=-3, max_zoom=6),
        map_provider=None,
    )


def scene(above: tuple[float, float] | None = None) -> dict[str, Any]:
    """The scene as `createDeck` takes it, and how the camera moves.

    Args:
        above: the lon and lat that it begins above, in degrees; unless given, the browser's own longitude.
    """
    described: dict[str, Any] = json.loads(live_deck().to_json())
    described.pop("mapStyle", None)
    # Shaders soften their own edges; and what covers all that is behind it needs not be blended with it, nor kept.
    # Much of a frame's cost where the processor draws. pydeck has no place for it.
    described["deviceProps"] = {"webgl": {"antialias": False, "preserveDrawingBuffer": False, "alpha": False}}
    described["themes"] = {"dark": _looks(described["layers"]), "light": on_paper()}
    described["camera"] = {"turnDegPerS": 3.0, "restS": 4.0, "discOfHeight": 0.82, "discOfWidth": 0.78}
    described["camera"]["placed"] = above is not None
    if above is not None:
        lon, lat = above
        described["initialViewState"] |= {"longitude": lon, "latitude": max(-FARTHEST_DEG, min(FARTHEST_DEG, lat))}
    return described


def on_paper() -> dict[str, dict[str, Any]]:
    """Return what the layers have otherwise in the light theme, by their ids: ink on paper, not light at night."""
    signed = {name: tuple(part - 1 for part in rgb(text)) for name, text in PAPER_SHADE.items()}
    return {
        "ocean": {**_paint(PAPER_OCEAN), **signed, "cover": 1.0},
        "stars": {"bright": 0.0},
        "land": {**_paint(PAPER_LAND), "dusk": PAPER_DUSK},
        "lights": dict(_paint(PAPER_LIGHTS)),
        "arcs": {**_paint(PAPER_ARCS), "cover": 1.0, "pairs": [[rgb(a), rgb(b)] for a, b in PAPER_PAIRS]},
    }


def _looks(layers: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return what the light theme changes as it is in the dark."""
    return {layer["id"]: {name: layer[name] for name in on_paper()[layer["id"]]} for layer in layers}


def snapshot(connections: Iterable[Mapping[str, Any]]) -> pdk.Deck:
    """A still of the globe that needs pydeck alone: for a notebook, or `snapshot(found).to_html("found.html")`.

    Args:
        connections: as `GET /api/connections` and `/stream` give them.
    """
    arcs = [_arc(connection) for connection in connections]
    dots = [{"at": point} for point in land_points("land-few.bin").tolist()]
    ends = [{"at": arc[end], "name": arc[name]} for arc in arcs for end, name in (("from", "start"), ("to", "end"))]
    return pdk.Deck(
        layers=[
            _still("ScatterplotLayer", dots, get_position="at", get_radius=38_000, get_fill_color=_bytes(LAND["day"])),
            _still(
                "ArcLayer",
                arcs,
                get_source_position="from",
                get_target_position="to",
                get_source_color=_bytes(PAIRS[0][0]),
                get_target_color=_bytes(PAIRS[0][1]),
                get_width=3,
                great_circle=True,
                get_height=0.4,
                pickable=True,
            ),
            _still("TextLayer", ends, get_position="at", get_text="name", get_size=13, get_color=[234, 240, 255]),
        ],
        views=[pdk.View("_GlobeView", id="globe", controller=True)],
        initial_view_state=pdk.ViewState(longitude=_middle(arcs), latitude=20, zoom=1),
        map_provider=None,
        parameters={"cull": True},
        tooltip={"text": "{title} by {artist}\n{start} and {end}\n{apart_ms} ms apart, {km} km"},
    )


def _still(kind: str, data: Sequence[Mapping[str, Any]], **look: Any) -> pdk.Layer:
    return pdk.Layer(kind, data=list(data), id=kind, **look)


def _arc(connection: Mapping[str, Any]) -> dict[str, Any]:
    start, end, track = connection["from"], connection["to"], connection["track"]
    return {
        "from": [start["lon"], start["lat"]],
        "to": [end["lon"], end["lat"]],
        "start": start["city"],
        "end": end["city"],
        "title": track["title"],
        "artist": track["artist"],
        "apart_ms": connection["apart_ms"],
        "km": connection["km"],
    }


def _bytes(text: str) -> list[int]:
    return list(bytes.fromhex(text.removeprefix("#")))


def _middle(arcs: Sequence[Mapping[str, Any]]) -> float:
    return float(arcs[0]["from"][0]) if arcs else 0.0
