"""First-order regions by code and name, as people write them.

Within a country a text means, in this order: GeoNames' code, ISO 3166-2 with and without the country, the name that
people are shown, another name, and a name without its generic words ("Osaka Prefecture" is "Osaka").
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from webapp.core.placenames import fold_place, fold_words
from webapp.core.places import Region

_ENGLISH = """administrative autonomous canton capital city community county department district division emirate
    federal free governorate land metropolitan municipality national of parish prefecture principality province region
    republic special state territory the voivodeship"""
_OTHER = """autonoma autonomo bundesland cantone comunidad comunitat da de del departamento departement der di do du
    estado freistaat fylke judetul kanton kraj krai kray lan megye oblast okrug provincia provincie regiao regione
    sheng shi si"""
GENERIC = frozenset(_ENGLISH.split() + _OTHER.split())
"""Words of a region's name that say what it is, and what joins them."""
_GENERIC_CHARS = "都道府県縣省市州도시"


class Regions(Sequence[Region]):
    """The regions, in the order of their numbers."""

    def __init__(self, regions: Iterable[Region]) -> None:
        """Index the regions; those of a country are read when one of them is first looked for."""
        self._all = tuple(regions)
        self._of: dict[str, list[int]] = {}
        for number, region in enumerate(self._all):
            self._of.setdefault(region.country_code, []).append(number)
        self._words = lru_cache(len(self._of))(self._read)

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, number: int) -> Region:  # type: ignore[override]  # numbers only
        return self._all[number]

    def find(self, country_code: str, text: str) -> int | None:
        """Return the number of the region that a text means in a country; None if there is none."""
        words = self._words(country_code)
        return words.get(fold_place(text), words.get(bare(text)))

    def shown(self, number: int) -> str:
        """Return a region's name; its code where none is known."""
        return self._all[number].name or self._all[number].admin1

    def _read(self, country_code: str) -> dict[str, int]:
        """Return what each folded text means; of several meanings the first in the order of this module counts."""
        words: dict[str, int] = {}
        regions = [(number, self._all[number]) for number in self._of.get(country_code, ())]
        for texts in zip(*(list(_texts(region)) for _, region in regions), strict=True):
            for (number, _), several in zip(regions, texts, strict=True):
                for folded in several:
                    words.setdefault(folded, number)
        words.pop("", None)
        return words


def _texts(region: Region) -> Iterator[list[str]]:
    """Yield the folded texts that mean a region, the kinds in the order of this module."""
    also = region.also.split("|")
    yield [fold_place(region.admin1)]
    yield [fold_place(f"{region.country_code}-{region.iso}")] if region.iso else []
    yield [fold_place(region.iso)]
    yield [fold_place(region.name)]
    yield list(map(fold_place, also))
    yield [bare(region.name)]
    yield list(map(bare, also))


def bare(name: str) -> str:
    """Fold a region's name without its generic words ("Osaka Prefecture" is "osaka"); empty if it has no others."""
    words = fold_words(name).split()
    kept = [word for word in words if word not in GENERIC]
    if len(kept) == len(words) == 1 and len(name) > 2 and name[-1] in _GENERIC_CHARS:
        return fold_place(name[:-1])
    return fold_place(" ".join(kept))
