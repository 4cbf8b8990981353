"""The lead story: chosen from what everyone was shown, the same by every node."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.making import CAIRO, LYON, OSAKA, PARIS, RECIFE, T0, track
from webapp.core.gazetteer import Gazetteer
from webapp.core.leads import MINUTE_MS, TURN_MS, Leads, score
from webapp.core.moderation import Rule, Rules
from webapp.core.records import Connection, connection_id
from webapp.core.songs import artist_key
from webapp.gazetteerdata import load_gazetteer

CITIES = (OSAKA, RECIFE, PARIS, LYON, CAIRO)
MINUTE = T0 // MINUTE_MS * MINUTE_MS


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return load_gazetteer()


def connection(
    gazetteer: Gazetteer,
    one: int,
    other: int,
    at_ms: int = MINUTE,
    apart_ms: int = 40,
    within_s: int = 0,
    tail: int = 0,
) -> Connection:
    a, b = gazetteer.by_id(one), gazetteer.by_id(other)
    song, id = track(), connection_id(at_ms, tail or one)
    km = gazetteer.geodesic_km(a, b)
    return Connection(id, "live", at_ms, apart_ms, km, song, "t" * 16, "marisol vey", "t" * 16, a, b, within_s)


def test_the_lead_of_ten_seconds_is_from_what_was_shown_before_them_in_the_minute(gazetteer: Gazetteer) -> None:
    leads, near, far = Leads(gazetteer), connection(gazetteer, PARIS, LYON), connection(gazetteer, OSAKA, RECIFE)
    assert not leads.add(MINUTE, [near, far])
    assert leads.current is None
    assert leads.add(MINUTE + TURN_MS, [])
    assert leads.current == far
    assert leads.add(MINUTE + 2 * TURN_MS, [])
    assert leads.current == near, "no city twice in a minute"
    assert leads.add(MINUTE + 3 * TURN_MS, [])
    assert leads.current is None


def test_the_last_lead_of_a_minute_comes_at_its_end_and_the_next_minute_begins_with_none_of_its_cities(
    gazetteer: Gazetteer,
) -> None:
    leads, far, near = Leads(gazetteer), connection(gazetteer, OSAKA, RECIFE), connection(gazetteer, PARIS, LYON)
    leads.add(MINUTE + MINUTE_MS - TURN_MS, [far])
    assert leads.add(MINUTE + MINUTE_MS, [far, near])
    assert leads.current == far
    assert leads.add(MINUTE + MINUTE_MS + TURN_MS, [])
    assert leads.current == near, "the last one's cities were told in this minute"
    leads.add(MINUTE + 2 * MINUTE_MS, [far])
    assert leads.add(MINUTE + 2 * MINUTE_MS + TURN_MS, [])
    assert leads.current == far


def test_what_is_hidden_leads_nowhere_and_gives_way_at_once(gazetteer: Gazetteer) -> None:
    leads, near, far = Leads(gazetteer), connection(gazetteer, PARIS, LYON), connection(gazetteer, OSAKA, RECIFE)
    leads.add(MINUTE, [near, far])
    leads.add(MINUTE + TURN_MS, [])
    assert not leads.hide(Rules(frozenset({Rule("city", str(CAIRO))})))
    assert leads.hide(Rules(frozenset({Rule("city", str(OSAKA))})))
    assert leads.current == near
    assert leads.hide(Rules(frozenset({Rule("artist", artist_key("Marisol Vey"))})))
    assert leads.current is None


def test_people_would_tell_what_is_far_small_between_scripts_and_exactly_at_once(gazetteer: Gazetteer) -> None:
    def told(one: int, other: int, **more: int) -> int:
        return score(connection(gazetteer, one, other, **more), gazetteer)

    tromso, perth, seoul = 3133895, 2063523, 1835848
    assert told(OSAKA, RECIFE) > told(PARIS, LYON)
    assert told(PARIS, tromso) > told(PARIS, LYON)
    assert told(PARIS, CAIRO) - told(PARIS, LYON) > 5_000, "two scripts"
    assert told(PARIS, LYON, apart_ms=0) > told(PARIS, LYON, apart_ms=1)
    assert told(PARIS, LYON, apart_ms=0, within_s=3) < told(PARIS, LYON, apart_ms=1)
    midnight_in_perth = MINUTE // 86_400_000 * 86_400_000 + 16 * 3_600_000
    at_day_in_perth = MINUTE // 86_400_000 * 86_400_000 + 10 * 3_600_000
    assert told(RECIFE, perth, at_ms=midnight_in_perth) > told(RECIFE, perth, at_ms=at_day_in_perth)
    assert told(perth, seoul, at_ms=midnight_in_perth) == told(perth, seoul, at_ms=at_day_in_perth)


frames = st.lists(
    st.tuples(st.integers(1, 30), st.lists(st.tuples(st.sampled_from(CITIES), st.sampled_from(CITIES)), max_size=3)),
    max_size=60,
)


@given(frames)
def test_each_turn_has_the_best_of_the_minute_that_repeats_no_city(
    steps: list[tuple[int, list[tuple[int, int]]]],
) -> None:
    gazetteer = load_gazetteer()
    leads, at_ms, shown, used = Leads(gazetteer), MINUTE, list[Connection](), set[int]()
    number = 0
    for quarters, ends in steps:
        before_ms, at_ms = at_ms, at_ms + 250 * quarters
        made = []
        for one, other in ends:
            if one != other:
                number += 1
                made.append(connection(gazetteer, one, other, at_ms, tail=number))
        if leads.add(at_ms, made) and before_ms > MINUTE:
            assert at_ms // TURN_MS != before_ms // TURN_MS
            free = [each for each in shown if not {each.from_city, each.to_city} & used]
            best = max(free, key=lambda each: (score(each, gazetteer), each.id), default=None)
            assert leads.current == best
            used |= {best.from_city, best.to_city} if best else set()
        if at_ms // MINUTE_MS != before_ms // MINUTE_MS:
            shown, used = [], set()
        shown += made
