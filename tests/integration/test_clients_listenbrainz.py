"""ListenBrainz's own client library against a real server."""

from __future__ import annotations

import time

import pytest
from liblistenbrainz import Listen, ListenBrainz
from liblistenbrainz.errors import InvalidAuthTokenException

from tests.musicclients import make_tokens, messages
from tests.plays import ARTIST, OSAKA, RECIFE
from tests.serving import Server, stream

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # it leaves its connections to the collector


def client_of(server: Server, token: str) -> ListenBrainz:
    client = ListenBrainz(api_base_url=server.url)
    client.set_auth_token(token)
    return client


def test_two_listeners_who_start_a_song_together_are_a_connection(common: Server, title: str) -> None:
    clients = [client_of(common, made.text) for made in make_tokens(common, OSAKA, RECIFE)]
    with stream(common) as viewer:
        for each in clients:
            each.submit_playing_now(Listen(title, ARTIST))
        found = viewer.connection_of(title)
    assert {found[end]["geoname_id"] for end in ("from", "to")} == {OSAKA, RECIFE}
    assert (found["apart_ms"], found["within_s"] >= 3) == (None, True), "the delay of a program is not known"


def test_what_was_listened_to_is_counted_and_no_press(common: Server, title: str) -> None:
    (made,) = make_tokens(common, OSAKA)
    client, before = client_of(common, made.text), messages(common, outcome="press")
    listens = [Listen(title, ARTIST, listened_at=int(time.time()) - 60 - each) for each in range(20)]
    client.submit_single_listen(listens[0])
    client.submit_multiple_listens(listens)
    assert messages(common, dialect="listenbrainz", kind="import", outcome="counted") >= 20
    assert messages(common, outcome="press") == before


def test_a_wrong_token_is_told(common: Server) -> None:
    with pytest.raises(InvalidAuthTokenException):
        client_of(common, "4a9e8d5c-0000-4000-8000-000000000000")
