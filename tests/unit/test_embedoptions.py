"""The parameters of an embed: what is read, what is left out with a note, and that the documentation has them all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from webapp.gazetteerdata import load_gazetteer
from webapp.web.embedoptions import PARAMETERS, EmbedOptions, read

NOW_S = 1_790_000_000.0
DOCS = Path(__file__).resolve().parents[2] / "docs" / "embed.md"


def wished(*pairs: tuple[str, str]) -> EmbedOptions:
    return read(pairs, load_gazetteer(), NOW_S)


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("theme", "light", "light"),
        ("accent", "#F08", "#ff0088"),
        ("background", "ffffff", "#ffffff"),
        ("background", "transparent", "transparent"),
        ("lang", "pt", "pt-BR"),
        ("autorotate", "0", False),
        ("controls", "0", False),
        ("labels", "0", False),
        ("feed", "1", True),
        ("logo", "0", False),
        ("poster", "1", True),
        ("title", "  Listening\n together ", "Listening together"),
        ("moment", "06gvqh492ncemaiql7c4g70", "06gvqh492ncemaiql7c4g70"),
        ("at", "1789999999.5", 1789999999.5),
        ("at", "2026-09-21T14:13:20Z", 1790000000.0),
        ("at", "2026-09-21T16:13:20+02:00", 1790000000.0),
        ("at", "2026-09-21T14:13:20", 1790000000.0),
    ],
)
def test_a_good_value_is_taken(name: str, value: str, meant: object) -> None:
    wish = wished((name, value))
    assert getattr(wish, name) == meant
    assert wish.notes == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("theme", "blue", "dark, light or auto"),
        ("accent", "red", "a hex colour"),
        ("background", "none", "or transparent"),
        ("lang", "tlh", "one of en, de"),
        ("autorotate", "yes", "0 or 1"),
        ("controls", "", "0 or 1"),
        ("title", "x" * 121, "at most 120"),
        ("title", "a\u202eb", "a text"),
        ("moment", "nonsense", "23 characters"),
        ("at", "yesterday", "epoch seconds"),
        ("at", "1790000001", "a time in the past"),
        ("at", "1790000000123", "epoch seconds"),
        ("at", "nan", "epoch seconds"),
        ("country", "QQ", "country"),
        ("city", "x", "city"),
        ("track", "x", "16 characters"),
        ("artist", " ", "1 to 300"),
    ],
)
def test_a_bad_value_is_left_out_and_the_note_names_it_and_what_would_be_right(
    name: str, value: str, expected: str
) -> None:
    wish = wished((name, value), ("feed", "1"))
    assert {**wish.filters, "feed": wish.feed} == {"feed": True}
    assert getattr(wish, name, None) == getattr(EmbedOptions(), name, None)
    assert len(wish.notes) == 1
    assert wish.notes[0].startswith(f"{name}={value[:40]!r}")
    assert expected in wish.notes[0]


def test_what_is_no_parameter_and_what_is_given_twice_is_noted() -> None:
    wish = wished(("colour", "red"), ("feed", "1"), ("feed", "0"), ("country", "BR"))
    assert wish.feed is True
    assert wish.filters == {"country": "BR"}
    assert ["'colour' is not a parameter" in wish.notes[0], "feed is given twice" in wish.notes[1]] == [True, True]
    assert len(wish.notes) == 2


@pytest.mark.parametrize(
    ("theme", "background", "look"),
    [
        ("auto", None, "auto"),
        ("auto", "transparent", "auto"),
        ("auto", "ffffff", "light"),
        ("auto", "101020", "dark"),
        ("dark", "ffffff", "dark"),
    ],
)
def test_a_background_brings_the_theme_that_suits_it_unless_one_is_asked_for(
    theme: str, background: str | None, look: str
) -> None:
    pairs = [("theme", theme), *([("background", background)] if background else [])]
    assert wished(*pairs).look == look


def test_the_documentations_table_is_the_one_in_the_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \| (.*?) \|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [(p.name, p.values, p.default, p.does) for p in PARAMETERS]


def test_what_wordpress_is_told_matches_every_address_that_can_be_framed() -> None:
    """An asterisk of its own stands for one character or more (get_provider in its class-wp-oembed.php)."""
    (mask,) = re.findall(r"wp_oembed_add_provider\( '#(.*)#i', .*, true \);", DOCS.read_text(encoding="utf-8"))
    for path in ("", "?country=BR", "embed?feed=1", "c/06gvqh492ncemaiql7c4g70"):
        assert re.search(mask, f"https://unison.example.org/{path}", re.IGNORECASE), path
    assert not re.search(mask, "https://unison-example.org/")
    assert not re.search(mask, "https://elsewhere.example/?u=https://unison.example.org/")


def test_every_parameter_is_one_that_the_script_for_other_pages_knows() -> None:
    script = (DOCS.parents[1] / "assets" / "embed" / "host.js").read_text(encoding="utf-8")
    names = re.findall(r'"([a-z ]{60,})"\.split', script)
    assert names[0].split() == [parameter.name for parameter in PARAMETERS]
    types = (DOCS.parents[1] / "assets" / "embed" / "embed.d.ts").read_text(encoding="utf-8")
    declared = re.findall(r"^  (\w+)\?:", types.split("export interface Filter")[0], re.MULTILINE)
    assert set(declared) == {parameter.name for parameter in PARAMETERS} | {"width", "height", "lazy"}
