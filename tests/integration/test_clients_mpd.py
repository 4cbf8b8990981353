"""MPD with mpdscribble, which speaks Audioscrobbler 1.2, against a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.flacfiles import write_flac
from tests.musicclients import announce, make_tokens, messages
from tests.players import Mpd, meet, mpd, mpdscribble, together, tries
from tests.plays import ARTIST, OSAKA, RECIFE
from tests.serving import Server, stream
from tests.waiting import until

TELLS_S = 15.0
LEAST_S = 30.5
"""mpdscribble scrobbles tracks of 30 s and more, once it heard half of them."""


@dataclass(frozen=True)
class Listener:
    """A player whose plays go to a server, with its scrobbler's log."""

    player: Mpd
    log: Path

    @property
    def elapsed_s(self) -> float:
        """How much of the track was played."""
        fields = dict(line.split(": ", 1) for line in self.player.command("status").splitlines() if ": " in line)
        return float(fields.get("elapsed", 0))


Listen = Callable[[Server, int], Listener]


@pytest.fixture
def listens(tmp_path: Path) -> Iterator[Listen]:
    """Return a function that runs MPD and mpdscribble for a listener in a city, with the music of `tmp_path`."""
    (tmp_path / "music").mkdir()
    with ExitStack() as stack:
        count = iter(range(9))

        def start(server: Server, city: int) -> Listener:
            (token,) = make_tokens(server, city)
            folder = tmp_path / f"listener-{next(count)}"
            player = stack.enter_context(mpd(folder, tmp_path / "music"))
            log = stack.enter_context(mpdscribble(folder, player, server.url, token))
            until(lambda: "handshake successful" in log.read_text(), TELLS_S, said=log.read_text)
            return Listener(player, log)

        yield start


def test_two_listeners_who_press_play_together_are_a_connection(
    common: Server, listens: Listen, tmp_path: Path, title: str
) -> None:
    songs = tries(tmp_path / "music", title)
    both = [listens(common, city) for city in (OSAKA, RECIFE)]
    with stream(common) as viewer:
        found = meet(viewer, songs, lambda song: together(*(partial(each.player.play, song.name) for each in both)))
    assert {found[end]["geoname_id"] for end in ("from", "to")} == {OSAKA, RECIFE}
    assert found["apart_ms"] is None
    assert found["within_s"] in (1, 2), "their distance, and twice the spread of mpdscribble"


@pytest.mark.slow
def test_a_track_played_out_is_scrobbled_and_that_is_no_press(
    common: Server, listens: Listen, tmp_path: Path, title: str
) -> None:
    write_flac(tmp_path / "music" / "long.flac", LEAST_S, title=title, artist=ARTIST)
    write_flac(tmp_path / "music" / "next.flac", 120, title=f"{title}, next", artist=ARTIST)
    listener = listens(common, OSAKA)
    before = _counted(common)
    listener.player.command("clear", 'add "long.flac"', 'add "next.flac"', "play")
    until(lambda: listener.elapsed_s > LEAST_S / 2 + 0.5)
    listener.player.command(f"seekcur {LEAST_S - 0.5}")
    until(lambda: _counted(common)[0] == before[0] + 1, TELLS_S, said=listener.log.read_text)
    until(lambda: _counted(common)[1] == before[1] + 2, TELLS_S, said=listener.log.read_text)


def _counted(server: Server) -> tuple[float, float]:
    """Return the scrobbles, and the presses."""
    about = {"dialect": "audioscrobbler"}
    return messages(server, kind="scrobble", outcome="counted", **about), messages(server, outcome="press", **about)


@pytest.mark.slow
def test_a_server_that_restarts_in_mid_track_loses_no_session_and_shows_no_stale_press(
    serve: Callable[..., Server], listens: Listen, tmp_path: Path, title: str
) -> None:
    server = serve()
    for name in ("first", "second", "third"):
        write_flac(tmp_path / "music" / f"{name}.flac", 120, title=f"{title}, {name}", artist=ARTIST)
    listener, (other,) = listens(server, OSAKA), make_tokens(server, RECIFE)
    listener.player.play("first.flac")
    until(lambda: _counted(server)[1] == 1, TELLS_S, said=listener.log.read_text)
    server.restart()
    listener.player.play("second.flac")  # it may be a message that waited
    until(lambda: messages(server, outcome="after_downtime") == 1, TELLS_S, said=listener.log.read_text)
    with stream(server) as viewer:
        listener.player.play("third.flac")
        until(lambda: _counted(server)[1] == 1, TELLS_S, said=listener.log.read_text)
        announce(server, other, f"{title}, third")
        found = viewer.connection_of(f"{title}, third")
    assert {found[end]["geoname_id"] for end in ("from", "to")} == {OSAKA, RECIFE}
    assert _counted(server) == (0, 1), "of the first track nothing came again"
    assert listener.log.read_text().count("handshake successful") == 1, "the session is good after the restart"
