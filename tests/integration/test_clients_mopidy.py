"""Mopidy with Mopidy-Listenbrainz over HTTPS against a real server."""

from __future__ import annotations

from pathlib import Path

from tests.flacfiles import write_flac
from tests.musicclients import announce, make_tokens, messages
from tests.players import mopidy
from tests.plays import ARTIST, OSAKA, RECIFE
from tests.serving import Server, stream
from tests.tlsfront import tls_front
from tests.waiting import until


def test_a_listener_who_presses_play_is_on_the_globe(common: Server, tmp_path: Path, title: str) -> None:
    (tmp_path / "music").mkdir()
    song = write_flac(tmp_path / "music" / "song.flac", 120, title=title, artist=ARTIST)
    token, other = make_tokens(common, OSAKA, RECIFE)
    before = messages(common, dialect="listenbrainz", outcome="press")
    with (
        tls_front(common.port, tmp_path / "tls") as front,
        mopidy(tmp_path / "mopidy", tmp_path / "music", front, token) as player,
        stream(common, timeout_s=20) as viewer,
    ):
        player.play(song)
        until(lambda: messages(common, dialect="listenbrainz", outcome="press") > before)
        announce(common, other, title)
        found = viewer.connection_of(title)
    assert {found[end]["geoname_id"] for end in ("from", "to")} == {OSAKA, RECIFE}
    assert found["apart_ms"] is None
