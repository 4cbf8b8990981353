"""Draws pictures in a separate process: a picture takes a tenth of a second, which would delay viewers' frames."""

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
from webapp.graphics.cards import KINDS, CardText, Composition
from webapp.graphics.fonts import Fonts, load_fonts
from webapp.graphics.overviewcards import Overview, overview
from webapp.graphics.palette import DARK, GROUNDS, PAIRS
from webapp.graphics.qrcodes import code_svg

TIMEOUT_S = 20.0

log = logging.getLogger(__name__)
_JOINING_LETTERS = re.compile("[\u0600-\u06ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff]")
"""Letters of Arabic, Indian scripts, Burmese and Khmer, which fonts join."""


class Job(msgspec.Struct):
    """A picture to draw: a moment, an overview, or a QR code.

    Attributes:
        kind: one of `cards.KINDS`, "overview", "code.svg" or "code.png".
        moment: the moment's texts.
        overview: the overview's texts and arcs.
        address: the address in the QR code.
    """

    kind: str
    moment: CardText | None = None
    overview: Overview | None = None
    address: str = ""


class Picture(msgspec.Struct):
    """The bytes of a picture's file."""

    data: bytes


class _Start(msgspec.Struct):
    """An empty start message: the child needs no configuration."""


class Renderer:
    """Draws pictures in a child process, one at a time. Thread-safe."""

    def __init__(self) -> None:
        self.children = [Child("drawing", __name__, _Start, Picture, TIMEOUT_S)]

    def render(self, job: Job) -> bytes:
        """Return the picture as PNG, or as SVG for "code.svg".

        Raises:
            OSError: the child process died twice, or could not be started.
        """
        (child,) = self.children
        try:
            return child.asked(lambda: job).data
        except LostError as error:
            log.warning("the process that draws pictures died (%s); starting another one", error)
            return child.asked(lambda: job).data

    def stop(self) -> None:
        """End the process."""
        for child in self.children:
            child.stop()


def draw(job: Job, fonts: Fonts) -> bytes:
    """Draw a picture in this process."""
    if job.overview is not None:
        return encode_png(overview(job.overview, fonts), fonts, job.overview.pairs)
    if job.moment is None:
        svg = code_svg(job.address)
        return (
            svg.encode() if job.kind.endswith(".svg") else resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True)
        )
    return encode_png(KINDS[job.kind](job.moment, fonts), fonts, (job.moment.pair,))


def encode_png(composition: Composition, fonts: Fonts, pairs: tuple[int, ...]) -> bytes:
    """Draw the tiles over the globe, and return a PNG of 256 colours, which is a third of the bytes."""
    for tile in composition.tiles:
        if layer := _layer(tile, fonts):
            composition.globe.paste(layer, (tile.left, tile.top), layer)
    indexed = composition.globe.quantize(palette=_palette(pairs), dither=Image.Dither.NONE)
    out = io.BytesIO()
    indexed.save(out, "PNG", compress_level=4)
    return out.getvalue()


def _layer(tile: Tile, fonts: Fonts) -> Image.Image | None:
    """Draw a tile, with unjoined letters if resvg panics; return None if it panics again."""
    files = [str(path) for path in fonts.paths(tile.texts)]
    for svg in (tile.svg, _JOINING_LETTERS.sub("\\g<0>\u200c", tile.svg)):
        try:
            return Image.open(io.BytesIO(_png(svg, files)))
        except BaseException as error:  # a panic of resvg is not an Exception, and its class cannot be imported
            if type(error).__name__ != "PanicException":
                raise
    return None


def _png(svg: str, fonts: list[str]) -> bytes:
    """Draw an SVG with these fonts only, so that it is the same on every machine."""
    return resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True, font_files=fonts)


def _palette(pairs: tuple[int, ...]) -> Image.Image:
    """Return a picture's 256 colours: many blues of the night, and gradients for all that is drawn over them."""
    ocean, land, lights = DARK["ocean"], DARK["land"], DARK["lights"]
    ground = ocean["ground"]
    gradients = [
        ((ground, "#0d2a52", ocean["haze"], ocean["rim"]), 88),
        ((ground, "#142f60", "#2f66c0"), 36),
        ((ground, land["night"], land["day"], "#ffffff"), 32),
        ((ground, land["dusk"], lights["large"]), 8),
        ((ground, lights["small"], lights["large"]), 14),
        *_song_gradients(ground, pairs),
        ((GROUNDS["light"], *PAIRS["light"][pairs[0]], GROUNDS["light"]), 8),
        ((ground, WARM), 8),
        ((ground, SOFT), 10),
        ((ground, "#9a7bff"), 6),
    ]
    colours = np.concatenate([_gradient(stops, count) for stops, count in gradients])
    palette = Image.new("P", (1, 1))
    palette.putpalette(colours.astype(np.uint8).tobytes())
    return palette


def _song_gradients(ground: str, pairs: tuple[int, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield the gradients of arcs: at most 46 colours, however many songs there are."""
    for first, second in (PAIRS["dark"][pair] for pair in pairs):
        yield (ground, first, "#ffffff"), 18 // len(pairs)
        yield (ground, second, "#ffffff"), 18 // len(pairs)
        yield (first, second), 10 // len(pairs)


def _gradient(stops: tuple[str, ...], count: int) -> np.ndarray:
    """Return that many colours from the first stop to the last."""
    rgb = np.array([list(bytes.fromhex(stop.removeprefix("#"))) for stop in stops], float)
    at = np.linspace(0, len(stops) - 1, count)
    return np.stack([np.interp(at, range(len(stops)), rgb[:, channel]) for channel in range(3)], axis=1).round()


def _begin(_start: _Start) -> Callable[[Job], Picture]:
    give_way()
    fonts = load_fonts()
    return lambda job: Picture(draw(job, fonts))


if __name__ == "__main__":
    serve(_Start, Job, _begin)
