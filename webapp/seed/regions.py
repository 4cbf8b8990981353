"""Regions of the world, and their shares of the listeners."""


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


EUROPE = _codes(
    "AD AL AT AX BA BE BG BY CH CY CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME MK MT"
    " NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK"
)
NORTH_AMERICA = _codes("BM CA GL PM US")
LATIN_AMERICA = _codes(
    "AG AI AR AW BB BL BO BQ BR BS BZ CL CO CR CU CW DM DO EC FK GD GF GP GT GY HN HT JM KN KY LC MF MQ MS MX NI PA PE"
    " PR PY SR SV SX TC TT UY VC VE VG VI"
)
REGIONS = ("Europe", "North America", "Latin America", "rest")
SHARES = (0.27, 0.17, 0.22, 0.34)
"""Each region's share of the listeners, in the order of REGIONS."""


def region(country: str) -> int:
    """Return the index in REGIONS of an ISO country code."""
    for index, countries in enumerate((EUROPE, NORTH_AMERICA, LATIN_AMERICA)):
        if country in countries:
            return index
    return len(REGIONS) - 1
