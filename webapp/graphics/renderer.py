"""Drawing of pictures in a process of its own: it takes a tenth of a second, in which no viewer would get a frame."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Iterator

import msgspec
import numpy as np
import resvg_py
from PIL import Image

from webapp.engine.childprocess import Child, LostError, give_way, serve
from webapp.graphics.cardpage import SOFT, WARM, Tile
from webapp.graphics.cards import KINDS, CardText, Drawn
from webapp.graphics.fonts import Fonts, load_fonts
from webapp.graphics.overviewcards import Overview, overview
from webapp.graphics.palette import DARK, PAIRS
from webapp.graphics.qrcodes import code_svg

ANSWER_S = 20.0

log = logging.getLogger(__name__)
_JOINED = re.compile("[\u0600-\u06ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff]")
"""Letters of Arabic, of India's scripts, Burmese and Khmer, which fonts draw together."""


class Job(msgspec.Struct):
    """A picture to be drawn: of a moment one of `cards.KINDS`, of an overview, or of an address a code.

    Attributes:
        kind: one of `cards.KINDS`, "overview", "code.svg" or "code.png".
        told: the moment.
        overview: the globe.
        address: what the code says.
    """

    kind: str
    told: CardText | None = None
    overview: Overview | None = None
    address: str = ""


class Picture(msgspec.Struct):
    """A file's bytes."""

    data: bytes


class _Start(msgspec.Struct):
    """There is nothing that the child need be told first."""


class Renderer:
    """Draws pictures in a child process, one after another. Call it from any greenlet or thread."""

    def __init__(self) -> None:
        self.children = [Child(__name__, _Start, Picture, ANSWER_S)]

    def drawn(self, job: Job) -> bytes:
        """Return the picture, a PNG unless it is an SVG.

        Raises:
            OSError: two processes were lost over it, or none could be started.
        """
        (child,) = self.children
        try:
            return child.asked(lambda: job).data
        except LostError as error:
            log.warning("the process that draws pictures was lost (%s); another one takes over", error)
            return child.asked(lambda: job).data

    def stop(self) -> None:
        """End the process."""
        for child in self.children:
            child.stop()


def draw(job: Job, fonts: Fonts) -> bytes:
    """Draw a picture here."""
    if job.overview is not None:
        return composed(overview(job.overview, fonts), fonts, job.overview.pairs)
    if job.told is None:
        svg = code_svg(job.address)
        return (
            svg.encode() if job.kind.endswith(".svg") else resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True)
        )
    return composed(KINDS[job.kind](job.told, fonts), fonts, (job.told.pair,))


def composed(drawn: Drawn, fonts: Fonts, pairs: tuple[int, ...]) -> bytes:
    """Lay the texts over the globe; 256 colours, chosen for the songs, are a third of the bytes."""
    for tile in drawn.tiles:
        if layer := _layer(tile, fonts):
            drawn.globe.paste(layer, (tile.left, tile.top), layer)
    few = drawn.globe.quantize(palette=_palette(pairs), dither=Image.Dither.NONE)
    out = io.BytesIO()
    few.save(out, "PNG", compress_level=4)
    return out.getvalue()


def _layer(tile: Tile, fonts: Fonts) -> Image.Image | None:
    """Draw a tile; where resvg cannot join its letters, with letters apart; nothing where that fails, too."""
    files = [str(path) for path in fonts.paths(tile.texts)]
    for svg in (tile.svg, _JOINED.sub("\\g<0>\u200c", tile.svg)):
        try:
            return Image.open(io.BytesIO(_png(svg, files)))
        except BaseException as error:  # a panic of resvg is no Exception, and its class cannot be imported
            if type(error).__name__ != "PanicException":
                raise
    return None


def _png(svg: str, fonts: list[str]) -> bytes:
    """Draw an SVG with these fonts and no others, so that it is the same everywhere."""
    return resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True, font_files=fonts)


def _palette(pairs: tuple[int, ...]) -> Image.Image:
    """Return the colours of a picture: the night's blues closely, then what stands before them, more or less bright."""
    ocean, land, lights = DARK["ocean"], DARK["land"], DARK["lights"]
    ground = ocean["ground"]
    ways = [
        ((ground, "#0d2a52", ocean["haze"], ocean["rim"]), 96),
        ((ground, "#142f60", "#2f66c0"), 36),
        ((ground, land["night"], land["day"], "#ffffff"), 32),
        ((ground, land["dusk"], lights["large"]), 8),
        ((ground, lights["small"], lights["large"]), 14),
        *_ways_of_songs(ground, pairs),
        ((ground, WARM), 8),
        ((ground, SOFT), 10),
        ((ground, "#9a7bff"), 6),
    ]
    colours = np.concatenate([_ramp(stops, count) for stops, count in ways])
    palette = Image.new("P", (1, 1))
    palette.putpalette(colours.astype(np.uint8).tobytes())
    return palette


def _ways_of_songs(ground: str, pairs: tuple[int, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield what the arcs take: 46 colours, however many songs there are."""
    for first, second in (PAIRS["dark"][pair] for pair in pairs):
        yield (ground, first, "#ffffff"), 18 // len(pairs)
        yield (ground, second, "#ffffff"), 18 // len(pairs)
        yield (first, second), 10 // len(pairs)


def _ramp(stops: tuple[str, ...], count: int) -> np.ndarray:
    """Return so many colours from the first stop to the last."""
    rgb = np.array([list(bytes.fromhex(stop.removeprefix("#"))) for stop in stops], float)
    at = np.linspace(0, len(stops) - 1, count)
    return np.stack([np.interp(at, range(len(stops)), rgb[:, channel]) for channel in range(3)], axis=1).round()


def _begin(_start: _Start) -> Callable[[Job], Picture]:
    give_way()
    fonts = load_fonts()
    return lambda job: Picture(draw(job, fonts))


if __name__ == "__main__":
    serve(_Start, Job, _begin)
