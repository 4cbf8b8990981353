"""Songs on a real server: different spellings and recordings meet."""

from __future__ import annotations

import math
import time
from typing import Any

from tests.serving import Server, post_plays, stream
from webapp.core.plays import track_id

CITIES = (1853909, 3390760, 2988507, 360630, 2147714)  # Osaka, Recife, Paris, Cairo, Sydney
QUARTER_S = 0.25


def press(server: Server, tracks: list[dict[str, str]]) -> None:
    """Send a play of each track, by as many listeners in as many cities, all in the next quarter of a second."""
    start = math.ceil(time.time() / QUARTER_S) * QUARTER_S
    plays = [
        {"track": track, "listener": f"{track} {i}", "place": {"geoname_id": city}, "pressed_at": start + 0.02 * i}
        for i, (track, city) in enumerate(zip(tracks, CITIES, strict=False))
    ]
    assert post_plays(server, plays)["accepted"] == len(tracks)


def test_five_spellings_from_five_cities_are_two_connections_and_one_spark(common: Server) -> None:
    spellings = [
        ("Someone’s Tide & Moon – 2015 Remaster", "The Spelling Bees"),
        ("Someone's Tide and Moon (Remastered 2015) [Explicit]", "Spelling Bees"),
        ("SOMEONES TIDE + MOON", "Spelling Bees feat. Ana"),
        ("Someone's Tide & Moon (ft. Ana)", "Spelling Bees, Ana"),
        ("Someone’s Tide & Moon (Album Version)", "spelling bees x Ana"),
    ]
    with stream(common, artist="Spelling Bees") as viewer:
        press(common, [{"title": title, "artist": artist} for title, artist in spellings])
        frame = viewer.until(lambda frame: frame["counts"]["matching"])
    assert frame["counts"]["matching"] == 2
    assert len(frame["sparks"]) == 1
    shown = [*frame["connections"], *frame["sparks"]]
    assert {each["track"]["id"] for each in shown} == {track_id("Spelling Bees", "Someone's Tide and Moon")}


def test_a_recording_joins_two_titles_and_either_id_finds_the_connection(common: Server) -> None:
    recorded: list[dict[str, str]] = [
        {"title": "Joined by ISRC", "artist": "Record Keepers", "recording": "isrc:QZA001234567"},
        {"title": "Unidos", "artist": "Guardadores", "recording": "isrc:QZA001234567"},
    ]
    first, second = (track_id(track["artist"], track["title"]) for track in recorded)
    with stream(common, track=first) as one, stream(common, track=second) as other:
        press(common, recorded)
        found: list[dict[str, Any]] = [viewer.connections(1)[0] for viewer in (one, other)]
    assert found[0] == found[1]
    assert (found[0]["track"]["id"], found[0]["track"]["title"]) == (first, "Joined by ISRC")
