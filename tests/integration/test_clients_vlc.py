"""VLC, whose own scrobbler speaks Audioscrobbler 1.2 over plain HTTP, against a real server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.flacfiles import write_flac
from tests.musicclients import make_tokens
from tests.players import together, vlc
from tests.plays import ARTIST, OSAKA, RECIFE
from tests.serving import Server, stream


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that VLC may read, which does not run as root; pytest's own are for this user alone."""
    with TemporaryDirectory(prefix="unison-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_two_listeners_who_press_play_together_are_a_connection(
    common: Server, shared_folder: Path, title: str
) -> None:
    song = write_flac(shared_folder / "song.flac", 120, title=title, artist=ARTIST)
    made = make_tokens(common, OSAKA, RECIFE)
    with ExitStack() as stack:
        both = [stack.enter_context(vlc(shared_folder / each.principal.id, common, each)) for each in made]
        with stream(common, timeout_s=20) as viewer:
            together(*(partial(each.play, song) for each in both))
            found = viewer.connection_of(title)
    assert {found[end]["geoname_id"] for end in ("from", "to")} == {OSAKA, RECIFE}
    assert (found["apart_ms"], found["within_s"] > 0) == (None, True)
