"""A connection in words of the visitor's language, for pages, feeds and images."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from babel.dates import format_time
from babel.numbers import format_decimal
from babel.units import format_unit
from flask_babel import gettext

from webapp.core import frames
from webapp.core.gazetteer import Gazetteer
from webapp.core.records import Connection
from webapp.web import regional
from webapp.web.languages import country_name, say, sentence
from webapp.web.regional import Form

KM_PER_MILE = 1.609344
_SOURCES = {"live": sentence("live"), "synthetic": sentence("simulated"), "replay": sentence("replay")}


def wire_form(connection: Connection, gazetteer: Gazetteer) -> dict[str, Any]:
    """Return a connection as it stands on the wire."""
    found: dict[str, Any] = msgspec.json.decode(frames.connection_json(connection, gazetteer))
    return found


def in_words(connection: Mapping[str, Any], form: Form | None = None) -> dict[str, Any]:
    """Return a connection in words, in a form or the visitor's; `time` is UTC, for the server knows no other."""
    form = form or regional.of_visitor()
    when = datetime.fromtimestamp(connection["at"], UTC)
    return {
        "id": connection["id"],
        "track": connection["track"]["id"],
        "title": connection["track"]["title"],
        "artist": connection["track"]["artist"],
        "from": _place(*place_names(connection["from"])),
        "to": _place(*place_names(connection["to"])),
        "apart": _apart(connection, form),
        "motto": motto(connection),
        "is_exact": connection["apart_ms"] is not None,
        "distance": distance(connection["km"], form),
        "at": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "time": f"{format_time(when, 'medium', locale=form.locale)} UTC",
    }


def motto(connection: Mapping[str, Any]) -> str:
    """Return what two people had in common; "the same second" only if both times are exact."""
    if connection["apart_ms"] is None:
        return say("Two strangers, one song.")
    return say("Two strangers, one song, the same second.")


def place_names(place: Mapping[str, str]) -> tuple[str, str]:
    """Return a city's label and its country in the visitor's language; "" for a country that is called as the city."""
    country = country_name(place["country_code"], place["country"])
    return place["label"], "" if place["city"] in (place["country"], country) else country


def source_text(source: str) -> str:
    """Return what the pages call a source of plays, in the visitor's language."""
    return str(gettext(_SOURCES[source]))


def _place(city: str, country: str) -> str:
    return say("{city}, {country}", city=city, country=country) if country else city


def _apart(connection: Mapping[str, Any], form: Form) -> str:
    if (ms := connection["apart_ms"]) is None:
        return say("within about {seconds} s", seconds=format_decimal(connection["within_s"], locale=form.locale))
    if ms == 0:
        return say("at the same instant")
    return say("{time} apart", time=_measured(ms, "duration-millisecond", form))


def distance(km: int, form: Form) -> str:
    """Return a distance in the units of a form."""
    if form.miles:
        return _measured(round(km / KM_PER_MILE), "length-mile", form)
    return _measured(km, "length-kilometer", form)


def way_text(km: int, *, unit: bool = True) -> str:
    """Return a round number of kilometres, a thousand or more, as people say it: in hundreds of miles where they do."""
    form = regional.of_visitor()
    number = round(km / KM_PER_MILE / 100) * 100 if form.miles else km
    if not unit:
        return format_decimal(number, locale=form.locale)
    return _measured(number, "length-mile" if form.miles else "length-kilometer", form)


def _measured(number: int, unit: str, form: Form) -> str:
    return format_unit(number, unit, length="short", locale=form.locale)
