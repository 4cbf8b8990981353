"""The lines of songs along a period."""

from __future__ import annotations

from unittest import mock

from tests.unit.history_world import GAZETTEER, NOON_MS, connection, temporary_history
from webapp.core.plays import SOURCES
from webapp.storage import songlines
from webapp.storage.periods import PERIODS
from webapp.storage.songlines import STEPS, Song, Total, song_line, total
from webapp.web.playlist import chart_cache

HOUR_S = PERIODS["hour"].length_s
STEP_MS = 1000 * HOUR_S // STEPS
NOON_S = NOON_MS / 1000
SYNTHETIC = SOURCES.index("synthetic")


def test_a_line_counts_a_songs_connections_in_each_part_of_the_period() -> None:
    with temporary_history() as history:
        times = [-1, 0, STEP_MS - 1, STEP_MS, 5 * STEP_MS + 7, STEPS * STEP_MS - 1]
        made = [connection(at, tail) for tail, at in enumerate(times)]
        history.record("s", 1, NOON_MS, [*made, connection(3, 90, track=1)], b"{}", b"[]")
        history.record_filtered("s", 1, [connection(9, 91)])
        history.flush()
        song = Song(made[0].track_id, SYNTHETIC, len(made))
        line = history.read(lambda db: song_line(db, "hour", NOON_S + HOUR_S, song))
        assert line == (2, 1, 0, 0, 0, 1, *[0] * 17, 1)
        other = history.read(lambda db: song_line(db, "hour", NOON_S + HOUR_S, song._replace(source=SYNTHETIC - 1)))
        assert other == (0,) * STEPS


def test_of_a_song_with_very_many_only_the_beginning_of_each_part_is_read() -> None:
    with temporary_history() as history, mock.patch.object(songlines, "MAX_ROWS", 24):
        made = [connection(at, at) for at in range(0, STEPS * STEP_MS, STEP_MS // 4)]
        history.record("s", 1, NOON_MS, made, b"{}", b"[]")
        history.flush()
        assert len(made) == 96
        line = history.read(lambda db: song_line(db, "hour", NOON_S + HOUR_S, Song(made[0].track_id, SYNTHETIC, 96)))
        assert line == (4,) * STEPS


def test_a_part_reads_no_more_rows_than_it_may() -> None:
    with temporary_history() as history, mock.patch.object(songlines, "_HARD_LIMIT", 3):
        history.record("s", 1, NOON_MS, [connection(at, at) for at in range(9)], b"{}", b"[]")
        history.flush()
        line = history.read(
            lambda db: song_line(db, "hour", NOON_S + HOUR_S, Song(connection().track_id, SYNTHETIC, 9))
        )
        assert line is not None
        assert line[0] == 3


def test_a_chart_has_the_sums_of_all_songs_and_the_line_of_each_that_is_listed() -> None:
    with temporary_history() as history:
        made = [connection(at, at, track=at % 2) for at in range(5)]
        history.record("s", 1, NOON_MS, made, b"{}", b"[]")
        history.flush()
        assert history.read(lambda db: total(db, "hour")) == Total(5, 2)
        chart = chart_cache(history, GAZETTEER, lambda: NOON_S + 1).get("hour").sums
        assert chart.total == Total(5, 2)
        assert {key: line[-1] for key, line in chart.lines.items()} == {
            (made[0].track_id, "synthetic"): 3,
            (made[1].track_id, "synthetic"): 2,
        }


def test_a_line_is_read_again_only_after_a_minute() -> None:
    now = [NOON_S + 1]
    with temporary_history() as history:
        charts = chart_cache(history, GAZETTEER, lambda: now[0])
        history.record("s", 1, NOON_MS, [connection(1, 1)], b"{}", b"[]")
        history.flush()
        charts.get("hour")
        with mock.patch.object(songlines, "_count", side_effect=AssertionError("it was read again")):
            now[0] += 59
            assert charts.get("hour").sums.lines
        history.record("s", 2, NOON_MS, [connection(2, 2)], b"{}", b"[]")
        history.flush()
        now[0] += 70
        assert max(charts.get("hour").sums.lines[connection().track_id, "synthetic"]) == 2
