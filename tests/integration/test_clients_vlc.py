"""VLC, whose own scrobbler speaks Audioscrobbler 1.2 over plain HTTP, against a real server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.musicclients import make_tokens
from tests.players import meet, mpd, mpdscribble, together, tries, vlc
from tests.plays import OSAKA, RECIFE
from tests.serving import Server, stream
from tests.waiting import until


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that VLC may read, which does not run as root; pytest's own are for this user alone."""
    with TemporaryDirectory(prefix="unison-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_two_listeners_who_press_play_together_are_a_connection(
    common: Server, shared_folder: Path, title: str
) -> None:
    songs = tries(shared_folder, title)
    made = make_tokens(common, OSAKA, RECIFE)
    with ExitStack() as stack:
        both = [stack.enter_context(vlc(shared_folder / each.principal.id, common, each)) for each in made]
        with stream(common, timeout_s=20) as viewer:
            found = meet(viewer, songs, lambda song: together(*(partial(each.play, song) for each in both)))
    assert {found[end]["geoname_id"] for end in ("from", "to")} == {OSAKA, RECIFE}
    assert (found["apart_ms"], found["within_s"] > 0) == (None, True)


def test_listeners_with_different_players_meet_within_the_delays_of_both(
    common: Server, shared_folder: Path, tmp_path: Path, title: str
) -> None:
    songs = tries(shared_folder, title)
    one, other = make_tokens(common, OSAKA, RECIFE)
    with (
        vlc(shared_folder / "vlc", common, one) as first,
        mpd(tmp_path / "mpd", shared_folder) as second,
        mpdscribble(tmp_path / "mpd", second, common.url, other) as log,
        stream(common, timeout_s=20) as viewer,
    ):
        until(lambda: "handshake successful" in log.read_text(), said=log.read_text)
        found = meet(viewer, songs, lambda song: together(partial(first.play, song), partial(second.play, song.name)))
    assert {found[end]["geoname_id"] for end in ("from", "to")} == {OSAKA, RECIFE}
    assert (found["apart_ms"], found["within_s"] >= 2) == (None, True)
