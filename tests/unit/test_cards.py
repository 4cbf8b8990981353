"""Pictures of moments, beside pictures of them that a person has looked at; `WRITE_PICTURES=1` writes these."""

from __future__ import annotations

import io
import os
import re
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
import resvg_py
from PIL import Image, ImageOps

from tests.unit.card_world import CITIES, LANGUAGES, card_text, card_text_in, fonts
from webapp.graphics.cardpage import directed
from webapp.graphics.cards import KINDS, ArcEnd, CardText, card, story
from webapp.graphics.cardview import Frame, Place, arc, subsolar, unit, view_arc
from webapp.graphics.overviewcards import Arc, Overview
from webapp.graphics.renderer import Job, draw

PICTURES = Path(__file__).parents[1] / "pictures" / "cards"
SMALL = (240, 126)
CLEARLY = 32
"""Of 255: a difference that is none of rounding; what is stored is rounded to sixteenths."""
TOLERATED = 0.0004
"""Part of a picture's numbers that may differ clearly: a letter's worth is more."""

LONG = "The Extraordinarily Long and Winding Title of a Song That Nobody Ever Managed to Sing in One Breath " * 5


def drawn(told: CardText, kind: str = "card") -> Image.Image:
    return Image.open(io.BytesIO(draw(Job(kind, moment=told), fonts()))).convert("RGB")


def small(picture: Image.Image) -> Image.Image:
    return picture.resize(SMALL, Image.Resampling.BOX)


def apart(one: Image.Image, other: Image.Image) -> float:
    """Return the part of two pictures that differs clearly."""
    a, b = (np.asarray(each, int) for each in (one, other))
    return float((np.abs(a - b) > CLEARLY).mean())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_card_looks_as_it_did_when_a_person_saw_it(language: str) -> None:
    path, now = PICTURES / f"{language}.png", small(drawn(card_text_in(language)))
    if os.environ.get("WRITE_PICTURES"):
        PICTURES.mkdir(exist_ok=True)
        ImageOps.posterize(now, 4).save(path, optimize=True)
    assert apart(now, Image.open(path).convert("RGB")) <= TOLERATED


def test_a_letter_more_is_seen_in_the_comparison() -> None:
    one = card_text_in("en")
    other = card_text(one.title + "s", one.artist, LANGUAGES.index("en"))
    assert apart(small(drawn(one)), small(drawn(other))) > TOLERATED


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("title", "artist"),
    [(LONG, LONG), ("x" * 2_000, "y"), ("", ""), ("\x00\x1b<b>&\ud800", "\u202e\u2066"), ("🎵🦄", "\U000e0001")],
)
def test_any_title_is_drawn_small(kind: str, title: str, artist: str) -> None:
    data = draw(Job(kind, moment=card_text(title, artist, 3, "https://unison.example.org/c/" + "v" * 23)), fonts())
    assert len(data) < 300_000
    assert Image.open(io.BytesIO(data)).size == {"card": (1200, 630), "story": (1080, 1920)}[kind]


@pytest.mark.parametrize("title", ["Beyoncé ولا", "11क्ष", "\u200eé لأ", "தமி(لأ", "ñ்்ًّதமிөதமிǼ1"])
def test_a_title_in_several_scripts_that_join_letters_is_drawn(title: str) -> None:
    assert apart(drawn(card_text(title, "Artist")), drawn(card_text("", "Artist"))) > 0


@pytest.mark.parametrize(
    ("title", "shown"), [("Heart 💔 on 🔥 Fire ✨", "Heart on Fire"), ("🎵🦄", "♪"), ("བོད་ཀྱི་གླུ།", "♪")]
)
def test_what_cannot_be_drawn_of_a_title_leaves_no_gap(title: str, shown: str) -> None:
    for draws in KINDS.values():
        texts = [text for tile in draws(card_text(title, "Artist"), fonts()).tiles for text in tile.texts]
        assert shown in texts


def test_no_text_leaves_its_column_or_runs_into_another() -> None:
    for kind, (width, height) in {"card": (1200, 630), "story": (1080, 1920)}.items():
        for each in (
            card_text(LONG, LONG),
            msgspec.structs.replace(card_text(LONG, LONG, 6), times=TIMES),
            card_text_in("th"),
            card_text("W" * 50, "W" * 50),
            card_text_in("ar"),
            card_text_in("am"),
        ):
            lines = [tile for tile in KINDS[kind](each, fonts()).tiles if tile.texts][2:]
            assert all(tile.left >= 0 and tile.left + tile.width <= width for tile in lines)
            bottoms = sorted(tile.top + tile.height * 0.65 for tile in lines)
            assert bottoms[-1] < height
            assert all(b - a > 15 for a, b in pairwise(bottoms))


TIMES = "Mon 17:39 in Charlotte, Tue 04:09 in Nagpur; Charlotte was first"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["en", "ar", "ja"])
def test_the_local_times_stand_below_the_facts_clear_of_all_else(kind: str, language: str) -> None:
    title = {"en": "Slow Lighthouse", "ar": "فنار بطيء", "ja": "夜行バス"}[language]
    told = card_text(title, "Marisol Vey", 2, "https://unison.example.org/c/x")
    told = msgspec.structs.replace(told, times=TIMES)
    lines = [tile for tile in KINDS[kind](told, fonts()).tiles if tile.texts][2:]
    said = [tile for tile in lines if any(text.strip("\u202b\u202c") in TIMES for text in tile.texts)]
    assert " ".join(text for tile in said for text in tile.texts) == TIMES
    facts = next(tile for tile in lines if told.facts in tile.texts)
    assert all(tile.top > facts.top for tile in said)
    bottoms = sorted(tile.top + tile.height * 0.65 for tile in lines)
    assert all(b - a > 15 for a, b in pairwise(bottoms))


@pytest.mark.parametrize("title", ["Title", LONG])
def test_a_storys_words_and_code_stand_clear_of_each_other_and_of_what_apps_lay_over_it(title: str) -> None:
    address = "https://unison.example.org/c/" + "v" * 23
    _arc, _start, _end, *tiles = story(card_text(title, title, address=address), fonts()).tiles
    (number,) = (number for number, tile in enumerate(tiles) if not tile.texts)
    words, code, beside = tiles[:number], tiles[number], tiles[number + 1 :]
    assert 15 < code.top - max(tile.top + tile.height * 0.65 for tile in words) < 150
    assert min(tile.top for tile in words) > 250
    assert code.top + code.height <= 1920 - 250
    assert all(tile.left >= code.left + code.width for tile in beside)
    assert all(code.top <= tile.top and tile.top + tile.height * 0.65 <= code.top + code.height for tile in beside)


def test_the_card_of_a_title_from_right_to_left_is_mirrored() -> None:
    def globes_half(language: str) -> int:
        blue = np.asarray(drawn(card_text_in(language)).resize((2, 1), Image.Resampling.BOX))[0, :, 2]
        return int(blue.argmax())

    assert (globes_half("en"), globes_half("ar"), globes_half("he")) == (1, 0, 0)


@pytest.mark.parametrize(
    ("place", "motto", "step"),
    [("Riyadh، المملكة العربية السعودية", "غريبان", -1), ("Riyadh, Saudi Arabia", "Strangers", 1)],
)
def test_a_storys_dot_stands_just_before_its_line_in_both_directions(place: str, motto: str, step: int) -> None:
    told = msgspec.structs.replace(card_text("Title", "Artist"), start=ArcEnd("Riyadh", place, 46.7, 24.7), motto=motto)
    (line,) = (tile for tile in story(told, fonts()).tiles if any(place in text for text in tile.texts))
    files = [str(path) for path in fonts().paths(line.texts)]
    png = resvg_py.svg_to_bytes(svg_string=line.svg, skip_system_fonts=True, font_files=files)
    alpha: npt.NDArray[np.uint8] = np.asarray(Image.open(io.BytesIO(png)))[:, :, 3]
    inked = np.flatnonzero(alpha.max(axis=0)[::step])
    assert inked[13] - inked[0] == 13, "the dot is not first"
    assert 14 < np.diff(inked[:20]).max() < 22


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_label_is_whole_beside_its_country_and_short_on_the_globe(kind: str) -> None:
    place = "Mount Pleasant, British Columbia (Downtown Vancouver), Canada"
    told = msgspec.structs.replace(card_text("Title", "Artist"), start=ArcEnd("x" * 99, place, -123.1, 49.3))
    _arc, label, _end, *lines = KINDS[kind](told, fonts()).tiles
    assert place in " ".join(text for tile in lines for text in tile.texts)
    assert label.texts[0].endswith("…")
    assert label.width < 500


def test_a_line_from_right_to_left_is_embedded_so_that_its_numbers_stand_right() -> None:
    assert directed("7,760 كم · 365") == "\u202b7,760 كم · 365\u202c"
    assert directed("Tel Aviv!", like="לילה טוב, Tel Aviv!") == "\u202bTel Aviv!\u202c"
    assert directed("7,760 km") == "7,760 km"


@pytest.mark.parametrize("number", range(12))
def test_the_names_of_cities_hide_neither_end_of_the_arc_nor_stand_in_the_column(number: int) -> None:
    moment = card_text("Title", "Artist", number)
    flight, *labels = card(moment, fonts()).tiles[:3]
    start, end = (flight.body.split('<circle cx="')[at].split('"')[0::2][:2] for at in (1, 7))
    for x, y in ((float(start[0]), float(start[1])), (float(end[0]), float(end[1]))):
        for tile in labels:
            assert not (tile.left < x < tile.left + tile.width and tile.top < y < tile.top + tile.height)
    assert all(tile.left > 564 and tile.left + tile.width < 1200 for tile in labels)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sleeve_stands_clear_of_all_else_or_is_left_out(kind: str) -> None:
    shown = 0
    for number in range(21):
        plain = card_text("Title", "Artist", number, "https://unison.example.org/c/1")
        before = KINDS[kind](plain, fonts()).tiles
        arc, *texts = before
        tiles = KINDS[kind](msgspec.structs.replace(plain, track="0123456789abcdef"), fonts()).tiles
        assert tiles[: len(before)] == before
        for sleeve in tiles[len(before) :]:
            shown += 1
            right, bottom = sleeve.left + sleeve.width, sleeve.top + sleeve.height
            assert (sleeve.left > 0, right < {"card": 1200, "story": 1080}[kind], bottom < 860) == (True, True, True)
            for tile in texts:
                clear = tile.left >= right or tile.left + tile.width <= sleeve.left
                assert clear or tile.top >= bottom or tile.top + tile.height <= sleeve.top, (number, tile.texts)
            ends = [
                tuple(map(float, end)) for end in re.findall(r'<circle cx="([\d.-]+)" cy="([\d.-]+)" r="24"', arc.body)
            ]
            assert len(ends) == 2
            for x, y in ends:
                assert not (sleeve.left - 24 < x < right + 24 and sleeve.top - 24 < y < bottom + 24)
    assert shown > 14


FRAME = Frame(1200, 630, 860, 322, 262)


@pytest.mark.parametrize("start", CITIES)
@pytest.mark.parametrize("end", CITIES)
def test_both_cities_are_on_the_near_side_and_in_the_picture(start: object, end: object) -> None:
    _see(Place(start.lon, start.lat), Place(end.lon, end.lat))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("start", "end"), [((0, 0), (180, 0)), ((0, 90), (0, -90)), ((10, 20), (-170, -20)), ((0, 89.9), (180, 89.9))]
)
def test_antipodes_and_poles_are_seen_too(start: tuple[float, float], end: tuple[float, float]) -> None:
    _see(Place(*start), Place(*end))


def _see(start: Place, end: Place) -> None:
    view = view_arc(start, end, FRAME, 1_790_000_000)
    points: npt.NDArray[np.float64] = view.project(arc(start, end))
    assert np.isfinite(points).all()
    assert points[[0, -1], 2].min() > -0.01
    assert (points[:, 0] > 500).all()
    assert (points[:, 0] < 1200).all()
    assert (points[:, 1] > 0).all()
    assert (points[:, 1] < 630).all()


def test_the_sun_stands_where_the_almanac_says() -> None:
    """The equinox of March 2026 was on the 20th at 14:46 UTC; noon was 7 minutes and a half late."""
    sun = subsolar(1_774_017_960)
    assert abs(sun.lat) < 0.02
    assert abs(sun.lon - (-(14 + 46 / 60 - 12) * 15 + 7.5 / 4)) < 0.1
    assert float(unit(sun) @ unit(sun)) == pytest.approx(1)


ARCS = tuple(Arc((a.lon, a.lat), (b.lon, b.lat), n % 6) for n, (a, b) in enumerate(pairwise(CITIES)))
EVENING_S = 1_790_000_000.0


def overview_of(title: str, arcs: tuple[Arc, ...] = (), centre: tuple[float, float] | None = None) -> Image.Image:
    told = Overview(title, "Two strangers, one song, the same second.", "21 September 2026", EVENING_S, arcs, centre)
    return Image.open(io.BytesIO(draw(Job("overview", overview=told), fonts()))).convert("RGB")


@pytest.mark.parametrize("title", [LONG, "", "آخر قطار"])
@pytest.mark.parametrize("arcs", [(), ARCS])
def test_an_overview_is_drawn_of_any_title_and_any_number_of_arcs(title: str, arcs: tuple[Arc, ...]) -> None:
    assert overview_of(title, arcs).size == (1200, 630)


def test_an_overview_without_arcs_is_turned_to_the_place_that_is_asked_for() -> None:
    wide, brazil, pole = (overview_of("x", centre=centre) for centre in (None, (-46.6, -23.5), (0.0, 90.0)))
    assert apart(wide, brazil) > TOLERATED
    assert apart(brazil, pole) > TOLERATED


def test_an_arc_behind_the_globe_is_left_out() -> None:
    near, far = Arc((0.0, 0.0), (20.0, 0.0), 0), Arc((180.0, 0.0), (160.0, 0.0), 0)
    with_far, without = (overview_of("x", arcs) for arcs in ((near, far), (near,)))
    assert apart(with_far, without) == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("turn", range(0, 360, 30))
def test_neighbours_have_a_name_each_beside_their_arc(kind: str, turn: int) -> None:
    east, north = 0.3 * np.sin(np.radians(turn)), 0.3 * np.cos(np.radians(turn))
    ends = (ArcEnd("Osaka", "Osaka, Japan", 135.5, 34.7), ArcEnd("Kyoto", "Kyoto, Japan", 135.5 + east, 34.7 + north))
    told = msgspec.structs.replace(card_text("Title", "Artist"), start=ends[0], end=ends[1])
    flight, one, other = KINDS[kind](told, fonts()).tiles[:3]
    assert (one.texts, other.texts) == (("Osaka",), ("Kyoto",))
    assert (
        one.left + one.width <= other.left
        or other.left + other.width <= one.left
        or one.top + one.height <= other.top
        or other.top + other.height <= one.top
    )
    at = [tuple(map(float, flight.body.split('<circle cx="')[part].split('"')[0::2][:2])) for part in (1, 7)]
    assert 8 < np.hypot(at[0][0] - at[1][0], at[0][1] - at[1][1]) < 100
    for label in (one, other):
        assert not any(
            label.left < x < label.left + label.width and label.top < y < label.top + label.height for x, y in at
        )
