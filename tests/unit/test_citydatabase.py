"""The operator's database of addresses, in each form that is in use; the files are written here."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from tests.citydatabases import write_cities
from webapp.core.roughplaces import RoughPlace
from webapp.storage.citydatabase import CityDatabase, CityDatabaseError

LYON: dict[str, Any] = {"city": {"names": {"en": "Lyon"}}, "country": {"iso_code": "FR"}}
OSAKA = {"city": "Osaka", "country_code": "JP", "state1": "Osaka"}


def opened(path: Path) -> CityDatabase:
    database = CityDatabase(path)
    database.open()
    return database


@pytest.mark.parametrize("address", ["192.0.2.7", "::ffff:192.0.2.7"])
def test_an_address_is_found(tmp_path: Path, address: str) -> None:
    database = opened(write_cities(tmp_path / "cities.mmdb", {"192.0.2.0/24": LYON, "2001:db8::/32": OSAKA}))
    assert database.find(address) == RoughPlace(city="Lyon", country="FR")
    assert database.find("2001:db8::5") == RoughPlace(city="Osaka", region="Osaka", country="JP")


@pytest.mark.parametrize("address", ["198.51.100.1", "fe80::1%eth0", "nonsense", ""])
def test_an_address_that_is_not_in_it_is_nowhere(tmp_path: Path, address: str) -> None:
    assert opened(write_cities(tmp_path / "cities.mmdb", {"192.0.2.0/24": LYON})).find(address) is None


def test_a_database_of_ipv4_says_nothing_of_ipv6(tmp_path: Path) -> None:
    database = opened(write_cities(tmp_path / "cities.mmdb", {"192.0.2.0/24": LYON}, ip_version=4))
    assert database.find("2001:db8::5") is None
    assert database.find("192.0.2.7") is not None


def test_a_new_file_is_read_and_a_broken_one_is_told_once_while_the_old_data_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_cities(tmp_path / "cities.mmdb", {"192.0.2.0/24": LYON})
    database = opened(path)
    path.write_bytes(b"not a database")
    for _ in range(3):
        database.reload()
    told = f"{path} is not a database of cities in MaxMind's format; download one such as DB-IP City Lite (.mmdb)"
    assert database.problem == told
    assert [line.getMessage() for line in caplog.records if line.levelno == logging.WARNING] == [
        f"UNISON_CITY_DATABASE: {told}"
    ]
    assert database.find("192.0.2.7") == RoughPlace(city="Lyon", country="FR")
    write_cities(path, {"192.0.2.0/24": OSAKA})
    database.reload()
    assert database.problem is None
    assert database.find("192.0.2.7") == RoughPlace(city="Osaka", region="Osaka", country="JP")


def test_a_file_that_is_missing_or_has_no_cities_keeps_a_server_from_starting(tmp_path: Path) -> None:
    with pytest.raises(CityDatabaseError, match=r"UNISON_CITY_DATABASE: .*none\.mmdb cannot be read \(No such file"):
        opened(tmp_path / "none.mmdb")
    countries = write_cities(
        tmp_path / "countries.mmdb", {"192.0.2.0/24": {"country": {"iso_code": "FR"}}}, "DBIP-Country"
    )
    with pytest.raises(CityDatabaseError, match="is not a database of cities"):
        opened(countries)


@pytest.mark.parametrize(
    ("kind", "words", "url"),
    [
        ("DBIP-City-Lite", "IP Geolocation by DB-IP", "https://db-ip.com"),
        ("DBIP-City-Lite (compat=City)", "IP Geolocation by DB-IP", "https://db-ip.com"),
        ("GeoLite2-City", "GeoLite2 data created by MaxMind", "https://www.maxmind.com"),
        ("Our own city list", "Locations of addresses: Our own city list", ""),
    ],
)
def test_its_terms_ask_for_a_credit(tmp_path: Path, kind: str, words: str, url: str) -> None:
    assert opened(write_cities(tmp_path / "cities.mmdb", {"192.0.2.0/24": LYON}, kind)).credit == (words, url)


def test_without_a_database_nothing_is_found_and_nobody_credited() -> None:
    database = CityDatabase(None)
    database.open()
    assert (database.find("192.0.2.7"), database.credit, database.problem) == (None, None, None)
