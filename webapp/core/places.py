"""Cities and countries, and the error for a place that cannot be used."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class City:
    """An entry of the gazetteer.

    Coordinates are degrees. `admin1` is GeoNames' code, such as "CA" or "02". `label` is the name that pages show.
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
    label: str


@dataclass(frozen=True, slots=True)
class Country:
    """A country or territory by its ISO 3166-1 code; `also` are other names that find it."""

    code: str
    name: str
    also: tuple[str, ...] = ()


class PlaceError(ValueError):
    """A place that cannot be used; `str()` names the value and what would be right.

    The hint is computed only when the error is shown: of ten thousand bad plays, only twenty errors are.
    """

    def __init__(self, message: str, hint: Callable[[], str] | None = None) -> None:
        super().__init__(message)
        self._hint = hint

    def __str__(self) -> str:
        return str(self.args[0]) + (self._hint() if self._hint else "")


def shown(value: object) -> str:
    """Quote a value for a message: escaped, and at most 70 characters."""
    text = repr(value[:70] if isinstance(value, str) else value)
    return text if len(text) <= 70 else text[:64] + "..."
