"""pylast, Last.fm's client library for Python, over HTTPS against a real server."""

from __future__ import annotations

import re
import ssl
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pylast
import pytest

from tests.musicclients import make_tokens, messages
from tests.plays import ARTIST, OSAKA, RECIFE
from tests.serving import Server, stream
from tests.tlsfront import TlsFront, tls_front
from webapp.ingest.lastfmkeys import API_KEY, SHARED_SECRET


@pytest.fixture
def front(common: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TlsFront]:
    """HTTPS in front of the server, whose authority pylast trusts."""
    with tls_front(common.port, tmp_path / "tls") as front:
        trusting = ssl.create_default_context(cafile=str(front.authority))
        monkeypatch.setattr(pylast, "SSL_CONTEXT", trusting)
        yield front


def network(front: TlsFront, user: str = "", password: str = "") -> pylast.LastFMNetwork:
    """Return a network at the front; with a user and a password it logs in."""
    made = pylast.LastFMNetwork(api_key=API_KEY, api_secret=SHARED_SECRET)
    made.ws_server = (front.host, "/2.0/")
    made.homepage = f"https://{front.host}"
    if password:
        made.session_key = pylast.SessionKeyGenerator(made).get_session_key(user, pylast.md5(password))
    return made


def test_a_listener_logs_in_and_is_on_the_globe(common: Server, front: TlsFront, title: str) -> None:
    made = make_tokens(common, OSAKA, RECIFE)
    with stream(common) as viewer:
        for each, user in zip(made, (made[0].principal.id, "Ana"), strict=True):
            network(front, user, each.text).update_now_playing(ARTIST, title, duration=180)
        found = viewer.connection_of(title)
    assert {found[end]["geoname_id"] for end in ("from", "to")} == {OSAKA, RECIFE}


def test_scrobbles_are_taken_in_batches_and_no_press(common: Server, front: TlsFront, title: str) -> None:
    (made,) = make_tokens(common, OSAKA)
    client = network(front, made.principal.id, made.text)
    before = messages(common, dialect="lastfm", kind="scrobble"), messages(common, outcome="press")
    now_s = int(time.time())
    client.scrobble_many([{"artist": ARTIST, "title": title, "timestamp": now_s - 200 * n} for n in range(51)])
    after = messages(common, dialect="lastfm", kind="scrobble"), messages(common, outcome="press")
    assert after == (before[0] + 51, before[1])


def test_a_wrong_password_is_told(common: Server, front: TlsFront) -> None:
    (made,) = make_tokens(common, OSAKA)
    with pytest.raises(pylast.WSError) as told:
        network(front, made.principal.id, "wrong")
    assert int(told.value.status) == 4


def test_an_app_is_connected_on_our_page(common: Server, front: TlsFront, title: str) -> None:
    (made,) = make_tokens(common, OSAKA)
    client = network(front)
    generator = pylast.SessionKeyGenerator(client)
    url = generator.get_web_auth_url()
    asked = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["token"][0]
    with pytest.raises(pylast.WSError):
        generator.get_web_auth_session_key(url)
    page = urllib.request.urlopen(re.sub(f"https://{front.host}", common.url, url), timeout=10)
    assert asked in page.read().decode()
    form = urllib.parse.urlencode({"token": asked, "unison_token": made.text}).encode()
    urllib.request.urlopen(f"{common.url}/api/auth/", form, timeout=10).close()
    client.session_key = generator.get_web_auth_session_key(url)
    before = messages(common, dialect="lastfm", outcome="press")
    client.update_now_playing(ARTIST, title)
    assert messages(common, dialect="lastfm", outcome="press") == before + 1
