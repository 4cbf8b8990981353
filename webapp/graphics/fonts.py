"""The fonts of pictures: which font has a character, the width of a text, and line breaks.

`scripts/build_fonts.py` writes `webapp/data/fonts`. Widths are sums of advances, of Arabic letters as they are
joined: kerning and ligatures make the drawn text a little narrower, hardly ever wider.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from webapp.graphics.arabic import joined
from webapp.resources import PACKAGE

FOLDER = PACKAGE / "data" / "fonts"
UNITS_PER_EM = 1000
REGULAR, BOLD = 400, 700
ELLIPSIS = "…"
_KANA = range(0x3040, 0x3100)
_JAPANESE, _CHINESE = "Noto Sans CJK JP", "Noto Sans CJK SC"
_HAN_AND_KANA = range(0x2E80, 0xA000)
"""Lines can end without a space here. Thai, Lao, Khmer and Burmese words are only broken if they do not fit a line."""
_NEVER_FIRST = frozenset("、。，．・：；？！）」』】〕〉》ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々…ะาำๅๆฯ!?,.;:)]")
_NEVER_LAST = frozenset("（「『【〔〈《เแโใไ([")


@dataclass(frozen=True, slots=True)
class Face:
    """One font file: its family, its weight, and its characters' advances in thousandths of the font size."""

    path: Path
    family: str
    weight: int
    advances: dict[int, int]


@dataclass(frozen=True, slots=True)
class Run:
    """A part of a text in one family."""

    family: str
    text: str


class Fonts:
    """Font families, in the order in which they are searched for a character."""

    def __init__(self, faces: Iterable[Face]) -> None:
        self._faces: dict[str, dict[int, Face]] = {}
        for face in faces:
            self._faces.setdefault(face.family, {})[face.weight] = face
        self._codes = {
            family: frozenset(code for face in faces.values() for code in face.advances)
            for family, faces in self._faces.items()
        }
        self._measure_cached = lru_cache(4096)(self._measure)  # the same words are measured for one size after another

    def faces(self) -> list[Face]:
        """Return all fonts, in the order of their families."""
        return [face for faces in self._faces.values() for face in faces.values()]

    def face(self, family: str, weight: int) -> Face:
        """Return the family's font of a weight, or its only one."""
        faces = self._faces[family]
        return faces.get(weight) or next(iter(faces.values()))

    def has(self, character: str) -> bool:
        """Return whether any family has a character."""
        return any(self._covers(family, ord(character)) for family in self._faces)

    def runs(self, text: str) -> list[Run]:
        """Split a text where its family changes; skip characters that no family has, which would be empty boxes."""
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
        """Return the width of a text at size 1."""
        return self._measure_cached(text, weight)

    def _measure(self, text: str, weight: int) -> float:
        return sum(self._width(run, weight) for run in self.runs(text)) / UNITS_PER_EM

    def paths(self, texts: Iterable[str]) -> list[Path]:
        """Return the files that these texts need, all weights, in the order of their families."""
        needed = {run.family for text in texts for run in self.runs(text)}
        return [face.path for family, faces in self._faces.items() if family in needed for face in faces.values()]

    def missing(self) -> list[Path]:
        """Return the files that are missing."""
        return [face.path for face in self.faces() if not face.path.is_file()]

    def _family(self, code: int, order: list[str], current: str) -> str:
        if current and self._covers(current, code) and not chr(code).isascii():
            return current
        if current and self._covers(current, code) and not chr(code).isalnum():
            return current  # spaces and punctuation use the font of the word before them
        return next((family for family in order if self._covers(family, code)), "")

    def _covers(self, family: str, code: int) -> bool:
        return code in self._codes[family]

    def _width(self, run: Run, weight: int) -> int:
        advances = self.face(run.family, weight).advances
        return sum(advances.get(ord(character), UNITS_PER_EM) for character in joined(run.text))


def _ordered(families: Iterable[str], text: str) -> list[str]:
    """Return the families with the right shapes of Han first: Japanese if the text has kana, else Chinese."""
    japanese = any(ord(character) in _KANA for character in text)
    last = _CHINESE if japanese else _JAPANESE
    return sorted(families, key=lambda family: family == last)


@cache
def load_fonts(folder: Path = FOLDER) -> Fonts:
    """Load the fonts' table.

    Raises:
        OSError: it cannot be read.
    """
    with np.load(folder / "advances.npz") as table:
        ends = np.cumsum(table["count"])
        codes, widths = np.split(table["code"], ends[:-1]), np.split(table["advance"], ends[:-1])
        columns = (table["name"].tolist(), table["family"].tolist(), table["weight"].tolist(), codes, widths)
    return Fonts(
        Face(folder / name, family, weight, dict(zip(code.tolist(), width.tolist(), strict=True)))
        for name, family, weight, code, width in zip(*columns, strict=True)
    )


def is_right_to_left(text: str) -> bool:
    """Return whether a text runs from right to left, as its first letter does."""
    strong = (kind for kind in map(unicodedata.bidirectional, text) if kind in ("L", "R", "AL"))
    return next(strong, "L") != "L"


@dataclass(frozen=True, slots=True)
class FittedText:
    """The lines of a text, and the font size at which they fit."""

    lines: list[str]
    size: int

    @property
    def height(self) -> int:
        """Height of all lines, without line spacing."""
        return self.size * len(self.lines)


def fit_text(fonts: Fonts, text: str, weight: int, width: float, sizes: Iterable[tuple[int, int]]) -> FittedText:
    """Break a text into lines at the first size at which it fits; truncate it if it fits at none.

    Args:
        fonts: the fonts.
        text: the text.
        weight: the font weight.
        width: width of a line, in the unit of the sizes.
        sizes: font sizes, the largest first, each with its most lines.
    """
    size, max_lines, lines = 0, 0, [""]
    for size, max_lines in sizes:
        lines = break_lines(fonts, text, weight, width / size)
        if len(lines) <= max_lines and not _has_broken_word(lines, text):
            return FittedText(_balanced(fonts, lines, text, weight, width / size), size)
    return FittedText(_truncated(fonts, lines, weight, width / size, max_lines), size)


def break_lines(fonts: Fonts, text: str, weight: int, width: float) -> list[str]:
    """Break a text into lines of at most a width, at size 1; break words only if they are wider."""
    lines, used = [""], 0.0
    for piece in _pieces(text):
        for part in _split(fonts, piece, weight, width):
            if lines[-1] and used + fonts.width(part.rstrip(), weight) > width:
                lines, used = [*lines, ""], 0.0
            lines[-1] += part
            used += fonts.width(part, weight)
    return [line.strip() for line in lines]


def _balanced(fonts: Fonts, lines: list[str], text: str, weight: int, width: float) -> list[str]:
    """Make the lines about equally long, without adding one."""
    for part in range(12, 20):
        narrower = break_lines(fonts, text, weight, width * part / 20)
        if len(narrower) == len(lines) and not _has_broken_word(narrower, text):
            return narrower
    return lines


def _has_broken_word(lines: list[str], text: str) -> bool:
    """Return whether a line ends within a piece that should stay whole."""
    whole = {piece.strip() for piece in _pieces(text)}
    return any(not _ends_piece(line, whole) for line in lines)


def _ends_piece(line: str, whole: set[str]) -> bool:
    last = list(_pieces(line))
    return not last or last[-1].strip() in whole


def _truncated(fonts: Fonts, lines: list[str], weight: int, width: float, max_lines: int) -> list[str]:
    """Keep `max_lines` lines and end the last with an ellipsis, after a whole word unless half the line would go."""
    if len(lines) <= max_lines:
        return lines
    clusters = list(_clusters(lines[max_lines - 1]))
    while clusters and fonts.width("".join(clusters).rstrip() + ELLIPSIS, weight) > width:
        clusters.pop()
    line = "".join(clusters)
    words = line if lines[max_lines - 1] == line else line.rpartition(" ")[0]
    return [*lines[: max_lines - 1], (words if 2 * len(words) > len(line) else line).rstrip(" ,.;:") + ELLIPSIS]


def _split(fonts: Fonts, piece: str, weight: int, width: float) -> Iterator[str]:
    """Yield a piece, in parts if it is wider than a line."""
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
    """Yield the pieces between possible line breaks, each with the spaces after it."""
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
    """Yield letters with their marks, roughly as a reader counts letters."""
    cluster = ""
    for character in text:
        is_mark = unicodedata.category(character).startswith("M") or character in "\u200c\u200d\u0e30\u0e32\u0e33"
        continues = is_mark or cluster[-1:] in _LEADING or cluster[-1:] in _JOINING
        if cluster and not continues:
            yield cluster
            cluster = ""
        cluster += character
    if cluster:
        yield cluster


_LEADING = frozenset("เแโใไ")
_JOINING = frozenset("\u200d\u094d\u09cd\u0ccd\u0d4d\u0c4d\u17d2\u1039")
"""After a joiner or a virama the next letter belongs to the same cluster."""
