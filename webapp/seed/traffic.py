"""Everyday traffic: random plays, second by second, each second with its own random numbers. Pure."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial

import msgspec
import numpy as np

from webapp.core.gazetteer import Gazetteer
from webapp.seed.blocks import Block, Pieces, pieces
from webapp.seed.catalogue import Track
from webapp.seed.hours import Floats
from webapp.seed.releasenight import Plays, gathering_places, released
from webapp.seed.world import Ints, Moment, World

REFRESH_S = 600
"""How often the local hours are computed again."""

_MAX_LISTENERS = 65_536  # in a city, so that four hexadecimal digits are enough for their names
_PEOPLE_PER_LISTENER = 50


@dataclass(frozen=True, slots=True)
class Traffic:
    """A generator of plays; the same values give the same plays.

    Attributes:
        seed: any whole number; it decides listeners, ranks and times.
        rate: plays a second.
        start_s: epoch second in the simulated world at the start; it decides who is awake.
        release_night: whether the first track comes out this night.
    """

    seed: int
    rate: float
    start_s: int
    release_night: bool = False

    def blocks(self, gazetteer: Gazetteer, tracks: tuple[Track, ...]) -> Iterator[Block]:
        """Yield a block of plays for each second, for ever."""
        ranked = ranking(tracks, self.seed)
        world, json_parts = World(gazetteer, ranked), _JsonParts(gazetteer, ranked, self.seed)
        moment = lru_cache(maxsize=1)(world.moment)
        places = lru_cache(maxsize=1)(partial(gathering_places, world, gazetteer))
        second = 0
        while True:
            now_s = self.start_s + second // REFRESH_S * REFRESH_S
            gatherings = places(now_s) if self.release_night else None
            yield self._second(second, world, moment(now_s), json_parts, gatherings)
            second += 1

    def _second(
        self, second: int, world: World, moment: Moment, json_parts: "_JsonParts", gatherings: Floats | None
    ) -> Block:
        before, after = int(second * self.rate), int((second + 1) * self.rate)
        when, where, what, who, whim = np.random.default_rng([self.seed, second]).random((5, after - before))
        plays = Plays(np.sort(when), *world.draw(moment, where, what))
        if gatherings is not None:
            plays = released(plays, where, whim, gatherings)
        at_ms = (plays.when * 1000).astype(np.int64) + second * 1000
        return Block(
            at_ms, json_parts.heads(plays.track, plays.city, who), np.arange(before, after, dtype=np.int64) + 1
        )


def ranking(tracks: tuple[Track, ...], seed: int) -> tuple[Track, ...]:
    """Return the tracks by rank: the file's first track leads, and the seed shuffles the others."""
    order = np.argsort(np.random.default_rng([seed]).random(len(tracks) - 1), kind="stable")
    return (tracks[0], *(tracks[1 + index] for index in order.tolist()))


class _JsonParts:
    """The parts of a play's JSON: track, city and listener."""

    def __init__(self, gazetteer: Gazetteer, tracks: tuple[Track, ...], seed: int) -> None:
        self._tracks = pieces(_track_bytes(track) for track in tracks)
        self._cities = pieces(_city_bytes(geoname_id, seed) for geoname_id in gazetteer.geoname_id.tolist())
        self._listeners = np.clip(gazetteer.population // _PEOPLE_PER_LISTENER, 20, _MAX_LISTENERS)
        self._numbers = pieces(b'%04x","pressed_at":' % number for number in range(_MAX_LISTENERS))

    def heads(self, track: Ints, city: Ints, who: np.typing.NDArray[np.float64]) -> Pieces:
        listener = (who * self._listeners[city]).astype(np.int64)
        heads: Pieces = self._tracks[track] + self._cities[city] + self._numbers[listener]
        return heads


def _track_bytes(track: Track) -> bytes:
    return b'{"track":%b,"place":' % msgspec.json.encode({"title": track.title, "artist": track.artist})


def _city_bytes(geoname_id: int, seed: int) -> bytes:
    household = hashlib.blake2b(f"{seed} {geoname_id}".encode(), digest_size=5).hexdigest()
    return b'{"geoname_id":%d},"listener":"%b' % (geoname_id, household.encode())
