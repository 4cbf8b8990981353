"""Where a listener is: by the token, by the message, by a trusted proxy's headers, or by the address.

An address is used here in memory, and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask
from werkzeug.wrappers import Request

from webapp.config import Settings
from webapp.core import validation
from webapp.core.gazetteer import Gazetteer, PlaceError
from webapp.core.principals import Principal
from webapp.core.roughplaces import NAME_MOST, RoughPlace, city_of, degrees
from webapp.core.validation import FieldError
from webapp.storage.citydatabase import CityDatabase
from webapp.web.clientaddress import client_address, is_trusted

CHOSEN_MOST = 4_096
"""Cities of tokens whose index is remembered."""
CLOUDFLARE = {
    "city": "cf-ipcity",
    "region": "cf-region",
    "country": "cf-ipcountry",
    "lat": "cf-iplatitude",
    "lon": "cf-iplongitude",
}
CLOUDFRONT = {
    "city": "cloudfront-viewer-city",
    "region": "cloudfront-viewer-country-region-name",
    "country": "cloudfront-viewer-country",
    "lat": "cloudfront-viewer-latitude",
    "lon": "cloudfront-viewer-longitude",
}

_FAMILIES: Mapping[str, Sequence[Mapping[str, str]]] = {
    "cloudflare": [CLOUDFLARE],
    "cloudfront": [CLOUDFRONT],
    "none": [],
}


def init_app(app: Flask, addresses: CityDatabase) -> None:
    """Let templates show the credit of the database of addresses."""
    app.jinja_env.globals["address_credit"] = lambda: addresses.credit


class Locator:
    """Finds the city of a message.

    Args:
        settings: say which proxies are trusted, and which headers they send.
        gazetteer: the cities.
        addresses: the operator's database of addresses.
    """

    def __init__(self, settings: Settings, gazetteer: Gazetteer, addresses: CityDatabase) -> None:
        self._settings, self._gazetteer, self._addresses = settings, gazetteer, addresses
        self._of_id = lru_cache(maxsize=CHOSEN_MOST)(self._by_id)
        self._families = _families(settings.location_headers)

    def find(self, principal: Principal, place: Any, request: Request) -> int | None:
        """Return the index of the city; None if nothing says where it is.

        Args:
            principal: its city counts first.
            place: what the message says, in a native play's form; None if nothing.
            request: what came with it.
        """
        if (city := self._chosen(principal)) is not None:
            return city
        ways: Sequence[Callable[[], int | None]] = (
            lambda: self._said(place),
            lambda: self._forwarded(request),
            lambda: self._looked_up(request),
        )
        return next((city for way in ways if (city := way()) is not None), None)

    def _chosen(self, principal: Principal) -> int | None:
        """Return the city of the token; None if it has none."""
        return None if principal.city is None else self._of_id(principal.city)

    def _by_id(self, geoname_id: int) -> int | None:
        """Return the city with an id; None if a newer gazetteer does not have it any more."""
        try:
            return self._gazetteer.by_id(geoname_id)
        except PlaceError:
            return None

    def _said(self, place: Any) -> int | None:
        try:
            return None if place is None else validation.place(place, self._gazetteer)
        except FieldError:
            return None

    def _forwarded(self, request: Request) -> int | None:
        """Return what a proxy says; only what a trusted one sends counts, and what comes over a Unix socket."""
        if request.remote_addr and not is_trusted(request.remote_addr, self._settings):
            return None
        sent = [names for names in self._families if any(name in request.headers for name in names.values())]
        # A proxy sends one kind. Another one comes from a client, and nothing says which is which.
        return city_of(_place(request, sent[0]), self._gazetteer) if len(sent) == 1 else None

    def _looked_up(self, request: Request) -> int | None:
        found = self._addresses.find(client_address(request, self._settings))
        return None if found is None else city_of(found, self._gazetteer)


def _families(words: Sequence[str]) -> Sequence[Mapping[str, str]]:
    """Return the kinds of headers that a setting names: by header, what each tells."""
    if not words:
        return [CLOUDFLARE, CLOUDFRONT]
    own = [dict(word.lower().split("=", 1) for word in words if "=" in word)]
    return _FAMILIES.get(words[0].lower(), own)


def _place(request: Request, names: Mapping[str, str]) -> RoughPlace:
    def text(part: str) -> str:
        return _text(request.headers.get(names.get(part, ""), ""))

    if "city" in names and not text("city"):  # coordinates are the middle of a country then
        return RoughPlace()
    lon, lat = degrees(text("lon"), 180), degrees(text("lat"), 90)
    return RoughPlace(lon=lon, lat=lat, city=text("city"), region=text("region"), country=text("country"))


def _text(value: str) -> str:
    """Return a header's text: WSGI gives UTF-8 as latin-1, and some proxies percent-encode it."""
    raw = unquote_to_bytes(value[: 3 * NAME_MOST].encode("latin-1", "replace"))
    return raw.decode("utf-8", "replace").strip()[:NAME_MOST]
