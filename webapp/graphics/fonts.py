"""The fonts of the pictures: which has a character, how wide a text is, where it may be broken. Pure.

`webapp/data/fonts` is made by `scripts/build_fonts.py`. Widths are sums of advances: kerning and ligatures, which a
drawn text has, make it a little narrower, hardly ever wider.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from webapp.resources import PACKAGE

FOLDER = PACKAGE / "data" / "fonts"
BY_WIDTH = 1000
REGULAR, BOLD = 400, 700
ELLIPSIS = "…"
_KANA = range(0x3040, 0x3100)
_JAPANESE, _CHINESE = "Noto Sans CJK JP", "Noto Sans CJK SC"
_HAN_AND_KANA = range(0x2E80, 0xA000)
"""Need no space to be broken; Thai, Lao, Khmer and Burmese are broken only where nothing else helps."""
_NEVER_FIRST = frozenset("、。，．・：；？！）」』】〕〉》ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々…ะาำๅๆฯ!?,.;:)]")
_NEVER_LAST = frozenset("（「『【〔〈《เแโใไ([")


@dataclass(frozen=True, slots=True)
class Face:
    """One font file: its family and weight, and its characters' advances, in thousandths of the size."""

    path: Path
    family: str
    weight: int
    advances: dict[int, int]


@dataclass(frozen=True, slots=True)
class Run:
    """A part of a text that one family draws."""

    family: str
    text: str


class Fonts:
    """Families in the order in which a character looks for one that has it."""

    def __init__(self, faces: Iterable[Face]) -> None:
        self._faces: dict[str, dict[int, Face]] = {}
        for face in faces:
            self._faces.setdefault(face.family, {})[face.weight] = face
        self._codes = {
            family: frozenset(code for face in faces.values() for code in face.advances)
            for family, faces in self._faces.items()
        }
        self._measured = lru_cache(4096)(self._measure)  # the same words are measured for one size after another

    def faces(self) -> list[Face]:
        """Return all fonts, in the order of families."""
        return [face for faces in self._faces.values() for face in faces.values()]

    def face(self, family: str, weight: int) -> Face:
        """The family's font of a weight, or the one that it has."""
        faces = self._faces[family]
        return faces.get(weight) or next(iter(faces.values()))

    def has(self, character: str) -> bool:
        """Tell whether any family has a character."""
        return any(self._covers(family, ord(character)) for family in self._faces)

    def runs(self, text: str) -> list[Run]:
        """Cut a text where its family changes; what no family has is left out, so that there are no empty boxes."""
        order = _ordered(self._faces, text)
        runs: list[Run] = []
        for character in text:
            family = self._family(ord(character), order, runs[-1].family if runs else "")
            if runs and family == runs[-1].family:
                runs[-1] = Run(family, runs[-1].text + character)
            elif family:
                runs.append(Run(family, character))
        return runs

    def width(self, text: str, weight: int) -> float:
        """How wide a text is at size 1."""
        return self._measured(text, weight)

    def _measure(self, text: str, weight: int) -> float:
        return sum(self._width(run, weight) for run in self.runs(text)) / BY_WIDTH

    def paths(self, texts: Iterable[str]) -> list[Path]:
        """The files that these texts need, both weights, in the order of families."""
        needed = {run.family for text in texts for run in self.runs(text)}
        return [face.path for family, faces in self._faces.items() if family in needed for face in faces.values()]

    def missing(self) -> list[Path]:
        """The files that are not where they should be."""
        return [face.path for face in self.faces() if not face.path.is_file()]

    def _family(self, code: int, order: list[str], current: str) -> str:
        if current and self._covers(current, code) and not chr(code).isascii():
            return current
        if current and self._covers(current, code) and not chr(code).isalnum():
            return current  # spaces and punctuation go with the word before them
        return next((family for family in order if self._covers(family, code)), "")

    def _covers(self, family: str, code: int) -> bool:
        return code in self._codes[family]

    def _width(self, run: Run, weight: int) -> int:
        advances = self.face(run.family, weight).advances
        return sum(advances.get(ord(character), BY_WIDTH) for character in run.text)


def _ordered(families: Iterable[str], text: str) -> list[str]:
    """Han looks as the language has it that the text is in: with kana Japanese, else Chinese."""
    japanese = any(ord(character) in _KANA for character in text)
    last = _CHINESE if japanese else _JAPANESE
    return sorted(families, key=lambda family: family == last)


@cache
def load_fonts(folder: Path = FOLDER) -> Fonts:
    """Read the table of the fonts; an OSError if it is not there."""
    with np.load(folder / "advances.npz") as table:
        ends = np.cumsum(table["count"])
        codes, widths = np.split(table["code"], ends[:-1]), np.split(table["advance"], ends[:-1])
        columns = (table["name"].tolist(), table["family"].tolist(), table["weight"].tolist(), codes, widths)
    return Fonts(
        Face(folder / name, family, weight, dict(zip(code.tolist(), width.tolist(), strict=True)))
        for name, family, weight, code, width in zip(*columns, strict=True)
    )


def is_right_to_left(text: str) -> bool:
    """Tell which way a text runs: as its first letter does."""
    strong = (kind for kind in map(unicodedata.bidirectional, text) if kind in ("L", "R", "AL"))
    return next(strong, "L") != "L"


@dataclass(frozen=True, slots=True)
class Fitted:
    """A text in lines, and the size at which they fit."""

    lines: list[str]
    size: int

    @property
    def height(self) -> int:
        """Of all lines, without what is between them."""
        return self.size * len(self.lines)


def fitted(fonts: Fonts, text: str, weight: int, width: float, sizes: Iterable[tuple[int, int]]) -> Fitted:
    """Break a text into lines of a width at the first size at which there are few enough, else cut it.

    Args:
        fonts: measure it.
        text: what is to be broken.
        weight: in which it is drawn.
        width: of a line, in the unit of the sizes.
        sizes: the largest first, each with how many lines there may be.
    """
    size, most, lines = 0, 0, [""]
    for size, most in sizes:
        lines = broken(fonts, text, weight, width / size)
        if len(lines) <= most and not _has_cut_word(lines, text):
            return Fitted(_balanced(fonts, lines, text, weight, width / size), size)
    return Fitted(_cut(fonts, lines, weight, width / size, most), size)


def broken(fonts: Fonts, text: str, weight: int, width: float) -> list[str]:
    """Break a text into lines at most so wide, at size 1; where a word is wider it is broken too."""
    lines, used = [""], 0.0
    for piece in _pieces(text):
        for part in _parts(fonts, piece, weight, width):
            if lines[-1] and used + fonts.width(part.rstrip(), weight) > width:
                lines, used = [*lines, ""], 0.0
            lines[-1] += part
            used += fonts.width(part, weight)
    return [line.strip() for line in lines]


def _balanced(fonts: Fonts, lines: list[str], text: str, weight: int, width: float) -> list[str]:
    """Make the lines about as long as each other, as many as they are."""
    for part in range(12, 20):
        closer = broken(fonts, text, weight, width * part / 20)
        if len(closer) == len(lines) and not _has_cut_word(closer, text):
            return closer
    return lines


def _has_cut_word(lines: list[str], text: str) -> bool:
    """Tell whether a word was broken that has spaces around it."""
    whole = {piece.strip() for piece in _pieces(text)}
    return any(not _ends_piece(line, whole) for line in lines)


def _ends_piece(line: str, whole: set[str]) -> bool:
    last = list(_pieces(line))
    return not last or last[-1].strip() in whole


def _cut(fonts: Fonts, lines: list[str], weight: int, width: float, most: int) -> list[str]:
    """Keep so many lines; the last ends in an ellipsis, after a whole word unless that would be most of the line."""
    if len(lines) <= most:
        return lines
    clusters = list(_clusters(lines[most - 1]))
    while clusters and fonts.width("".join(clusters).rstrip() + ELLIPSIS, weight) > width:
        clusters.pop()
    kept = "".join(clusters)
    words = kept if lines[most - 1] == kept else kept.rpartition(" ")[0]
    return [*lines[: most - 1], (words if 2 * len(words) > len(kept) else kept).rstrip(" ,.;:") + ELLIPSIS]


def _parts(fonts: Fonts, piece: str, weight: int, width: float) -> Iterator[str]:
    if fonts.width(piece.rstrip(), weight) <= width:
        yield piece
        return
    part = ""
    for cluster in _clusters(piece):
        if part and fonts.width(part + cluster, weight) > width:
            yield part
            part = ""
        part += cluster
    yield part


def _pieces(text: str) -> Iterator[str]:
    """Yield what stands between the places where a line may end, spaces with what is before them."""
    piece = ""
    for cluster in _clusters(text):
        if piece and _may_break(piece[-1], cluster[0]):
            yield piece
            piece = ""
        piece += cluster
    if piece:
        yield piece


def _may_break(before: str, after: str) -> bool:
    if after in _NEVER_FIRST or before in _NEVER_LAST or after.isspace():
        return False
    return before.isspace() or any(ord(end) in _HAN_AND_KANA for end in (before, after))


def _clusters(text: str) -> Iterator[str]:
    """Yield letters with their marks, roughly as a reader counts them."""
    cluster = ""
    for character in text:
        joined = unicodedata.category(character).startswith("M") or character in "\u200c\u200d\u0e30\u0e32\u0e33"
        follows = joined or cluster[-1:] in _LEADING or cluster[-1:] in _JOINING
        if cluster and not follows:
            yield cluster
            cluster = ""
        cluster += character
    if cluster:
        yield cluster


_LEADING = frozenset("เแโใไ")
_JOINING = frozenset("\u200d\u094d\u09cd\u0ccd\u0d4d\u0c4d\u17d2\u1039")
"""After a joiner or a virama the next letter belongs to the same cluster."""
