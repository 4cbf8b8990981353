"""Whose request it is: tokens, digests of them under any user name, sessions, confirmed request tokens."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import md5
from pathlib import Path

import pytest

from webapp.core.precision import CLASSED
from webapp.ingest.sessions import Session
from webapp.ingest.submissions import ConfirmedGiven, Credentials, DigestGiven, SessionGiven, TokenGiven
from webapp.storage.accounts import Announced, LastSong, NewToken
from webapp.storage.sqliteaccounts import SqliteAccounts
from webapp.web import principals
from webapp.web.principals import SEARCHES, Principals

SECRET = b"s" * 32
HERE = "192.0.2.1"


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[SqliteAccounts]:
    accounts = SqliteAccounts(tmp_path / "accounts.sqlite3", lambda: SECRET)
    accounts.open()
    yield accounts
    accounts.close()


@pytest.fixture
def known(accounts: SqliteAccounts) -> Principals:
    return Principals(accounts, lambda: SECRET)


def digest(user: str, text: str) -> DigestGiven:
    """Return what a client sends that has md5 of a token."""
    sent = md5(text.encode()).hexdigest()
    return DigestGiven(user, lambda token: md5(token.encode()).hexdigest() == sent)


def used(accounts: SqliteAccounts) -> NewToken:
    """Return a token that was used."""
    made = accounts.create()
    accounts.note_announced(made.principal.id, Announced(LastSong(1, 0.0, None), "unknown", is_press=True))
    return made


def test_a_token_is_its_own_proof(accounts: SqliteAccounts, known: Principals) -> None:
    made = accounts.create()
    assert known.find(TokenGiven(made.text), HERE).principal == made.principal
    assert known.find(TokenGiven("00000000-0000-4000-8000-000000000000"), HERE).principal is None
    assert known.find(None, HERE).principal is None


def test_the_tokens_id_is_its_user_name(accounts: SqliteAccounts, known: Principals) -> None:
    made, other = accounts.create(), accounts.create()
    assert known.find(digest(made.principal.id, made.text), HERE).principal == made.principal
    assert known.find(digest(made.principal.id, "wrong"), HERE).principal is None
    assert known.find(digest(made.principal.id, other.text), HERE).principal == other.principal


@pytest.mark.parametrize("user", ["Ana", "", "\ud800", "ü" * 500])
def test_any_other_name_is_tried_against_the_tokens_used_last(
    accounts: SqliteAccounts, known: Principals, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, later = used(accounts), used(accounts)
    assert known.find(digest(user, made.text), HERE).principal == made.principal
    monkeypatch.setattr(principals, "TRIED_MOST", 1)
    assert known.find(digest(user, made.text), HERE).principal == made.principal, "the name is remembered"
    assert known.find(digest(f"{user}?", made.text), HERE).principal is None
    assert known.find(digest(f"{user}?", later.text), HERE).principal == later.principal


def test_wrong_digests_are_limited_alike_whether_there_is_such_a_user_or_not(
    accounts: SqliteAccounts, known: Principals
) -> None:
    made = accounts.create()
    for _ in range(SEARCHES.burst):
        assert known.find(digest("nobody", "wrong"), HERE).wait_s == 0
    tries = [digest("nobody", "wrong"), digest(made.principal.id, "wrong"), digest("nobody", made.text)]
    assert {(found.principal, found.wait_s > 0) for found in (known.find(each, HERE) for each in tries)} == {
        (None, True)
    }
    assert known.find(digest("nobody", made.text), "192.0.2.2").principal == made.principal


def test_searches_go_one_at_a_time_and_derive_each_token_once(
    accounts: SqliteAccounts, known: Principals, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens, derived, searching = [used(accounts) for _ in range(3)], list[str](), list[bool]()
    derive = accounts.token_of

    def token_of(id: str) -> str | None:
        derived.append(id)
        return derive(id)

    def fits(_: str) -> bool:
        searching.append(known._searching.locked())
        return False

    monkeypatch.setattr(accounts, "token_of", token_of)
    assert [known.find(DigestGiven("", fits), HERE).principal for _ in range(2)] == [None, None]
    assert sorted(derived) == sorted(each.principal.id for each in tokens)
    assert searching == [True] * 6
    accounts.revoke(tokens[0].principal.id)
    assert known.find(digest("", tokens[0].text), HERE).principal is None
    assert len(known._tokens) == 2


def test_who_logs_in_with_the_tokens_id_waits_for_nobody(accounts: SqliteAccounts, known: Principals) -> None:
    made = accounts.create()
    for _ in range(SEARCHES.burst + 1):
        known.find(digest("nobody", "wrong"), HERE)
    assert known.find(digest(made.principal.id, made.text), HERE).principal == made.principal


def test_a_sessions_key_says_whose_it_is_also_after_a_restart(accounts: SqliteAccounts, known: Principals) -> None:
    made = accounts.create()
    key = known.sessions.key(Session(made.principal.id, CLASSED + 3))
    found = Principals(accounts, lambda: SECRET).find(SessionGiven(key), HERE)
    assert (found.principal, found.precision) == (made.principal, CLASSED + 3)
    assert known.find(SessionGiven(key[:-1] + "x"), HERE).principal is None


def test_a_session_ends_with_its_token(accounts: SqliteAccounts, known: Principals) -> None:
    made = accounts.create()
    key = known.sessions.key(Session(made.principal.id, CLASSED))
    accounts.revoke(made.principal.id)
    assert known.find(SessionGiven(key), HERE).principal is None


def test_a_request_token_stands_for_who_confirmed_it(accounts: SqliteAccounts, known: Principals) -> None:
    made = accounts.create()
    asked = known.request_tokens.make()
    assert known.find(ConfirmedGiven(asked), HERE).principal is None
    known.request_tokens.confirm(asked, made.principal.id)
    assert known.find(ConfirmedGiven(asked), HERE).principal == made.principal


def test_credentials_of_a_blocked_token_are_wrong(accounts: SqliteAccounts) -> None:
    made, blocked = accounts.create(), set[str]()
    known = Principals(accounts, lambda: SECRET, lambda id: id in blocked)
    session = SessionGiven(known.sessions.key(Session(made.principal.id, CLASSED)))
    given: list[Credentials] = [TokenGiven(made.text), digest(made.principal.id, made.text), session]
    assert [known.find(each, HERE).principal for each in given] == [made.principal] * 3
    blocked.add(made.principal.id)
    assert [known.find(each, HERE).principal for each in given] == [None] * 3
