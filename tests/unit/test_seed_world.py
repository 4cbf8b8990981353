import json
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from itertools import islice, pairwise
from typing import Any

import numpy as np
import pytest

from webapp.gazetteerdata import load_gazetteer
from webapp.seed.catalogue import load_catalogue
from webapp.seed.hours import NIGHT, activity, local_hours
from webapp.seed.regions import REGIONS, SHARES, region
from webapp.seed.releasenight import AT_MIDNIGHT, GATHERING, SHARE
from webapp.seed.scenarios import SCENARIOS
from webapp.seed.traffic import Traffic, ranking
from webapp.seed.world import EXPONENT, World, fit, rank_shares

FRIDAY = int(datetime(2026, 9, 18, tzinfo=UTC).timestamp())
HOUR = 3600


@cache
def drawn(scenario: str = "everyday", start_s: int = FRIDAY, rate: float = 20_000.0, seconds: int = 5) -> list[Any]:
    """Plays of a scenario, decoded."""
    blocks = islice(SCENARIOS[scenario].plays(7, rate, start_s), seconds)
    return [json.loads(line) for block in blocks for line in block.lines(block.at_ms).tolist()]


@cache
def a_day() -> list[Any]:
    """Plays of every hour of one Friday, as many in each."""
    return [play for hour in range(24) for play in drawn(start_s=FRIDAY + hour * HOUR, rate=3000.0, seconds=1)]


def country(play: Any) -> str:
    gazetteer = load_gazetteer()
    return gazetteer[gazetteer.by_id(play["place"]["geoname_id"])].country_code


def at(hour: float, weekday: int) -> float:
    return float(activity(np.array([hour]), np.array([weekday]))[0])


def test_listening_is_least_at_4_and_most_at_17_but_on_saturday_at_12() -> None:
    hours = np.arange(0, 24, 0.25)
    for weekday, peak in [(0, 17.0), (4, 17.0), (5, 12.0), (6, 17.0)]:
        curve = activity(hours, np.full(len(hours), weekday))
        assert hours[curve.argmin()] == 4.0
        assert hours[curve.argmax()] == peak
        assert curve.min() == pytest.approx(NIGHT)
        assert curve.max() == pytest.approx(1.0)


@pytest.mark.parametrize("weekday", range(7))
def test_listening_does_not_jump_at_midnight_or_at_the_trough(weekday: int) -> None:
    assert at(0.0, weekday) == pytest.approx(at(23.999999, (weekday - 1) % 7), abs=1e-4)
    assert at(4.0, weekday) == pytest.approx(at(3.999999, weekday), abs=1e-4)


def test_local_hours_follow_the_timezone_and_its_summer_time() -> None:
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp()  # a Wednesday
    zones = [("Asia/Tokyo", 139.7), ("Asia/Kolkata", 77.2), ("Europe/Berlin", 13.4), ("Pacific/Auckland", 174.8)]
    hours, weekdays = local_hours(zones, noon)
    assert hours.tolist() == [21.0, 17.5, 14.0, 0.0]
    assert weekdays.tolist() == [2, 2, 2, 3]


def test_where_a_timezone_is_not_known_the_sun_decides() -> None:
    hours, _ = local_hours([("Nowhere/Atlantis", -30.0)], FRIDAY + 12 * HOUR)
    assert hours.tolist() == [10.0]


def test_listeners_live_in_the_regions_as_they_do_in_the_world() -> None:
    gazetteer = load_gazetteer()
    world = World(gazetteer, load_catalogue())
    where = [region(code) for code in gazetteer.codes[gazetteer.country].tolist()]
    assert np.bincount(where, world.listeners) == pytest.approx(SHARES)


def test_over_a_day_the_plays_come_from_the_regions_by_their_shares() -> None:
    plays = a_day()
    counts = Counter(region(country(play)) for play in plays)
    for index, share in enumerate(SHARES):
        # an evening that not all have at once moves the shares a little
        assert counts[index] / len(plays) == pytest.approx(share, abs=0.06), REGIONS[index]


def test_a_country_plays_most_in_its_own_afternoon_and_least_in_its_night() -> None:
    japan = [sum(country(p) == "JP" for p in drawn(start_s=FRIDAY + h * HOUR, rate=3000.0, seconds=1)) for h in (19, 8)]
    assert japan[1] > 3 * japan[0]  # 04 h and 17 h in Tokyo


def test_shares_fall_with_the_rank_by_the_exponent() -> None:
    titles = Counter(play["track"]["title"] for play in a_day())
    ranked = np.array([titles[track.title] for track in ranking(load_catalogue(), 7)[:200]], dtype=float)
    slope = np.polyfit(np.log(np.arange(1, 201)), np.log(np.maximum(ranked, 1)), 1)[0]
    assert slope == pytest.approx(-EXPONENT, abs=0.04)
    assert titles["Night Bus Home"] == max(titles.values())


def test_a_title_is_played_more_where_its_language_is_at_home_yet_elsewhere_too() -> None:
    japanese = {track.title for track in load_catalogue() if track.language == "ja"}
    home = [play["track"]["title"] in japanese for play in a_day() if country(play) == "JP"]
    abroad = [play["track"]["title"] in japanese for play in a_day() if country(play) != "JP"]
    assert np.mean(home) > 2 * np.mean(abroad)
    assert sum(abroad) > sum(home)


def test_fitting_gives_every_market_all_of_its_listening_and_every_rank_its_share() -> None:
    audience, ranks = np.array([0.7, 0.2, 0.1]), rank_shares(5)
    taste = np.array([[4.0, 1, 1, 1, 1], [1, 4, 4, 1, 1], [1, 1, 1, 1, 4]])
    shares = fit(taste, audience, ranks)
    assert shares.sum(axis=1) == pytest.approx(np.ones(3))
    assert audience @ shares == pytest.approx(ranks, rel=1e-6)
    assert shares[2, 4] > 2 * shares[0, 4]


def hits(plays: list[Any]) -> list[Any]:
    """The plays of the new song of a release night."""
    return [play for play in plays if play["track"]["title"] == "Night Bus Home"]


def test_a_release_night_is_one_song_everywhere() -> None:
    plays = drawn("release-night")
    assert len(hits(plays)) / len(plays) == pytest.approx(SHARE, abs=0.02)
    assert len({country(play) for play in hits(plays)}) > 100


@pytest.mark.parametrize("hour", [0, 6, 11, 18])
def test_a_release_night_is_a_crowd_at_its_own_rate_whatever_the_hour(hour: int) -> None:
    plays = drawn("release-night", FRIDAY + hour * HOUR, SCENARIOS["release-night"].rate, 10)
    assert len(hits(plays)) > 50
    assert len(hits(plays)) / len(plays) == pytest.approx(SHARE, abs=0.05)
    slices = Counter((play["place"]["geoname_id"], int(play["pressed_at"] * 4)) for play in hits(plays))
    flaring = {city for (city, _), presses in slices.items() if presses >= 3}
    assert len(flaring) > 20, "cities with enough plays in a slice to be named"
    everyday = drawn(start_s=FRIDAY + hour * HOUR, rate=SCENARIOS["release-night"].rate, seconds=10)
    assert len(hits(everyday)) / len(everyday) < 0.05


def test_most_gatherings_of_a_release_night_are_where_midnight_just_was() -> None:
    plays = drawn("release-night", FRIDAY + 22 * HOUR, 180.0, 60)
    gazetteer = load_gazetteer()
    slices = Counter((play["place"]["geoname_id"], int(play["pressed_at"])) for play in hits(plays))
    together = [city for (city, _), presses in slices.items() if presses >= GATHERING // 2]
    rows = [gazetteer.by_id(city) for city in together]
    zones = [(gazetteer[row].timezone, gazetteer[row].lon) for row in rows]
    hours, _ = local_hours(zones, FRIDAY + 22 * HOUR)
    assert np.mean(hours < 6) == pytest.approx(AT_MIDNIGHT, abs=0.15)


def test_a_burst_is_ten_thousand_plays_within_one_second() -> None:
    burst = SCENARIOS["burst"]
    (block,) = islice(burst.plays(1, burst.rate, FRIDAY), int(burst.seconds or 0))
    assert len(block) == 10_000
    assert 0 <= block.at_ms[0] <= block.at_ms[-1] < 1000


@pytest.mark.parametrize("rate", [0.3, 7.0, 49.5])
def test_the_rate_is_kept_whatever_it_is(rate: float) -> None:
    blocks = list(islice(Traffic(1, rate, FRIDAY).blocks(load_gazetteer(), load_catalogue()), 40))
    assert sum(map(len, blocks)) == int(40 * rate)
    assert np.concatenate([b.number for b in blocks]).tolist() == list(range(1, int(40 * rate) + 1))
    assert all((b.at_ms // 1000 == second).all() for second, b in enumerate(blocks))


def test_a_city_has_many_listeners_and_each_lives_in_one_city() -> None:
    homes: dict[str, set[int]] = {}
    for play in drawn():
        homes.setdefault(play["listener"], set()).add(play["place"]["geoname_id"])
    assert all(len(cities) == 1 for cities in homes.values())
    assert len(homes) > 0.8 * len(drawn())


def test_everyday_traffic_at_the_usual_rate_meets_about_eleven_times_a_second() -> None:
    plays = drawn(rate=SCENARIOS["everyday"].rate, seconds=60)
    pressed = sorted((p["track"]["title"], p["pressed_at"]) for p in plays)
    close = sum(a[0] == b[0] and b[1] - a[1] <= 1.0 for a, b in pairwise(pressed))
    assert 5 < close / 60 < 25  # neighbours; disjoint pairs are a little fewer
