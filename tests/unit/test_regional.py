"""How a visitor's region writes times and distances, on pages and on pictures."""

from __future__ import annotations

import pytest
from babel import localedata
from flask import Flask

from tests.unit.history_world import GAZETTEER, connection
from webapp.graphics.cards import CardText
from webapp.web.languages import LANGUAGES
from webapp.web.momentimages import card_text
from webapp.web.regional import REGIONAL, Form, canonical, of_visitor


@pytest.mark.parametrize(
    ("wish", "tag"),
    [
        ("en-GB", "en-GB"),
        ("EN_gb", "en-GB"),
        ("en-GB-oxendict", "en-GB"),
        ("en-AU", "en"),
        ("en-IN", "en"),
        ("en-ZA", "en-IE"),
        ("en-US", "en-US"),
        ("es-AR", "es"),
        ("es-CO", "es-MX"),
        ("pt-PT", "pt-BR"),
        ("de-AT", "de"),
        ("ar-EG", "ar"),
        ("ja", "ja"),
        ("en-XX", "en"),
        ("fr-CA", "en"),
        ("", "en"),
        ("../../etc", "en"),
    ],
)
def test_a_region_has_the_form_of_another_that_writes_alike(wish: str, tag: str) -> None:
    assert canonical(wish) == tag


def test_there_are_few_forms_whatever_is_asked_for() -> None:
    assert {canonical(tag) for tag in localedata.locale_identifiers()} <= {*LANGUAGES, *REGIONAL}


def pictured(app: Flask, query: str, **headers: str) -> CardText:
    with app.test_request_context(f"/c/x/card.png{query}", headers=headers):
        return card_text(connection(), GAZETTEER)


@pytest.mark.parametrize(
    ("query", "distance", "time"),
    [
        ("", "16,897 km", "2:13:20\u202fPM"),
        ("?lang=en-GB", "10,499 mi", "14:13:20"),
        ("?lang=en-US", "10,499 mi", "2:13:20\u202fPM"),
        ("?lang=en-IE", "16,897 km", "14:13:20"),
        ("?lang=de-AT", "16.897 km", "14:13:20"),
    ],
)
def test_a_picture_has_the_miles_and_hours_of_the_region_in_its_address(
    app: Flask, query: str, distance: str, time: str
) -> None:
    made = pictured(app, query, **{"Accept-Language": "en-US"})
    assert made.facts.startswith(distance)
    assert f" {time} UTC" in made.when


def test_pictures_of_regions_that_write_alike_are_one(app: Flask) -> None:
    assert pictured(app, "?lang=en-AU") == pictured(app, "?lang=en-CA") == pictured(app, "")


@pytest.mark.parametrize(
    ("query", "accepted", "form"),
    [
        ("", "en-GB,en;q=0.9", Form("en-GB", True)),
        ("", "en,en-GB;q=0.9", Form("en-GB", True)),
        ("", "de,en-US;q=0.9", Form("de", True)),
        ("?lang=de", "en-GB", Form("de", True)),
        ("", "", Form("en", False)),
    ],
)
def test_a_page_is_written_as_in_its_visitors_region(app: Flask, query: str, accepted: str, form: Form) -> None:
    with app.test_request_context(f"/{query}", headers={"Accept-Language": accepted}):
        assert of_visitor() == form
