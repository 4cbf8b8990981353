"""Cities by name: in a country, in a region, as people type them, and as far as they have typed them."""

import difflib
from collections.abc import Sequence
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from webapp.core import typedplaces
from webapp.core.cities import Ints, Read
from webapp.core.namedareas import LONGEST_NAME, NamedAreas
from webapp.core.placenames import Completions, NameIndex, Spellings, fold_place, joined, words_of
from webapp.core.placereadings import ANYWHERE, Limit
from webapp.core.places import Country, PlaceError, shown
from webapp.core.regions import Regions

EXACT_WEIGHT = 20
"""A city whose own name is exactly what was typed counts as if it had so many times its people."""
_CACHED_NAMES = 8_192
_CACHED_LETTERS = 64
_HINTS = 3
_REGIONS_NAMED = 5


class NamedCities(NamedAreas):
    """The cities, found by their names. Names are read when one is first looked for."""

    def __init__(self, read: Read, countries: Sequence[Country], regions: Regions) -> None:
        """Read the cities; the arguments are those of `Cities`."""
        super().__init__(read, countries, regions)
        self._found = lru_cache(_CACHED_NAMES)(self._find)
        self._beginning = lru_cache(_CACHED_LETTERS)(self._own_names)

    def read_names(self) -> None:
        """Read and index the names now, so that the first look-up does not wait for it."""
        self._code, self._names, self._completions, self._spellings, self._largest  # noqa: B018  # this makes them
        self.name(0), self.regions.meant(["x"])

    @cached_property
    def _names(self) -> NameIndex:
        return NameIndex(self._read("names.npz"), self.region)

    @cached_property
    def _completions(self) -> Completions:
        return Completions(self._read("completions.npz"))

    @cached_property
    def _spellings(self) -> Spellings:
        return Spellings(self._read("spellings.npz"))

    @cached_property
    def _largest(self) -> tuple[dict[int, int], dict[int, int]]:
        """Return the most populous city of each country, by its position, and of each region."""
        by_size = np.argsort(self.population, kind="stable")
        each = (column[by_size].tolist() for column in (self.country, self.region))
        countries, regions = (dict(zip(column, by_size.tolist(), strict=True)) for column in each)
        return countries, regions

    def largest(self, country_code: str) -> int | None:
        """Return the index of a country's most populous city; None if it has none."""
        return self.largest_in(Limit(None, country_code))

    def largest_in(self, limit: Limit) -> int | None:
        """Return the index of the most populous city of the regions, or else of the country; None if there is none."""
        countries, regions = self._largest
        if limit.regions is not None:
            found = [regions[number] for number in limit.regions if number in regions]
            return max(found, key=self.people, default=None)
        return countries.get(self._position[limit.country or ""])

    def people(self, city: int) -> int:
        """Return a city's population."""
        return int(self.population[city])

    def lies_in(self, city: int, limit: Limit) -> bool:
        """Tell whether a city lies somewhere."""
        if limit.regions is not None:
            return int(self.region[city]) in limit.regions
        return limit.country in (None, self.code(city))

    def is_main_name(self, folded: str, city: int) -> bool:
        """Tell whether a folded name is a city's main name, and not another one."""
        return fold_place(self.name(city)) == folded

    def region_of(self, city: int) -> int:
        """Return the number of a city's region."""
        return int(self.region[city])

    def by_name(self, city: str, country: str, admin1: str | None = None) -> int:
        """Return the index of the city with that name, or of the city nearest to a smaller place with that name.

        Case, diacritics and punctuation do not matter, and names may be in any script. A city's own name has priority
        over the other names of other cities; of several cities the most populous is returned, unless `admin1` decides.

        Args:
            city: its name, such as "Osaka", "Sao Paulo" or "東京".
            country: ISO 3166-1 alpha-2 code, or alpha-3, or a name, English or its own.
            admin1: the region: GeoNames' code, ISO 3166-2, or a name; see `Regions`. Empty is the same as None.

        Raises:
            PlaceError: the country, the region or the city in it is unknown.
        """
        return self._found(city, country, admin1 or None)

    def named(self, city: str, country: str | None = None, admin1: str | None = None) -> list[int]:
        """Return the indices of all cities that a name can mean, best first; empty if there is none."""
        code = self.country_of(words_of(country[:LONGEST_NAME])) if country else None
        if country and code is None:
            return []
        numbers = self.regions_of(words_of(admin1[:LONGEST_NAME]), code) if admin1 else None
        return self.bearers(fold_place(city[:LONGEST_NAME]), Limit(None if numbers is None else tuple(numbers), code))

    def bearers(self, folded: str, limit: Limit) -> list[int]:
        """Return the cities that a folded name can mean, also as the city near a smaller place, the best first."""
        rows = self._names.find(folded, None if limit.country is None else self.regions.of(limit.country))
        if limit.regions is not None:
            rows = [row for row in rows if row[1] in limit.regions]
        found = list(dict.fromkeys(target for target, _ in rows))
        if limit.country is not None or not found:
            return found
        found.sort(key=lambda target: -self.population[target])
        weights = self.shipped(folded)
        if limit.regions is None:
            return list(dict.fromkeys([*sorted(weights, key=lambda city: (-weights[city], city)), *found]))
        main = [city for city in found if self.is_main_name(folded, city)]  # Bethlehem before Belém in "PA"
        return list(dict.fromkeys([*main, *found]))

    def shipped(self, folded: str) -> dict[int, int]:
        """Return the cities that have a name themselves, each with its weight: its people, more if it is its own."""
        targets, own = self._completions.exact(folded)
        weights = self.population[targets] * np.where(own, EXACT_WEIGHT, 1)
        return dict(zip(targets.tolist(), weights.tolist(), strict=True))

    def typed(self, text: str) -> int:
        """Return the index of the city that a text means, such as "Portland, Maine", "Newcastle UK" or "München".

        Raises:
            PlaceError: it means none.
        """
        if found := self.meanings(text):
            return found[0]
        raise typedplaces.unknown(text[:LONGEST_NAME], self)

    def meanings(self, text: str) -> list[int]:
        """Return the indices of the cities that a text can mean, the best first; empty if it means none."""
        return typedplaces.meanings(text, self) if len(text) <= LONGEST_NAME else []

    def complete(self, prefix: str, limit: int = 8) -> list[int]:
        """Return the cities with a name that begins so, without regard to accents.

        Cities whose own name begins so come first, then those with another such name (東, Münch), each by population;
        a city of exactly that name counts as if it had twenty times its people.
        """
        return self.completed(words_of(prefix[:LONGEST_NAME]), limit)

    def completed(self, words: list[str], limit: int) -> list[int]:
        """Return what `complete` does, for words that `words_of` folded; "st" may become "Stockholm"."""
        forms = {folded for folded in ("".join(words), joined(words)) if folded}
        if not forms:
            return []
        whole, starting = self._completions.exact(joined(words)), [self._completions.starting(form) for form in forms]
        targets, own = (np.concatenate(columns) for columns in zip(*starting, strict=True))
        weight = self.population * np.where(np.isin(np.arange(len(self)), whole[0][whole[1]]), EXACT_WEIGHT, 1)
        first = self._heaviest(np.unique(targets[own]), weight, limit)
        others = np.setdiff1d(targets, targets[own])
        return first + self._heaviest(others, weight, limit - len(first))

    @staticmethod
    def _heaviest(cities: npt.NDArray[np.uint16], weight: Ints, limit: int) -> list[int]:
        order = np.lexsort((cities, -weight[cities]))
        best: list[int] = cities[order[:limit]].tolist()
        return best

    def also(self, city: int, text: str, words: list[str]) -> str:
        """Return the other name that makes `completed` find a city, as people write it.

        Of several, those that begin with the text letter by letter come first, then the shorter ones. Empty if the
        city's own name begins with the words.

        Args:
            city: its index.
            text: what was typed.
            words: the same, as `words_of` folds it.
        """
        forms, typed = ("".join(words), joined(words)), text.casefold()
        if fold_place(self.name(city)).startswith(forms):
            return ""
        begun = (name for name in self._spellings[city] if fold_place(name).startswith(forms))
        rank = {name: (not name.casefold().startswith(typed), name.islower(), len(name)) for name in begun}
        return min(rank, key=rank.__getitem__, default="")

    def _find(self, city: str, country: str, admin1: str | None) -> int:
        folded = fold_place(city[: LONGEST_NAME + 1])
        if not folded or len(city) > LONGEST_NAME:
            raise PlaceError(
                f"no city {shown(city)}; expected a name with letters or digits, at most {LONGEST_NAME} characters"
            )
        code = self.country_code(country)
        rows = self._names.find(folded, self.regions.of(code))
        if not rows:
            raise PlaceError(f"no city {shown(city)} in country {shown(code)}", lambda: self._hint(folded, code))
        return self._in_region(rows, city, code, admin1) if admin1 else rows[0][0]

    def _in_region(self, rows: list[tuple[int, int]], city: str, code: str, admin1: str) -> int:
        region = self.regions.find(code, admin1[:LONGEST_NAME])
        for target, where in rows:
            if where == region:
                return target
        wrong = f"no region {shown(admin1)}"
        if region is not None:
            wrong = f"no city {shown(city)} in region {shown(admin1)}"
            called = self.regions.shown(region)
            wrong += "" if fold_place(called) == fold_place(admin1) else f" ({called})"
        raise PlaceError(f"{wrong} in country {shown(code)}; {shown(city)} is in {self._region_names(rows)}")

    def _region_names(self, rows: list[tuple[int, int]]) -> str:
        known = list(dict.fromkeys(self.regions.shown(where) for _, where in rows))
        return ", ".join(known[:_REGIONS_NAMED]) + (", ..." if len(known) > _REGIONS_NAMED else "")

    def elsewhere(self, folded: str, limit: Limit) -> str:
        """Return where a name is that is not in an area, or a similar name, as the end of a message."""
        code = self.country_around(limit)
        if rows := self._names.find(folded, self.regions.of(code)):
            return f"; it is not in {self._area_name(limit)}, but in {self._region_names(rows)}"
        return f"; it is not in {self._area_name(limit)}{self._hint(folded, code)}"

    def _own_names(self, code: str, letter: str) -> dict[str, str]:
        """Return a country's cities whose own name begins with a letter: the names by how they are folded."""
        targets, own = self._completions.starting(letter)
        here = self.country[targets] == self._position[code]
        return {fold_place(name): name for name in map(self.name, targets[own & here].tolist())}

    def _hint(self, folded: str, code: str) -> str:
        """Return where else the name exists, or a similar name in the country."""
        if elsewhere := dict.fromkeys(map(self.code, self.bearers(folded, ANYWHERE))):
            return f"; there is one in {', '.join(list(elsewhere)[:_HINTS])}"
        names = self._beginning(code, folded[:1])
        close = difflib.get_close_matches(folded, names, n=1, cutoff=0.8)
        if close:
            return f"; did you mean {names[close[0]]!r}?"
        return "; try another spelling, its geoname_id, or lon and lat"
