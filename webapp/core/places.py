"""Cities, regions and countries, and the error for a place that cannot be used."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class City:
    """An entry of the gazetteer.

    Attributes:
        geoname_id: GeoNames' id.
        name: its name, in Latin letters.
        country_code: ISO 3166-1 alpha-2 code.
        country: the country's English name.
        admin1: GeoNames' code of the region, such as "CA" or "02".
        lon: degrees.
        lat: degrees.
        population: people, 0 where GeoNames knows no number.
        timezone: IANA name.
        region: the region's name, English or local, in Latin letters; None where it says nothing: it has no name, or
            the city's or the country's.
        label: the name, with what tells the city from others of that name in its country.
    """

    geoname_id: int
    name: str
    country_code: str
    country: str
    admin1: str
    lon: float
    lat: float
    population: int
    timezone: str
    region: str | None
    label: str


@dataclass(frozen=True, slots=True)
class Country:
    """A country or territory by its ISO 3166-1 code; `also` are other names that find it."""

    code: str
    name: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Region:
    """A first-order region of a country.

    Attributes:
        country_code: ISO 3166-1 alpha-2 code.
        admin1: GeoNames' code; "" and "00" stand for no region.
        name: as people are shown it; empty where none is known.
        iso: what follows the country in its ISO 3166-2 code, such as "SP"; empty where there is none.
    """

    country_code: str
    admin1: str
    name: str = ""
    iso: str = ""


class PlaceError(ValueError):
    """A place that cannot be used; `str()` names the value and what would be right.

    The hint is computed only when the error is shown, because it takes a few milliseconds.
    """

    def __init__(self, message: str, hint: Callable[[], str] | None = None) -> None:
        super().__init__(message)
        self._hint = hint

    def __str__(self) -> str:
        return str(self.args[0]) + (self._hint() if self._hint else "")

    def brief(self) -> str:
        """Return the error without its hint."""
        return str(self.args[0])


def shown(value: object) -> str:
    """Quote a value for a message: escaped, and at most 70 characters."""
    text = repr(value[:70] if isinstance(value, str) else value)
    return text if len(text) <= 70 else text[:64] + "..."
