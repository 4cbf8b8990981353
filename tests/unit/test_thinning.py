from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.core.records import PAIR, Rows
from webapp.core.thinning import PAIRS_MAX, could_be_kept, thin


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


def expected(rows: Rows, artist: np.ndarray, plays: np.ndarray, country: np.ndarray) -> list[int]:
    """The rule in words: pass over the pairs by id, again and again, with another reason to keep one."""
    kept: list[int] = []

    def keep(i: int) -> None:
        if i not in kept and len(kept) < PAIRS_MAX:
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


def test_a_slice_that_is_not_crowded_is_left_as_it_is() -> None:
    rows, artist, plays, country = crowd(PAIRS_MAX, 1, 50, 20)
    assert thin(rows, artist, plays, country, song(rows)) is rows


@settings(max_examples=10)
@given(st.integers(0, 99), st.sampled_from([30, 3000]), st.sampled_from([5, 200]))
def test_a_crowded_slice_keeps_every_artist_then_country_then_track(seed: int, artists: int, countries: int) -> None:
    rows, artist, plays, country = crowd(PAIRS_MAX + 500, seed, artists, countries)
    kept = thin(rows, artist, plays, country, song(rows))
    assert kept["tail"].tolist() == expected(rows, artist, plays, country)


@settings(max_examples=10)
@given(st.integers(0, 99), st.sampled_from([30, 3_000]), st.sampled_from([5, 200]))
def test_what_cannot_stay_can_be_left_out_before(seed: int, artists: int, countries: int) -> None:
    rows, artist, plays, country = crowd(PAIRS_MAX * 4, seed, artists, countries)
    stays = could_be_kept(rows["at"], artist, plays, country, song(rows))
    assert not stays.all()
    kept = thin(rows[stays], artist[stays], plays[stays], country[stays], song(rows)[stays])
    assert kept["tail"].tolist() == thin(rows, artist, plays, country, song(rows))["tail"].tolist()


@pytest.mark.parametrize("seed", range(5))
def test_what_cannot_stay_can_be_left_out_before_where_every_play_is_of_another_artist(seed: int) -> None:
    n, rng = PAIRS_MAX * 8, np.random.default_rng(seed)
    rows, _, _, country = crowd(n, seed, 30, 5)
    artist = rng.integers(0, n // 2, n)
    rows["track"] = artist * 2 + rng.integers(0, 2, n)
    plays = rng.integers(1, 9, n // 2)[artist]
    stays = could_be_kept(rows["at"], artist, plays, country, song(rows))
    assert stays.sum() < n / 2
    kept = thin(rows[stays], artist[stays], plays[stays], country[stays], song(rows)[stays])
    assert kept["tail"].tolist() == thin(rows, artist, plays, country, song(rows))["tail"].tolist()


def test_the_artists_with_the_fewest_plays_come_first() -> None:
    n = PAIRS_MAX + 100
    rows = np.zeros(n, PAIR)
    rows["tail"], rows["track"] = np.arange(n), np.arange(n)
    plays = np.arange(n)[::-1].copy()
    kept = thin(rows, np.arange(n), plays, np.zeros((n, 2), np.int64), song(rows))
    assert kept["tail"].tolist() == list(range(100, n))
