"""Accounts in backups: their tokens work again after a restore, also where an earlier version made the backup."""

from __future__ import annotations

import sqlite3
import stat
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.earlier import DATA
from tests.unit.accounts_world import SECRET, SqliteStore, press
from tests.unit.history_world import connection, existing_data_dir
from webapp.cli import main
from webapp.storage.accounts import NewToken
from webapp.storage.accountsfile import FILE_NAME
from webapp.storage.datadir import SECRET_NAME

OLD_SECRET = bytes(range(32))


def unison(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], env={"UNISON_DATA_DIR": ""})


def existing_folder(folder: Path, secret: bytes = SECRET) -> tuple[Path, NewToken]:
    """Create a data folder with a token that was used, and return both."""
    existing_data_dir(folder, [connection()])
    (folder / SECRET_NAME).write_bytes(secret)
    with closing(SqliteStore(folder).open(secret)) as accounts:
        made = accounts.create()
        accounts.note_announced(made.principal.id, press(1))
    return folder, made


def tokens_in(folder: Path, secret: bytes = SECRET) -> dict[str, str | None]:
    with closing(SqliteStore(folder).open(secret)) as accounts:
        return {each.principal.id: accounts.token_of(each.principal.id) for each in accounts.all()}


@pytest.fixture
def old_backup(tmp_path: Path) -> Path:
    """A backup of an earlier version, without accounts."""
    with tarfile.open(DATA / "backup-without-accounts.tar.gz") as archive:
        packed = archive.extractfile("unison.backup")
        assert packed
        (tmp_path / "old.backup").write_bytes(packed.read())
    return tmp_path / "old.backup"


def test_tokens_work_again_after_a_restore(tmp_path: Path) -> None:
    folder, made = existing_folder(tmp_path / "data")
    done = unison("backup", tmp_path / "file", "--data-dir", folder)
    assert "1 connection, 0 shared ones, 1 token, and the secret" in done.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "file"]
    restored = unison("restore", tmp_path / "file", "--data-dir", tmp_path / "new")
    assert (restored.exit_code, "1 token, and" in restored.output) == (0, True)
    assert stat.S_IMODE((tmp_path / "new" / FILE_NAME).stat().st_mode) == 0o600
    assert [*(tmp_path / "new").glob("*.part")] == []
    with closing(SqliteStore(tmp_path / "new").open()) as accounts:
        found = accounts.activity(made.principal.id)
        assert found
        assert (accounts.token_of(made.principal.id), found.presses, accounts.problem) == (made.text, 1, None)


def test_a_backup_of_a_folder_in_use_has_what_is_in_the_log_alone(tmp_path: Path) -> None:
    folder, made = existing_folder(tmp_path / "data")
    with closing(SqliteStore(folder).open()) as accounts:
        more = accounts.create()
        assert "2 tokens" in unison("backup", tmp_path / "file", "--data-dir", folder).output
        accounts.flush()
        assert accounts.problem is None
    unison("restore", tmp_path / "file", "--data-dir", tmp_path / "new")
    assert tokens_in(tmp_path / "new") == {each.principal.id: each.text for each in (made, more)}


def test_a_revoked_token_is_in_no_later_backup(tmp_path: Path) -> None:
    folder, made = existing_folder(tmp_path / "data")
    with closing(SqliteStore(folder).open()) as accounts:
        accounts.revoke(made.principal.id)
        unison("backup", tmp_path / "file", "--data-dir", folder)
    assert made.principal.id.encode() not in (tmp_path / "file").read_bytes()


def test_accounts_that_are_replaced_are_kept_aside(tmp_path: Path) -> None:
    folder, made = existing_folder(tmp_path / "data")
    unison("backup", tmp_path / "file", "--data-dir", folder)
    other, theirs = existing_folder(tmp_path / "other")
    done = unison("restore", tmp_path / "file", "--data-dir", other)
    assert done.output.count("The earlier file is now ") == 2
    assert tokens_in(other) == {made.principal.id: made.text}
    (aside,) = other.glob(f"{FILE_NAME}.before-restore-*")
    aside.rename(other / FILE_NAME)
    assert tokens_in(other) == {theirs.principal.id: theirs.text}


def test_a_restored_history_has_no_copy_of_the_accounts(tmp_path: Path) -> None:
    folder, made = existing_folder(tmp_path / "data")
    unison("backup", tmp_path / "file", "--data-dir", folder)
    assert made.principal.id.encode() in (tmp_path / "file").read_bytes()
    unison("restore", tmp_path / "file", "--data-dir", tmp_path / "new")
    assert made.principal.id.encode() not in (tmp_path / "new" / "history.sqlite3").read_bytes()


def test_a_backup_of_an_earlier_version_is_restored(old_backup: Path, tmp_path: Path) -> None:
    done = unison("restore", old_backup, "--data-dir", tmp_path / "new")
    assert (done.exit_code, "50 connections, 0 shared ones, and the secret" in done.output) == (0, True)
    assert (tmp_path / "new" / SECRET_NAME).read_bytes() == OLD_SECRET
    assert not (tmp_path / "new" / FILE_NAME).exists()
    assert tokens_in(tmp_path / "new", OLD_SECRET) == {}


def test_a_backup_without_accounts_leaves_those_that_have_its_secret(old_backup: Path, tmp_path: Path) -> None:
    folder, made = existing_folder(tmp_path / "data", OLD_SECRET)
    assert unison("restore", old_backup, "--data-dir", folder).exit_code == 0
    assert tokens_in(folder, OLD_SECRET) == {made.principal.id: made.text}


def test_a_backup_with_another_secret_sets_the_accounts_aside_too(old_backup: Path, tmp_path: Path) -> None:
    folder, _ = existing_folder(tmp_path / "data", b"another secret, of thirty-two by")
    done = unison("restore", old_backup, "--data-dir", folder)
    assert done.output.count("The earlier file is now ") == 3
    assert tokens_in(folder, OLD_SECRET) == {}
    assert len([*folder.glob(f"{FILE_NAME}.before-restore-*")]) == 1


def damaged(copy: bytes) -> bytes:
    return copy[:4096] + b"\xff" * (len(copy) - 4096)


def newer(copy: bytes) -> bytes:
    return copy[:60] + (99).to_bytes(4, "big") + copy[64:]  # user_version, of SQLite's file format


@pytest.mark.parametrize(
    ("spoil", "sentence"), [(damaged, "are damaged ("), (newer, "have version 99, written by a newer Unison")]
)
def test_a_backup_with_accounts_that_are_no_good_is_refused_before_anything_is_touched(
    spoil: Callable[[bytes], bytes], sentence: str, tmp_path: Path
) -> None:
    folder, made = existing_folder(tmp_path / "data")
    file = tmp_path / "file"
    unison("backup", file, "--data-dir", folder)
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        (copy,) = db.execute("SELECT accounts FROM backup").fetchone()
        db.execute("UPDATE backup SET accounts = ?", (spoil(copy),))
    names = {path.name for path in folder.iterdir()}
    refused = unison("restore", file, "--data-dir", folder)
    assert (refused.exit_code, f"the accounts in {file} {sentence}" in refused.output) == (1, True)
    assert {path.name for path in folder.iterdir()} - {"lock"} == names - {"lock"}
    assert tokens_in(folder) == {made.principal.id: made.text}


def test_damaged_accounts_are_not_backed_up(tmp_path: Path) -> None:
    folder, _ = existing_folder(tmp_path / "data")
    (folder / FILE_NAME).write_bytes(damaged((folder / FILE_NAME).read_bytes()))
    refused = unison("backup", tmp_path / "file", "--data-dir", folder)
    assert refused.exit_code == 1
    assert f"the accounts {folder / FILE_NAME} are damaged (" in refused.output
    assert "move that file elsewhere to back up the rest" in refused.output
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
