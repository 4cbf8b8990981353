"""Lays out the text of a picture: a column of lines, each a small SVG."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from webapp.graphics.fonts import BOLD, REGULAR, FittedText, Fonts, Run, fit_text, is_right_to_left
from webapp.graphics.palette import GROUNDS

NAME = "Unison"
TEXT, SOFT, WARM = "#eef2ff", "#aab6d6", "#ffcf9a"
NIGHT = GROUNDS["dark"]
LONGEST = 300
"""Characters used of a title or a name; far more than fit."""
NAMELESS = "♪"
"""Replaces a text that no font can draw."""
JOINING = tuple(
    f"Noto Sans {script}"
    for script in (
        "Arabic", "Devanagari", "Bengali", "Gujarati", "Gurmukhi", "Kannada", "Khmer", "Malayalam", "Myanmar", "Oriya",
        "Sinhala", "Tamil", "Telugu",
    )
)  # fmt: skip
"""Families that join letters."""
LINE = 1.22
"""Line height, in font sizes: enough for the marks above and below letters in every script."""


FIRST_LINE = 1.55
"""Height of a place's first line, in font sizes."""


@dataclass(frozen=True, slots=True)
class Route:
    """The lines of two places, at one font size."""

    names: list[list[str]]
    size: int

    @property
    def height(self) -> float:
        """Height of all lines."""
        return self.size * sum(FIRST_LINE + LINE * (len(lines) - 1) for lines in self.names)


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of a picture: SVG in a box, in pixels, and the texts in it."""

    left: int
    top: int
    width: int
    height: int
    body: str
    texts: tuple[str, ...] = ()

    @property
    def svg(self) -> str:
        """The tile as an SVG document."""
        box = f"{self.left} {self.top} {self.width} {self.height}"
        size = f'width="{self.width}" height="{self.height}"'
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="{box}">{self.body}</svg>'


class Page:
    """A column of text, filled from the top.

    Args:
        fonts: the fonts.
        x: horizontal position of the lines' anchor, pixels.
        anchor: SVG's text-anchor: "start", "middle" or "end".
        width: width of the column, pixels.
    """

    def __init__(self, fonts: Fonts, x: float, anchor: str, width: float) -> None:
        self.fonts, self.x, self.anchor, self.width = fonts, x, anchor, width
        self.y = 0.0
        self.tiles: list[Tile] = []

    def fit(self, text: str, weight: int, sizes: list[tuple[int, int]]) -> FittedText:
        """Break a text into lines of the column; skip characters that no font has."""
        drawable = "".join(run.text for run in self.fonts.runs(text[:LONGEST]))
        return fit_text(self.fonts, " ".join(drawable.split()) or NAMELESS, weight, self.width, sizes)

    def text(self, text: str, x: float, y: float, size: float, weight: int, fill: str, anchor: str) -> str:
        """Return one line, each run in its own family."""
        runs = _with_joining_first(self.fonts.runs(text))
        spans = "".join(f'<tspan font-family="{run.family}">{escape(run.text)}</tspan>' for run in runs)
        place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" xml:space="preserve"'
        return f'<text {place} font-size="{size:g}" font-weight="{weight}" fill="{fill}">{spans}</text>'

    def overlap(self, left: float, right: float) -> float:
        """Return how far a box must move right (or left, if negative) to clear the column; 0 for a centred column."""
        if self.anchor == "start":
            return max(0.0, self.x + self.width + 8 - left)
        return min(0.0, self.x - self.width - 8 - right) if self.anchor == "end" else 0.0

    def add(self, left: float, top: float, width: float, height: float, body: str, *texts: str) -> None:
        """Add a tile."""
        self.tiles.append(Tile(int(left), int(top), int(width), int(height), body, texts))

    def line(
        self, text: str, y: float, size: float, weight: int, fill: str, before: str = "", shift: float = 0
    ) -> None:
        """Add a line at y; `before` is SVG in front of the text, which moves by `shift` pixels to make space."""
        wide = min(self.fonts.width(text, weight) * size * 1.08, self.width) + 2 * abs(shift) + 40
        left = self.x - {"start": 20 + abs(shift), "middle": wide / 2, "end": wide - 20 - abs(shift)}[self.anchor]
        text = directed(text)
        body = before + self.text(text, self.x + shift, y, size, weight, fill, self.anchor)
        self.add(left, y - 1.25 * size, wide, 1.85 * size, body, text)

    def lines(self, text: FittedText, weight: int, fill: str) -> None:
        """Add lines at the bottom of the column."""
        whole = "".join(text.lines)
        for each in text.lines:
            self.y += text.size * LINE
            self.line(directed(each, whole), self.y - text.size * 0.22, text.size, weight, fill)

    def wordmark(self, y: float) -> None:
        """Add the name with the logo, an arc."""
        wide = 48 + self.fonts.width(NAME, BOLD) * 30
        x = {"start": self.x, "middle": self.x - wide / 2, "end": self.x - wide}[self.anchor]
        logo = (
            f'<g transform="translate({x:.1f} {y - 26})">'
            '<linearGradient id="logo"><stop offset="0" stop-color="#ffb25e"/><stop offset="1" stop-color="#9a7bff"/>'
            '</linearGradient><path d="M5 24C5 2 31 2 31 24" fill="none" stroke="url(#logo)" stroke-width="4.4"/>'
            '<circle cx="5" cy="24" r="5" fill="#ffb25e"/><circle cx="31" cy="24" r="5" fill="#9a7bff"/></g>'
        )
        self.add(x - 4, y - 34, wide + 8, 50, logo + self.text(NAME, x + 48, y, 30, BOLD, TEXT, "start"), NAME)

    def fit_route(self, places: tuple[str, str], size: int) -> Route:
        """Break two places into one line each, or two smaller ones; long names get their country, too."""
        sizes = [(size, 1), (size - 3, 1), (size - 6, 2), (size - 8, 2)]
        names = [fit_text(self.fonts, place, REGULAR, self.width - 34, sizes) for place in places]
        return Route([name.lines for name in names], min(name.size for name in names))

    def route(self, route: Route, colours: tuple[str, str], gap: float, *, like: str = "") -> None:
        """Add both places, one below the other, each with a dot in the colour of its end of the arc.

        Each runs in the direction of `like`: its city is in Latin letters, its country in the picture's language. In a
        centred column the dot stands where the line starts.
        """
        size, mirrored = route.size, is_right_to_left(like)
        self.y += gap
        for lines, colour in zip(route.names, colours, strict=True):
            self.y += size * FIRST_LINE
            wide = self.fonts.width(lines[0], REGULAR) * size
            beside = wide / 2 + 10 if mirrored else -wide / 2 - 10
            dot = self.x + {"start": 7.0, "middle": beside, "end": -7.0}[self.anchor]
            shift = {"start": 30, "middle": -14 if mirrored else 14, "end": -30}[self.anchor]
            circle = f'<circle cx="{dot:.1f}" cy="{self.y - size * 0.34:.1f}" r="7" fill="{colour}"/>'
            self.line(directed(lines[0], like), self.y, size, REGULAR, TEXT, circle, shift)
            for more in lines[1:]:
                self.y += size * LINE
                self.line(directed(more, like), self.y, size, REGULAR, TEXT, shift=shift)

    def facts(self, text: str, size: float, gap: float) -> None:
        """Add the line with distance and time between the presses."""
        self.y += gap + size
        self.line(text, self.y, size, BOLD, WARM)


def _with_joining_first(runs: list[Run]) -> list[Run]:
    """Put an empty run of a family that joins letters before all others.

    resvg shapes the whole line once for each run and compares it with the first run's glyphs. It panics if a later font
    joins letters that the first one keeps apart.
    """
    joining = next((run.family for run in runs if run.family in JOINING), None)
    return runs if joining is None or runs[0].family == joining else [Run(joining, "\u200b"), *runs]


def directed(text: str, like: str = "") -> str:
    """Embed a text that runs from right to left, or is part of one (`like`), so that numbers and punctuation are right.

    It uses the embedding characters of Unicode's annex 9, and returns a text that starts with one unchanged.
    """
    return f"\u202b{text}\u202c" if text[:1] != "\u202b" and is_right_to_left(like or text) else text
