"""First-order regions by code and name, as people write them.

Within a country a text means, in this order: GeoNames' code, ISO 3166-2 with and without the country, the name that
people are shown, another name, and a name without its generic words ("Osaka Prefecture" is "Osaka").

Districts are second-order: counties of England, provinces of Italy. They only say in which region a city is.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from webapp.core.packing import from_planes, to_planes
from webapp.core.placenames import fold_place, joined, words_of
from webapp.core.places import Region
from webapp.core.textkeys import TextKeys, salted

_ENGLISH = """administrative autonomous canton capital city community county department district division emirate
    federal free governorate land metropolitan municipality national of parish prefecture principality province region
    republic special state territory the voivodeship co dept prov"""
_OTHER = """autonoma autonomo bundesland cantone comunidad comunitat da de del departamento departement der di do du
    estado freistaat fylke jud judetul kanton kraj krai kray lan megye obl oblast okrug provincia provincie regiao
    regione sheng shi si woj wojewodztwo обл область край респ республика"""
GENERIC = frozenset(_ENGLISH.split() + words_of(_OTHER))
"""Words of a region's name that say what it is, and what joins them."""
_GENERIC_ENDS = tuple(map(fold_place, "都道府県縣省市州도시"))
_SHORTEST = 2
_CACHED = 4_096


class Regions(Sequence[Region]):
    """The regions, in the order of their numbers; those of a country follow each other."""

    def __init__(
        self,
        regions: Iterable[Region],
        words: Mapping[str, Any],
        districts: Callable[[], Mapping[str, Any]],
    ) -> None:
        """Index the regions.

        Args:
            regions: those of a country follow each other.
            words: what `pack_words` made of them and their other names.
            districts: returns what `pack_districts` made; it is called once, when a district is first looked for.
        """
        self._all = tuple(regions)
        self._numbers: dict[str, range] = {}
        for number, region in enumerate(self._all):
            first = self._numbers.get(region.country_code, range(number, number)).start
            self._numbers[region.country_code] = range(first, number + 1)
        self._arrays, self._district_arrays = words, districts
        self._meant = lru_cache(_CACHED)(self._find)
        self._with_district = lru_cache(_CACHED)(self._find_district)

    @cached_property
    def _words(self) -> "_Words":
        return _Words(self._arrays)

    @cached_property
    def _districts(self) -> "_Words":
        return _Words(self._district_arrays())

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, number: int) -> Region:  # type: ignore[override]  # numbers only
        return self._all[number]

    def of(self, country_code: str) -> range:
        """Return the numbers of a country's regions."""
        return self._numbers.get(country_code, range(0))

    def find(self, country_code: str, text: str) -> int | None:
        """Return the number of the region that a text means in a country; None if there is none."""
        return next(iter(self.meant(words_of(text), country_code)), None)

    def meant(self, words: Sequence[str], country_code: str | None = None) -> list[int]:
        """Return the numbers of the regions that folded words mean: one at most in each country, or in one country."""
        return self._of_country(self._meant(tuple(words)), country_code)

    def with_district(self, words: Sequence[str], country_code: str | None = None) -> list[int]:
        """Return the numbers of the regions that have a district of this name or code, in a country or in all."""
        return self._of_country(self._with_district(tuple(words)), country_code)

    def _of_country(self, numbers: Iterable[int], country_code: str | None) -> list[int]:
        if country_code is None:
            return list(numbers)
        here = self.of(country_code)
        return [number for number in numbers if number in here]

    def _find_district(self, words: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(self._districts.find(joined(words)) or self._districts.find(bare(words)))

    def _find(self, words: tuple[str, ...]) -> tuple[int, ...]:
        folded, without = joined(words), bare(words)
        found = self._words.find(folded)
        taken = {self._all[number].country_code for number in found}
        more = self._words.find(without) if without != folded else []
        return (*found, *(number for number in more if self._all[number].country_code not in taken))

    def shown(self, number: int) -> str:
        """Return a region's name; its code where none is known."""
        return self._all[number].name or self._all[number].admin1


class _Words:
    """Finds the numbers of regions by a folded text."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        self._keys, self._number = TextKeys(arrays), from_planes(arrays["number"])

    def find(self, folded: str) -> list[int]:
        found: list[int] = self._number[slice(*self._keys.rows(folded))].tolist() if folded else []
        return found


def pack_words(regions: Sequence[tuple[Region, Iterable[str]]]) -> dict[str, Any]:
    """Return arrays to store, of regions and their other names.

    Of several meanings of a text in a country, the first in the order of this module counts.
    """
    texts = [list(_texts(region, list(also))) for region, also in regions]
    meant: dict[str, dict[str, int]] = {}
    for kind in range(max(map(len, texts), default=0)):
        for number, ((region, _), kinds) in enumerate(zip(regions, texts, strict=True)):
            for folded in filter(None, kinds[kind]):
                meant.setdefault(folded, {}).setdefault(region.country_code, number)
    return _packed({folded: each.values() for folded, each in meant.items()})


def pack_districts(districts: Iterable[tuple[int, Iterable[str]]]) -> dict[str, Any]:
    """Return arrays to store, of districts: the number of each one's region, and its names and codes."""
    meant: dict[str, set[int]] = {}
    for number, texts in districts:
        for words in map(words_of, texts):
            for folded in filter(None, (joined(words), bare(words))):
                meant.setdefault(folded, set()).add(number)
    return _packed(meant)


def _packed(meant: Mapping[str, Iterable[int]]) -> dict[str, Any]:
    salt, keys = salted(meant)
    rows = [(key, number) for key, folded in keys for number in sorted(meant[folded])]
    numbers = np.array([number for _, number in rows], dtype=np.int64)
    return TextKeys.pack(salt, [key for key, _ in rows]) | {"number": to_planes(numbers, "<u2")}


def _texts(region: Region, also: list[str]) -> Iterator[list[str]]:
    """Yield the folded texts that mean a region, the kinds in the order of this module."""
    yield [fold_place(region.admin1)]
    yield [fold_place(f"{region.country_code}-{region.iso}")] if region.iso else []
    yield [fold_place(region.iso)]
    yield [fold_place(region.name)]
    yield list(map(fold_place, also))
    yield [bare(words_of(region.name))]
    yield [bare(words_of(name)) for name in also]


def bare(words: Sequence[str]) -> str:
    """Join the folded words of a region's name without the generic ones ("Osaka Prefecture" is "osaka").

    Empty if there are no others.
    """
    kept = [word for word in words if word not in GENERIC]
    if len(kept) == len(words) == 1 and kept[0].endswith(_GENERIC_ENDS):
        end = next(end for end in _GENERIC_ENDS if kept[0].endswith(end))
        return kept[0].removesuffix(end) if len(kept[0]) - len(end) >= _SHORTEST else kept[0]
    return joined(kept)
