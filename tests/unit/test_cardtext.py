"""What a picture says of a moment: plain words, in the language of the address and no other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.history_world import GAZETTEER, connection
from webapp import create_app
from webapp.config import Settings
from webapp.core.plays import Source
from webapp.graphics.cards import CardText
from webapp.web.momentimages import card_text


def asked(tmp_path: Path, query: str = "", **headers: str) -> CardText:
    app = create_app(Settings.from_env(data_dir=tmp_path))
    moment = replace(connection(), from_city=GAZETTEER.by_name("'s-Hertogenbosch", "NL"), apart_ms=41)
    with app.test_request_context(f"/c/x/card.png{query}", headers=headers):
        return card_text(moment)


def test_names_are_plain_text_and_not_a_pages(tmp_path: Path) -> None:
    assert asked(tmp_path).start.place == "'s-Hertogenbosch, The Netherlands"


@pytest.mark.parametrize(
    ("query", "apart"), [("", "41 ms apart"), ("?lang=de", "41 ms auseinander"), ("?lang=nonsense", "41 ms apart")]
)
def test_the_language_is_the_addresss(tmp_path: Path, query: str, apart: str) -> None:
    facts = asked(tmp_path, query, **{"Accept-Language": "en-US, ja"}).facts
    assert facts.startswith(("16,897 km", "16.897 km"))
    assert facts.endswith(apart)


def test_a_moment_of_the_same_instant_says_so(tmp_path: Path) -> None:
    app = create_app(Settings.from_env(data_dir=tmp_path))
    with app.test_request_context("/c/x/card.png"):
        assert card_text(replace(connection(), apart_ms=0)).facts == "16,897 km · the same instant"


@pytest.mark.parametrize(
    ("source", "end"), [("live", " UTC"), ("synthetic", " UTC · synthetic"), ("replay", " UTC · replay")]
)
def test_a_picture_says_where_its_plays_came_from_unless_they_were_live(
    tmp_path: Path, source: Source, end: str
) -> None:
    app = create_app(Settings.from_env(data_dir=tmp_path))
    with app.test_request_context("/c/x/card.png"):
        assert card_text(replace(connection(), source=source)).when.endswith(end)
