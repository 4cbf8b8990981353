"""What the clocks of both cities showed: in each language, over changes of the clock and of the day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from babel import Locale
from flask import Flask
from flask.testing import FlaskClient

from tests.unit.history_world import GAZETTEER, NOON_MS, connection
from webapp.config import Settings
from webapp.services import Services
from webapp.web.connectiontext import wire_form
from webapp.web.localtimes import local_times

CHARLOTTE, NAGPUR = ("Charlotte", "America/New_York"), ("Nagpur", "Asia/Kolkata")
LONDON, LISBON = ("London", "Europe/London"), ("Lisbon", "Europe/Lisbon")


def place(city: str, tz: str) -> dict[str, str]:
    return {"city": city, "label": city, "tz": tz}


def told(
    app: Flask, at: str, *ends: tuple[str, str], language: str = "en", region: str = "GB", apart_ms: int | None = 40
) -> str:
    found: dict[str, Any] = {"at": datetime.fromisoformat(at).timestamp(), "apart_ms": apart_ms}
    found |= dict(zip(("from", "to"), (place(*end) for end in ends), strict=True))
    with app.test_request_context(f"/?lang={language}"):
        return str(local_times(found, Locale(language.split("-")[0], region or None))).replace("\u200f", "")


def test_both_cities_have_their_time_and_the_first_is_named(app: Flask) -> None:
    said = told(app, "2026-09-21T10:39:00Z", CHARLOTTE, NAGPUR)
    assert said == "06:39 in Charlotte, 16:09 in Nagpur; Charlotte was first"


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-03-08T06:59:00Z", "01:59 in Charlotte, 12:29 in Nagpur"),
        ("2026-03-08T07:00:00Z", "03:00 in Charlotte, 12:30 in Nagpur"),
        ("2026-11-01T05:59:00Z", "01:59 in Charlotte, 11:29 in Nagpur"),
        ("2026-11-01T06:00:00Z", "01:00 in Charlotte, 11:30 in Nagpur"),
    ],
)
def test_clocks_that_are_set_for_summer_are_right(app: Flask, at: str, said: str) -> None:
    assert told(app, at, CHARLOTTE, NAGPUR, apart_ms=None) == said


def test_the_day_is_said_where_it_is_another_one(app: Flask) -> None:
    said = told(app, "2026-09-21T21:39:00Z", CHARLOTTE, NAGPUR)
    assert said == "Mon 17:39 in Charlotte, Tue 03:09 in Nagpur; Charlotte was first"
    assert "Mon 5:39" in told(app, "2026-09-21T21:39:00Z", CHARLOTTE, NAGPUR, region="US")


def test_one_time_in_both_is_said_once(app: Flask) -> None:
    assert told(app, "2026-09-21T21:39:00Z", LONDON, LISBON) == "22:39 in London and Lisbon; London was first"


@pytest.mark.parametrize("apart_ms", [None, 0])
def test_nobody_was_first_at_one_instant_or_where_times_are_not_exact(app: Flask, apart_ms: int | None) -> None:
    assert "first" not in told(app, "2026-09-21T21:39:00Z", LONDON, LISBON, apart_ms=apart_ms)


def test_a_zone_that_the_system_does_not_know_leaves_the_times_out(app: Flask) -> None:
    assert told(app, "2026-09-21T21:39:00Z", LONDON, ("Atlantis", "Atlantic/Atlantis")) == ""


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "6:39\u202fAM in Charlotte, 4:09\u202fPM in Nagpur; Charlotte was first"),
        ("de", "06:39 in Charlotte, 16:09 in Nagpur; Charlotte war zuerst"),
        ("es", "6:39 en Charlotte, 16:09 en Nagpur; Charlotte fue primero"),
        ("pt-BR", "06:39 em Charlotte, 16:09 em Nagpur; Charlotte veio primeiro"),
        ("ja", "Charlotteは6:39、Nagpurは16:09。先はCharlotte"),
        ("ar", "6:39 ص في Charlotte، 4:09 م في Nagpur؛ الأسبق: Charlotte"),
    ],
)
def test_every_language_says_it(app: Flask, language: str, said: str) -> None:
    assert told(app, "2026-09-21T10:39:00Z", CHARLOTTE, NAGPUR, language=language, region="") == said


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """The services of an application whose history has a connection of exact times, and one of others."""
    services = Services(Settings(data_dir=tmp_path / "data", public_url="https://unison.example"))
    kept = [connection(0, 1), replace(connection(0, 2), within_s=3)]
    services.history.record("s", 1, NOON_MS, kept, b"{}", b"[]")
    yield services
    services.stop()


def test_a_moments_page_says_it_in_the_form_of_the_visitors_region(client: FlaskClient) -> None:
    british = client.get(f"/c/{connection(0, 1).id}", headers={"Accept-Language": "en-GB"}).text
    assert "23:13 in Osaka, 11:13 in Recife; Osaka was first" in british
    american = client.get(f"/c/{connection(0, 1).id}", headers={"Accept-Language": "en-US"}).text
    assert "11:13\u202fPM in Osaka, 11:13\u202fAM in Recife; Osaka was first" in american
    inexact = client.get(f"/c/{connection(0, 2).id}", headers={"Accept-Language": "en-GB"}).text
    assert "23:13 in Osaka, 11:13 in Recife</p>" in inexact


def test_a_links_picture_is_in_the_language_that_the_link_asks_for(client: FlaskClient) -> None:
    id = connection(0, 1).id
    assert f"https://unison.example/c/{id}/card.png?lang=en-GB" in client.get(f"/c/{id}?lang=en-gb").text
    assert f'https://unison.example/c/{id}/card.png"' in client.get(f"/c/{id}").text
    assert "https://unison.example/card.png?lang=en-GB" in client.get("/?lang=en_GB").text


def test_the_city_of_the_first_press_comes_first() -> None:
    assert wire_form(connection(), GAZETTEER)["from"]["city"] == "Osaka"
