from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from webapp.core.plays import SOURCES, PlayBatch, late, plays_in, track_id
from webapp.core.songs import song_key

texts = st.text(max_size=30)


@given(texts, texts, texts, texts)
def test_tracks_have_one_id_exactly_if_their_song_keys_are_equal(a: str, b: str, c: str, d: str) -> None:
    assert (track_id(a, b) == track_id(c, d)) == (song_key(b, a) == song_key(d, c))


def test_where_the_artist_ends_and_the_title_begins_makes_a_difference() -> None:
    assert track_id("ab", "c") != track_id("a", "bc")
    assert track_id("a\x1fb", "c") != track_id("a", "b\x1fc")


def test_a_track_id_is_what_it_was_in_the_first_release_with_song_keys() -> None:
    assert track_id("Ada Lumen", "Night Bus Home") == "k325lr0kpdc7h066"
    assert track_id("The ADA  lumen & Bo", "ｎｉｇｈｔ-bus home (2015 Remaster)") == "k325lr0kpdc7h066"


@given(
    hnp.arrays(np.int64, st.integers(0, 20), elements=st.integers(0, 5_000)),
    st.integers(0, 5_000),
    st.integers(0, 1_000),
)
def test_a_play_is_late_once_the_watermark_has_reached_the_end_of_its_slice(
    at: npt.NDArray[np.int64], now: int, lateness: int
) -> None:
    expected = [any(end <= now - lateness for end in range(250, 10_000, 250) if end - 250 <= t < end) for t in at]
    expected = [is_late or t > now + 1_000 for is_late, t in zip(expected, at, strict=True)]
    assert late(at, now, lateness).tolist() == expected


def test_a_slice_closes_when_the_watermark_reaches_its_end() -> None:
    assert late(np.array([0, 249, 250, 499]), now_ms=750, lateness_ms=500).tolist() == [True, True, False, False]
    assert late(np.array([0, 249]), now_ms=749, lateness_ms=500).tolist() == [False, False]


@st.composite
def batches(draw: st.DrawFn) -> PlayBatch:
    tracks = tuple(draw(st.lists(st.binary(max_size=20), max_size=5)))
    n = draw(st.integers(0, 20)) if tracks else 0

    def column(kind: str, most: int) -> npt.NDArray[Any]:
        return np.array(draw(st.lists(st.integers(0, most), min_size=n, max_size=n)), kind)

    return PlayBatch(
        at=column("i8", 2**62),
        source=column("u1", len(SOURCES) - 1),
        city=column("u2", 2**16 - 1),
        listener=column("u8", 2**64 - 1),
        track=column("u4", max(len(tracks) - 1, 0)),
        precision=column("u2", 2**16 - 1),
        tracks=tracks,
    )


COLUMNS = ("at", "source", "city", "listener", "precision", "track")


@given(batches())
def test_a_batch_comes_out_as_it_went_in(batch: PlayBatch) -> None:
    decoded = PlayBatch.decode(batch.encode())
    assert decoded.tracks == batch.tracks
    for name in COLUMNS:
        before, after = getattr(batch, name), getattr(decoded, name)
        assert after.dtype == before.dtype
        assert after.tolist() == before.tolist()


@given(st.lists(batches(), min_size=1, max_size=4))
def test_joined_batches_are_the_plays_of_all_one_after_the_other(several: list[PlayBatch]) -> None:
    def plays(batch: PlayBatch) -> list[tuple[Any, ...]]:
        columns = [getattr(batch, name).tolist() for name in COLUMNS[:-1]]
        return list(zip(*columns, (batch.tracks[i] for i in batch.track.tolist()), strict=True))

    joined = PlayBatch.joined(several)
    assert plays(joined) == [play for batch in several for play in plays(batch)]
    assert plays_in(joined.encode()) == sum(plays_in(batch.encode()) for batch in several) == len(joined)
    assert PlayBatch.decode(joined.encode()).encode() == joined.encode()


@given(batches())
def test_decoding_copies_no_column(batch: PlayBatch) -> None:
    decoded = PlayBatch.decode(batch.encode())
    assert all(getattr(decoded, name).flags.aligned for name in COLUMNS)
    assert not any(getattr(decoded, name).flags.owndata for name in COLUMNS)


@given(batches(), st.data())
def test_bytes_cut_short_or_too_long_are_an_error(batch: PlayBatch, data: st.DataObject) -> None:
    encoded = batch.encode()
    cut = data.draw(st.integers(0, len(encoded) - 1))
    with pytest.raises(ValueError, match="plays"):
        PlayBatch.decode(encoded[:cut])
    with pytest.raises(ValueError, match="expected"):
        PlayBatch.decode(encoded + b"\0")


def test_a_version_of_another_release_is_named() -> None:
    with pytest.raises(ValueError, match="plays of version 9; this program reads version 3"):
        PlayBatch.decode(b"\x09" + bytes(40))
