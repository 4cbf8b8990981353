from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.core.records import PAIR, Rows
from webapp.core.thinning import PAIRS_MAX, Room, could_be_kept, thin


def crowd(n: int, seed: int, artists: int, countries: int) -> tuple[Rows, np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of a crowded slice; two tracks an artist."""
    rng = np.random.default_rng(seed)
    rows = np.zeros(n, PAIR)
    rows["at"] = np.sort(rng.integers(0, 250, n))
    rows["tail"] = np.arange(n)
    artist = np.minimum(rng.geometric(0.01, n), artists) - 1
    rows["track"] = artist * 2 + rng.integers(0, 2, n)
    country = np.minimum(rng.geometric(0.2, (n, 2)), countries) - 1
    return rows, artist, np.bincount(artist)[artist], country


def song(rows: Rows) -> np.ndarray:
    """The number of each pair's song: here each track is one."""
    return rows["track"].astype(np.int64)


def expected(
    rows: Rows, artist: np.ndarray, plays: np.ndarray, country: np.ndarray, most: int = PAIRS_MAX
) -> list[int]:
    """The rule in words: pass over the pairs by id, again and again, with another reason to keep one."""
    kept: list[int] = []

    def keep(i: int) -> None:
        if i not in kept and len(kept) < most:
            kept.append(i)

    first: dict[int, int] = {}
    for i in range(len(rows)):
        first.setdefault(int(artist[i]), i)
    for i in sorted(first.values(), key=lambda i: (int(plays[i]), i)):
        keep(i)
    for seen, keys in (
        ({int(c) for i in kept for c in country[i]}, country.tolist()),
        (None, [[int(t)] for t in rows["track"]]),
    ):
        seen = {int(rows["track"][i]) for i in kept} if seen is None else seen
        for i, names in enumerate(keys):
            new = set(names) - seen
            if new:
                keep(i)
            seen |= set(names) if new else set()
    for i in range(len(rows)):
        keep(i)
    return sorted(kept)


def ample() -> Room:
    """Room for any number of short tracks."""
    return Room(1 << 40, [b"{}"] * PAIRS_MAX * 20)


def test_a_slice_that_is_not_crowded_is_left_as_it_is() -> None:
    rows, artist, plays, country = crowd(PAIRS_MAX, 1, 50, 20)
    assert np.array_equal(thin(rows, artist, plays, country, song(rows), ample()), rows)


@settings(max_examples=10)
@given(st.integers(0, 99), st.sampled_from([30, 3000]), st.sampled_from([5, 200]))
def test_a_crowded_slice_keeps_every_artist_then_country_then_track(seed: int, artists: int, countries: int) -> None:
    rows, artist, plays, country = crowd(PAIRS_MAX + 500, seed, artists, countries)
    kept = thin(rows, artist, plays, country, song(rows), ample())
    assert kept["tail"].tolist() == expected(rows, artist, plays, country)


@settings(max_examples=10)
@given(st.integers(0, 99), st.sampled_from([30, 3_000]), st.sampled_from([5, 200]))
def test_what_cannot_stay_can_be_left_out_before(seed: int, artists: int, countries: int) -> None:
    rows, artist, plays, country = crowd(PAIRS_MAX * 4, seed, artists, countries)
    stays = could_be_kept(rows["at"], artist, plays, country, song(rows))
    assert not stays.all()
    kept = thin(rows[stays], artist[stays], plays[stays], country[stays], song(rows)[stays], ample())
    assert kept["tail"].tolist() == thin(rows, artist, plays, country, song(rows), ample())["tail"].tolist()


@pytest.mark.parametrize("seed", range(5))
def test_what_cannot_stay_can_be_left_out_before_where_every_play_is_of_another_artist(seed: int) -> None:
    n, rng = PAIRS_MAX * 8, np.random.default_rng(seed)
    rows, _, _, country = crowd(n, seed, 30, 5)
    artist = rng.integers(0, n // 2, n)
    rows["track"] = artist * 2 + rng.integers(0, 2, n)
    plays = rng.integers(1, 9, n // 2)[artist]
    stays = could_be_kept(rows["at"], artist, plays, country, song(rows))
    assert stays.sum() < n / 2
    kept = thin(rows[stays], artist[stays], plays[stays], country[stays], song(rows)[stays], ample())
    assert kept["tail"].tolist() == thin(rows, artist, plays, country, song(rows), ample())["tail"].tolist()


def test_the_artists_with_the_fewest_plays_come_first() -> None:
    n = PAIRS_MAX + 100
    rows = np.zeros(n, PAIR)
    rows["tail"], rows["track"] = np.arange(n), np.arange(n)
    plays = np.arange(n)[::-1].copy()
    kept = thin(rows, np.arange(n), plays, np.zeros((n, 2), np.int64), song(rows), ample())
    assert kept["tail"].tolist() == list(range(100, n))


@settings(max_examples=20)
@given(st.integers(0, 99), st.integers(20_000, 400_000))
def test_what_has_no_room_is_cut_from_the_end_of_the_order(seed: int, size: int) -> None:
    rows, artist, plays, country = crowd(500, seed, 300, 20)
    rng = np.random.default_rng(seed)
    texts = [b"x" * int(length) for length in rng.integers(60, 5_000, 1_000)]
    kept = thin(rows, artist, plays, country, song(rows), Room(size, texts))
    used = np.unique(np.stack([kept["track"], kept["to_track"]]))
    assert kept.nbytes + sum(len(texts[track]) + 4 for track in used) <= size
    assert kept["tail"].tolist() == sorted(kept_one_by_one(rows, artist, plays, country, texts, size))


def kept_one_by_one(
    rows: Rows, artist: np.ndarray, plays: np.ndarray, country: np.ndarray, texts: list[bytes], size: int
) -> list[int]:
    """Which pairs have room if they are taken in the order of the rule, one after the other."""
    before: list[int] = []
    order: list[int] = []
    for most in range(1, len(rows) + 1):  # the next in the order is what one more row adds
        now = expected(rows, artist, plays, country, most)
        order += [row for row in now if row not in before]
        before = now
    paid: set[int] = set()
    for place, row in enumerate(order):
        tracks = {int(rows["track"][row]), int(rows["to_track"][row])} - paid
        size -= rows.dtype.itemsize + sum(len(texts[track]) + 4 for track in tracks)
        if size < 0:
            return order[:place]
        paid |= tracks
    return order
