"""What a picture says of a moment: plain words, in the language of the address and no other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from tests.unit.history_world import GAZETTEER, connection
from webapp.core.plays import Source
from webapp.graphics.cards import CardText
from webapp.web.momentimages import card_text


def asked(app: Flask, query: str = "", **headers: str) -> CardText:
    moment = replace(connection(), from_city=GAZETTEER.by_name("'s-Hertogenbosch", "NL"), apart_ms=41)
    with app.test_request_context(f"/c/x/card.png{query}", headers=headers):
        return card_text(moment, GAZETTEER)


def test_names_are_plain_text_and_not_a_pages(app: Flask) -> None:
    assert asked(app).start.place == "'s-Hertogenbosch, Netherlands"


@pytest.mark.parametrize(
    ("query", "place"), [("?lang=de", "'s-Hertogenbosch, Niederlande"), ("?lang=ar", "'s-Hertogenbosch، هولندا")]
)
def test_a_country_is_named_in_the_pictures_language_and_a_city_is_not(app: Flask, query: str, place: str) -> None:
    assert (asked(app, query).start.city, asked(app, query).start.place) == ("'s-Hertogenbosch", place)


@pytest.mark.parametrize(
    ("geoname_id", "label", "place"),
    [
        (4975802, "Portland, Maine", "Portland, Maine، الولايات المتحدة"),
        (4140963, "Washington", "Washington, District of Columbia، الولايات المتحدة"),
        (1880252, "Singapore", "Singapore"),
    ],
)
def test_a_label_has_its_region_and_on_the_globe_only_where_it_is_short(
    app: Flask, geoname_id: int, label: str, place: str
) -> None:
    moment = replace(connection(), from_city=GAZETTEER.by_id(geoname_id))
    with app.test_request_context("/c/x/card.png?lang=ar"):
        start = card_text(moment, GAZETTEER).start
    assert (start.city, start.place) == (label, place)


@pytest.mark.parametrize(
    ("query", "apart"), [("", "41 ms apart"), ("?lang=de", "41 ms auseinander"), ("?lang=nonsense", "41 ms apart")]
)
def test_the_language_is_the_addresss(app: Flask, query: str, apart: str) -> None:
    facts = asked(app, query, **{"Accept-Language": "en-US, ja"}).facts
    assert facts.startswith(("16,897 km", "16.897 km"))
    assert facts.endswith(apart)


def test_a_moment_of_the_same_instant_says_so(app: Flask) -> None:
    with app.test_request_context("/c/x/card.png"):
        assert card_text(replace(connection(), apart_ms=0), GAZETTEER).facts == "16,897 km · at the same instant"


@pytest.mark.parametrize(
    ("query", "facts", "motto"),
    [
        ("", "16,897 km · within about 3 s", "Two strangers, one song."),
        ("?lang=de", "16.897 km · innerhalb von etwa 3 s", "Zwei Fremde, ein Song."),
        ("?lang=ja", "16,897 km · 約3秒以内", "見知らぬふたり、ひとつの曲。"),
    ],
)
def test_a_picture_of_times_that_are_not_exact_says_no_milliseconds(
    app: Flask, query: str, facts: str, motto: str
) -> None:
    with app.test_request_context(f"/c/x/card.png{query}"):
        made = card_text(replace(connection(), within_s=3), GAZETTEER)
    assert (made.facts, made.motto) == (facts, motto)


@pytest.mark.parametrize(
    ("source", "end"), [("live", " UTC"), ("synthetic", " UTC · simulated"), ("replay", " UTC · replay")]
)
def test_a_picture_says_where_its_plays_came_from_unless_they_were_live(app: Flask, source: Source, end: str) -> None:
    with app.test_request_context("/c/x/card.png"):
        assert card_text(replace(connection(), source=source), GAZETTEER).when.endswith(end)
