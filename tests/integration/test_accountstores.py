"""What every store of accounts must do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from uuid import UUID

import pytest

from tests.brokers import Brokers, brokers
from tests.integration.bus_world import BusAccounts, make_empty
from tests.unit.accounts_world import NOON_S, OSAKA, RECIFE, SqliteStore, Store, press, repeat
from webapp.storage.accounts import PER_MINUTE, Account, Accounts, AccountsError, Activity, LastSong

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    with brokers(tmp_path_factory.mktemp("nats")) as running:
        yield running


@pytest.fixture(params=["SQLite", "bus"])
def store(request: pytest.FixtureRequest, bus: Brokers, tmp_path: Path) -> Store:
    if request.param == "SQLite":
        return SqliteStore(tmp_path)
    make_empty(bus)
    return BusAccounts(bus)


@pytest.fixture
def accounts(store: Store) -> Iterator[Accounts]:
    """The accounts of a server."""
    opened = store.open()
    yield opened
    opened.close()


def restarted(accounts: Accounts, store: Store, secret: bytes | None = None) -> Accounts:
    accounts.close()
    return store.open(*[secret] if secret else [])


def test_a_token_tells_whose_it_is(accounts: Accounts) -> None:
    made = accounts.create(city=OSAKA)
    assert accounts.by_token(made.text) == accounts.by_id(made.principal.id) == made.principal
    principal = made.principal
    assert (principal.scope, principal.city, principal.per_minute) == ("listener", OSAKA, PER_MINUTE["listener"])
    assert principal.created_s == NOON_S


def test_a_service_has_a_rate_of_its_own(accounts: Accounts) -> None:
    service = accounts.create("service")
    assert (service.principal.city, service.principal.per_minute) == (None, PER_MINUTE["service"])
    assert accounts.create("service", per_minute=7).principal.per_minute == 7


def test_a_token_looks_like_a_random_uuid_and_its_id_like_base32(accounts: Accounts) -> None:
    made = [accounts.create() for _ in range(50)]
    for each in made:
        uuid = UUID(each.text)
        assert (str(uuid), uuid.version, uuid.variant) == (each.text, 4, "specified in RFC 4122")
        assert len(each.principal.id) == 10
        assert set(each.principal.id) <= set("abcdefghijklmnopqrstuvwxyz234567")
    assert len({each.text for each in made}) == len({each.principal.id for each in made}) == 50


def test_a_token_may_be_pasted_in_capitals_and_with_spaces(accounts: Accounts) -> None:
    made = accounts.create()
    assert accounts.by_token(f" {made.text.upper()}\n") == made.principal


@pytest.mark.parametrize("text", ["", "x" * 100_000, "8f14e45f-ceea-467f-a0e6-000000000000", "\ud800", "\0", "é"])
def test_what_is_no_token_is_nobodys(text: str, accounts: Accounts) -> None:
    made = accounts.create()
    assert accounts.by_token(text) is None
    assert accounts.by_token(made.principal.id) is None
    assert accounts.by_id(text) is accounts.by_id(made.text) is None
    assert accounts.token_of(text) is None
    assert accounts.activity(text) is None
    accounts.note_announced(text, press(1))
    accounts.note_scrobbles(text, NOON_S, "VLC", 1)
    assert not accounts.revoke(text)


def test_a_token_is_derived_again_from_its_id(accounts: Accounts, store: Store) -> None:
    made = accounts.create()
    assert accounts.token_of(made.principal.id) == made.text
    assert restarted(accounts, store).token_of(made.principal.id) == made.text


def test_what_was_made_and_noted_is_there_after_a_restart(accounts: Accounts, store: Store) -> None:
    made, other = accounts.create(city=RECIFE), accounts.create("service", per_minute=9)
    accounts.note_announced(made.principal.id, press(-(2**63), NOON_S + 5, 200.5))
    accounts.note_scrobbles(made.principal.id, NOON_S + 210.25, "VLC", 3)
    again = restarted(accounts, store)
    kept = Activity(NOON_S + 210.25, "VLC", LastSong(-(2**63), NOON_S + 5, 200.5), presses=1, scrobbles=3)
    assert again.all() == [Account(made.principal, kept), Account(other.principal, Activity())]
    assert again.by_token(made.text) == made.principal


def test_the_place_of_a_press_is_kept_in_memory_alone(accounts: Accounts, store: Store) -> None:
    id = accounts.create().principal.id
    accounts.note_announced(id, press(1, NOON_S + 5))
    accounts.note_announced(id, repeat(2, NOON_S + 70))
    found = accounts.activity(id)
    assert found
    assert (found.pressed_s, found.pressed_city) == (NOON_S + 5, OSAKA)
    again = restarted(accounts, store).activity(id)
    assert again
    assert (again.presses, again.pressed_s, again.pressed_city) == (1, None, None)


def test_a_song_that_is_announced_again_began_when_it_first_was(accounts: Accounts) -> None:
    id = accounts.create().principal.id
    accounts.note_announced(id, press(1, NOON_S))
    accounts.note_announced(id, repeat(1, NOON_S + 65, 180.0))
    accounts.note_announced(id, repeat(1, NOON_S + 130, 190.0))
    found = accounts.activity(id)
    assert found
    assert (found.song, found.used_s, found.presses) == (LastSong(1, NOON_S, 180.0), NOON_S + 130, 1)


def test_a_song_that_is_pressed_again_began_then(accounts: Accounts) -> None:
    id = accounts.create().principal.id
    for at_s in (NOON_S, NOON_S + 700):
        accounts.note_announced(id, press(1, at_s))
    found = accounts.activity(id)
    assert found
    assert (found.song, found.presses) == (LastSong(1, NOON_S + 700, None), 2)


def test_another_song_takes_the_place_of_the_last_one_also_without_a_press(accounts: Accounts) -> None:
    id = accounts.create().principal.id
    accounts.note_announced(id, press(1, NOON_S))
    accounts.note_announced(id, repeat(2, NOON_S + 20))
    found = accounts.activity(id)
    assert found
    assert (found.song, found.presses) == (LastSong(2, NOON_S + 20, None), 1)


def test_the_songs_before_the_last_one_are_remembered_with_their_beginning(accounts: Accounts) -> None:
    id = accounts.create().principal.id
    for number in range(6):
        accounts.note_announced(id, press(number, NOON_S + number))
    accounts.note_announced(id, repeat(4, NOON_S + 65))
    found = accounts.activity(id)
    assert found
    assert found.song == LastSong(4, NOON_S + 4, None)
    assert found.earlier == tuple(LastSong(number, NOON_S + number, None) for number in (5, 3, 2))


def test_scrobbles_are_counted_and_leave_the_last_song(accounts: Accounts) -> None:
    id = accounts.create().principal.id
    accounts.note_announced(id, press(1, NOON_S))
    accounts.note_scrobbles(id, NOON_S + 200, "VLC", 50)
    accounts.note_scrobbles(id, NOON_S + 201, "VLC", 1)
    found = accounts.activity(id)
    assert found
    assert (found.scrobbles, found.presses, found.song) == (51, 1, LastSong(1, NOON_S, None))


def test_recent_tokens_are_those_used_or_made_last_the_latest_first(accounts: Accounts, store: Store) -> None:
    first, second, third, unused = (accounts.create().principal.id for _ in range(4))
    for at_s, id in enumerate([third, first, second, third], start=1):
        accounts.note_announced(id, press(at_s, NOON_S + at_s))
    assert accounts.recent() == [third, second, first, unused]
    assert accounts.recent(2) == [third, second]
    again = restarted(accounts, store)
    assert again.recent() == [third, second, first, unused]
    assert again.by_id(unused) is not None


def test_a_revoked_token_is_unknown_at_once_and_after_a_restart(accounts: Accounts, store: Store) -> None:
    gone, kept = accounts.create(), accounts.create()
    accounts.note_announced(gone.principal.id, press(1))
    accounts.flush()
    assert accounts.revoke(gone.principal.id)
    assert not accounts.revoke(gone.principal.id)
    for each in (accounts, restarted(accounts, store)):
        assert each.by_token(gone.text) is each.by_id(gone.principal.id) is None
        assert each.token_of(gone.principal.id) is None
        assert each.activity(gone.principal.id) is None
        assert each.recent() == [kept.principal.id]
        assert [account.principal for account in each.all()] == [kept.principal]


def test_what_waits_to_be_written_does_not_bring_a_revoked_token_back(accounts: Accounts, store: Store) -> None:
    id = accounts.create().principal.id
    beside = store.open(is_server=False)
    accounts.note_announced(id, press(1))
    assert beside.revoke(id)
    beside.close()
    accounts.note_announced(id, press(2))
    store.see(accounts)
    accounts.note_announced(id, press(3))
    assert accounts.by_id(id) is None
    assert restarted(accounts, store).all() == []


def test_a_token_made_beside_a_server_is_seen_at_its_next_flush(accounts: Accounts, store: Store) -> None:
    own = accounts.create()
    beside = store.open(is_server=False)
    made = [beside.create(city=OSAKA), beside.create()]
    beside.revoke(own.principal.id)
    beside.close()
    assert accounts.by_token(made[0].text) is None
    store.see(accounts)
    assert accounts.by_token(made[0].text) == made[0].principal
    assert accounts.by_token(own.text) is None
    later = accounts.create()
    accounts.flush()
    assert [each.principal for each in accounts.all()] == [*(each.principal for each in made), later.principal]


def test_a_server_and_a_command_that_make_tokens_in_turn_see_each_others(accounts: Accounts, store: Store) -> None:
    beside = store.open(is_server=False)
    made = [each.create().principal for each in (accounts, beside, accounts, beside, accounts)]
    store.see(accounts)
    beside.close()
    assert [each.principal for each in accounts.all()] == made


def test_what_is_noted_beside_what_others_change_is_kept(accounts: Accounts, store: Store) -> None:
    id = accounts.create().principal.id
    accounts.note_announced(id, press(1))
    beside = store.open(is_server=False)
    beside.create()
    beside.close()
    accounts.flush()
    found = accounts.activity(id)
    assert found
    assert found.presses == 1


def test_nothing_noted_by_several_threads_is_lost_while_it_is_written(accounts: Accounts, store: Store) -> None:
    ids = [accounts.create().principal.id for _ in range(8)]

    def note() -> None:
        for number in range(400):
            accounts.note_announced(ids[number % 8], press(number))

    threads = [Thread(target=note) for _ in range(3)]
    for each in threads:
        each.start()
    while any(each.is_alive() for each in threads):
        accounts.flush()
    again = restarted(accounts, store)
    assert [account.activity.presses for account in again.all()] == [150] * 8


def test_before_the_first_start_no_server_used_the_store(accounts: Accounts) -> None:
    assert accounts.used_until_s is None


def test_a_start_knows_until_when_a_server_ran(accounts: Accounts, store: Store) -> None:
    store.clock.now_s += 100
    accounts.flush()
    accounts.close()
    closed_s = store.clock.now_s
    store.clock.now_s += 30
    beside = store.open(is_server=False)  # a command is no server
    beside.create()
    beside.close()
    store.clock.now_s += 12
    assert store.open().used_until_s == closed_s


def test_a_server_that_was_killed_was_alive_at_its_last_flush(accounts: Accounts, store: Store) -> None:
    accounts.flush()
    flushed_s = store.clock.now_s
    store.clock.now_s += 50  # it is not closed
    assert store.open().used_until_s == flushed_s


def test_another_secret_is_told_and_makes_no_token(accounts: Accounts, store: Store) -> None:
    made = accounts.create()
    other = restarted(accounts, store, b"another secret")
    assert other.problem is not None
    assert other.problem.startswith("the server's secret is not the one that the tokens ")
    assert other.token_of(made.principal.id) is None
    assert other.by_token(made.text) == made.principal
    with pytest.raises(AccountsError, match="secret is not the one"):
        other.create()
    other.flush()
    assert other.problem is not None
    again = restarted(other, store)
    assert (again.problem, again.token_of(made.principal.id)) == (None, made.text)


def test_without_tokens_a_server_may_take_another_secret(accounts: Accounts, store: Store) -> None:
    accounts.revoke(accounts.create().principal.id)
    accounts.close()
    beside = store.open(b"another secret", is_server=False)
    assert beside.problem is not None
    beside.close()
    other = store.open(b"another secret")
    assert other.problem is None
    assert other.token_of(other.create().principal.id) is not None


def test_beyond_the_most_a_new_token_takes_the_place_of_the_oldest_unused_one(store: Store) -> None:
    accounts = store.open(most=3)
    used, unused, later = (accounts.create() for _ in range(3))
    accounts.note_announced(used.principal.id, press(1))
    with pytest.raises(AccountsError, match="there are 3 tokens, the most that are kept"):
        accounts.create()  # they may be about to be used
    store.clock.now_s += 100_000
    made = accounts.create()
    assert [each.principal for each in accounts.all()] == [used.principal, later.principal, made.principal]
    assert accounts.by_token(unused.text) is None
    accounts.close()


def test_where_all_tokens_were_used_a_new_one_takes_the_place_of_one_that_was_idle_for_months(store: Store) -> None:
    accounts = store.open(most=2)
    idle, busy = (accounts.create() for _ in range(2))
    accounts.note_scrobbles(idle.principal.id, store.clock.now_s, "unknown", 1)
    store.clock.now_s += 80 * 86_400
    accounts.note_scrobbles(busy.principal.id, store.clock.now_s, "unknown", 1)
    with pytest.raises(AccountsError, match="revoke some first"):
        accounts.create()
    store.clock.now_s += 11 * 86_400
    made = accounts.create()
    assert [each.principal for each in accounts.all()] == [busy.principal, made.principal]
    accounts.close()


def test_nothing_can_be_changed_before_it_is_open_or_once_it_is_closed(accounts: Accounts) -> None:
    made = accounts.create()
    accounts.close()
    with pytest.raises(AccountsError, match="are not open"):
        accounts.create()
    with pytest.raises(AccountsError, match="are not open"):
        accounts.revoke(made.principal.id)
    accounts.flush()
    accounts.close()
