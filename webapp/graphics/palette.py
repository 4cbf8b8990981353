"""The colours of the globe and of songs' arcs, by theme; pictures use the dark ones."""

Colours = dict[str, str]

DARK: dict[str, Colours] = {
    "stars": {"cool": "#c3d3ff", "warm": "#ffe2c3"},
    "ocean": {
        "ground": "#04060f",
        "night": "#040714",
        "day": "#0d2a52",
        "dusk": "#060817",
        "haze": "#3a78d8",
        "rim": "#a9d4ff",
        "limb": "#3a78d8",
        "gleam": "#a9d4ff",
    },
    "land": {"night": "#2a3a6b", "day": "#7fb4e2", "dusk": "#7a4034"},
    "lights": {"small": "#ffa552", "large": "#ffe0b0"},
    "arcs": {"heat": "#ffffff", "spark": "#b9c9ee"},
}
"""Colours of the globe's layers, by id."""

LIGHT: dict[str, Colours] = {
    "ocean": {
        "ground": "#efe9dd",
        "night": "#b9c6dc",
        "day": "#ebf2f1",
        "haze": "#8ea6cc",
        "rim": "#c3d2e8",
        "gleam": "#6f8ba6",
    },
    "land": {"night": "#5c6890", "day": "#4f7d86"},
    "lights": {"small": "#b4640c", "large": "#8a3c00"},
    "arcs": {"heat": "#2b1036", "spark": "#4a5578"},
}
"""The same layers in the light theme: a globe printed on paper. `webapp/scene.py` has the rest."""

GROUNDS = {"dark": DARK["ocean"]["ground"], "light": LIGHT["ocean"]["ground"]}
"""Background colours."""

PAIRS = {
    "dark": (
        ("#ffb25e", "#ff5e8a"),
        ("#ff6fb1", "#9a7bff"),
        ("#5ad1ff", "#8a8bff"),
        ("#4fe3c1", "#5ab4ff"),
        ("#ffe27a", "#ff8f5e"),
        ("#b7f27c", "#3fd6c9"),
    ),
    "light": (
        ("#b8570a", "#c2184f"),
        ("#c01a72", "#5b3fd0"),
        ("#0a6fa8", "#4b48c9"),
        ("#08796a", "#1763b8"),
        ("#8a6400", "#b84a12"),
        ("#4b7a10", "#0a7a74"),
    ),
}
"""Colours of arcs: an arc runs from the first of a pair to the second. `song_pair` chooses a song's pair."""


def song_pair(track_id: str, count: int = len(PAIRS["dark"])) -> int:
    """Return the index of a song's pair of colours, as `songPair` in `assets/globe/palette.js` does."""
    value = 0
    for character in track_id:
        value = (value * 31 + ord(character)) & 0xFFFFFFFF
    return (value ^ (value >> 15)) % count
