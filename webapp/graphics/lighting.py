"""Constants of sunlight and air on the globe, for the page's shaders and for pictures.

`webapp/scene.py` passes them to the page (`assets/globe/layers`); `cardglobe.py` draws pictures with them. Sunlight is
the cosine of the sun's angle from the zenith: 1 where the sun is overhead, 0 where it is on the horizon.
"""

from dataclasses import dataclass

Range = tuple[float, float]

REACH = 1.3
"""Where the air ends, in radii of the globe."""
FALLOFF = 30.0
"""How fast the glow of the air falls, per radius."""
SEA_DAY: Range = (-0.20, 0.55)
"""Sunlight at which the sea starts to change from night to day, and at which it is day."""
SEA_DUSK: Range = (-0.02, 4.5)
"""Sunlight at which the colours of dusk are strongest on the sea, and how steeply they fade from there."""
LAND_DAY: Range = (-0.16, 0.34)
LAND_DUSK: Range = (0.03, 4.5)
LIGHTS_NIGHT: Range = (0.06, -0.24)
"""Sunlight at which city lights appear, and at which they are brightest."""


@dataclass(frozen=True, slots=True)
class Glow:
    """Strength of each glow, by night and by day.

    Attributes:
        thin: the bright line of air at the rim.
        wide: the air around it.
        limb: the sea toward the rim.
        gleam: the sea at the rim.
    """

    thin: Range
    wide: Range
    limb: Range
    gleam: Range


PAGE = Glow(thin=(0.08, 0.62), wide=(0.04, 0.20), limb=(0.10, 0.34), gleam=(0.06, 0.55))
PICTURES = Glow(thin=(0.16, 0.62), wide=(0.10, 0.24), limb=(0.20, 0.34), gleam=(0.12, 0.55))
"""The night is brighter in pictures, so that a small one still shows a globe."""
