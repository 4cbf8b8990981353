"""The names of first-order regions: which one people are shown, and which others find it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from gazetteer.source import Subdivision

from webapp.core.placenames import fold_place, words_of
from webapp.core.regions import bare

Row = tuple[str, str, str, str, str]

ENGLISH = {
    "AE": "Abu Dhabi|Ajman|Dubai|Fujairah|Ras Al Khaimah|Sharjah|Umm Al Quwain",
    "AR": "Buenos Aires F.D.",
    "AT": "Carinthia|Lower Austria|Styria|Tyrol|Upper Austria|Vienna",
    "BE": "Flanders|Wallonia",
    "CH": "Geneva|Lucerne|Bern",
    "CO": "Bogotá D.C.",
    "CU": "Havana",
    "CZ": "Prague",
    "DE": "Bavaria|Hesse|Lower Saxony|North Rhine-Westphalia|Rhineland-Palatinate|Saxony|Saxony-Anhalt|Thuringia",
    "DK": "Capital Region|Central Jutland|North Denmark|South Denmark|Zealand",
    "ES": "Andalusia|Asturias|Balearic Islands|Basque Country|Canary Islands|Castile and León|Catalonia|Navarre"
    "|Valencian Community",
    "FR": "Brittany|Burgundy|Corsica|Normandy",
    "GR": "Attica|Central Greece|Central Macedonia|Crete|East Macedonia and Thrace|Epirus|Ionian Islands"
    "|North Aegean|Peloponnese|South Aegean|Thessaly|West Greece|West Macedonia",
    "HR": "Zagreb",
    "ID": "Central Java|Central Kalimantan|Central Sulawesi|East Java|East Kalimantan|East Nusa Tenggara"
    "|North Sulawesi|North Sumatra|Riau Islands|South Kalimantan|South Sulawesi|South Sumatra"
    "|Southeast Sulawesi|West Java|West Kalimantan|West Nusa Tenggara|West Papua|West Sulawesi|West Sumatra",
    "IT": "Aosta Valley|Apulia|Lombardy|Piedmont|Sardinia|Sicily|Tuscany",
    "MX": "Mexico City|State of Mexico",
    "MY": "Kuala Lumpur|Labuan|Putrajaya",
    "NL": "North Brabant|North Holland|South Holland",
    "PE": "Lima Department",
    "PL": "Lesser Poland|Lower Silesia|Mazovia|Pomerania|Subcarpathia",
    "RO": "Bucharest",
    "RU": "Chechnya|Chuvash Republic|Kamchatka|Karelia|Moscow|Primorye|Saint Petersburg|Sakha|Republic of Tyva",
    "UA": "Crimea",
}
"""English names that stand among others without a mark; a region that has one is shown it."""

SHORT = {
    "AR": {"Buenos Aires F.D.": "CABA|Capital Federal"},
    "BR": {"Distrito Federal": "DF"},
    "CA": {
        "British Columbia": "B.C.|Colombie-Britannique", "Newfoundland and Labrador": "Newfoundland|Labrador|NFLD|NFL",
        "Prince Edward Island": "PEI|P.E.I.|Île-du-Prince-Édouard", "Quebec": "PQ|Québec|Que", "Ontario": "Ont",
        "Alberta": "Alta", "Manitoba": "Man", "Saskatchewan": "Sask", "Northwest Territories": "NWT",
    },
    "AU": {
        "Western Australia": "W.A.|West Australia", "Victoria": "Vic", "Tasmania": "Tas|Tassie", "Queensland": "Qld",
        "Northern Territory": "NT", "Australian Capital Territory": "ACT", "South Australia": "SA",
    },
    "CL": {"Región Metropolitana de Santiago": "RM|Región Metropolitana"},
    "CH": {"Basel-Stadt": "Basel City|Baselstadt"},
    "CO": {"Bogotá D.C.": "Bogota DC|Distrito Capital"},
    "DE": {
        "North Rhine-Westphalia": "NRW|Nordrhein Westfalen", "Mecklenburg-Vorpommern": "MV|McPom|Meck-Pomm",
        "Baden-Wurttemberg": "BW|BaWü|Baden-Württemberg", "Schleswig-Holstein": "SH", "Rhineland-Palatinate": "RLP",
    },
    "FR": {
        "Provence-Alpes-Côte d'Azur": "PACA|Provence|Côte d'Azur", "Île-de-France": "IDF",
        "Auvergne-Rhône-Alpes": "Auvergne|Rhône-Alpes", "Grand Est": "Alsace|Lorraine|Champagne-Ardenne",
        "Occitanie": "Languedoc|Midi-Pyrénées",
        "Bourgogne-Franche-Comté": "Bourgogne|Franche-Comté", "Hauts-de-France": "Picardie|Nord-Pas-de-Calais",
        "Nouvelle-Aquitaine": "Aquitaine|Limousin|Poitou-Charentes",
    },
    "GB": {"Northern Ireland": "N. Ireland|N Ireland|NI|Ulster"},
    "ID": {
        "Jakarta": "DKI Jakarta|DKI", "West Java": "Jabar", "Central Java": "Jateng", "East Java": "Jatim",
        "Yogyakarta": "DIY|DI Yogyakarta", "North Sumatra": "Sumut", "West Sumatra": "Sumbar",
        "South Sumatra": "Sumsel",
    },
    "IN": {
        "Uttar Pradesh": "U.P.|UP", "Madhya Pradesh": "M.P.", "Tamil Nadu": "T.N.|Tamilnadu", "West Bengal": "W.B.|WB",
        "Andhra Pradesh": "A.P.", "Delhi": "NCT|NCT of Delhi|NCR", "Jammu and Kashmir": "J&K",
    },
    "IT": {"Emilia-Romagna": "Emilia|Romagna"},
    "MX": {"Mexico City": "CDMX|DF|D.F.|Distrito Federal", "State of Mexico": "Edomex|Edo. Mex.",
           "Baja California": "B.C.|BC", "Nuevo León": "N.L.|NL", "Quintana Roo": "Q.R.|Q. Roo"},
    "MY": {"Kuala Lumpur": "KL"},
    "NZ": {"Hawke's Bay": "Hawkes Bay"},
    "PH": {"National Capital Region": "NCR|Metro Manila"},
    "PK": {"Khyber Pakhtunkhwa": "KPK|KP|NWFP", "Azad Kashmir": "AJK", "Islamabad": "ICT"},
    "US": {
        "District of Columbia": "D.C.|Washington DC|Washington D.C.", "California": "Calif|Cali|SoCal|NorCal",
        "Pennsylvania": "Penn|Penna", "Massachusetts": "Mass", "Connecticut": "Conn", "Michigan": "Mich",
        "Minnesota": "Minn", "Wisconsin": "Wisc|Wis", "Tennessee": "Tenn", "Texas": "Tex", "Florida": "Fla",
        "Washington": "Wash|Washington State", "Illinois": "Ill", "Oregon": "Ore", "Colorado": "Colo",
        "Oklahoma": "Okla", "Arizona": "Ariz", "Nebraska": "Neb|Nebr", "Kansas": "Kan", "Virginia": "Virg",
        "New York": "New York State|NYS|Upstate New York", "Alabama": "Ala", "Arkansas": "Ark", "Mississippi": "Miss",
        "North Carolina": "N. Carolina|N.C.", "South Carolina": "S. Carolina|S.C.", "West Virginia": "W. Virginia",
        "North Dakota": "N. Dakota", "South Dakota": "S. Dakota", "Montana": "Mont", "Nevada": "Nev",
    },
    "VN": {"Hồ Chí Minh": "HCMC|TPHCM|TP.HCM|TP Hồ Chí Minh|Sài Gòn"},
    "ZA": {"KwaZulu-Natal": "KZN"},
}  # fmt: skip
"""Short forms that people of the country use, by a name of the region."""

COUNTIES = {
    ("GB", "ENG"): "Bedfordshire|Berkshire|Buckinghamshire|Cheshire|County Durham|Dorset|East Riding"
    "|East Riding of Yorkshire|Greater Manchester|Humberside|Huntingdonshire|Merseyside|Middlesex|Northamptonshire"
    "|North Yorkshire|Rutland|Shropshire|Salop|South Yorkshire|Sussex|Tyne and Wear|West Midlands|West Yorkshire"
    "|Yorkshire|Beds|Berks|Bucks|Cambs|Glos|Hants|Herts|Lancs|Leics|Lincs|Northants|Notts|Oxon|Staffs|Wilts|Worcs|Yorks",
    ("GB", "SCT"): "Aberdeenshire|Ayrshire|Lanarkshire|Midlothian|Perthshire|Renfrewshire|Tayside|Strathclyde",
    ("GB", "WLS"): "Clwyd|Dyfed|Glamorgan|South Glamorgan|Mid Glamorgan|West Glamorgan|Gwent",
    ("GB", "NIR"): "Antrim|Armagh|Down|Fermanagh|Londonderry|Derry|Tyrone",
    ("IE", "M"): "Limerick|Waterford|Tipperary", ("IE", "L"): "Dublin",
}  # fmt: skip
"""Counties and short forms of counties that people write, which GeoNames has under other names, if at all."""

_KINDS = (
    "Autonomous Oblast|Autonomous Okrug|Autonomous Province|Autonomous Region|Canton|County|Department|District"
    "|Division|Emirate|Governorate|Krai|Kray|Municipality|Oblast|Parish|Prefecture|Province|Region|Republic|State"
    "|Territory|Voivodeship|Voivodship"
)
_DIRECTIONS = {"central", "eastern", "north", "northern", "south", "southern", "western"}
_NOT_ALONE = _DIRECTIONS | {"capital", "federal", "jewish", "metropolitan", "nacional", "national", "the3rd"}
"""What says nothing without its kind, as in "Eastern Province"."""
_SHORTEST = 4
_ENGLISH_FORM = re.compile(
    rf"(?P<end>.+?) (?:{_KINDS})|(?:Free State|Principality|{_KINDS}) of (?:the )?(?P<of>.+)", re.IGNORECASE
)


def rows(used: Iterable[tuple[str, str]], subdivisions: Sequence[Subdivision]) -> Iterator[Row]:
    """Yield (country code, GeoNames' code, name, ISO's code, other names) of regions; empty where none is known."""
    known = {(each.country_code, each.admin1): each for each in subdivisions}
    wanted = [known.get(key, Subdivision(*key, "", "")) for key in sorted(used)]
    names = list(map(shown, wanted))
    taken = Counter((each.country_code, fold_place(name)) for each, name in zip(wanted, names, strict=True))
    for each, short in zip(wanted, names, strict=True):
        name = short if taken[each.country_code, fold_place(short)] < 2 else _whole(each) or short
        also = dict.fromkeys(fold_place(text) for text in (name, ""))
        called = (_tidy(each.name), *each.aliases, *_short_forms(each.country_code, {name, each.name, *each.aliases}))
        others = [text for text in called if also.setdefault(fold_place(text), text) is text]
        yield each.country_code, each.admin1, name, each.iso, "|".join(others)


def districts(found: Sequence[Subdivision]) -> Iterator[tuple[tuple[str, str], list[str]]]:
    """Yield the country code and GeoNames' code of the region of each district, and the names of the district."""
    for each in found:
        yield (each.country_code, each.admin1), of_district(each)
    for region, names in COUNTIES.items():
        yield region, names.split("|")


def of_district(district: Subdivision) -> list[str]:
    """Return the names and the code of a district; a code of digits alone is left out, for a postal code looks so."""
    code = [] if district.iso.isdigit() else [district.iso]
    return [district.name, *district.aliases, *code]


def _short_forms(country_code: str, names: set[str]) -> Iterator[str]:
    """Yield the short forms of the region that has one of these names."""
    known = set(map(fold_place, names))
    for name, forms in SHORT.get(country_code, {}).items():
        if fold_place(name) in known:
            yield from forms.split("|")


def shown(region: Subdivision) -> str:
    """Return the name that people are shown: in English where that can be told, without words such as "Province"."""
    latin, name = [text for text in region.aliases if _is_latin(text)], _tidy(region.name)
    if english := [text for text in ENGLISH.get(region.country_code, "").split("|") if text and text in latin]:
        return english[0]
    short = Counter(filter(None, map(_without_kind, latin)))
    if short and not any(fold_place(text) == fold_place(name) for text in short):
        name = min(short, key=lambda text: (-short[text], len(text), text))
        name = _whole(region) or name if fold_place(name) in _NOT_ALONE else name
    else:
        name = next((text for text in latin if fold_place(text) == bare(words_of(name))), name)
    return _shortened(name, [_tidy(region.name), *latin])


def _shortened(name: str, others: Iterable[str]) -> str:
    """Return the shortest of the names that a name begins with: "Xinjiang" for "Xinjiang Uyghur"."""
    begins = [text for text in others if len(text) >= _SHORTEST and name.startswith((f"{text} ", f"{text}-"))]
    return min((*(text for text in begins if fold_place(text) not in _NOT_ALONE), name), key=len)


def _whole(region: Subdivision) -> str | None:
    """Return an English name with its kind, such as "Moscow Oblast"."""
    return next((text for text in region.aliases if _is_latin(text) and _without_kind(text)), None)


def _without_kind(name: str) -> str | None:
    found = _ENGLISH_FORM.fullmatch(name)
    return (found["end"] or found["of"]) if found else None


def _tidy(name: str) -> str:
    """Return ISO's name as it is said: "Madrid, Comunidad de" is "Comunidad de Madrid"; without what is in brackets."""
    first, _, kind = re.sub(r" ?[(\[].*?[)\]]", "", name).partition(", ")
    return f"{kind} {first}".strip()


def _is_latin(text: str) -> bool:
    return all(unicodedata.name(char, "").startswith("LATIN") for char in text if char.isalpha())
