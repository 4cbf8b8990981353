"""How a visitor's region writes times and distances.

A form is one way to write both. Regions that write alike share one, so that few pages and pictures are kept.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

from babel import Locale, UnknownLocaleError
from flask import has_request_context, request
from flask_babel import force_locale

from webapp.web.languages import DEFAULT, MILES, in_miles, language, ours, region_of

REGIONAL = ("en-US", "en-GB", "en-IE", "es-US", "es-MX")
"""Forms beside those of the languages themselves."""


@dataclass(frozen=True, slots=True)
class Form:
    """A way to write times and distances: a language, mostly with a region, and whether ways are in miles."""

    tag: str
    miles: bool

    @property
    def locale(self) -> Locale:
        """What Babel writes in this form."""
        return Locale.parse(self.tag, sep="-")


def canonical(wish: str) -> str:
    """Return the tag of the form that a tag asks for: one of our languages, or of `REGIONAL`."""
    tag = ours(wish)
    if tag is None:
        return DEFAULT
    base = tag.split("-")[0]
    forms = [tag, *(each for each in REGIONAL if each.split("-")[0] == base)]
    wanted = _written(f"{base}-{region_of(wish)}") if region_of(wish) else None
    return next((each for each in forms if _written(each) == wanted), tag)


def of_visitor() -> Form:
    """Return the form of the page's visitor: its language, in the region of who prefers that language."""
    spoken = language().replace("_", "-")
    accepted = list(request.accept_languages.values()) if has_request_context() else []
    regional = (tag for tag in accepted if region_of(tag) and ours(tag) == spoken)
    return Form(canonical(next(regional, spoken)), in_miles())


def of_address() -> Form:
    """Return the form that `?lang=` asks for, else English, so that a picture is the same for every visitor."""
    tag = canonical(request.args.get("lang", DEFAULT))
    return Form(tag, region_of(tag) in MILES)


def speaking(form: Form) -> AbstractContextManager[None]:
    """Speak a form's language."""
    spoken: AbstractContextManager[None] = force_locale(form.tag.replace("-", "_"))
    return spoken


def is_12_hour(locale: Locale) -> bool:
    """Tell whether a locale counts the hours twice to twelve."""
    return any(letter in locale.time_formats["short"].pattern for letter in "hK")


def _written(tag: str) -> tuple[bool, bool] | None:
    """Return what tells forms of a language apart; None for a locale that Babel does not know."""
    try:
        return region_of(tag) in MILES, is_12_hour(Locale.parse(tag, sep="-"))
    except (ValueError, UnknownLocaleError):
        return None
