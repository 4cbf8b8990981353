"""The page's languages: who reads which, and that every sentence of the page is in all of them."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import build_placeholder
import build_words
import pytest
from babel import Locale
from babel.messages.catalog import Catalog
from flask import Flask
from flask.testing import FlaskClient

from webapp.gazetteerdata import load_gazetteer
from webapp.web import embedbuilder
from webapp.web.connectiontext import place_names
from webapp.web.embedoptions import PARAMETERS
from webapp.web.languages import LANGUAGES, TRANSLATIONS, chosen, country_name, words

CATALOGUES = sorted(TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"))


@cache
def extracted() -> Catalog:
    """Return what the page says now."""
    return build_words.extracted()


def test_there_is_a_catalogue_for_each_language_but_the_first() -> None:
    names = {path.parent.parent.name.replace("_", "-") for path in CATALOGUES}
    assert names == set(LANGUAGES) - {"en"}


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_every_sentence_is_translated_with_its_values_and_compiled(path: object) -> None:
    assert build_words.problems(path, extracted()) == []  # type: ignore[arg-type]


def test_a_catalogue_compiled_by_another_babel_is_current_and_one_that_says_something_else_is_not(
    tmp_path: Path,
) -> None:
    catalogue = build_words.read(CATALOGUES[0])
    path = tmp_path / "messages.mo"
    other = build_words.compiled(catalogue).replace(b"Generated-By: Babel ", b"Generated-By: Other ")
    path.write_bytes(other)
    assert other != build_words.compiled(catalogue)
    assert build_words.is_current(path, catalogue)

    changed = next(message for message in catalogue if message.id == "Share")
    changed.string = f"{changed.string}!"
    assert not build_words.is_current(path, catalogue)


@pytest.mark.parametrize(
    ("tag", "brazil"),
    [("de", "Brasilien"), ("ar", "البرازيل"), ("ja", "ブラジル"), ("pt-BR", "Brasil"), ("en", "Brazil")],
)
def test_a_country_is_named_in_the_visitors_language(app: Flask, tag: str, brazil: str) -> None:
    with app.test_request_context("/", headers={"Accept-Language": tag}):
        assert country_name("BR", "Brazil") == brazil
        assert country_name("QQ", "Somewhere") == "Somewhere"


def test_every_country_of_the_gazetteer_has_a_name_in_every_language() -> None:
    names = {tag: Locale.parse(tag, sep="-").territories for tag in LANGUAGES}
    assert [(tag, code) for tag in LANGUAGES for code in load_gazetteer().countries if code not in names[tag]] == []


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ({"city": "Portland", "label": "Portland, Maine", "country": "United States", "country_code": "US"},
         ("Portland, Maine", "Vereinigte Staaten")),
        ({"city": "Singapore", "label": "Singapore", "country": "Singapore", "country_code": "SG"}, ("Singapore", "")),
        ({"city": "Vatican City", "label": "Vatican City", "country": "Vatican", "country_code": "VA"},
         ("Vatican City", "Vatikanstadt")),
    ],
)  # fmt: skip
def test_a_place_has_its_label_and_its_country_unless_both_have_one_name(
    app: Flask, place: dict[str, str], said: tuple[str, str]
) -> None:
    with app.test_request_context("/?lang=de"):
        assert place_names(place) == said


def test_a_missing_a_lost_and_an_unused_sentence_are_found() -> None:
    template = extracted()
    template.add("{n} cities nobody translated")
    assert any("is not translated" in problem for problem in build_words.problems(CATALOGUES[0], template))
    assert any("is no longer used" in problem for problem in build_words.problems(CATALOGUES[0], Catalog()))
    assert not build_words.same_values("{city}, {country}", "{city}")
    assert build_words.same_values(("{n} song", "{n} songs"), "eine")


def test_no_script_has_a_text_inside_a_template_literal_where_it_is_not_found(tmp_path: Path) -> None:
    assert build_words.overlooked(build_words.ROOT / "assets") == []
    (tmp_path / "page.js").write_text(
        "const more = say('More');\n"
        "const text = `${text} ${more}`;\n"
        "const rest = `${text} ${n ? sayCount('{n} song', '{n} songs', n) : ''}`;\n"
        "const all = `${parts.map((part) => `${say(part)}`)}`;\n"
        "const name = say(`${part}`);\n"
    )
    assert build_words.overlooked(tmp_path) == [
        "page.js:3: call sayCount outside of the template literal",
        "page.js:4: call say outside of the template literal",
    ]


def test_what_is_said_of_an_embeds_parameters_is_found() -> None:
    said = extracted()
    keys = [
        *embedbuilder.GROUPS,
        *embedbuilder.CALLED.values(),
        *embedbuilder.SOUGHT.values(),
        *(each.does for each in PARAMETERS),
    ]
    assert [key for key in keys if key not in said] == []


@pytest.mark.parametrize(
    ("wish", "preferred", "tag"),
    [
        (None, [], "en"),
        (None, ["fr", "de-AT", "en"], "de"),
        (None, ["pt-PT"], "pt-BR"),
        (None, ["AR-eg"], "ar"),
        ("ja", ["de"], "ja"),
        ("tlh", ["es-MX"], "es"),
        ("../../etc", ["*"], "en"),
    ],
)
def test_the_wish_comes_first_then_what_the_browser_prefers(wish: str | None, preferred: list[str], tag: str) -> None:
    assert chosen(wish, preferred) == tag


def test_the_page_says_which_language_it_is_in_and_that_it_depends_on_who_asks(client: FlaskClient) -> None:
    answer = client.get("/", headers={"Accept-Language": "ar-EG,en;q=0.5"})
    assert '<html lang="ar" dir="rtl">' in answer.text
    assert answer.headers["Content-Language"] == "ar"
    assert "Accept-Language" in answer.headers["Vary"]
    assert "غريبان، أغنية واحدة، الثانية نفسها." in answer.text


def test_the_menu_changes_the_language_and_nothing_else_of_the_address(client: FlaskClient) -> None:
    page = client.get("/?wall=1&lang=de").text
    links = re.findall(r'<a href="([^"]*)" lang="(\S+)"', page)
    assert [tag for _, tag in links] == list(LANGUAGES)
    assert links[2][0] == "/?wall=1&amp;lang=es"
    assert re.findall(r'lang="(\S+)" hreflang="\S+" dir="auto" aria-current', page) == ["de"]


def test_the_page_carries_the_words_that_scripts_say(client: FlaskClient) -> None:
    found = re.search(r'id="words">(.*?)</script>', client.get("/?lang=ja").text)
    assert found is not None
    assert json.loads(found[1])["Connected"] == "接続済み"
    assert words("en") == {}


def test_counted_sentences_are_carried_by_plural_category() -> None:
    forms = words("ar")["{n} new connection"]
    assert set(forms) == {"zero", "one", "two", "few", "many", "other"}
    assert (forms["many"], forms["few"]) == ("{n} اتصالًا جديدًا", "{n} اتصالات جديدة")  # type: ignore[index]
    assert set(words("ja")["{n} new connection"]) == {"other"}


def test_the_placeholder_is_small_and_drawn_from_the_land_as_it_is() -> None:
    made = build_placeholder.land()
    assert build_placeholder.LAND.read_text() == made
    assert build_placeholder.ARCS_TEMPLATE.read_text() == build_placeholder.arcs()
    assert len(made) < 40_000
