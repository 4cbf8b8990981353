"""A connection whose times are not exact is told in seconds wherever another is told in milliseconds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.unit.history_world import GAZETTEER, NOON_MS, connection
from webapp.config import Settings
from webapp.core import frames
from webapp.core.records import Connection
from webapp.services import Services
from webapp.web.connectiontext import in_words, wire_form

EXACT, INEXACT = connection(0, 1), replace(connection(0, 2), within_s=3)
MS = re.compile(r"\d+ (ms|م\.ث)")


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """The services of an application whose history has both."""
    services = Services(Settings(data_dir=tmp_path / "data", public_url="https://unison.example"))
    services.history.record("s", 1, NOON_MS, [EXACT, INEXACT], b"{}", b"[]")
    yield services
    services.stop()


def told(app: Flask, language: str, found: Connection) -> tuple[str, str]:
    with app.test_request_context(f"/?lang={language}"):
        words = in_words(wire_form(found, GAZETTEER))
    return words["apart"], words["motto"]


@pytest.mark.parametrize(
    ("language", "apart", "motto"),
    [
        ("en", "within about 3 s", "Two strangers, one song."),
        ("de", "innerhalb von etwa 3 s", "Zwei Fremde, ein Song."),
        ("es", "con unos 3 s de margen", "Dos desconocidos, una canción."),
        ("pt-BR", "com cerca de 3 s de margem", "Dois desconhecidos, uma música."),
        ("ja", "約3秒以内", "見知らぬふたり、ひとつの曲。"),
        ("ar", "خلال نحو 3 ث", "غريبان، أغنية واحدة."),
    ],
)
def test_every_language_says_seconds_and_not_the_same_second(app: Flask, language: str, apart: str, motto: str) -> None:
    assert told(app, language, INEXACT) == (apart, motto)
    assert told(app, language, EXACT)[0] != apart
    assert told(app, language, EXACT)[1].startswith(motto.rstrip(".。"))


def test_the_api_says_what_the_stream_says(client: FlaskClient) -> None:
    answer = client.get("/api/connections").json
    assert answer is not None
    assert answer["connections"] == [json.loads(frames.connection_json(each, GAZETTEER)) for each in (INEXACT, EXACT)]
    first, last = answer["connections"]
    assert (first["apart_ms"], first["within_s"]) == (None, 3)
    assert (last["apart_ms"], "within_s" in last) == (40, False)


def test_its_page_says_within_how_many_seconds_and_nothing_of_the_same_second(client: FlaskClient) -> None:
    page = client.get(f"/c/{INEXACT.id}").text
    assert '<p class="kicker">Two strangers, one song.</p>' in page
    assert "<dd>within about 3 s</dd>" in page
    about = "Osaka, Japan and Recife, Brazil: two strangers pressed play on the same song. 16,897 km, within about 3 s."
    assert f'<meta property="og:description" content="{about}">' in page
    assert re.search(r'<p class="facts">40 ms apart · 16,897 km', page), "another one of that second"


def test_the_page_of_an_exact_one_lists_it_with_seconds(client: FlaskClient) -> None:
    page = client.get(f"/c/{EXACT.id}").text
    assert "<dd>40 ms apart</dd>" in page
    assert '<p class="kicker">Two strangers, one song, the same second.</p>' in page
    assert re.search(r'<p class="facts">within about 3 s · 16,897 km', page)


def test_the_list_and_the_feed_say_seconds(client: FlaskClient) -> None:
    for path in ("/", "/moments.atom"):
        shown = client.get(path).text
        assert (shown.count("within about 3 s"), len(MS.findall(shown))) == (1, 1), path


def test_an_oembed_title_says_seconds(client: FlaskClient) -> None:
    titles = [
        client.get("/oembed", query_string={"url": f"https://unison.example/c/{each.id}"}).json["title"]  # type: ignore[index]
        for each in (EXACT, INEXACT)
    ]
    assert titles == [
        "Jóga by Björk: Osaka and Recife, 40 ms apart",
        "Jóga by Björk: Osaka and Recife, within about 3 s",
    ]
