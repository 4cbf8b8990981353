"""Everyday traffic: plays drawn from the world second by second, each second from random numbers of its own. Pure."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import msgspec
import numpy as np

from webapp.core.gazetteer import Gazetteer
from webapp.seed.blocks import Block, Pieces, pieces
from webapp.seed.catalogue import Track
from webapp.seed.world import Ints, Moment, World

REFRESH_S = 600
"""How often the local hours are looked at again."""

_LISTENERS_MAX = 65_536  # a city, so that four hexadecimal digits name them
_PEOPLE_A_LISTENER = 50


@dataclass(frozen=True, slots=True)
class Traffic:
    """What makes plays; the same values make the same plays.

    Attributes:
        seed: any whole number; each draws its own listeners, ranks and times.
        rate: plays a second.
        start_s: epoch second of the world's day at which the traffic begins: it decides who is awake.
        hit: share of the plays that are of the first track, whatever people like.
    """

    seed: int
    rate: float
    start_s: int
    hit: float = 0.0

    def blocks(self, gazetteer: Gazetteer, tracks: tuple[Track, ...]) -> Iterator[Block]:
        """Yield the plays of one second after the other, for ever."""
        ranked = ranking(tracks, self.seed)
        world, script = World(gazetteer, ranked), _Script(gazetteer, ranked, self.seed)
        moment = lru_cache(maxsize=1)(world.moment)
        second = 0
        while True:
            hour = moment(self.start_s + second // REFRESH_S * REFRESH_S)
            yield self._second(second, world, hour, script)
            second += 1

    def _second(self, second: int, world: World, moment: Moment, script: "_Script") -> Block:
        before, after = int(second * self.rate), int((second + 1) * self.rate)
        when, where, what, who, whim = np.random.default_rng([self.seed, second]).random((5, after - before))
        city, track = world.draw(moment, where, what)
        track = np.where(whim < self.hit, 0, track)
        at_ms = np.sort((when * 1000).astype(np.int64)) + second * 1000
        return Block(at_ms, script.heads(track, city, who), np.arange(before, after, dtype=np.int64) + 1)


def ranking(tracks: tuple[Track, ...], seed: int) -> tuple[Track, ...]:
    """Return the tracks by rank: the file's first leads, the others as the seed has it."""
    order = np.argsort(np.random.default_rng([seed]).random(len(tracks) - 1), kind="stable")
    return (tracks[0], *(tracks[1 + index] for index in order.tolist()))


class _Script:
    """The bytes of which a play's JSON is joined: its track, its city, its listener."""

    def __init__(self, gazetteer: Gazetteer, tracks: tuple[Track, ...], seed: int) -> None:
        self._tracks = pieces(_track_bytes(track) for track in tracks)
        self._cities = pieces(_city_bytes(geoname_id, seed) for geoname_id in gazetteer.geoname_id.tolist())
        self._listeners = np.clip(gazetteer.population // _PEOPLE_A_LISTENER, 20, _LISTENERS_MAX)
        self._numbers = pieces(b'%04x","pressed_at":' % number for number in range(_LISTENERS_MAX))

    def heads(self, track: Ints, city: Ints, who: np.typing.NDArray[np.float64]) -> Pieces:
        listener = (who * self._listeners[city]).astype(np.int64)
        heads: Pieces = self._tracks[track] + self._cities[city] + self._numbers[listener]
        return heads


def _track_bytes(track: Track) -> bytes:
    return b'{"track":%b,"place":' % msgspec.json.encode({"title": track.title, "artist": track.artist})


def _city_bytes(geoname_id: int, seed: int) -> bytes:
    household = hashlib.blake2b(f"{seed} {geoname_id}".encode(), digest_size=5).hexdigest()
    return b'{"geoname_id":%d},"listener":"%b' % (geoname_id, household.encode())
