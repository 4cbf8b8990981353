"""The fonts of the pictures: glyphs for every script, lines that fit, and what `unison doctor` says of them."""

from __future__ import annotations

import shutil
import unicodedata
from pathlib import Path

import pytest
from babel import Locale
from click.testing import CliRunner
from fontTools.ttLib import TTFont

from tests.unit.card_world import fonts
from webapp.cli import main
from webapp.doctor import SCRIPTS, missing_glyphs
from webapp.graphics.fonts import BOLD, FOLDER, REGULAR, Face, Fonts, break_lines, fit_text, is_right_to_left
from webapp.seed.catalogue import load_catalogue
from webapp.web.languages import LANGUAGES

MOST_BYTES = 12_000_000


def test_every_character_of_the_catalogue_has_a_glyph() -> None:
    text = {c for track in load_catalogue() for c in unicodedata.normalize("NFC", track.title + track.artist)}
    assert [c for c in sorted(text) if not fonts().has(c)] == []


def test_every_script_of_the_catalogue_is_one_that_the_doctor_looks_at() -> None:
    names = {"CJK": "Han", "HIRAGANA": "kana", "KATAKANA": "kana", "KATAKANA-HIRAGANA": "kana"}
    letters = {c for track in load_catalogue() for c in track.title + track.artist if c.isalpha()}
    scripts = {unicodedata.name(c).split()[0] for c in letters}
    assert {names.get(script, script).casefold() for script in scripts} <= {script.casefold() for script in SCRIPTS}


def test_every_name_of_a_city_can_be_written() -> None:
    from webapp.gazetteerdata import load_gazetteer

    cities = load_gazetteer()
    text = {c for i in range(len(cities)) for c in cities[i].label}
    assert [c for c in sorted(text) if not fonts().has(c)] == []


def test_every_name_of_a_country_can_be_written_in_every_language() -> None:
    locales = [Locale.parse(tag, sep="-") for tag in LANGUAGES]
    text = {c for locale in locales for name in locale.territories.values() for c in name}
    assert [c for c in sorted(text) if not fonts().has(c)] == []


def test_the_fonts_are_there_with_their_licence_and_not_large() -> None:
    assert fonts().missing() == []
    assert "SIL OPEN FONT LICENSE" in (FOLDER / "OFL.txt").read_text()
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < MOST_BYTES


def test_a_text_is_cut_where_its_family_changes_and_spaces_go_with_what_is_before() -> None:
    runs = fonts().runs("Björk 喝采 ไทย, (a)")
    assert [(run.family, run.text) for run in runs] == [
        ("Noto Sans", "Björk "), ("Noto Sans CJK SC", "喝采 "), ("Noto Sans Thai", "ไทย"), ("Noto Sans", ", (a)"),
    ]  # fmt: skip


def test_han_is_japanese_beside_kana() -> None:
    assert {run.family for run in fonts().runs("直のうた")} == {"Noto Sans CJK JP"}
    assert {run.family for run in fonts().runs("直到")} == {"Noto Sans CJK SC"}


def test_what_no_font_has_is_left_out() -> None:
    assert "".join(run.text for run in fonts().runs("a\U0001f984b\x00c")) == "abc"


def test_a_long_text_is_broken_at_spaces_into_lines_that_fit() -> None:
    text = "one two three four five six seven eight nine ten"
    lines = break_lines(fonts(), text, BOLD, 8.0)
    assert " ".join(lines) == text
    assert all(fonts().width(line, BOLD) <= 8.0 for line in lines)


def test_han_and_kana_are_broken_between_characters_but_no_line_begins_with_a_stop() -> None:
    lines = break_lines(fonts(), "夜の電車、窓の外。星が降る町ー" * 3, BOLD, 7.0)
    assert all(len(line) <= 7 for line in lines)
    assert not any(line[0] in "、。ー" for line in lines)


def test_marks_stay_with_their_letters() -> None:
    for text in ("क्षत्रियों" * 5, "น้ำที่นี้" * 8):
        assert not any(unicodedata.category(line[0]).startswith("M") for line in break_lines(fonts(), text, BOLD, 3.0))


def test_what_does_not_fit_is_cut_after_a_whole_word() -> None:
    cut = fit_text(fonts(), "many words " * 40, REGULAR, 200, [(20, 1), (16, 2)])
    assert (len(cut.lines), cut.size) == (2, 16)
    assert cut.lines[-1].endswith(("many…", "words…"))
    assert all(fonts().width(line, REGULAR) * 16 <= 200 for line in cut.lines)


def test_lines_are_about_as_long_as_each_other() -> None:
    lines = fit_text(fonts(), "Paper Lanterns on the Fire Escape", BOLD, 560, [(72, 2)]).lines
    widths = [fonts().width(line, BOLD) for line in lines]
    assert min(widths) > 0.6 * max(widths)


@pytest.mark.parametrize(("text", "right"), [("يا ليل", True), ("7 לילה", True), ("Tel לילה", False), ("…", False)])
def test_a_text_runs_as_its_first_letter_does(text: str, right: bool) -> None:
    assert is_right_to_left(text) == right


def test_the_doctor_finds_all_in_order(tmp_path: Path) -> None:
    told = CliRunner().invoke(main, ["doctor", "--data-dir", str(tmp_path / "data")])
    assert told.exit_code == 0, told.output
    assert "NOT OK" not in told.output
    assert "Ethiopic" in told.output
    assert not (tmp_path / "data").exists()


def test_the_doctor_says_that_the_data_folder_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    told = CliRunner().invoke(main, ["doctor", "--data-dir", str(tmp_path / "data")])
    assert told.exit_code == 1
    assert "NOT OK  data folder" in told.output


def test_the_doctor_says_which_script_lacks_glyphs_and_which_files_are_gone(tmp_path: Path) -> None:
    from webapp.doctor import check_installation

    folder = tmp_path / "fonts"
    shutil.copytree(FOLDER, folder)
    (folder / "NotoSansThai-Bold.ttf").unlink()
    found = [sentence for good, sentence in check_installation(tmp_path, folder) if not good]
    assert found == ["fonts: NotoSansThai-Bold.ttf missing"]
    (folder / "NotoSansThai-Regular.ttf").unlink()
    told = dict(sentence.split(": ", 1) for good, sentence in check_installation(tmp_path, folder) if not good)
    assert list(told) == ["fonts", "script Thai"]
    assert told["script Thai"] == f"no glyph for {SCRIPTS['Thai']}"
    assert not any("Thai" in sentence for good, sentence in check_installation(tmp_path, folder) if good)
    latin = Fonts([Face(FOLDER / "x", "Noto Sans", BOLD, dict.fromkeys(range(32, 8192), 500))])
    assert set(missing_glyphs(latin)) >= {"Han", "Hangul", "kana"}
    assert "Latin" not in missing_glyphs(latin)


@pytest.mark.parametrize("name", ["NotoSans-Bold.ttf", "NotoSansArabic-Regular.ttf", "NotoSansCJKJP-Bold.otf"])
def test_the_table_says_what_the_font_has(name: str) -> None:
    font = TTFont(FOLDER / name)
    widths = {
        code: font["hmtx"][glyph][0] * 1000 / font["head"].unitsPerEm for code, glyph in font.getBestCmap().items()
    }
    face = next(face for face in fonts().faces() if face.path.name == name)
    assert face.advances.keys() == widths.keys()
    assert all(abs(face.advances[code] - width) <= 0.5 for code, width in widths.items())
