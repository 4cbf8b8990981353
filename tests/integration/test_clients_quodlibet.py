"""Quod Libet on a virtual screen, whose own scrobbler speaks Audioscrobbler 1.2, against a real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flacfiles import write_flac
from tests.musicclients import announce, make_tokens, messages
from tests.plays import ARTIST, OSAKA, RECIFE
from tests.quodlibet import quod_libet
from tests.serving import Server, stream
from tests.waiting import until


@pytest.mark.slow
def test_a_listener_who_presses_play_is_on_the_globe(common: Server, tmp_path: Path, title: str) -> None:
    song = write_flac(tmp_path / "song.flac", 120, title=title, artist=ARTIST)
    token, other = make_tokens(common, OSAKA, RECIFE)
    before = messages(common, dialect="audioscrobbler", outcome="press")
    with quod_libet(tmp_path / "quodlibet", common.url, token) as player, stream(common, timeout_s=20) as viewer:
        player.play(song)
        until(lambda: messages(common, dialect="audioscrobbler", outcome="press") > before)
        announce(common, other, title)
        found = viewer.connection_of(title)
    assert {found[end]["geoname_id"] for end in ("from", "to")} == {OSAKA, RECIFE}
    assert found["apart_ms"] is None
