"""The invented tracks, by language, and the countries where each language is spoken."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HOMES = {
    "en": "US GB IE CA AU NZ ZA NG GH KE JM",
    "es": "ES MX AR CO PE CL VE EC GT CU BO DO HN PY SV NI CR PA UY PR",
    "pt": "BR PT AO MZ",
    "fr": "FR BE CH CA SN CI CM CD HT ML MG",
    "de": "DE AT CH",
    "it": "IT CH",
    "nl": "NL BE SR",
    "pl": "PL",
    "cs": "CZ SK",
    "sk": "SK CZ",
    "hu": "HU",
    "ro": "RO MD",
    "hr": "HR BA RS",
    "lt": "LT",
    "lv": "LV",
    "et": "EE",
    "sv": "SE FI",
    "da": "DK",
    "nb": "NO",
    "is": "IS",
    "fi": "FI",
    "tr": "TR CY AZ",
    "vi": "VN",
    "id": "ID MY",
    "tl": "PH",
    "yo": "NG BJ",
    "sw": "TZ KE UG CD",
    "ru": "RU BY KZ KG",
    "uk": "UA",
    "bg": "BG MK",
    "sr": "RS BA ME",
    "kk": "KZ",
    "el": "GR CY",
    "ar": "EG SA IQ MA DZ SD SY JO LB TN LY YE AE KW OM QA BH PS",
    "fa": "IR AF TJ",
    "ur": "PK",
    "he": "IL",
    "hi": "IN",
    "mr": "IN",
    "ne": "NP",
    "bn": "BD IN",
    "ta": "LK IN SG MY",
    "th": "TH",
    "zh-Hans": "CN SG MY",
    "zh-Hant": "TW HK MO",
    "ja": "JP",
    "ko": "KR KP",
    "ka": "GE",
    "hy": "AM",
    "am": "ET",
}
"""ISO codes of the countries where titles in a language are played more than elsewhere."""

_FILE = Path(__file__).with_name("catalogue.json")


@dataclass(frozen=True, slots=True)
class Track:
    """An invented title and artist, and their language (a key of HOMES)."""

    title: str
    artist: str
    language: str


@cache
def load_catalogue() -> tuple[Track, ...]:
    """Return the tracks in the order of the file, by language; the first, "Night Bus Home", is the most popular."""
    languages = json.loads(_FILE.read_text("utf-8"))
    return tuple(Track(title, artist, language) for language, rows in languages.items() for artist, title in rows)
