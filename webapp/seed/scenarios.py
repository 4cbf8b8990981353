"""The scenarios: name, help text, default rate and duration, and plays."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from webapp.gazetteerdata import load_gazetteer
from webapp.seed import edges
from webapp.seed.blocks import Block
from webapp.seed.catalogue import load_catalogue
from webapp.seed.traffic import Traffic

Plays = Callable[[int, float, int], Iterator[Block]]
"""Returns blocks for a seed, plays a second, and the epoch second in the simulated world at the start."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A kind of traffic.

    Attributes:
        help: a short description.
        plays: returns its blocks.
        rate: default plays a second.
        seconds: default duration; None is for ever.
        flat_out: pause the clock if the machine cannot keep up, instead of dropping old plays.
    """

    help: str
    plays: Plays
    rate: float
    seconds: float | None = None
    flat_out: bool = False


def _everyday(seed: int, rate: float, start_s: int) -> Iterator[Block]:
    return Traffic(seed, rate, start_s).blocks(load_gazetteer(), load_catalogue())


def _release_night(seed: int, rate: float, start_s: int) -> Iterator[Block]:
    return Traffic(seed, rate, start_s, release_night=True).blocks(load_gazetteer(), load_catalogue())


def _edge_cases(_seed: int, rate: float, _start_s: int) -> Iterator[Block]:
    return edges.blocks(edges.CASES, load_gazetteer(), rate)


SCENARIOS = {
    "everyday": Scenario("people all over the world, each to their own song", _everyday, 50.0),
    "release-night": Scenario("a new song takes over at midnight, city by city", _release_night, 180.0),
    "edge-cases": Scenario(
        "antimeridian, antipodes, neighbours, same city, long titles, right to left", _edge_cases, 4.0
    ),
    "burst": Scenario("10,000 plays in one second", _everyday, 10_000.0, 1.0),
    "world": Scenario("all the world's plays, or as many as this machine can send", _everyday, 152_000.0, None, True),
}
