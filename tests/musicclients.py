"""Tokens and names for tests with real music clients."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.plays import ARTIST
from tests.serving import Server, ask, post
from tests.waiting import until
from webapp.storage.accounts import NewToken
from webapp.storage.accountsfile import FILE_NAME
from webapp.storage.datadir import DataDir
from webapp.storage.sqliteaccounts import SqliteAccounts


@contextmanager
def accounts_beside(server: Server) -> Iterator[SqliteAccounts]:
    """Open a server's accounts as a command beside it does."""
    accounts = SqliteAccounts(server.data_dir / FILE_NAME, DataDir(server.data_dir).secret, is_server=False)
    accounts.open()
    try:
        yield accounts
    finally:
        accounts.close()


def make_tokens(server: Server, *cities: int | None) -> list[NewToken]:
    """Make a token for each city, beside a running server, and wait until it knows them."""
    with accounts_beside(server) as accounts:
        made = [accounts.create("listener", city) for city in cities]
    for each in made:
        until(lambda each=each: ask(server, f"/1/validate-token?token={each.text}").json["valid"])  # type: ignore[misc]
    return made


def announce(server: Server, token: NewToken, title: str, artist: str = ARTIST) -> None:
    """Say what a listener plays, as a program of an unknown kind does that speaks ListenBrainz."""
    told = {"track_metadata": {"track_name": title, "artist_name": artist}}
    body = json.dumps({"listen_type": "playing_now", "payload": [told]}).encode()
    assert post(server, "/1/submit-listens", body, {"Authorization": f"Token {token.text}"}) == {"status": "ok"}


def messages(server: Server, **labels: str) -> float:
    """Return how many messages of clients a server counted: `messages(server, kind="scrobble", outcome="counted")`."""
    lines = ask(server, "/metrics").text.splitlines()
    wanted = [f'{name}="{value}"' for name, value in labels.items()]
    found = [line for line in lines if line.startswith("unison_client_messages_total{")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in found if all(each in line for each in wanted))
