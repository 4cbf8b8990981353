"""The pictures of a moment: what stands on them, and where, as SVG over the globe. Pure.

A card is what a link unfolds to; a story fills a phone, with a code to be scanned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec
import numpy as np
from PIL import Image

from webapp.graphics import qrcodes
from webapp.graphics.cardglobe import painted
from webapp.graphics.cardpage import LINE, NIGHT, SOFT, TEXT, Page, Tile
from webapp.graphics.cardview import Floats, Frame, Place, arc, look
from webapp.graphics.fonts import BOLD, REGULAR, Fitted, Fonts, is_right_to_left
from webapp.graphics.palette import PAIRS

CARD = (1200, 630)
"""How wide and high a card is, pixels."""
STORY_END = 1670
"""Of a story, pixels: apps lay their own over 250 at its top and at its bottom."""
VERSION = 2
"""Goes up when a picture of the same moment looks different: part of its ETag."""


class End(msgspec.Struct, frozen=True):
    """A city at an end of the arc, as it is called, and where it is, in degrees."""

    city: str
    place: str
    lon: float
    lat: float


class CardText(msgspec.Struct, frozen=True):
    """A moment in words.

    Attributes:
        title: of the song.
        artist: whose it is.
        pair: which of `palette.PAIRS` the song has.
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
class Drawn:
    """A picture: the globe, and what lies over it. To draw that as one would cost by the pixels that are empty."""

    globe: Image.Image
    tiles: list[Tile]


def card(told: CardText, fonts: Fonts) -> Drawn:
    """Draw what is CARD large. Where the title runs from right to left, the card is its mirror image."""
    mirrored = is_right_to_left(told.title)
    frame = Frame(*CARD, 340 if mirrored else 860, 322, 262)
    page = Page(fonts, 1136 if mirrored else 64, "end" if mirrored else "start", 500)
    title = page.fit(told.title, BOLD, sizes((72, 60, 1), (72, 54, 2), (52, 38, 3), (34, 32, 4)))
    artist = page.fit(told.artist, REGULAR, sizes((32, 26, 1), (24, 24, 2)))
    page.wordmark(84)
    page.y = 104 + (440 - (title.height + artist.height) * LINE - 8 - 186) / 2
    _words(page, title, artist)
    places = (told.start.place, told.end.place)
    page.route(places, PAIRS["dark"][told.pair], 26, 20)
    page.facts(told.facts, 30, 38)
    page.line(told.when, 588, 20, REGULAR, SOFT)
    veil = (900, 610, 0.9) if mirrored else (300, 590, 0.9)
    return _over(told, frame, page, lambda globe: veiled(globe, *veil, axis=1))


def story(told: CardText, fonts: Fonts) -> Drawn:
    """Draw 1080 by 1920 pixels: globe and words in the middle; below them the code, with what this is beside it."""
    frame = Frame(1080, 1920, 540, 540, 320)
    page = Page(fonts, 540, "middle", 920)
    title = page.fit(told.title, BOLD, sizes((92, 80, 1), (88, 66, 2), (58, 46, 3), (44, 40, 4)))
    artist = page.fit(told.artist, REGULAR, sizes((44, 34, 1), (32, 32, 2)))
    page.y = 862 + (512 - (title.height + artist.height) * LINE - 215) / 2
    _words(page, title, artist)
    places = (told.start.place, told.end.place)
    page.route(places, PAIRS["dark"][told.pair], 34, 20)
    page.facts(told.facts, 40, 36)
    foot = _foot(told, fonts)
    foot.wordmark(STORY_END - 192)
    foot.y = STORY_END - 166
    foot.lines(foot.fit(told.motto, REGULAR, sizes((32, 28, 1), (30, 26, 2))), REGULAR, TEXT)
    foot.y += 6
    foot.lines(foot.fit(told.when, REGULAR, sizes((26, 24, 1), (24, 22, 2))), REGULAR, SOFT)
    page.tiles += foot.tiles
    return _over(told, frame, page, lambda globe: veiled(globe, 950, 760, 0.94, axis=0))


def _foot(told: CardText, fonts: Fonts) -> Page:
    """Return the column beside a story's code, which is where a line begins; in the middle where there is no code."""
    if not told.address:
        return Page(fonts, 540, "middle", 920)
    size, mirrored = 250, is_right_to_left(told.motto)
    left, top = (1080 - 190 - size if mirrored else 190), STORY_END - size
    foot = Page(fonts, 1080 - 480 if mirrored else 480, "end" if mirrored else "start", 440)
    foot.add(left, top, size, size, qrcodes.placed(told.address, left, top, size))
    return foot


def sizes(*ranges: tuple[int, int, int]) -> list[tuple[int, int]]:
    """Return sizes from one to another, each with how many lines there may be."""
    return [(size, most) for first, last, most in ranges for size in range(first, last - 1, -2)]


def _words(page: Page, title: Fitted, artist: Fitted) -> None:
    page.lines(title, BOLD, TEXT)
    page.y += 14
    page.lines(artist, REGULAR, SOFT)


def veiled(globe: Image.Image, dark: int, clear: int, most: float, axis: int) -> Image.Image:
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


def _over(told: CardText, frame: Frame, page: Page, dimmed: Callable[[Image.Image], Image.Image]) -> Drawn:
    start, end = Place(told.start.lon, told.start.lat), Place(told.end.lon, told.end.lat)
    view = look(start, end, frame, told.at_s)
    flight = view.seen(arc(start, end))[:, :2]
    tiles = [song_arc(flight, told.pair), *_labels(page, frame, flight, told), *page.tiles]
    return Drawn(dimmed(painted(frame, view)), tiles)


def song_arc(flight: Floats, pair: int) -> Tile:
    """Return an arc in its song's colours, with its glow, and what shines at its ends; `flight` is (n, 2), pixels."""
    first, second = PAIRS["dark"][pair]
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


def _labels(page: Page, frame: Frame, flight: Floats, told: CardText) -> Iterator[Tile]:
    """Yield the cities' names beside the ends of the arc, on the side away from it."""
    middle, size = flight.mean(axis=0), 20 if frame.width > frame.height else 26
    for end, onward, city in ((flight[0], flight[6], told.start.city), (flight[-1], flight[-7], told.end.city)):
        (x, y), wide, tall = end.tolist(), page.fonts.width(city, BOLD) * size + size, size * 1.7
        left = x + 30 if x >= middle[0] else x - 30 - wide
        top = y + (-22 if y < middle[1] else 22) - tall / 2
        if left < 12 or left + wide > frame.width - 12 or page.overlap(left, left + wide):  # above or below it, then
            left = min(max(x - wide / 2, 12), frame.width - wide - 12)
            left += page.overlap(left, left + wide)
            top = y + (30 if onward[1] < y else -30 - tall)
        top = min(max(top, 12), frame.height - tall - 12)
        pill = f'<rect x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{tall:.1f}" rx="{size * 0.4}"'
        name = page.text(city, left + size / 2, top + size * 1.21, size, BOLD, TEXT, "start")
        body = f'{pill} fill="{NIGHT}" fill-opacity="0.72"/>{name}'
        yield Tile(int(left) - 1, int(top) - 1, int(wide) + 3, int(tall) + 3, body, (city,))


KINDS: dict[str, Callable[[CardText, Fonts], Drawn]] = {"card": card, "story": story}
