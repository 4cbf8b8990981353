"""Where a message is from: its token, itself, a trusted proxy, a database of addresses, in this order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from tests.citydatabases import write_cities
from tests.unit.making import CAIRO, LYON, OSAKA, PARIS, RECIFE
from webapp.config import SettingError, Settings
from webapp.core.gazetteer import Gazetteer
from webapp.core.principals import Principal
from webapp.gazetteerdata import load_gazetteer
from webapp.storage.citydatabase import CityDatabase
from webapp.web.locating import Locator

NOBODY = Principal("abcdefghij", "listener", None, 60, 0.0)
PROXY = "10.0.0.1"
SAO_PAULO = 3448439


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return load_gazetteer()


@pytest.fixture
def addresses(tmp_path: Path) -> CityDatabase:
    """A database that has 192.0.2.0/24 in Cairo."""
    cairo = {"city": "Cairo", "country_code": "EG"}
    database = CityDatabase(write_cities(tmp_path / "cities.mmdb", {"192.0.2.0/24": cairo}))
    database.open()
    return database


class World:
    """Asks where messages are from."""

    def __init__(self, gazetteer: Gazetteer, addresses: CityDatabase, **settings: Any) -> None:
        self._gazetteer = gazetteer
        self._locator = Locator(Settings(trusted_proxies=(PROXY,), **settings), gazetteer, addresses)

    def city(self, peer: str = PROXY, principal: Principal = NOBODY, place: Any = None, **headers: Any) -> int | None:
        """Return the GeoNames id of where a message is from; `cf_ipcity` is the header cf-ipcity."""
        environ = EnvironBuilder().get_environ() | {"REMOTE_ADDR": peer}
        environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        city = self._locator.find(principal, place, Request(environ))
        return None if city is None else self._gazetteer[city].geoname_id


@pytest.fixture
def world(gazetteer: Gazetteer, addresses: CityDatabase) -> World:
    return World(gazetteer, addresses)


LYON_BY_CLOUDFLARE: dict[str, Any] = {"cf_ipcity": "Lyon", "cf_ipcountry": "FR"}


def test_the_order_is_token_message_proxy_database(world: World) -> None:
    owner = Principal("abcdefghij", "listener", OSAKA, 60, 0.0)
    place = {"geoname_id": RECIFE}
    forwarded = LYON_BY_CLOUDFLARE | {"x_forwarded_for": "192.0.2.7"}
    assert world.city(principal=owner, place=place, **forwarded) == OSAKA
    assert world.city(place=place, **forwarded) == RECIFE
    assert world.city(**forwarded) == LYON
    assert world.city(x_forwarded_for="192.0.2.7") == CAIRO
    assert world.city(x_forwarded_for="198.51.100.7") is None


def test_what_cannot_be_used_leaves_it_to_what_comes_next(world: World) -> None:
    gone = Principal("abcdefghij", "listener", 1, 60, 0.0)
    assert world.city(principal=gone, place={"city": "Atlantis", "country": "GR"}, **LYON_BY_CLOUDFLARE) == LYON


def test_only_a_trusted_proxy_or_a_unix_socket_says_where(world: World) -> None:
    assert world.city(peer="", **LYON_BY_CLOUDFLARE) == LYON
    assert world.city(peer="203.0.113.5", **LYON_BY_CLOUDFLARE) is None
    assert world.city(peer="192.0.2.7", **LYON_BY_CLOUDFLARE) == CAIRO
    assert world.city(peer="127.0.0.1", **LYON_BY_CLOUDFLARE) is None


def test_the_utf8_of_cloudflare_comes_as_latin_1(world: World) -> None:
    name = "São Paulo".encode().decode("latin-1")
    assert world.city(cf_ipcity=name, cf_region=name, cf_ipcountry="BR") == SAO_PAULO


def test_cloudfront_percent_encodes(world: World) -> None:
    assert world.city(cloudfront_viewer_city="S%C3%A3o%20Paulo", cloudfront_viewer_country="BR") == SAO_PAULO


def test_coordinates_count_before_names(world: World) -> None:
    point: dict[str, Any] = {"cf_iplatitude": "48.8534", "cf_iplongitude": "2.3488"}
    assert world.city(**point, cf_ipcity="Recife", cf_ipcountry="BR") == PARIS


@pytest.mark.parametrize("country", ["XX", "T1"])
def test_an_unknown_country_and_the_tor_network_are_nowhere(world: World, country: str) -> None:
    point: dict[str, Any] = {"cf_iplatitude": "48.8534", "cf_iplongitude": "2.3488"}
    assert world.city(**point, cf_ipcity="Paris", cf_ipcountry=country) is None


def test_coordinates_without_a_city_are_the_middle_of_a_country(world: World) -> None:
    assert world.city(cf_iplatitude="37.751", cf_iplongitude="-97.822", cf_ipcountry="US") is None


def test_an_operator_names_the_headers_of_another_proxy(gazetteer: Gazetteer, addresses: CityDatabase) -> None:
    names = World(gazetteer, addresses, location_headers=("city=X-Geo-City", "country=X-Geo-Country"))
    assert names.city(x_geo_city="osaka", x_geo_country="JP") == OSAKA
    assert names.city(**LYON_BY_CLOUDFLARE) is None
    point = World(gazetteer, addresses, location_headers=("lat=X-Lat", "lon=X-Lon"))
    assert point.city(x_lat="48.8534", x_lon="2.3488") == PARIS


LYON_BY_CLOUDFRONT: dict[str, Any] = {"cloudfront_viewer_city": "Lyon", "cloudfront_viewer_country": "FR"}


def test_where_both_kinds_of_headers_come_neither_is_believed(world: World) -> None:
    assert world.city(**LYON_BY_CLOUDFRONT) == LYON
    assert world.city(**LYON_BY_CLOUDFRONT, cf_ipcity="Osaka", cf_ipcountry="JP") is None
    assert world.city(**LYON_BY_CLOUDFRONT, cf_ipcountry="FR", x_forwarded_for="192.0.2.7") == CAIRO


@pytest.mark.parametrize(("kind", "found"), [("cloudflare", [OSAKA, OSAKA, None]), ("None", [None] * 3)])
def test_an_operator_names_the_kind_of_headers_that_the_proxy_sends(
    gazetteer: Gazetteer, addresses: CityDatabase, kind: str, found: list[int | None]
) -> None:
    named, osaka = World(gazetteer, addresses, location_headers=(kind,)), {"cf_ipcity": "Osaka", "cf_ipcountry": "JP"}
    sent: list[dict[str, Any]] = [osaka, osaka | LYON_BY_CLOUDFRONT, {**LYON_BY_CLOUDFRONT}]
    assert [named.city(**headers) for headers in sent] == found


@pytest.mark.parametrize("words", ["cloudflare", "NONE", "city=x-city,country=x-country"])
def test_a_kind_or_names_can_be_set(words: str) -> None:
    assert Settings.from_env({"UNISON_LOCATION_HEADERS": words}).location_headers


@pytest.mark.parametrize("words", ["fastly", "cloudflare,cloudfront", "none,city=x-city"])
def test_anything_else_is_refused(words: str) -> None:
    with pytest.raises(SettingError, match="cloudflare, cloudfront, none"):
        Settings.from_env({"UNISON_LOCATION_HEADERS": words})


@pytest.mark.parametrize("value", ["\x00", "%", "%FF%FE", "ÿ" * 5_000, "1e999", "nan"])
def test_any_value_is_read(world: World, value: str) -> None:
    assert world.city(cf_ipcity=value, cf_iplatitude=value, cf_iplongitude=value, cf_ipcountry=value) is None
