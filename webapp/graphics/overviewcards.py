"""Lays out the picture of a globe with its latest connections: the preview of a link to the globe or the playlist."""

from __future__ import annotations

import msgspec
import numpy as np

from webapp.graphics.cardglobe import paint_globe
from webapp.graphics.cardpage import LINE, SOFT, TEXT, WARM, Page
from webapp.graphics.cards import CARD, Composition, darken, sizes, song_arc
from webapp.graphics.cardview import Floats, Frame, Place, View, arc, view_arc, view_place
from webapp.graphics.fonts import BOLD, REGULAR, Fonts, is_right_to_left

MAX_ARCS = 5
WIDE_VIEW = Place(-15.0, 18.0)
"""Centre of the globe without connections or a chosen place: it shows four continents."""


class Arc(msgspec.Struct, frozen=True):
    """An arc: both ends (longitude and latitude, degrees), and its song's pair of colours."""

    start: tuple[float, float]
    end: tuple[float, float]
    pair: int

    @property
    def places(self) -> tuple[Place, Place]:
        """Both ends as places."""
        return Place(*self.start), Place(*self.end)


class Overview(msgspec.Struct, frozen=True):
    """The texts and arcs of an overview.

    Attributes:
        title: what is shown, such as "Brazil", or what Unison is.
        subtitle: a sentence about it.
        about: date and source of what is shown.
        at_s: epoch seconds, for the sun.
        arcs: the connections; the globe is turned to the first.
        centre: longitude and latitude of the globe's centre if there are no arcs.
    """

    title: str
    subtitle: str
    about: str
    at_s: float
    arcs: tuple[Arc, ...] = ()
    centre: tuple[float, float] | None = None

    @property
    def pairs(self) -> tuple[int, ...]:
        """The pairs of colours in the picture; the first pair if it has no arc."""
        return tuple(dict.fromkeys(each.pair for each in self.arcs[:MAX_ARCS])) or (0,)


def overview(content: Overview, fonts: Fonts) -> Composition:
    """Lay out a picture of size CARD; a title that runs from right to left mirrors it."""
    mirrored = is_right_to_left(content.title)
    frame = Frame(*CARD, 340 if mirrored else 860, 322, 262)
    view = _view(content, frame)
    page = Page(fonts, 1136 if mirrored else 64, "end" if mirrored else "start", 500)
    title = page.fit(content.title, BOLD, sizes((72, 60, 1), (64, 50, 2), (48, 38, 3), (34, 32, 4)))
    subtitle = page.fit(content.subtitle, REGULAR, sizes((30, 26, 2), (24, 22, 3)))
    page.wordmark(84)
    page.y = 104 + (440 - (title.height + subtitle.height) * LINE - 20) / 2
    page.lines(title, BOLD, TEXT)
    page.y += 20
    page.lines(subtitle, REGULAR, WARM)
    page.line(content.about, 588, 20, REGULAR, SOFT)
    curves = [(each, view.project(arc(*each.places))) for each in content.arcs[:MAX_ARCS]]
    tiles = [song_arc(points[:, :2], each.pair) for each, points in curves if _is_visible(points, view)]
    shade = (900, 610, 0.9) if mirrored else (300, 590, 0.9)
    return Composition(darken(paint_globe(frame, view), *shade, axis=1), [*tiles, *page.tiles])


def _view(content: Overview, frame: Frame) -> View:
    if content.arcs:
        return view_arc(*content.arcs[0].places, frame, content.at_s)
    return view_place(Place(*content.centre) if content.centre else WIDE_VIEW, frame, content.at_s)


def _is_visible(points: Floats, view: View) -> bool:
    """Return whether no point of an arc is behind the globe."""
    beside = np.hypot(points[:, 0] - view.x, points[:, 1] - view.y) > view.radius
    return bool(np.all((points[:, 2] >= 0) | beside))
