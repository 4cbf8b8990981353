"""The page's languages: which one a visitor reads, and the catalogue of what the page says in it.

A message's key is its English sentence. `scripts/build_words.py` finds them in the templates, in `assets`, and in
Python where `sentence` marks them.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from babel import Locale, UnknownLocaleError
from babel.support import Translations
from flask import Flask, has_request_context, request
from flask_babel import Babel, get_locale, gettext
from markupsafe import Markup, escape

from webapp.resources import PACKAGE

TRANSLATIONS = PACKAGE / "translations"
LANGUAGES = {
    "en": "English",
    "de": "Deutsch",
    "es": "Español",
    "pt-BR": "Português (Brasil)",
    "ja": "日本語",
    "ar": "العربية",
}
"""By tag, as each calls itself; the first is what all else is translated from."""
DEFAULT = next(iter(LANGUAGES))
MILES = frozenset({"US", "GB", "LR", "MM"})
"""Regions that measure ways in miles."""
_COUNTED = (0, 1, 2, 3, 11, 100, 1_000_000)
"""Numbers of every plural category that any language has."""


def init_app(app: Flask) -> None:
    """Give templates `_()`, the language and its direction, and answers the language they are in."""
    Babel(app, locale_selector=language, default_translation_directories=str(TRANSLATIONS))
    app.context_processor(_spoken)
    app.add_template_global(say)
    app.add_template_global(language_url)


def language_url(tag: str) -> str:
    """Where the page is in another language, all else in the address as it is."""
    query = {**request.args.to_dict(flat=False), "lang": [tag]}
    return f"{quote(request.script_root + request.path)}?{urlencode(query, doseq=True)}"


def language() -> str:
    """Return the visitor's language as a locale's name: `?lang=`, else what the browser prefers."""
    if not has_request_context():
        return DEFAULT
    return chosen(request.args.get("lang"), request.accept_languages.values()).replace("-", "_")


def chosen(wish: str | None, preferred: Any) -> str:
    """Return the first of our languages in what is wished and preferred, another region's where there is no closer."""
    return next((tag for wanted in (wish or "", *preferred) if (tag := ours(wanted))), DEFAULT)


def ours(wanted: str) -> str | None:
    """Return the tag of our language that a tag means, of whatever region; None where we have none."""
    parts = wanted.replace("_", "-").casefold().split("-")
    tags = {tag.casefold(): tag for tag in LANGUAGES}
    return tags.get("-".join(parts)) or next((tag for tag in LANGUAGES if tag.split("-")[0] == parts[0]), None)


def sentence(key: str) -> str:
    """Return a sentence as it is: it is marked here, and translated where it is shown."""
    return key


def say(key: str, **values: str) -> Markup:
    """Say a sentence with its values, markup among them; what is none is escaped."""
    return escape(gettext(key)).format(**values)


def country_names() -> Mapping[str, str]:
    """Return the names of countries in the visitor's language, by ISO 3166-1 code, from Unicode's CLDR."""
    names: Mapping[str, str] = (get_locale() or Locale(DEFAULT)).territories
    return names


def country_name(code: str, english: str) -> str:
    """Return a country's name in the visitor's language; its English name where that language has none."""
    return country_names().get(code, english)


def region_of(tag: str) -> str:
    """Return the region in a language tag, in capitals; "" where it names none."""
    parts = tag.replace("_", "-").upper().split("-")[1:]
    return next((part for part in parts if len(part) == 2 and part.isalpha()), "")


def in_miles() -> bool:
    """Tell whether the visitor's region measures ways in miles; one that names no region does not."""
    accepted = request.accept_languages.values() if has_request_context() else ()
    return next(filter(None, map(region_of, accepted)), "") in MILES


def _spoken() -> dict[str, Any]:
    locale = get_locale() or Locale(DEFAULT)
    tag = str(locale).replace("_", "-")
    return {
        "language": tag,
        "direction": locale.text_direction,
        "languages": LANGUAGES,
        "words": words(tag),
    }


@cache
def words(tag: str) -> dict[str, str | dict[str, str]]:
    """Return what `assets/common/i18n.js` says in a language by its English; counted sentences by plural category."""
    try:
        locale = Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError):
        return {}
    catalogue = Translations.load(str(TRANSLATIONS), [locale])
    found: dict[str, str | dict[str, str]] = {}
    for key, text in getattr(catalogue, "_catalog", {}).items():
        if isinstance(key, tuple):
            found[key[0]] = {locale.plural_form(n): catalogue.ngettext(key[0], key[0], n) for n in _COUNTED}
        elif key:
            found[key] = text
    return found
