"""The file of accounts: what it holds and no longer holds, and what happens when it is damaged, moved or locked."""

from __future__ import annotations

import logging
import os
import random
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.accounts_world import NOON_S, OSAKA, SECRET, SqliteStore, press
from webapp.storage import accountsfile, sqliteaccounts
from webapp.storage.accounts import AccountsError
from webapp.storage.accountsfile import FILE_NAME, MIGRATIONS, NewerAccounts, check_file
from webapp.storage.sqliteaccounts import SqliteAccounts
from webapp.storage.tokentexts import digest_of


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path)


@pytest.fixture
def accounts(store: SqliteStore) -> Iterator[SqliteAccounts]:
    """The accounts of a server."""
    opened = store.open()
    yield opened
    opened.close()


def test_only_its_owner_can_read_the_file_and_its_log(accounts: SqliteAccounts, store: SqliteStore) -> None:
    accounts.create()
    files = [*store.path.parent.glob(f"{FILE_NAME}*")]
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    accounts.close()
    store.path.chmod(0o644)
    store.open().close()
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


def test_what_root_makes_belongs_to_the_owner_of_the_folder(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[int] = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda _, uid, __, follow_symlinks: given.append(uid))
    store.open().close()
    assert given == [store.path.parent.stat().st_uid]


def test_no_token_is_stored_in_clear(accounts: SqliteAccounts, store: SqliteStore) -> None:
    made = accounts.create()
    held = store.bytes()
    assert made.principal.id.encode() in held
    assert digest_of(made.text) in held
    for text in (made.text, made.text.replace("-", ""), made.text.upper()):
        assert text.encode() not in held
    assert bytes.fromhex(made.text.replace("-", "")) not in held
    assert SECRET not in held


def test_nothing_of_a_revoked_token_is_left_in_the_file_or_its_log(
    accounts: SqliteAccounts, store: SqliteStore
) -> None:
    chance, alive, gone = random.Random(1), list[str](), list[str]()
    texts: dict[str, bytes] = {}
    for number in range(300):
        made = accounts.create()
        id = made.principal.id
        texts[id] = digest_of(made.text)
        alive.append(id)
        if number % 3 == 0:
            accounts.note_announced(id, press(number))
        if number > 50 and chance.random() < 0.7:
            gone.append(alive.pop(chance.randrange(len(alive))))
            accounts.revoke(gone[-1])
        if number % 100 == 0:
            accounts.flush()
    before = store.bytes()
    assert [id for id in gone if id.encode() in before] != []
    accounts.close()
    left = store.bytes()
    assert [id for id in gone if id.encode() in left or texts[id] in left] == []
    assert [id for id in alive if id.encode() not in left or texts[id] not in left] == []


def test_copies_that_rows_left_where_they_were_before_go_too(accounts: SqliteAccounts, store: SqliteStore) -> None:
    """SQLite leaves some when it moves rows to other pages; here, another program leaves them."""
    made = [accounts.create().principal.id for _ in range(60)]
    accounts.close()
    with closing(sqlite3.connect(store.path, isolation_level=None)) as db:
        db.execute("PRAGMA secure_delete = 0")
        db.executemany("DELETE FROM tokens WHERE id = ?", [(id,) for id in made[10:14]])
    assert any(id.encode() in store.bytes() for id in made[10:14])
    accounts.open()
    accounts.revoke(made[5])
    accounts.flush()
    held = store.bytes()
    assert [id for id in made if id.encode() in held] == made[:5] + made[6:10] + made[14:]


def test_what_is_left_of_a_token_goes_at_the_next_flush_while_the_server_runs(
    accounts: SqliteAccounts, store: SqliteStore
) -> None:
    made = [accounts.create().principal.id for _ in range(20)]
    accounts.note_announced(made[7], press(0x1122334455667788, NOON_S + 0.123, 211.5))
    accounts.flush()
    assert 0x1122334455667788.to_bytes(8, "big") in store.bytes()
    accounts.revoke(made[7])
    accounts.flush()
    held = store.bytes()
    assert made[7].encode() not in held
    assert 0x1122334455667788.to_bytes(8, "big") not in held
    assert made[8].encode() in held


def test_what_a_command_revokes_is_erased_when_it_ends(accounts: SqliteAccounts, store: SqliteStore) -> None:
    made = accounts.create()
    accounts.flush()
    beside = store.open(is_server=False)
    beside.revoke(made.principal.id)
    beside.close()
    assert made.principal.id.encode() not in store.bytes()


def test_what_cannot_be_erased_while_another_program_reads_is_erased_later(
    accounts: SqliteAccounts, store: SqliteStore
) -> None:
    made = accounts.create()
    with closing(sqlite3.connect(store.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM tokens").fetchall()
        beside = store.open(is_server=False)
        beside.revoke(made.principal.id)
        beside.close()
        assert made.principal.id.encode() in store.bytes()
    accounts.flush()
    assert made.principal.id.encode() not in store.bytes()
    assert accounts.problem is None


def test_erasing_that_takes_long_is_done_rarely(
    accounts: SqliteAccounts, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqliteaccounts, "ERASE_PAUSE", 1e9)
    first, second = (accounts.create().principal.id for _ in range(2))
    for id in (first, second):
        accounts.revoke(id)
        accounts.flush()
    held = store.bytes()
    assert (first.encode() in held, second.encode() in held) == (False, True)
    accounts.close()
    assert second.encode() not in store.bytes()


def damaged(file: Path) -> None:
    with file.open("rb+") as out:
        out.seek(4096)
        out.write(random.Random(5).randbytes(file.stat().st_size - 4096))


def no_database(file: Path) -> None:
    file.write_text("shopping list")


def empty(file: Path) -> None:
    file.write_bytes(b"")


def foreign(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as db:
        db.execute("CREATE TABLE notes (text)")


def without_a_table(file: Path) -> None:
    with closing(sqlite3.connect(file)) as db:
        db.execute("DROP TABLE server")


def with_a_row_that_makes_no_sense(file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("UPDATE tokens SET digest = x'00'")


SPOILED = [damaged, no_database, empty, foreign, without_a_table, with_a_row_that_makes_no_sense]


@pytest.mark.parametrize("spoil", SPOILED)
def test_a_damaged_file_is_told_and_never_replaced(
    spoil: Callable[[Path], None], accounts: SqliteAccounts, store: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    made = accounts.create()
    accounts.close()
    kept = store.path.read_bytes()
    spoil(store.path)
    spoiled = store.path.read_bytes()
    with caplog.at_level(logging.WARNING):
        again = store.open()
    assert again.problem is not None
    assert again.problem in caplog.text
    assert f"{store.path} are damaged (" in again.problem
    assert "no token works; restore a backup" in again.problem
    for _ in range(3):
        again.flush()
    with pytest.raises(AccountsError, match="are damaged"):
        again.create()
    assert again.by_token(made.text) is None
    again.close()
    assert store.path.read_bytes() == spoiled
    store.path.write_bytes(kept)
    assert store.open().by_token(made.text) == made.principal


def test_a_file_that_is_mended_while_the_server_runs_is_read_again(
    accounts: SqliteAccounts, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqliteaccounts, "RETRY_S", 0.0)
    made = accounts.create()
    accounts.close()
    kept = store.path.read_bytes()
    damaged(store.path)
    closed_s = store.clock.now_s
    store.clock.now_s += 33
    again = store.open()
    store.path.write_bytes(kept)
    again.flush()
    assert (again.problem, again.by_token(made.text), again.used_until_s) == (None, made.principal, closed_s)
    again.close()


def test_damage_while_the_server_runs_leaves_the_tokens_that_were_read(
    accounts: SqliteAccounts, store: SqliteStore
) -> None:
    made = [accounts.create() for _ in range(200)]
    accounts.flush()
    with closing(sqlite3.connect(store.path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damaged(store.path)
    for each in made:
        accounts.note_announced(each.principal.id, press(1))
    with closing(sqlite3.connect(store.path)) as db:  # another program's change, so that pages are read again
        db.execute("PRAGMA user_version = 1")
    accounts.flush()
    assert accounts.problem is not None
    assert "the tokens that were read before work until the server stops" in accounts.problem
    assert accounts.pending == 200
    assert accounts.by_token(made[9].text) == made[9].principal


def test_a_newer_file_stops_the_start_and_is_left_alone(accounts: SqliteAccounts, store: SqliteStore) -> None:
    accounts.close()
    with closing(sqlite3.connect(store.path)) as db:
        db.execute("PRAGMA user_version = 99")
    sentence = (
        f"have version 99, written by a newer Unison; this one reads up to version {len(MIGRATIONS)}; use the newer"
    )
    with pytest.raises(NewerAccounts, match=sentence):
        store.open()


def test_a_file_of_an_earlier_version_is_upgraded_with_its_tokens(
    accounts: SqliteAccounts, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = accounts.create()
    accounts.close()
    later = (*MIGRATIONS, "ALTER TABLE tokens ADD COLUMN more TEXT; CREATE TABLE others (id TEXT);")
    monkeypatch.setattr(accountsfile, "MIGRATIONS", later)
    again = store.open()
    assert again.by_token(made.text) == made.principal
    again.close()
    monkeypatch.undo()
    with pytest.raises(
        NewerAccounts, match="have version 2, written by a newer Unison; this one reads up to version 1"
    ):
        store.open()


def test_an_upgrade_that_fails_changes_nothing(
    accounts: SqliteAccounts, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = accounts.create()
    accounts.close()
    monkeypatch.setattr(accountsfile, "MIGRATIONS", (*MIGRATIONS, "DELETE FROM tokens; SELECT * FROM nowhere;"))
    assert store.open().problem is not None
    monkeypatch.undo()
    assert store.open().by_token(made.text) == made.principal


def test_a_file_that_is_moved_away_while_in_use_is_told_and_its_tokens_still_work(
    accounts: SqliteAccounts, store: SqliteStore
) -> None:
    made = accounts.create()
    aside = store.path.rename(store.path.with_name("aside"))
    accounts.flush()
    assert "were moved or deleted while in use; put them back" in str(accounts.problem)
    with pytest.raises(AccountsError, match="were moved or deleted"):
        accounts.create()
    accounts.note_announced(made.principal.id, press(1))
    assert accounts.by_token(made.text) == made.principal
    aside.rename(store.path)
    accounts.flush()
    assert (accounts.problem, accounts.pending) == (None, 0)


def test_a_file_that_is_put_in_its_place_is_read(accounts: SqliteAccounts, tmp_path: Path, store: SqliteStore) -> None:
    old = accounts.create()
    (tmp_path / "other").mkdir()
    other = SqliteStore(tmp_path / "other")
    with closing(other.open()) as elsewhere:
        made = elsewhere.create()
    for end in ("-wal", "-shm"):
        store.path.with_name(FILE_NAME + end).unlink()
    other.path.rename(store.path)
    accounts.flush()
    assert (accounts.by_token(made.text), accounts.by_token(old.text)) == (made.principal, None)
    assert accounts.problem is None


def test_while_the_file_is_locked_notes_wait_and_nothing_is_lost(accounts: SqliteAccounts, store: SqliteStore) -> None:
    id = accounts.create().principal.id
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        accounts.note_announced(id, press(1))
        accounts.flush()
        assert str(accounts.problem) == f"the accounts {store.path} cannot be read or written (database is locked)"
        with pytest.raises(AccountsError, match=r"no token can be made now: .* cannot be written"):
            accounts.create()
        assert accounts.pending == 1
    accounts.flush()
    assert (accounts.problem, accounts.pending) == (None, 0)
    accounts.close()
    again = store.open()
    found = again.activity(id)
    assert found
    assert found.presses == 1
    again.close()


def test_a_server_that_has_nothing_to_write_writes_every_two_seconds(
    accounts: SqliteAccounts, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def alive_s() -> float:
        with closing(sqlite3.connect(store.path)) as db:
            return float(db.execute("SELECT alive_s FROM server").fetchone()[0])

    accounts.flush()
    store.clock.now_s += 1
    accounts.flush()
    assert alive_s() == NOON_S
    monkeypatch.setattr(sqliteaccounts, "BEAT_S", 0.0)
    accounts.flush()
    assert alive_s() == NOON_S + 1


def test_many_notes_are_written_in_batches(accounts: SqliteAccounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqliteaccounts, "BATCH_TOKENS", 3)
    for id in [accounts.create().principal.id for _ in range(10)]:
        accounts.note_announced(id, press(1))
    accounts.flush()
    assert accounts.pending == 0


def test_a_lookup_of_any_token_asks_no_file(accounts: SqliteAccounts, store: SqliteStore) -> None:
    made = accounts.create(city=OSAKA)
    accounts.close()
    store.path.unlink()
    assert accounts.by_token(made.text) == made.principal
    assert accounts.by_token("8f14e45f-ceea-467f-a0e6-000000000000") is None


def test_two_programs_that_begin_at_once_make_one_file(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link
    first: list[SqliteAccounts] = []

    def slow(part: Path, path: Path) -> None:
        monkeypatch.setattr(os, "link", link)
        first.append(store.open())
        first[0].create()
        link(part, path)

    monkeypatch.setattr(os, "link", slow)
    second = store.open()
    assert len(second.all()) == 1
    assert [*store.path.parent.glob("*.part")] == []
    for each in (*first, second):
        each.close()


def test_a_file_system_without_hard_links_will_do(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(part: Path, path: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    accounts = store.open()
    accounts.create()
    accounts.close()
    assert check_file(store.path) == 1
