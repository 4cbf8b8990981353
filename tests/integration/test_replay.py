"""Known pairs through the seed script's replay, the real server, its stream and its history."""

import json
from collections.abc import Callable
from itertools import pairwise

import pytest
from bench.knownpairs import START_S, STEP_MS, Comparison, Meeting, known_pairs, meetings
from bench.rehearsal import rehearse

from tests.serving import Server, stream
from webapp.core.plays import track_id
from webapp.gazetteerdata import load_gazetteer


def test_known_pairs_bring_no_track_back_within_twenty_windows() -> None:
    lines = [json.loads(line) for line in known_pairs(600, load_gazetteer(), speed=20)]
    assert [line["pressed_at"] for line in lines] == sorted(line["pressed_at"] for line in lines)
    presses: dict[str, list[tuple[float, str]]] = {}
    for line in lines:
        pair = line["listener"].split()[1]
        presses.setdefault(track_id(line["track"]["artist"], line["track"]["title"]), []).append(
            (line["pressed_at"] - START_S, pair)
        )
    gaps = [b[0] - a[0] for rows in presses.values() for a, b in pairwise(sorted(rows)) if a[1] != b[1]]
    assert min(gaps) > 20


def test_a_window_too_long_for_the_catalogue_is_refused() -> None:
    with pytest.raises(ValueError, match="a track would come back too soon"):
        known_pairs(10, load_gazetteer(), speed=40)


def test_the_meetings_expected_are_those_of_the_times_as_sent() -> None:
    play = '{"track":{"title":"t","artist":"a"},"listener":"x","place":{"geoname_id":%d},"pressed_at":%s}'
    lines = [(play % row).encode() for row in [(7, "10.5"), (3, "9.5"), (5, "12.0"), (6, "13.001"), (6, "13.001")]]
    assert meetings(lines) == [Meeting(track_id("a", "t"), 3, 7, 1000, 10_500)]


def test_a_comparison_tells_missing_twice_and_unexpected_apart() -> None:
    end = [{"geoname_id": number} for number in range(4)]
    found = [{"track": {"id": "t"}, "from": end[0], "to": end[n], "apart_ms": 5, "at": 1.5} for n in (1, 1, 2)]
    wanted = [Meeting("t", 0, 1, 5, 1500), Meeting("t", 0, 3, 5, 1500)]
    comparison = Comparison.between(wanted, found)
    assert comparison.missing == (wanted[1],)
    assert comparison.twice == (wanted[0],)
    assert comparison.unexpected == (Meeting("t", 0, 2, 5, 1500),)
    assert not comparison.exact


def test_a_replay_gives_every_expected_connection_exactly_once(serve: Callable[..., Server]) -> None:
    server = serve(UNISON_SHOWN_PER_S="0", UNISON_LATENESS_S="2")  # a busy machine shall not make plays late
    pairs = 300
    lines = known_pairs(pairs, load_gazetteer(), speed=20)
    assert len(lines) * STEP_MS / 2 / 20 < 3000
    with stream(server) as viewer:
        result = rehearse(server.url, server.token, lines, 20, viewer)
    assert (result.totals.accepted, result.totals.late, result.totals.missed) == (2 * pairs, 0, 0)
    assert len(result.expected) == pairs
    assert result.streamed.exact, result.streamed
    assert result.kept.exact, result.kept
