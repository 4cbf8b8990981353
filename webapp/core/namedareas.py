"""Countries and regions by the names that people write, and how they are named in sentences."""

from collections.abc import Sequence
from functools import cached_property, lru_cache

from webapp.core.cities import Cities, Read
from webapp.core.placenames import fold_place, joined, words_of
from webapp.core.placereadings import Limit, Words, is_everywhere
from webapp.core.places import Country, PlaceError, shown
from webapp.core.regions import Regions

LONGEST_NAME = 200
_CACHED_AREAS = 8_192
_CACHED_COUNTRIES = 1_024
_WITH_ARTICLE = frozenset({"Bahamas", "Central African Republic", "Comoros", "Dominican Republic", "Gambia", "Maldives",
                           "Netherlands", "Philippines", "Seychelles", "U.S. Virgin Islands", "Vatican"})  # fmt: skip
_ARTICLE_STARTS = ("Democratic Republic", "Isle of", "Republic of", "United ")


class NamedAreas(Cities):
    """The cities, with the names of their countries and regions."""

    def __init__(self, read: Read, countries: Sequence[Country], regions: Regions) -> None:
        """Read the cities; the arguments are those of `Cities`."""
        super().__init__(read, countries, regions)
        self._countries = {c.code: c for c in countries}
        self.countries = frozenset(self._countries)
        self._areas = lru_cache(_CACHED_AREAS)(self._names_area)
        self._country_written = lru_cache(_CACHED_COUNTRIES)(lambda text: self.country_of(words_of(text)))

    @cached_property
    def _code(self) -> dict[str, str]:
        return {fold_place(w): c.code for c in self._country_rows for w in (*c.also, c.name, c.code)}

    def country_code(self, country: str) -> str:
        """Return the ISO 3166-1 alpha-2 code of a country given by code or name.

        Raises:
            PlaceError: there is no such country.
        """
        code = self._country_written(country[:LONGEST_NAME])
        if code is None:
            raise PlaceError(f"no country {shown(country)}; expected an ISO 3166-1 code, such as 'BR'")
        return code

    def country_of(self, words: Sequence[str]) -> str | None:
        """Return the code of the country that folded words name; None if there is none."""
        return self._code.get(joined(words))

    def country_name(self, code: str) -> str:
        """Return the English name of a country code; a KeyError if there is none."""
        return self._countries[code].name

    def is_country_name(self, words: Sequence[str], code: str) -> bool:
        """Tell whether folded words are a country's English name, or its code."""
        return joined(words) in (fold_place(self._countries[code].name), fold_place(code))

    def regions_of(self, words: Sequence[str], code: str | None = None) -> list[int]:
        """Return the numbers of the regions that folded words mean, of one country or of all."""
        return self.regions.meant(words, code)

    def regions_with_district(self, words: Sequence[str], code: str | None = None) -> list[int]:
        """Return the numbers of the regions that have a district of this name, of one country or of all."""
        return self.regions.with_district(words, code)

    def is_area(self, words: Words) -> bool:
        """Tell whether folded words are a country, a region, a continent or the like."""
        return self._areas(words)

    def _names_area(self, words: Words) -> bool:
        return is_everywhere(words) or self.country_of(words) is not None or bool(self.regions_of(words))

    def is_shown_name(self, folded: str, limit: Limit) -> bool:
        """Tell whether this is the name that people are shown of a country, or of one of these regions."""
        if limit.regions is None:
            return self.is_country_name([folded], limit.country or "")
        return folded in {fold_place(self.regions.shown(number)) for number in limit.regions}

    def country_around(self, limit: Limit) -> str:
        """Return the code of a country, or of the country of a region."""
        return limit.country or self.regions[(limit.regions or (0,))[0]].country_code

    def country_of_area(self, limit: Limit) -> str:
        """Return the English name of the country of a region or of a country, as in a sentence."""
        name = self.country_name(self.country_around(limit)).removeprefix("The ")
        the = name in _WITH_ARTICLE or name.startswith(_ARTICLE_STARTS) or " Islands" in name
        return f"the {name}" if the else name

    def area(self, limit: Limit) -> str:
        """Return the English name of a country, or the name of a region."""
        return self.regions.shown(limit.regions[0]) if limit.regions else self.country_name(limit.country or "")

    def _area_name(self, limit: Limit) -> str:
        country = self.country_of_area(limit)
        return f"{self.regions.shown(limit.regions[0])}, {country}" if limit.regions else country
