"""Lays out the pictures of a moment: text as SVG tiles over a globe.

A card is the preview of a link. A story fills a phone's screen and has a QR code.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec
import numpy as np
from PIL import Image

from webapp.graphics import qrcodes, sleeves
from webapp.graphics.cardglobe import paint_globe
from webapp.graphics.cardpage import LINE, NIGHT, SOFT, TEXT, Page, Tile
from webapp.graphics.cardview import Floats, Frame, Place, arc, view_arc
from webapp.graphics.fonts import BOLD, REGULAR, FittedText, Fonts, fit_text, is_right_to_left
from webapp.graphics.palette import PAIRS

CARD = (1200, 630)
"""Width and height of a card, pixels."""
NEAR = 130
"""Pixels between ends whose names lead away from each other."""
LABEL_WIDTH = 18
"""Width of a city's label on the globe, in font sizes; a longer one is truncated, for the text has it, too."""
STORY_END = 1670
"""Bottom of a story's content, pixels: apps cover 250 at its top and bottom with their own controls."""
TIMES_GAP = 14
"""Space above the local times, pixels."""
VERSION = 6
"""Increase it when pictures of the same moment change: it is part of their ETag."""


class ArcEnd(msgspec.Struct, frozen=True):
    """A city at an end of an arc, and its place in degrees.

    Attributes:
        city: the label on the globe.
        place: the city and its country.
        lon: longitude.
        lat: latitude.
    """

    city: str
    place: str
    lon: float
    lat: float


class CardText(msgspec.Struct, frozen=True):
    """The texts of a moment's picture.

    Attributes:
        title: the song's title.
        artist: the song's artist.
        pair: index of the song's pair of colours in `palette.PAIRS`.
        start: the city of the first press.
        end: the city of the second press.
        facts: distance, and the time between the presses.
        when: date and time.
        at_s: the same, epoch seconds.
        motto: what Unison is.
        address: the address in the QR code; "" for no code.
        track: the song's id, for its sleeve; "" for none.
        times: the local times at both ends; "" where they are unknown. Left out where there is no room for them.
    """

    title: str
    artist: str
    pair: int
    start: ArcEnd
    end: ArcEnd
    facts: str
    when: str
    at_s: float
    motto: str
    address: str = ""
    track: str = ""
    times: str = ""


@dataclass(frozen=True, slots=True)
class Composition:
    """A globe, and the tiles to draw over it. One large SVG instead of tiles would waste time on empty pixels."""

    globe: Image.Image
    tiles: list[Tile]


@dataclass(frozen=True, slots=True)
class Box:
    """A square in a picture, pixels."""

    left: int
    top: int
    size: int

    def meets(self, tile: Tile) -> bool:
        """Return whether a tile is nearer than a few pixels."""
        gap = 12
        return (
            self.left - gap < tile.left + tile.width
            and tile.left < self.left + self.size + gap
            and self.top - gap < tile.top + tile.height
            and tile.top < self.top + self.size + gap
        )

    def holds(self, curve: Floats) -> bool:
        """Return whether a curve comes nearer than the markers at its ends are large."""
        gap = 30
        x, y = curve.T - np.array([[self.left], [self.top]])
        return bool(np.any((x > -gap) & (x < self.size + gap) & (y > -gap) & (y < self.size + gap)))


def card(content: CardText, fonts: Fonts) -> Composition:
    """Lay out a picture of size CARD; a title that runs from right to left mirrors it."""
    mirrored = is_right_to_left(content.title)
    frame = Frame(*CARD, 340 if mirrored else 860, 322, 262)
    page = Page(fonts, 1136 if mirrored else 64, "end" if mirrored else "start", 500)
    title = page.fit(content.title, BOLD, sizes((72, 60, 1), (72, 54, 2), (52, 38, 3), (34, 32, 4)))
    artist = page.fit(content.artist, REGULAR, sizes((32, 26, 1), (24, 24, 2)))
    route = page.fit_route((content.start.place, content.end.place), 26)
    page.wordmark(84)
    needed = (title.height + artist.height) * LINE + route.height + 114
    times = _fit_times(page, content, sizes((24, 20, 1), (21, 19, 2)), 464 - needed)
    page.y = 104 + (440 - needed - _height(times)) / 2
    _headline(page, title, artist)
    page.route(route, PAIRS["dark"][content.pair], 20, like=content.motto)
    page.facts(content.facts, 30, 38)
    _add_times(page, times)
    page.line(content.when, 588, 20, REGULAR, SOFT)
    shade = (900, 610, 0.9) if mirrored else (300, 590, 0.9)
    corner = Box(32 if mirrored else 1064, 494, 104)
    return _compose(content, frame, page, lambda globe: darken(globe, *shade, axis=1), [corner])


def story(content: CardText, fonts: Fonts) -> Composition:
    """Lay out a picture of 1080 by 1920 pixels: globe, text, and at the bottom the QR code with the motto beside it."""
    frame = Frame(1080, 1920, 540, 540, 320)
    page = Page(fonts, 540, "middle", 920)
    title = page.fit(content.title, BOLD, sizes((92, 80, 1), (88, 66, 2), (58, 46, 3), (44, 40, 4)))
    artist = page.fit(content.artist, REGULAR, sizes((44, 34, 1), (32, 32, 2)))
    route = page.fit_route((content.start.place, content.end.place), 34)
    needed = (title.height + artist.height) * LINE + route.height + 110
    times = _fit_times(page, content, sizes((32, 28, 1), (28, 26, 2)), 536 - needed)
    page.y = 862 + (512 - needed - _height(times)) / 2
    _headline(page, title, artist)
    page.route(route, PAIRS["dark"][content.pair], 20, like=content.motto)
    page.facts(content.facts, 40, 36)
    _add_times(page, times)
    footer = _footer(content, fonts)
    footer.wordmark(STORY_END - 192)
    footer.y = STORY_END - 166
    footer.lines(footer.fit(content.motto, REGULAR, sizes((32, 28, 1), (30, 26, 2))), REGULAR, TEXT)
    footer.y += 6
    footer.lines(footer.fit(content.when, REGULAR, sizes((26, 24, 1), (24, 22, 2))), REGULAR, SOFT)
    page.tiles += footer.tiles
    corners = [Box(864, 698, 144), Box(72, 698, 144)]
    return _compose(content, frame, page, lambda globe: darken(globe, 950, 760, 0.94, axis=0), corners)


def _footer(content: CardText, fonts: Fonts) -> Page:
    """Return the column beside a story's QR code; without a code it is centred."""
    if not content.address:
        return Page(fonts, 540, "middle", 920)
    size, mirrored = 250, is_right_to_left(content.motto)
    left, top = (1080 - 190 - size if mirrored else 190), STORY_END - size
    footer = Page(fonts, 1080 - 480 if mirrored else 480, "end" if mirrored else "start", 440)
    footer.add(left, top, size, size, qrcodes.code_group(content.address, left, top, size))
    return footer


def sizes(*ranges: tuple[int, int, int]) -> list[tuple[int, int]]:
    """Return font sizes of ranges (first, last, most lines), each with its most lines."""
    return [(size, max_lines) for first, last, max_lines in ranges for size in range(first, last - 1, -2)]


def _headline(page: Page, title: FittedText, artist: FittedText) -> None:
    page.lines(title, BOLD, TEXT)
    page.y += 14
    page.lines(artist, REGULAR, SOFT)


def _fit_times(page: Page, content: CardText, allowed: list[tuple[int, int]], room: float) -> FittedText | None:
    """Break the local times into lines; None if there are none, or no room for them."""
    times = page.fit(content.times, REGULAR, allowed) if content.times else None
    return times if _height(times) <= room else None


def _height(times: FittedText | None) -> float:
    return TIMES_GAP + times.height * LINE if times else 0.0


def _add_times(page: Page, times: FittedText | None) -> None:
    if times:
        page.y += TIMES_GAP
        page.lines(times, REGULAR, SOFT)


def darken(globe: Image.Image, dark: int, clear: int, max_opacity: float, axis: int) -> Image.Image:
    """Darken the globe behind the text: nothing at coordinate `clear`, rising to `max_opacity` at `dark`."""
    part = np.clip((np.arange(globe.size[1 - axis]) - clear) / (dark - clear), 0, 1)
    opacity = np.round(255 * max_opacity * part * part * (3 - 2 * part)).astype(np.uint8)
    darkened = np.flatnonzero(opacity)
    first, last = int(darkened[0]), int(darkened[-1]) + 1
    box = (first, 0, last, globe.height) if axis else (0, first, globe.width, last)
    row = opacity[None, first:last] if axis else opacity[first:last, None]
    size = (box[2] - box[0], box[3] - box[1])
    globe.paste(NIGHT, box, Image.fromarray(row).resize(size, Image.Resampling.NEAREST))
    return globe


def _compose(
    content: CardText,
    frame: Frame,
    page: Page,
    darkened: Callable[[Image.Image], Image.Image],
    corners: list[Box],
) -> Composition:
    start, end = Place(content.start.lon, content.start.lat), Place(content.end.lon, content.end.lat)
    view = view_arc(start, end, frame, content.at_s)
    curve = view.project(arc(start, end))[:, :2]
    labels = list(_labels(page, frame, curve, content))
    tiles = [song_arc(curve, content.pair), *labels, *page.tiles, *_sleeve(content.track, corners, curve, labels)]
    return Composition(darkened(paint_globe(frame, view)), tiles)


def _sleeve(track_id: str, corners: list[Box], curve: Floats, labels: list[Tile]) -> Iterator[Tile]:
    """Yield the song's sleeve in the first corner beside the globe that has neither a label nor the arc in it."""
    for corner in corners if track_id else []:
        if not any(corner.meets(tile) for tile in labels) and not corner.holds(curve):
            left, top, size = corner.left, corner.top, corner.size
            place = f'x="{left}" y="{top}" width="{size}" height="{size}"'
            edge = f'<rect {place} rx="3" fill="none" stroke="#fff" stroke-opacity="0.22" stroke-width="2"/>'
            body = f'<svg {place} viewBox="0 0 100 100">{sleeves.body(track_id, size)}</svg>{edge}'
            yield Tile(left - 2, top - 2, size + 4, size + 4, body)
            return


def song_arc(curve: Floats, pair: int) -> Tile:
    """Return an arc in its song's colours, with a glow and a marker at each end; `curve` is (n, 2), pixels."""
    first, second = PAIRS["dark"][pair]
    (x1, y1), (x2, y2) = curve[0].round(1).tolist(), curve[-1].round(1).tolist()
    path = f'<path d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in curve.tolist())}" fill="none" stroke-linecap="round"'
    glow = ((17, 0.07), (11, 0.12), (6.5, 0.25), (3.8, 1))
    body = (
        f'<linearGradient id="song" gradientUnits="userSpaceOnUse" x1="{x1}" y1="{y1}" x2="{x2 + 0.1}" y2="{y2}">'
        f'<stop offset="0" stop-color="{first}"/><stop offset="1" stop-color="{second}"/></linearGradient>'
        + "".join(f'{path} stroke="url(#song)" stroke-width="{w}" stroke-opacity="{o}"/>' for w, o in glow)
        + f'{path} stroke="#fff" stroke-width="1.4" stroke-opacity="0.6"/>'
        + _marker(x1, y1, first)
        + _marker(x2, y2, second)
    )
    (left, top), (right, bottom) = curve.min(axis=0).tolist(), curve.max(axis=0).tolist()
    return Tile(int(left) - 28, int(top) - 28, int(right - left) + 58, int(bottom - top) + 58, body)


def _marker(x: float, y: float, colour: str) -> str:
    rings = ((20, 0.10), (13, 0.20), (8, 0.45))
    return (
        "".join(f'<circle cx="{x}" cy="{y}" r="{r}" fill="{colour}" fill-opacity="{o}"/>' for r, o in rings)
        + f'<circle cx="{x}" cy="{y}" r="24" fill="none" stroke="{colour}" stroke-opacity="0.55" stroke-width="1.5"/>'
        + f'<circle cx="{x}" cy="{y}" r="4.5" fill="#fff"/>'
    )


def _labels(page: Page, frame: Frame, curve: Floats, content: CardText) -> Iterator[Tile]:
    """Yield a label with the city's name beside each end of the arc, on the side away from it."""
    near = math.dist(curve[0], curve[-1]) < NEAR
    middle = (curve[0] + curve[-1]) / 2 if near else curve.mean(axis=0)
    size = 20 if frame.width > frame.height else 26
    for end, onward, name in ((curve[0], curve[6], content.start.city), (curve[-1], curve[-7], content.end.city)):
        city = fit_text(page.fonts, name, BOLD, LABEL_WIDTH * size, [(size, 1)]).lines[0]
        (x, y), wide, tall = end.tolist(), page.fonts.width(city, BOLD) * size + size, size * 1.7
        left = x + 30 if x >= middle[0] else x - 30 - wide
        top = y + (-22 if y < middle[1] else 22) - tall / 2
        if (
            left < 12 or left + wide > frame.width - 12 or page.overlap(left, left + wide)
        ):  # no space beside the end: above or below
            left = min(max(x - wide / 2, 12), frame.width - wide - 12)
            left += page.overlap(left, left + wide)
            is_below = y >= middle[1] if near else onward[1] < y
            top = y + (30 if is_below else -30 - tall)
        top = min(max(top, 12), frame.height - tall - 12)
        pill = f'<rect x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{tall:.1f}" rx="{size * 0.4}"'
        name = page.text(city, left + size / 2, top + size * 1.21, size, BOLD, TEXT, "start")
        body = f'{pill} fill="{NIGHT}" fill-opacity="0.72"/>{name}'
        yield Tile(int(left) - 1, int(top) - 1, int(wide) + 3, int(tall) + 3, body, (city,))


KINDS: dict[str, Callable[[CardText, Fonts], Composition]] = {"card": card, "story": story}
