"""The pictures of a moment: what stands on them, and where, as SVG over the globe. Pure.

A card is what a link unfolds to; a story fills a phone, with a code to be scanned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape

import msgspec
import numpy as np
from PIL import Image

from webapp import codes
from webapp.cardglobe import painted
from webapp.cardview import Floats, Frame, Place, arc, look
from webapp.fonts import BOLD, REGULAR, Fitted, Fonts, fitted, is_right_to_left
from webapp.looks import OCEAN, PAIRS

VERSION = 1
"""Goes up when a picture of the same moment looks different: part of its ETag."""
NAME = "Unison"
TEXT, SOFT, WARM = "#eef2ff", "#aab6d6", "#ffcf9a"
NIGHT = OCEAN["ground"]
LONGEST = 300
"""Characters of a title or a name that are looked at; far more than fit."""
_LINE = 1.22
"""From one line to the next, in sizes: enough for the marks above and below of every script."""


def song_pair(track_id: str) -> int:
    """Return which pair of colours a song has: the one of the page (`assets/palette.js`)."""
    value = 0
    for character in track_id:
        value = (value * 31 + ord(character)) & 0xFFFFFFFF
    return (value ^ (value >> 15)) % len(PAIRS)


class End(msgspec.Struct, frozen=True):
    """A city at an end of the arc, as it is called, and where it is, in degrees."""

    city: str
    place: str
    lon: float
    lat: float


class Told(msgspec.Struct, frozen=True):
    """A moment in words.

    Attributes:
        title: of the song.
        artist: whose it is.
        pair: which of the scene's pairs of colours is the song's.
        start: where it was pressed first.
        end: where it was pressed then.
        facts: how far and how many milliseconds apart.
        when: date and time.
        at_s: the same, epoch seconds.
        motto: what this is all about.
        address: what the code says; "" leaves it out.
    """

    title: str
    artist: str
    pair: int
    start: End
    end: End
    facts: str
    when: str
    at_s: float
    motto: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of what lies over the globe: SVG in a box, pixels, and the texts in it."""

    left: int
    top: int
    width: int
    height: int
    body: str
    texts: tuple[str, ...] = ()

    @property
    def svg(self) -> str:
        """As a document."""
        box = f"{self.left} {self.top} {self.width} {self.height}"
        size = f'width="{self.width}" height="{self.height}"'
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="{box}">{self.body}</svg>'


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture: the globe, and what lies over it. To draw that as one would cost by the pixels that are empty."""

    globe: Image.Image
    tiles: list[Tile]


def card(told: Told, fonts: Fonts) -> Drawn:
    """Draw 1200 by 630 pixels. Where the title runs from right to left, the card is its mirror image."""
    mirrored = is_right_to_left(told.title)
    frame = Frame(1200, 630, 340 if mirrored else 860, 322, 262)
    page = Page(fonts, 1136 if mirrored else 64, "end" if mirrored else "start", 500)
    title = page.fit(told.title, BOLD, _sizes((72, 54, 2), (52, 38, 3), (34, 32, 4)))
    artist = page.fit(told.artist, REGULAR, _sizes((32, 26, 1), (24, 24, 2)))
    page.wordmark(84)
    page.y = 104 + (440 - (title.height + artist.height) * _LINE - 8 - 186) / 2
    _words(page, title, artist)
    page.route(told, 26, 20)
    page.facts(told.facts, 30, 38)
    page.line(told.when, 588, 20, REGULAR, SOFT)
    veil = (900, 610, 0.9) if mirrored else (300, 590, 0.9)
    return _over(told, frame, page, lambda globe: _veiled(globe, *veil, axis=1))


def story(told: Told, fonts: Fonts) -> Drawn:
    """Draw 1080 by 1920 pixels, all in the middle."""
    frame = Frame(1080, 1920, 540, 630, 370)
    page = Page(fonts, 540, "middle", 920)
    page.wordmark(130)
    page.line(told.motto, 192, 32, REGULAR, SOFT)
    title = page.fit(told.title, BOLD, _sizes((92, 66, 2), (62, 48, 3), (44, 40, 4)))
    artist = page.fit(told.artist, REGULAR, _sizes((44, 34, 1), (32, 32, 2)))
    page.y = 1046
    _words(page, title, artist)
    page.route(told, 34, 26)
    page.facts(told.facts, 40, 44)
    if told.address:
        page.add(410, 1590, 260, 260, codes.placed(told.address, 410, 1590, 260))
    page.line(told.when, 1892 if told.address else 1760, 26, REGULAR, SOFT)
    return _over(
        told, frame, page, lambda globe: _veiled(_veiled(globe, 1180, 960, 0.94, axis=0), 150, 300, 0.8, axis=0)
    )


def _sizes(*ranges: tuple[int, int, int]) -> list[tuple[int, int]]:
    """Return sizes from one to another, each with how many lines there may be."""
    return [(size, most) for first, last, most in ranges for size in range(first, last - 1, -2)]


def _words(page: Page, title: Fitted, artist: Fitted) -> None:
    page.lines(title, BOLD, TEXT)
    page.y += 14
    page.lines(artist, REGULAR, SOFT)


def _veiled(globe: Image.Image, dark: int, clear: int, most: float, axis: int) -> Image.Image:
    """Darken the globe toward where words stand: fully up to one line across, not at all from another on."""
    part = np.clip((np.arange(globe.size[1 - axis]) - clear) / (dark - clear), 0, 1)
    opacity = np.round(255 * most * part * part * (3 - 2 * part)).astype(np.uint8)
    some = np.flatnonzero(opacity)
    first, last = int(some[0]), int(some[-1]) + 1
    box = (first, 0, last, globe.height) if axis else (0, first, globe.width, last)
    row = opacity[None, first:last] if axis else opacity[first:last, None]
    size = (box[2] - box[0], box[3] - box[1])
    globe.paste(NIGHT, box, Image.fromarray(row).resize(size, Image.Resampling.NEAREST))
    return globe


def _over(told: Told, frame: Frame, page: Page, veiled: Callable[[Image.Image], Image.Image]) -> Drawn:
    start, end = Place(told.start.lon, told.start.lat), Place(told.end.lon, told.end.lat)
    view = look(start, end, frame, told.at_s)
    flight = view.seen(arc(start, end))[:, :2]
    tiles = [_arc(flight, told), *_labels(page, frame, flight, told), *page.tiles]
    return Drawn(veiled(painted(frame, view)), tiles)


def _arc(flight: Floats, told: Told) -> Tile:
    """Return the arc in its song's colours, with its glow, and what shines at its ends."""
    first, second = PAIRS[told.pair]
    (x1, y1), (x2, y2) = flight[0].round(1).tolist(), flight[-1].round(1).tolist()
    way = f'<path d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in flight.tolist())}" fill="none" stroke-linecap="round"'
    glow = ((17, 0.07), (11, 0.12), (6.5, 0.25), (3.8, 1))
    body = (
        f'<linearGradient id="song" gradientUnits="userSpaceOnUse" x1="{x1}" y1="{y1}" x2="{x2 + 0.1}" y2="{y2}">'
        f'<stop offset="0" stop-color="{first}"/><stop offset="1" stop-color="{second}"/></linearGradient>'
        + "".join(f'{way} stroke="url(#song)" stroke-width="{w}" stroke-opacity="{o}"/>' for w, o in glow)
        + f'{way} stroke="#fff" stroke-width="1.4" stroke-opacity="0.6"/>'
        + _end(x1, y1, first)
        + _end(x2, y2, second)
    )
    (left, top), (right, bottom) = flight.min(axis=0).tolist(), flight.max(axis=0).tolist()
    return Tile(int(left) - 28, int(top) - 28, int(right - left) + 58, int(bottom - top) + 58, body)


def _end(x: float, y: float, colour: str) -> str:
    rings = ((20, 0.10), (13, 0.20), (8, 0.45))
    return (
        "".join(f'<circle cx="{x}" cy="{y}" r="{r}" fill="{colour}" fill-opacity="{o}"/>' for r, o in rings)
        + f'<circle cx="{x}" cy="{y}" r="24" fill="none" stroke="{colour}" stroke-opacity="0.55" stroke-width="1.5"/>'
        + f'<circle cx="{x}" cy="{y}" r="4.5" fill="#fff"/>'
    )


def _labels(page: Page, frame: Frame, flight: Floats, told: Told) -> Iterator[Tile]:
    """Yield the cities' names beside the ends of the arc, on the side away from it."""
    middle = flight.mean(axis=0)
    size = 20 if frame.width > frame.height else 26
    for (x, y), city in ((flight[0], told.start.city), (flight[-1], told.end.city)):
        wide, tall = page.fonts.width(city, BOLD) * size + size, size * 1.7
        left = x + 30 if x >= middle[0] else x - 30 - wide
        if page.covers(left, left + wide):  # there the other side is free
            left = x + 30 if left < x else x - 30 - wide
        top = y + (-22 if y < middle[1] else 22) - tall / 2
        left, top = min(max(left, 12), frame.width - wide - 12), min(max(top, 12), frame.height - tall - 12)
        pill = f'<rect x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{tall:.1f}" rx="{size * 0.4}"'
        body = f'{pill} fill="{NIGHT}" fill-opacity="0.72"/>' + page.text(
            city, left + size / 2, top + size * 1.21, size, BOLD, TEXT, "start"
        )
        yield Tile(int(left) - 1, int(top) - 1, int(wide) + 3, int(tall) + 3, body, (city,))


class Page:
    """A column of text, filled from the top.

    Args:
        fonts: measure and name families.
        x: where lines begin, end, or have their middle.
        anchor: which of these, in SVG's words.
        width: of the column, pixels.
    """

    def __init__(self, fonts: Fonts, x: float, anchor: str, width: float) -> None:
        self.fonts, self.x, self.anchor, self.width = fonts, x, anchor, width
        self.y = 0.0
        self.tiles: list[Tile] = []

    def fit(self, text: str, weight: int, sizes: list[tuple[int, int]]) -> Fitted:
        """Break a text into lines of the column."""
        return fitted(self.fonts, " ".join(text[:LONGEST].split()), weight, self.width, sizes)

    def text(self, text: str, x: float, y: float, size: float, weight: int, fill: str, anchor: str) -> str:
        """Return one line, each run of it in its own family."""
        runs = "".join(f'<tspan font-family="{run.family}">{escape(run.text)}</tspan>' for run in self.fonts.runs(text))
        place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" xml:space="preserve"'
        return f'<text {place} font-size="{size:g}" font-weight="{weight}" fill="{fill}">{runs}</text>'

    def covers(self, left: float, right: float) -> bool:
        """Tell whether words of the column may stand there; one in the middle has none beside it."""
        start = self.x if self.anchor == "start" else self.x - self.width
        return self.anchor != "middle" and left < start + self.width and right > start

    def add(self, left: float, top: float, width: float, height: float, body: str, *texts: str) -> None:
        """Put something in a box."""
        self.tiles.append(Tile(int(left), int(top), int(width), int(height), body, texts))

    def line(
        self, text: str, y: float, size: float, weight: int, fill: str, before: str = "", shift: float = 0
    ) -> None:
        """Put a line somewhere, with marks above and below; and something before it, for which it is shifted."""
        wide = min(self.fonts.width(text, weight) * size * 1.08, self.width) + 2 * abs(shift) + 40
        left = self.x - {"start": 20 + abs(shift), "middle": wide / 2, "end": wide - 20 - abs(shift)}[self.anchor]
        body = before + self.text(text, self.x + shift, y, size, weight, fill, self.anchor)
        self.add(left, y - 1.3 * size, wide, 2 * size, body, text)

    def lines(self, text: Fitted, weight: int, fill: str) -> None:
        """Put lines below what is there."""
        mark, end = ("\u202b", "\u202c") if is_right_to_left("".join(text.lines)) else ("", "")
        for each in text.lines:
            self.y += text.size * _LINE
            self.line(f"{mark}{each}{end}", self.y - text.size * 0.22, text.size, weight, fill)

    def wordmark(self, y: float) -> None:
        """Put the name, with the arc that is its sign."""
        wide = 48 + self.fonts.width(NAME, BOLD) * 30
        x = {"start": self.x, "middle": self.x - wide / 2, "end": self.x - wide}[self.anchor]
        sign = (
            f'<g transform="translate({x:.1f} {y - 26})">'
            '<linearGradient id="sign"><stop offset="0" stop-color="#ffb25e"/><stop offset="1" stop-color="#9a7bff"/>'
            '</linearGradient><path d="M5 24C5 2 31 2 31 24" fill="none" stroke="url(#sign)" stroke-width="4.4"/>'
            '<circle cx="5" cy="24" r="5" fill="#ffb25e"/><circle cx="31" cy="24" r="5" fill="#9a7bff"/></g>'
        )
        self.add(x - 4, y - 34, wide + 8, 50, sign + self.text(NAME, x + 48, y, 30, BOLD, TEXT, "start"), NAME)

    def route(self, told: Told, size: int, gap: float) -> None:
        """Put both cities below each other, each with its end's colour."""
        self.y += gap
        for end, colour in zip((told.start, told.end), PAIRS[told.pair], strict=True):
            self.y += size * 1.55
            name = fitted(self.fonts, end.place, REGULAR, self.width - 34, [(size, 1), (size - 4, 1), (size - 8, 1)])
            wide = self.fonts.width(name.lines[0], REGULAR) * name.size
            dot = {"start": self.x + 7, "middle": self.x - wide / 2 - 10, "end": self.x - 7}[self.anchor]
            shift = {"start": 30, "middle": 14, "end": -30}[self.anchor]
            circle = f'<circle cx="{dot:.1f}" cy="{self.y - size * 0.34:.1f}" r="7" fill="{colour}"/>'
            self.line(name.lines[0], self.y, name.size, REGULAR, TEXT, circle, shift)

    def facts(self, text: str, size: float, gap: float) -> None:
        """Put how far and how many milliseconds apart."""
        self.y += gap + size
        self.line(text, self.y, size, BOLD, WARM)


KINDS: dict[str, Callable[[Told, Fonts], Drawn]] = {"card": card, "story": story}
