"""Draw what stands in the globe's place before it loads: `python scripts/build_placeholder.py [--check]`.

`assets/globe/placeholder.svg` is the land as dots, a mask that placeholder.css fills with the theme's colours.
`templates/parts/placeholder.html` has a few arcs over it. Both are made from `assets/data/land.bin` and committed.
"""

import argparse
import math
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from webapp.graphics.earthdata import land_points  # noqa: E402  (the checkout's, installed or not)

LAND = ROOT / "assets" / "globe" / "placeholder.svg"
ARCS_TEMPLATE = ROOT / "templates" / "parts" / "placeholder.html"
SIZE = 1000
"""Width and height of the picture. The disc touches its edges."""
DOTS = 15_000
"""Points on the whole globe, on land and sea."""
MIDDLE_DEG = (-22.0, 20.0)
BANDS = ((0.42, 9.5), (0.16, 7.0), (0.02, 4.5))
"""The least cosine of the view angle to the ground, and the width of dots there."""
ARCS = (((-9.1, 38.7), (-46.6, -23.5)), ((3.4, 6.5), (-74.0, 40.7)), ((-99.1, 19.4), (18.4, -33.9)))
NEAR_DEG = 0.9

Points = npt.NDArray[np.float64]


def unit(lon_deg: Points, lat_deg: Points) -> Points:
    """Return unit vectors, (n, 3)."""
    lon, lat = np.radians(lon_deg), np.radians(lat_deg)
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def lattice(count: int) -> Points:
    """Return evenly spread points of the globe, as unit vectors."""
    i = np.arange(count)
    return unit(np.degrees(i * math.pi * (3 - math.sqrt(5))), np.degrees(np.arcsin(1 - 2 * (i + 0.5) / count)))


def on_land(points: Points) -> Points:
    """Return the points on land."""
    land = unit(*land_points().T)
    return np.array([p for p in points if (land @ p).max() > math.cos(math.radians(NEAR_DEG))])


def seen(points: Points) -> Points:
    """Return where points are in the picture, and the cosine of the view angle there: (n, 3)."""
    lon = math.radians(MIDDLE_DEG[0])
    east = np.array([-math.sin(lon), math.cos(lon), 0])
    toward = unit(*np.atleast_2d(np.array(MIDDLE_DEG)).T)[0]
    north = np.cross(toward, east)
    half = SIZE / 2
    return np.column_stack([half + half * points @ east, half - half * points @ north, points @ toward])


def bands(points: Points) -> Iterator[tuple[float, list[tuple[int, int]]]]:
    """Yield each width with its dots."""
    most = 2.0
    for least, width in BANDS:
        some = points[(points[:, 2] >= least) & (points[:, 2] < most)]
        most = least
        yield width, [(round(x), round(y)) for x, y, _ in some.tolist()]


def dots(places: list[tuple[int, int]]) -> str:
    """Return a path of dots, each relative to the last."""
    steps, last = [], (0, 0)
    for x, y in sorted(places, key=lambda place: (place[1] // 12, place[0])):
        steps.append(f"m{x - last[0]} {y - last[1]}h0".replace(" -", "-"))
        last = (x, y)
    return "".join(steps)


def land() -> str:
    """Return the land as an SVG."""
    paths = [
        f'<path stroke-width="{width:g}" d="{dots(places)}"/>' for width, places in bands(seen(on_land(lattice(DOTS))))
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}"'
    return "\n".join([f'{head} stroke="#000" stroke-linecap="round">', *paths, "</svg>", ""])


def arc(start: tuple[float, float], end: tuple[float, float]) -> str:
    """Return an arc's path, raised above the ground, and a dot at both ends."""
    a, b = unit(*np.array([start, end]).T)
    angle = math.acos(float(a @ b))
    along = np.linspace(0, 1, 25)[:, None]
    ground = (np.sin((1 - along) * angle) * a + np.sin(along * angle) * b) / math.sin(angle)
    raised = seen(ground * (1 + 0.28 * angle / math.pi * 2 * np.sin(math.pi * along)))
    points = [f"{x:.0f} {y:.0f}" for x, y, _ in raised.tolist()]
    ends = "".join(
        f'<circle class="{kind}" cx="{x}" cy="{y}" r="8"/>'
        for kind, (x, y) in (("from", points[0].split()), ("to", points[-1].split()))
    )
    return f'    <path d="M{"L".join(points)}"/>{ends}\n'


def arcs() -> str:
    """Return the template of the placeholder."""
    return (
        "{#- Made by scripts/build_placeholder.py: arcs in the globe's place before it loads, or without it. -#}\n"
        '<div class="placeholder" aria-hidden="true">\n'
        f'  <svg viewBox="0 0 {SIZE} {SIZE}">\n'
        '    <linearGradient id="flight" gradientUnits="userSpaceOnUse" x1="200" y1="700" x2="800" y2="300">'
        '<stop offset="0" class="ink-0"/><stop offset="1" class="ink-1"/></linearGradient>\n'
        f"{''.join(arc(*pair) for pair in ARCS)}"
        "  </svg>\n</div>\n"
    )


def main() -> int:
    """Write both files, or check that they are current."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a file is not current")
    check = parser.parse_args().check
    made = {LAND: land(), ARCS_TEMPLATE: arcs()}
    for path, text in made.items():
        if not check:
            path.write_text(text, encoding="utf-8")
        elif path.read_text(encoding="utf-8") != text:
            print(f"{path.relative_to(ROOT)} is not what scripts/build_placeholder.py makes")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
