"""The script that most people of a country write: the most likely one, after Unicode CLDR's likelySubtags."""

from __future__ import annotations

LATIN = "Latn"
_COUNTRIES = {
    "Arab": "AE AF BH DZ EG IQ IR JO KW LB LY MA MR OM PK PS QA SA SD SY TN YE",
    "Armn": "AM",
    "Beng": "BD",
    "Cyrl": "BG BY KG KZ MK MN RS RU TJ UA",
    "Deva": "IN NP",
    "Ethi": "ER ET",
    "Geor": "GE",
    "Grek": "CY GR",
    "Hang": "KP KR",
    "Hans": "CN SG",
    "Hant": "HK MO TW",
    "Hebr": "IL",
    "Jpan": "JP",
    "Khmr": "KH",
    "Laoo": "LA",
    "Mymr": "MM",
    "Sinh": "LK",
    "Thaa": "MV",
    "Thai": "TH",
    "Tibt": "BT",
}
_OF_COUNTRY = {code: script for script, codes in _COUNTRIES.items() for code in codes.split()}
_CHINESE = ("Hans", "Hant")


def script_of(country_code: str) -> str:
    """Return the code of a script (ISO 15924) for a country's (ISO 3166); both ways to write Chinese are one."""
    found = _OF_COUNTRY.get(country_code, LATIN)
    return _CHINESE[0] if found in _CHINESE else found
