"""Texts of pictures for tests: a song of the catalogue in each script, between two cities."""

from __future__ import annotations

from functools import cache

from webapp.graphics.cards import ArcEnd, CardText
from webapp.graphics.fonts import Fonts, load_fonts
from webapp.seed.catalogue import Track, load_catalogue

EVENING_S = 1_790_000_000.0
CITIES = [
    ArcEnd("Lisbon", "Lisbon, Portugal", -9.1, 38.7),
    ArcEnd("São Paulo", "São Paulo, Brazil", -46.6, -23.5),
    ArcEnd("Cairo", "Cairo, Egypt", 31.2, 30.0),
    ArcEnd("Mumbai", "Mumbai, India", 72.9, 19.1),
    ArcEnd("Tokyo", "Tokyo, Japan", 139.7, 35.7),
    ArcEnd("Sydney", "Sydney, Australia", 151.2, -33.9),
    ArcEnd("Lubumbashi", "Lubumbashi, Democratic Republic of the Congo", 27.5, -11.7),
]
LANGUAGES = ("en", "vi", "ru", "el", "ar", "he", "hi", "bn", "ta", "th", "ka", "hy", "am", "zh-Hans", "ja", "ko")
"""At least one for each script of the catalogue."""


@cache
def fonts() -> Fonts:
    """Return the package's fonts."""
    return load_fonts()


def song(language: str) -> Track:
    """Return the longest title in a language, because it has the most letters."""
    return max((t for t in load_catalogue() if t.language == language), key=lambda t: (len(t.title), t.title))


def card_text(title: str, artist: str, number: int = 0, address: str = "") -> CardText:
    """Return the texts of a moment; the number chooses cities and colours."""
    start, end = CITIES[number % len(CITIES)], CITIES[(3 * number + 1) % len(CITIES)]
    end = end if end != start else CITIES[(3 * number + 2) % len(CITIES)]
    facts, when, motto = "7,923 km · 41 ms apart", "21 September 2026 · 14:13:20 UTC", "Two strangers, one song."
    return CardText(title, artist, number % 6, start, end, facts, when, EVENING_S + 5000 * number, motto, address)


def card_text_in(language: str) -> CardText:
    """Return the texts of a moment with a song in a language."""
    track = song(language)
    return card_text(track.title, track.artist, LANGUAGES.index(language))
