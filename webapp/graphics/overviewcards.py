"""The picture of a globe with its latest connections: what a link to the globe or the playlist unfolds to. Pure."""

from __future__ import annotations

import msgspec
import numpy as np

from webapp.graphics.cardglobe import painted
from webapp.graphics.cardpage import LINE, SOFT, TEXT, WARM, Page
from webapp.graphics.cards import CARD, Drawn, sizes, song_arc, veiled
from webapp.graphics.cardview import Floats, Frame, Place, View, arc, facing, look
from webapp.graphics.fonts import BOLD, REGULAR, Fonts, is_right_to_left

ARCS_MAX = 5
WIDE_VIEW = Place(-15.0, 18.0)
"""What is in the middle where nothing happened and nowhere was asked for: four continents are in sight."""


class Flight(msgspec.Struct, frozen=True):
    """An arc: both ends in degrees, and its song's pair of colours."""

    start: tuple[float, float]
    end: tuple[float, float]
    pair: int

    @property
    def places(self) -> tuple[Place, Place]:
        """Both ends."""
        return Place(*self.start), Place(*self.end)


class Overview(msgspec.Struct, frozen=True):
    """A globe in words.

    Attributes:
        title: what is shown, such as "Brazil", or what this is all about.
        subtitle: a sentence about it.
        about: date and source of what is shown.
        at_s: epoch seconds, for the sun.
        flights: the connections; the globe is turned to the first.
        middle: lon and lat of what the globe is turned to instead, if there are none.
    """

    title: str
    subtitle: str
    about: str
    at_s: float
    flights: tuple[Flight, ...] = ()
    middle: tuple[float, float] | None = None

    @property
    def pairs(self) -> tuple[int, ...]:
        """The pairs of colours that are in the picture; the first pair where it has no arc."""
        return tuple(dict.fromkeys(flight.pair for flight in self.flights[:ARCS_MAX])) or (0,)


def overview(told: Overview, fonts: Fonts) -> Drawn:
    """Draw what is CARD large. Where the title runs from right to left, it is its mirror image."""
    mirrored = is_right_to_left(told.title)
    frame = Frame(*CARD, 340 if mirrored else 860, 322, 262)
    view = _view(told, frame)
    page = Page(fonts, 1136 if mirrored else 64, "end" if mirrored else "start", 500)
    title = page.fit(told.title, BOLD, sizes((72, 60, 1), (64, 50, 2), (48, 38, 3), (34, 32, 4)))
    subtitle = page.fit(told.subtitle, REGULAR, sizes((30, 26, 2), (24, 22, 3)))
    page.wordmark(84)
    page.y = 104 + (440 - (title.height + subtitle.height) * LINE - 20) / 2
    page.lines(title, BOLD, TEXT)
    page.y += 20
    page.lines(subtitle, REGULAR, WARM)
    page.line(told.about, 588, 20, REGULAR, SOFT)
    seen = [(each, view.seen(arc(*each.places))) for each in told.flights[:ARCS_MAX]]
    tiles = [song_arc(points[:, :2], each.pair) for each, points in seen if _is_in_sight(points, view)]
    edges = (900, 610, 0.9) if mirrored else (300, 590, 0.9)
    return Drawn(veiled(painted(frame, view), *edges, axis=1), [*tiles, *page.tiles])


def _view(told: Overview, frame: Frame) -> View:
    if told.flights:
        return look(*told.flights[0].places, frame, told.at_s)
    return facing(Place(*told.middle) if told.middle else WIDE_VIEW, frame, told.at_s)


def _is_in_sight(points: Floats, view: View) -> bool:
    """Tell whether no point of an arc is behind the globe."""
    beside = np.hypot(points[:, 0] - view.x, points[:, 1] - view.y) > view.radius
    return bool(np.all((points[:, 2] >= 0) | beside))
