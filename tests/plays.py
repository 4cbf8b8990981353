"""Plays for tests: pairs that become connections, and a small crowd."""

from __future__ import annotations

from typing import Any

from tests.serving import Server, post_plays, stream

OSAKA, RECIFE, PARIS, LAGOS, LISBON, LYON = 1853909, 3390760, 2988507, 2332459, 2267057, 2996944
ARTIST = "The Harbour Lamps"


def play(title: str, city: int, artist: str = ARTIST, **more: Any) -> dict[str, Any]:
    """Return a play of a song, pressed when it arrives; the listener's name is the city's id."""
    track = {"title": title, "artist": artist}
    return {"track": track, "listener": str(city), "place": {"geoname_id": city}} | more


def send_pair(server: Server, title: str, artist: str = ARTIST, cities: tuple[int, int] = (OSAKA, RECIFE)) -> None:
    """Send two plays of a song, pressed when they arrive; see `send_in_time`."""
    send_in_time(server, [play(title, city, artist) for city in cities])


def send_in_time(server: Server, plays: list[dict[str, Any]], **headers: str) -> None:
    """Send plays, pressed when they arrive; again if the machine was so busy that they were late even so.

    What is late is not matched. So sending it again changes nothing.
    """
    for _ in range(5):
        answer = post_plays(server, plays, **headers)
        assert answer["accepted"] == len(plays)
        if not answer["late"]:
            return
    raise AssertionError(f"plays that arrive now are late: {answer}")


def connect_pair(
    server: Server, title: str, artist: str = ARTIST, cities: tuple[int, int] = (OSAKA, RECIFE)
) -> dict[str, Any]:
    """Send a pair, wait until a viewer gets their connection, and return it."""
    with stream(server) as viewer:
        send_pair(server, title, artist, cities)
        return viewer.connection_of(title)


def send_crowd(server: Server, artist: str = ARTIST) -> None:
    """Send pairs in far and near cities and in one city, for connections and pulses."""
    cities = [OSAKA, RECIFE, LYON, LYON]
    plays = [
        play(f"Song {song}", city, artist, listener=f"{song}-{number}")
        for song in range(12)
        for number, city in enumerate(cities[song % 3 : song % 3 + 2])
    ]
    send_in_time(server, plays, X_Unison_Source="synthetic")
