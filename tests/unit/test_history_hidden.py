"""What reads of the history leave out; the rows stay."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.history_world import CITIES, EVERYTHING, GAZETTEER, NOON_MS, TRACKS, connection, ids, temporary_history
from webapp.core import frames
from webapp.core.filters import Filter
from webapp.core.moderation import NO_RULES, Rules
from webapp.core.moderationlist import ListReader
from webapp.core.plays import track_id
from webapp.core.records import Connection
from webapp.core.trackids import NO_ALIASES
from webapp.storage import periodtotals
from webapp.storage.history import History
from webapp.storage.periods import PERIODS
from webapp.web.playlist import chart_cache
from webapp.web.stats import figure_cache

READER = ListReader(GAZETTEER, NO_ALIASES)
NOON_S = NOON_MS / 1000
LATER_S = NOON_S + PERIODS["hour"].length_s
OF_OSAKA = Filter(city=int(GAZETTEER.geoname_id[CITIES[0]]))
LINES = ("word: hunter", "word: 喝采", "artist: Fela Kuti", "song: Jóga - Björk", "city: Osaka", "city: Lagos, NG")


def rules(*lines: str) -> Rules:
    return Rules(frozenset(READER.line(line).rule for line in lines))


connections = st.builds(
    lambda tail, track, ends: connection(tail % 1000, tail, track, *ends),
    st.integers(0, 10_000),
    st.integers(0, len(TRACKS) - 1),
    st.permutations(range(len(CITIES))).map(lambda order: order[:2]),
)


@settings(max_examples=40)
@given(
    st.lists(connections, max_size=30, unique_by=lambda c: c.id),
    st.sets(st.sampled_from(LINES)),
    st.sampled_from([EVERYTHING, Filter(country="JP"), Filter(artist="bjork"), OF_OSAKA]),
    st.integers(1, 8),
    st.booleans(),
)
def test_reads_have_as_many_as_there_are_and_nothing_that_is_hidden(
    found: list[Connection], lines: set[str], wanted: Filter, limit: int, is_written: bool
) -> None:
    hidden = rules(*lines)
    with temporary_history() as history:
        history.record("s", 1, NOON_MS, found, b"{}", b"[]")
        if is_written:
            history.flush()
        history.rules = hidden
        visible = [c for c in found if not hidden.hides_connection(c, GAZETTEER)]
        passing = sorted((c for c in visible if wanted.accepts(c, GAZETTEER)), key=lambda c: c.id, reverse=True)
        assert history.latest(wanted, limit) == passing[:limit]
        assert {c.id for c in found if history.get(c.id)} == set(ids(visible))
        assert {c.id for c in found if history.is_hidden(c.id)} == set(ids(found)) - set(ids(visible))
        assert set(history.tracks(100)) == {c.track for c in found if not hidden.hides_track(c.track)}
        history.rules = NO_RULES
        assert len(history.latest(EVERYTHING, 100)) == len(found)


def counting(*lines: str) -> tuple[Rules, list[bytes]]:
    """Return rules, and a list of the tracks that they are asked about."""
    hidden, asked = rules(*lines), list[bytes]()
    hides_track = hidden.hides_track

    def counted(track: bytes) -> bool:
        asked.append(track)
        return hides_track(track)

    vars(hidden)["hides_track"] = counted
    return hidden, asked


def test_a_read_looks_at_no_more_rows_than_it_has_to() -> None:
    with temporary_history(max_rows=10_000) as history:
        found = [connection(n // 2, n, track=0 if n % 3 else 1) for n in range(3_000)]
        history.record("s", 1, NOON_MS, found, b"{}", b"[]")
        history.flush()
        history.rules, asked = counting("word: jóga")
        assert len(history.latest(EVERYTHING, 20)) == 20
        assert len(asked) < 100
        history.rules, asked = counting("word: jóga", "word: hunter")
        assert history.latest(Filter(artist="bjork"), 20) == []
        assert len(asked) < 100
        for wanted in (Filter(artist="bjork"), Filter(track=track_id("Björk", "Jóga")), OF_OSAKA):
            history.rules, asked = counting("artist: Björk", "song: Jóga - Björk", "city: Osaka")
            assert (history.latest(wanted, 20), asked) == ([], [])


def test_a_shared_moment_is_hidden_and_shown_again() -> None:
    with temporary_history(days=0) as history:
        history.record("s", 1, NOON_MS, [shared := connection()], b"{}", b"[]")
        history.share(shared)
        history.prune(NOON_S + 86_400)
        history.rules = rules("city: Recife")
        assert (history.get(shared.id), history.is_hidden(shared.id)) == (None, True)
        history.rules = NO_RULES
        assert (history.get(shared.id), history.is_hidden(shared.id)) == (shared, False)


def written(history: History, found: Iterable[Connection]) -> None:
    """Record connections that everyone was shown, and complete the sums."""
    history.record("s", 1, NOON_MS, list(found), b"{}", b"[]")
    history.flush()
    history.update_sums(LATER_S)


def songs(history: History, limit: int, *lines: str) -> list[tuple[str, int, int]]:
    """Return the titles, distances and numbers of the farthest songs."""
    found = history.read(lambda db: periodtotals.songs(db, "hour", limit, GAZETTEER, rules(*lines)))
    assert found is not None
    return [(json.loads(c.track)["title"], c.km, times) for c, times in found["farthest"]]


def test_a_chart_is_full_where_hidden_songs_rank_first() -> None:
    with temporary_history() as history:
        written(history, [replace(connection(n, n, track=n), km=1000 * (9 - n)) for n in range(4)])
        assert [title for title, _, _ in songs(history, 2)] == ["Jóga", "Hunter"]
        assert [title for title, _, _ in songs(history, 2, "artist: björk")] == ["喝采", "Zombie"]
        assert [title for title, _, _ in songs(history, 2, "word: hunter")] == ["Jóga", "喝采"]
        assert songs(history, 2, "city: osaka") == []


def test_of_a_song_the_farthest_connection_between_shown_cities_stands_in_a_chart() -> None:
    with temporary_history() as history:
        ends = [(0, 9000), (1, 700), (2, 800), (0, 9999)]
        written(history, [replace(connection(n, n, start=a, end=3), km=km) for n, (a, km) in enumerate(ends)])
        assert songs(history, 5, "city: Osaka") == [("Jóga", 800, 4)]


def test_figures_name_no_hidden_city_and_no_hidden_song() -> None:
    with temporary_history() as history:
        written(history, [connection(n, n, track=n % 2, start=n % 2, end=2) for n in range(4)])
        figures = figure_cache(history, GAZETTEER, lambda: LATER_S)
        assert (len(figures.get("hour").sums["pairs"].rows), len(figures.get("hour").sums["songs"].rows)) == (2, 2)
        history.rules = rules("city: Osaka", "word: hunter")
        assert [{*row.cells[::2]} for row in figures.get("hour").sums["pairs"].rows] == [{"Recife", "Tokyo"}]
        assert figures.get("hour").sums["songs"].rows == []
        assert [row.count for row in figures.get("hour").sums["sources"].rows] == [4], "totals count what is hidden"


def test_a_chart_is_read_again_when_what_is_hidden_changes_even_by_who_would_get_an_old_one() -> None:
    now = [NOON_S]
    with temporary_history() as history:
        charts = chart_cache(history, GAZETTEER, lambda: now[0])
        old = charts.get("hour")
        history.rules = rules("word: x")
        assert charts.get("hour") is not old
        assert charts.get("hour") is charts.get("hour")


def test_past_frames_have_neither_hidden_connections_nor_hidden_pulses() -> None:
    osaka, recife = (int(GAZETTEER.geoname_id[city]) for city in CITIES[:2])
    pulses = [
        {"at": at, "track": json.loads(connection(track=track).track), "city": {"geoname_id": city}}
        for at, (track, city) in enumerate([(0, recife), (1, recife), (1, osaka)])
    ]
    with temporary_history() as history:
        found = [
            connection(-9, n, track=track, start=start) for n, (track, start) in enumerate([(0, 2), (1, 0), (1, 2)])
        ]
        history.record("s", 1, NOON_MS, found, b"{}", frames.encode(pulses))
        history.flush()
        history.rules = rules("word: jóga", "city: Osaka")
        told = history.past(NOON_MS - 1, NOON_MS, EVERYTHING)
        assert told is not None
        assert ids(told[0].connections) == [found[2].id]
        assert json.loads(told[0].pulses) == [pulses[1]]
