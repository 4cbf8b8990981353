"""Build the fonts of pictures: `python scripts/build_fonts.py [--from FOLDER]` writes `webapp/data/fonts`.

They are subsets of Noto, from Debian bookworm's fonts-noto-core and fonts-noto-cjk. Han is limited to the characters of
GB 2312, Big5's first level and JIS X 0208; all other scripts are complete. `advances.npz` beside the fonts has each
font's characters and their widths, so that the server does not need to open a font.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from fontTools import subset
from fontTools.ttLib import TTFont

FONTS = Path("/usr/share/fonts")
TO = Path(__file__).parent.parent / "webapp" / "data" / "fonts"
WEIGHTS = {"Regular": 400, "Bold": 700}
SCRIPTS = (
    *("Arabic", "Hebrew", "Devanagari", "Bengali", "Tamil", "Telugu", "Kannada", "Malayalam", "Gujarati", "Gurmukhi"),
    *("Oriya", "Sinhala", "Thai", "Lao", "Khmer", "Myanmar", "Georgian", "Armenian", "Ethiopic", "Cherokee"),
)
CJK = {"JP": 0, "KR": 1, "SC": 2}
"""Index of each font in the collection."""
UNITS_PER_EM = 1000
"""Unit of the advances: this many are the font's size."""

COMMON = {*map(ord, " !\"'()*,-./:;?[]«»‘’“”…–—·"), 0xA0, 0x200C, 0x200D, 0x200E, 0x200F, 0x25CC}
LATIN = {
    *range(0x20, 0x530),
    *range(0x1D00, 0x1DC0),
    *range(0x1E00, 0x2070),
    *range(0x2070, 0x2190),
    *range(0x2190, 0x2200),
    *range(0x2C60, 0x2C80),
    *range(0xA640, 0xA7C0),
    *range(0xFB00, 0xFB07),
}
SYMBOLS = {*range(0x2190, 0x2200), *range(0x25A0, 0x2760), *range(0x1F3A0, 0x1F400)}
HANGUL = {*range(0xAC00, 0xD7A4), *range(0x3131, 0x318F)}
WIDE = {*range(0x3000, 0x3040), *range(0x30FB, 0x30FD), *range(0xFF01, 0xFF5F)}


@dataclass(frozen=True, slots=True)
class Face:
    """A font to build, and its source."""

    family: str
    weight: str
    source: str
    number: int
    wanted: frozenset[int] | None

    @property
    def name(self) -> str:
        """The file's name."""
        ending = "otf" if self.source.endswith("ttc") else "ttf"
        return f"{self.family.replace(' ', '')}-{self.weight}.{ending}"


def faces() -> Iterator[Face]:
    """Yield all fonts, in the order in which they are searched for a character."""
    for family, wanted in [("Noto Sans", LATIN), *((f"Noto Sans {script}", None) for script in SCRIPTS)]:
        for weight in WEIGHTS:
            source = f"truetype/noto/{family.replace(' ', '')}-{weight}.ttf"
            yield Face(family, weight, source, 0, frozenset(wanted) if wanted else None)
    han = {"JP": _coded("shift_jis"), "SC": _coded("gb2312") | _coded("big5", last=0xC67E), "KR": HANGUL}
    for code, wanted in han.items():
        chosen = frozenset(wanted - LATIN | WIDE | COMMON)
        yield Face(f"Noto Sans CJK {code}", "Bold", "opentype/noto/NotoSansCJK-Bold.ttc", CJK[code], chosen)
    source = "truetype/noto/NotoSansSymbols2-Regular.ttf"
    yield Face("Noto Sans Symbols2", "Regular", source, 0, frozenset(SYMBOLS))


def _coded(name: str, last: int = 0xFFFF) -> set[int]:
    """Return an encoding's two-byte characters, up to the code `last`."""
    pairs = (bytes([lead, trail]) for lead in range(0x81, 0xFF) for trail in range(0x40, 0xFF))
    texts = (pair.decode(name, "ignore") for pair in pairs if int.from_bytes(pair, "big") <= last)
    return {ord(text) for text in texts if len(text) == 1}


def make(face: Face, source: Path) -> tuple[Face, dict[int, int]]:
    """Write a font; return it with the width of each character."""
    font = TTFont(source / face.source, fontNumber=face.number, recalcTimestamp=False)
    wanted = face.wanted or {code for code in font.getBestCmap() if code > 0x24F or code in COMMON}
    cutter = subset.Subsetter(_options(han=face.source.endswith("ttc")))
    cutter.populate(unicodes=wanted)
    cutter.subset(font)
    font.save(TO / face.name)
    scale = UNITS_PER_EM / font["head"].unitsPerEm
    return face, {code: round(font["hmtx"][name][0] * scale) for code, name in sorted(font.getBestCmap().items())}


def _options(*, han: bool) -> subset.Options:
    options = subset.Options(hinting=False, notdef_outline=True, name_IDs=[0, 1, 2, 4, 6, 13, 14])
    options.drop_tables += ["vhea", "vmtx", "VORG", "BASE", "DSIG"]
    if han:  # variants for other languages and vertical text would double the size
        options.layout_features = ["ccmp", "kern", "mark", "mkmk"]
    return options


def advances(made: list[tuple[Face, dict[int, int]]]) -> dict[str, Any]:
    """Return columns with the characters and advances of all faces."""
    return {
        "name": np.array([face.name for face, _ in made]),
        "family": np.array([face.family for face, _ in made]),
        "weight": np.array([WEIGHTS[face.weight] for face, _ in made], np.uint16),
        "count": np.array([len(widths) for _, widths in made], np.uint32),
        "code": np.concatenate([np.fromiter(widths, np.uint32) for _, widths in made]),
        "advance": np.concatenate([np.fromiter(widths.values(), np.uint16) for _, widths in made]),
    }


def main() -> None:
    """Write the fonts and the table, and print their size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="source", type=Path, default=FONTS, help="folder of installed fonts")
    source = parser.parse_args().source
    TO.mkdir(exist_ok=True)
    all_faces = list(faces())
    with ProcessPoolExecutor() as pool:
        made = list(pool.map(make, all_faces, [source] * len(all_faces)))
    np.savez_compressed(TO / "advances.npz", **advances(made))
    size = sum(path.stat().st_size for path in TO.iterdir())
    print(f"{len(made)} fonts, {sum(len(widths) for _, widths in made)} characters, {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
