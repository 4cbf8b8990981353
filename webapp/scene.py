"""The globe's scene as a pydeck deck: layers, their order, colours and sizes.

The page draws it with pydeck's bundle and our five layers (`assets/globe/layers`), which pydeck finds by name as a
custom library. A change here changes the globe. `snapshot` needs only pydeck, for a notebook.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pydeck as pdk

from webapp.graphics import lighting, palette
from webapp.graphics.contrast import Colour, rgb
from webapp.graphics.earthdata import land_points

COVER = {"ocean": 0.3, "arcs": 0.4}
"""How much a layer's light covers what is behind it, in the dark theme; 0 only adds light, 1 is opaque, like ink."""
CONTROLLER = {"inertia": 400, "keyboard": False, "scrollZoom": False}
"""deck's gestures. The page handles keys and the wheel (`assets/ui/shortcuts.js`, `globe/gestures.js`)."""
MAX_LATITUDE_DEG = 60.0
"""Highest latitude of the first view: nearer to a pole there would be little but ice."""
FLIGHT_S = (1.3, 3.0)
"""Seconds in which an arc grows: between neighbours, and to the other side of the Earth."""

LIGHT_SHADE = {"limb": "#94a6c6", "dusk": "#fffaf0"}
"""What the light theme subtracts from the colour of the sea, as the difference from white."""
LIGHT_DUSK = (0.20, 0.02, -0.10)
"""What the light theme adds to the land's colour at dusk: red, green and blue."""


def _paint(colours: Mapping[str, str]) -> dict[str, Colour]:
    return {name: rgb(text) for name, text in colours.items()}


def live_layers() -> list[pdk.Layer]:
    """Return the page's layers in the dark theme, from bottom to top."""
    colours = {name: _paint(texts) for name, texts in palette.DARK.items()}
    return [
        pdk.Layer("OceanLayer", id="ocean", cover=COVER["ocean"], clear=0.0, **_sea_light(), **colours["ocean"]),
        pdk.Layer("StarsLayer", id="stars", bright=1.0, **colours["stars"]),
        pdk.Layer(
            "LandLayer",
            id="land",
            size=0.0078,
            day_edges=lighting.LAND_DAY,
            dusk_at=lighting.LAND_DUSK,
            **colours["land"],
        ),
        pdk.Layer("LightsLayer", id="lights", size=0.014, night_edges=lighting.LIGHTS_NIGHT, **colours["lights"]),
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
            pairs=_pairs("dark"),
            cover=COVER["arcs"],
            **colours["arcs"],
        ),
    ]


def _sea_light() -> dict[str, Any]:
    """Return the lighting of the sea and the air."""
    return {
        "reach": lighting.REACH,
        "falloff": lighting.FALLOFF,
        "day_edges": lighting.SEA_DAY,
        "dusk_at": lighting.SEA_DUSK,
        "thin": lighting.PAGE.thin,
        "wide": lighting.PAGE.wide,
        "limb_lit": lighting.PAGE.limb,
        "gleam_lit": lighting.PAGE.gleam,
    }


def _pairs(theme: str) -> list[list[Colour]]:
    return [[rgb(first), rgb(second)] for first, second in palette.PAIRS[theme]]


def live_deck() -> pdk.Deck:
    """Return the page's scene as a `pdk.Deck`; only the page can draw its layers."""
    return pdk.Deck(
        layers=live_layers(),
        views=[pdk.View("_GlobeView", id="globe", resolution=10, controller=CONTROLLER)],
        initial_view_state=pdk.ViewState(longitude=0, latitude=20, zoom=1, min_zoom=-3, max_zoom=6),
        map_provider=None,
    )


def scene(above: tuple[float, float] | None = None) -> dict[str, Any]:
    """Return the scene for `createDeck`, and the camera's movement.

    Args:
        above: longitude and latitude of the first view, degrees; by default the visitor's longitude.
    """
    described: dict[str, Any] = json.loads(live_deck().to_json())
    described.pop("mapStyle", None)
    # The shaders soften their own edges, and the page is opaque. Without a GPU this saves much of a frame's time.
    # pydeck has no parameter for it.
    described["deviceProps"] = {"webgl": {"antialias": False, "preserveDrawingBuffer": False, "alpha": False}}
    described["themes"] = {"dark": _dark_theme(described["layers"]), "light": light_theme()}
    described["camera"] = {"turnDegPerS": 3.0, "restS": 4.0, "discOfHeight": 0.82, "discOfWidth": 0.78}
    described["camera"]["placed"] = above is not None
    if above is not None:
        lon, lat = above
        latitude = max(-MAX_LATITUDE_DEG, min(MAX_LATITUDE_DEG, lat))
        described["initialViewState"] |= {"longitude": lon, "latitude": latitude}
    return described


def light_theme() -> dict[str, dict[str, Any]]:
    """Return the light theme's changes by layer id: ink on paper instead of light at night."""
    shade = {name: tuple(part - 1 for part in rgb(text)) for name, text in LIGHT_SHADE.items()}
    colours = {name: _paint(texts) for name, texts in palette.LIGHT.items()}
    return {
        "ocean": {**colours["ocean"], **shade, "cover": 1.0},
        "stars": {"bright": 0.0},
        "land": {**colours["land"], "dusk": LIGHT_DUSK},
        "lights": dict(colours["lights"]),
        "arcs": {**colours["arcs"], "cover": 1.0, "pairs": _pairs("light")},
    }


def _dark_theme(layers: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the dark theme's values of all that the light theme changes."""
    return {layer["id"]: {name: layer[name] for name in light_theme()[layer["id"]]} for layer in layers}


def snapshot(connections: Iterable[Mapping[str, Any]]) -> pdk.Deck:
    """Return a still globe that needs only pydeck: for a notebook, or `snapshot(connections).to_html("globe.html")`.

    Args:
        connections: connections from `GET /api/connections` or `/stream`.
    """
    arcs = [_arc(connection) for connection in connections]
    first, second = palette.PAIRS["dark"][0]
    dots = [{"at": point} for point in land_points("land-few.bin").tolist()]
    ends = [{"at": arc[end], "name": arc[name]} for arc in arcs for end, name in (("from", "start"), ("to", "end"))]
    return pdk.Deck(
        layers=[
            _still(
                "ScatterplotLayer",
                dots,
                get_position="at",
                get_radius=38_000,
                get_fill_color=_bytes(palette.DARK["land"]["day"]),
            ),
            _still(
                "ArcLayer",
                arcs,
                get_source_position="from",
                get_target_position="to",
                get_source_color=_bytes(first),
                get_target_color=_bytes(second),
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
        tooltip={"text": "{title} by {artist}\n{start} and {end}\n{apart}, {km} km"},
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
        "apart": apart_in_english(connection),
        "km": connection["km"],
    }


def apart_in_english(connection: Mapping[str, Any]) -> str:
    """Return how far apart two plays were pressed, in English: such as "40 ms apart", or "within about 3 s"."""
    apart_ms = connection["apart_ms"]
    return f"within about {connection['within_s']} s" if apart_ms is None else f"{apart_ms} ms apart"


def _bytes(text: str) -> list[int]:
    return list(bytes.fromhex(text.removeprefix("#")))


def _middle(arcs: Sequence[Mapping[str, Any]]) -> float:
    return float(arcs[0]["from"][0]) if arcs else 0.0
