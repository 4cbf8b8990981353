"""The filter in the address of a page, and what its parts are called."""

from __future__ import annotations

from flask import current_app, request

from webapp.core.filters import Filter, FilterError
from webapp.core.search import Result, described
from webapp.web.runtime import offload, unison


def wanted() -> Filter | None:
    """Return the filter of the page that is asked for; None where the stream would refuse it, or there is no server."""
    if "unison" not in current_app.extensions:
        return None
    try:
        return Filter.parse(request.args.items(multi=True), unison().gazetteer)
    except FilterError:
        return None


def named(filter: Filter | None) -> list[Result]:
    """Return what the parts of a filter are called."""
    if not filter:
        return []
    app = unison()
    return offload(lambda: described(filter, app.heard.songs(), app.gazetteer))
