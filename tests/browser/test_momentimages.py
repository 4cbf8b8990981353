"""Pictures of the page at three sizes and in two themes, with every script of the seed's catalogue on it, and what a
machine can see of them. They go to `build/pictures`, or to the folder that PICTURES names."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import FakeVisit, Visit
from tests.browser.fakestream import GAZETTEER, Song
from tests.serving import ROOT, Server
from webapp.seed.catalogue import Track, load_catalogue

pytestmark = pytest.mark.timeout(300)
FOLDER = Path(os.environ.get("PICTURES") or ROOT / "build" / "pictures")
SIZES: dict[str, dict[str, Any]] = {
    "laptop": {"viewport": {"width": 1440, "height": 900}, "device_scale_factor": 1},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "has_touch": True,
        "is_mobile": True,
    },
    "wall": {"viewport": {"width": 3840, "height": 2160}, "device_scale_factor": 1},
}
HOMES = {
    "am": ("Addis Ababa", "ET", "Nairobi", "KE"),
    "hy": ("Yerevan", "AM", "Paris", "FR"),
    "ka": ("Tbilisi", "GE", "Berlin", "DE"),
    "ta": ("Chennai", "IN", "Singapore", "SG"),
    "bn": ("Dhaka", "BD", "Dubai", "AE"),
    "cs": ("Prague", "CZ", "Vienna", "AT"),
    "ko": ("Seoul", "KR", "Jakarta", "ID"),
    "zh-Hant": ("Taipei", "TW", "Manila", "PH"),
    "ja": ("Tokyo", "JP", "Perth", "AU"),
    "th": ("Bangkok", "TH", "Kathmandu", "NP"),
    "ru": ("Novosibirsk", "RU", "Saint Petersburg", "RU"),
    "he": ("Tel Aviv", "IL", "Casablanca", "MA"),
    "el": ("Athens", "GR", "Johannesburg", "ZA"),
    "zh-Hans": ("Chengdu", "CN", "Almaty", "KZ"),
    "ar": ("Cairo", "EG", "Kuala Lumpur", "MY"),
    "hi": ("Mumbai", "IN", "Antananarivo", "MG"),
}
"""A language of each script, and two cities for it: one where it is spoken, and another; all seen from over India."""

WATCH = """globalThis.shifts = [];
new PerformanceObserver((list) => shifts.push(...list.getEntries())).observe({type: 'layout-shift', buffered: true});"""

SHIFT = "shifts.reduce((sum, {value}) => sum + value, 0)"

BOXES = """() => {
  const parts = ['.wordmark', '.tagline', '#explore', '.tools', '#counters p', 'footer', '.feed', '.label.shown .card'];
  return parts.flatMap((part) => [...document.querySelectorAll(part)].map((element) => {
    const {left, top, right, bottom} = element.getBoundingClientRect();
    return {name: `${part}: ${element.textContent.trim().slice(0, 40)}`, left, top, right, bottom};
  })).filter(({left, right, top, bottom}) => right > left && bottom > top);
}"""

WITHOUT_GLYPH = """(text) => {
  const context = new OffscreenCanvas(48, 48).getContext('2d', {willReadFrequently: true});
  context.font = getComputedStyle(document.body).font.replace(/^\\S+/, '24px');
  const drawn = (letter) => {
    context.clearRect(0, 0, 48, 48);
    context.fillText(letter, 8, 34);
    return context.getImageData(0, 0, 48, 48).data.join();
  };
  const missing = drawn('\\u0378');  // nobody's letter
  return [...new Set(text)].filter((letter) => letter.trim() && drawn(letter) === missing);
}"""

FAINT = """async ([png, lines]) => {
  const bytes = Uint8Array.from(atob(png), (c) => c.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], {type: 'image/png'}));
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d', {willReadFrequently: true});
  context.drawImage(bitmap, 0, 0);
  const linear = (part) => (part <= 10.31475 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const scale = bitmap.width / innerWidth;
  return lines.flatMap(({text, colour, enough, left, top, width, height}) => {
    const box = [left, top, Math.max(1, width), Math.max(1, height)].map((part) => part * scale);
    const {data} = context.getImageData(...box);
    const ink = light(colour);
    let worst = 21;
    for (let i = 0; i < data.length; i += 4) {
      const ground = light(data.subarray(i, i + 3));
      worst = Math.min(worst, (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05));
    }
    return worst < enough ? [`${text}: ${worst.toFixed(2)}`] : [];
  });
}"""

SEAM = """async (png) => {
  const bytes = Uint8Array.from(atob(png), (c) => c.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], {type: 'image/png'}));
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d', {willReadFrequently: true});
  context.drawImage(bitmap, 0, 0);
  const at = (x, y) => context.getImageData(x, y, 1, 1).data;
  const apart = (one, other) => Math.max(...one.map((part, i) => Math.abs(part - other[i])));
  const {left, top, right, width, height} = document.getElementById('stage').getBoundingClientRect();
  const scale = bitmap.width / innerWidth;
  const [x, upper, lower] = [left + width * 0.4, top, top + height * 0.3].map((part) => Math.ceil(part * scale));
  const last = Math.floor(right * scale) - 1;
  return Math.max(apart(at(x, upper), at(x, upper + 4)), apart(at(last, lower), at(last - 4, lower)));
}"""
"""How much the globe's picture differs at its upper and its right edge from a little within, of 255."""
SEEN = 24

FITS = """(() => {
  const canvas = document.querySelector('#stage canvas');
  const fits = Math.abs(canvas.width - canvas.clientWidth) <= 2 && Math.abs(canvas.height - canvas.clientHeight) <= 2;
  return fits && new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn(true))));
})()"""
"""Whether the globe is drawn as large as it stands, at one pixel a pixel; asked again a frame later."""

LINES = """() => [
  ...document.querySelectorAll('.label.shown span, .tagline, #counters :is(b, span)'),
].flatMap((element) => {
  const [own, style, text] = [element.getBoundingClientRect(), getComputedStyle(element), document.createRange()];
  text.selectNodeContents(element);
  const colour = style.color.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const height = parseFloat(style.fontSize);
  return [...text.getClientRects()].map((line) => {
    const left = Math.max(own.left, line.left);
    const top = (line.top + line.bottom - height) / 2;
    const width = Math.min(own.right, line.right) - left;
    return {text: element.textContent, colour, left, top, width, height, enough: height < 24 ? 4.5 : 3};
  });
})"""
"""Where words are over the globe, line by line; enough: WCAG 2.2's contrast for their size."""


FURTHER = """() => {
  const list = document.getElementById('feed');
  const before = list.scrollTop;
  list.scrollTop += list.clientHeight * 0.7;
  return list.scrollTop > before;
}"""

BEYOND = """() => {
  const {scrollWidth, scrollHeight} = document.documentElement;
  return [scrollWidth - innerWidth, scrollHeight - innerHeight];
}"""

NOBODYS = "\u0379"
"""A character that no font has, for it is none."""

INK = """(colour) => {
  for (const element of document.querySelectorAll('.label span, .tagline, #counters *')) element.style.color = colour;
}"""


def songs() -> dict[str, Track]:
    """The catalogue's first song of each script, by its language."""
    found = {language: next(t for t in load_catalogue() if t.language == language) for language in HOMES}
    longest = max(load_catalogue(), key=lambda track: len(track.title) + len(track.artist))
    return found | {longest.language: longest} if longest.language in found else found


def in_every_script() -> Iterator[Song]:
    """A song in each script, for a connection."""
    for language, track in songs().items():
        one, other = (GAZETTEER[GAZETTEER.by_name(*place)] for place in (HOMES[language][:2], HOMES[language][2:]))
        yield Song(track.title, (one.geoname_id, other.geoname_id), track.artist)


def overlapping(page: Page) -> list[str]:
    """Which of the page's parts and labels lie over one another."""
    boxes: list[dict[str, Any]] = page.evaluate(BOXES)
    return [
        f"{a['name']} / {b['name']}"
        for i, a in enumerate(boxes)
        for b in boxes[:i]
        if min(a["right"], b["right"]) - max(a["left"], b["left"]) > 0.5
        and min(a["bottom"], b["bottom"]) - max(a["top"], b["top"]) > 0.5
    ]


def seam(page: Page, png: bytes) -> int:
    """How much the edges of the globe's picture differ from what is beside them, of 255."""
    difference: int = page.evaluate(SEAM, base64.b64encode(png).decode())
    return difference


def faint(page: Page) -> list[str]:
    """The words over the globe whose contrast with what is behind them is too low somewhere."""
    lines = page.evaluate(LINES)
    page.evaluate(INK, "transparent")
    png = base64.b64encode(page.screenshot()).decode()
    page.evaluate(INK, "")
    words: list[str] = page.evaluate(FAINT, [png, lines])
    return words


def further(page: Page, name: str) -> list[Path]:
    """Keep what the list shows further down; gives the files."""
    kept: list[Path] = []
    while page.evaluate(FURTHER):
        kept.append(FOLDER / f"{name}-{len(kept) + 2}.png")
        page.locator(".feed").screenshot(path=kept[-1])
    page.evaluate("document.getElementById('feed').scrollTop = 0")
    return kept


@pytest.mark.parametrize(
    "size", [pytest.param(size, marks=[] if size == "phone" else pytest.mark.long) for size in SIZES]
)
def test_every_script_is_drawn_whole_and_nothing_lies_over_anything(
    idle: Server, fake_visit: Callable[..., FakeVisit], size: str, capsys: pytest.CaptureFixture[str]
) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    visitor = fake_visit("", webgl=True, still=True, **SIZES[size], color_scheme="dark", timezone_id="Asia/Karachi")
    visitor.page.add_init_script(WATCH)
    visitor.hold(30)
    page = visitor.open(f"{idle.url}/{'?wall=1' * (size == 'wall')}")
    visitor.stream.send(in_every_script())
    visitor.wait(f"document.querySelectorAll('#feed li').length === {len(HOMES)}")
    visitor.pass_time_until("document.querySelectorAll('.label.song.shown').length > 1")
    visitor.stream.pass_time(4)  # the farthest arc lands
    assert page.evaluate(SHIFT) < 0.02
    kept = []
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme)
        visitor.wait(f"document.documentElement.dataset.look === '{theme}'")
        visitor.stream.pass_time(0.5)
        kept.append(FOLDER / f"{size}-{theme}.png")
        assert seam(page, page.screenshot(path=kept[-1])) < SEEN
        if size != "wall" or theme == "dark":  # so many pixels take their time
            kept += further(page, f"{size}-{theme}-list")
        assert page.locator(".label.song.shown").count() > 0
        assert overlapping(page) == []
        assert faint(page) == []
    assert page.evaluate(BEYOND) == [0, 0]
    songs_shown = "".join(page.locator("#feed .song").all_text_contents())
    assert page.evaluate(WITHOUT_GLYPH, NOBODYS + songs_shown) == [NOBODYS]
    assert visitor.errors == []
    with capsys.disabled():
        print("", *kept, sep="\n")


def test_the_globe_s_edges_are_not_black_whatever_part_of_a_pixel_its_size_ends_in(
    idle: Server, visit: Callable[..., Visit]
) -> None:
    visitor = visit(**SIZES["laptop"], color_scheme="light").still()
    page = visitor.open(idle.url)
    for width, height in ((1440, 900), (1283, 720)):  # 1065.6 and 949.4 pixels of which are the globe's
        page.set_viewport_size({"width": width, "height": height})
        visitor.wait(FITS)
        assert seam(page, page.screenshot()) < SEEN
