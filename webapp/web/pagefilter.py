"""The filter in the address of a page, and what its parts are called."""

from __future__ import annotations

from flask import request
from msgspec.structs import replace

from webapp.core.filters import Filter, FilterError
from webapp.core.gazetteer import Gazetteer
from webapp.core.moderation import Rules
from webapp.core.search import RecentTracks, Result, described
from webapp.core.trackids import TrackAliases
from webapp.engine.offload import offload
from webapp.web.languages import country_name


def wanted(gazetteer: Gazetteer, aliases: TrackAliases) -> Filter | None:
    """Return the filter of the page that is asked for; None where the stream would refuse it."""
    try:
        return Filter.parse(request.args.items(multi=True), gazetteer, aliases)
    except FilterError:
        return None


def named(filter: Filter | None, tracks: RecentTracks, gazetteer: Gazetteer) -> list[Result]:
    """Return what the parts of a filter are called; a country in the visitor's language, an unknown artist as asked.

    A hidden artist has no name: what anybody can put into an address is in no title and no picture of ours.
    """
    if not filter:
        return []
    results = offload(lambda: described(filter, tracks.songs(), gazetteer))
    return [_shown(_in_words(result, filter), tracks.rules) for result in results]


def _shown(result: Result, rules: Rules) -> Result:
    is_hidden = result.kind == "artist" and rules.hides_names("", result.label)
    return replace(result, label="") if is_hidden else result


def _in_words(result: Result, filter: Filter) -> Result:
    if result.kind == "country":
        return replace(result, label=country_name(result.filter["country"], result.label))
    if result.kind == "artist" and result.label == filter.artist:
        asked = request.args["artist"].strip()
        return replace(result, label=asked, filter={"artist": asked})
    return result
