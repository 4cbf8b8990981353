"""`unison backup` and `unison restore`, without a server; test_backup_live.py has one."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.unit.history_world import EVERYTHING, NOON_MS, connection, existing_data_dir, ids, new_history
from webapp.cli import main
from webapp.storage.accountsfile import FILE_NAME as ACCOUNTS_NAME
from webapp.storage.datadir import SECRET_NAME, DataDir
from webapp.storage.history import FILE_NAME
from webapp.storage.schema import MIGRATIONS

ROWS = 50
KEPT = [connection(number) for number in range(ROWS)]


def unison(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], env={"UNISON_DATA_DIR": ""})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a history and a secret."""
    folder = existing_data_dir(tmp_path / "data", KEPT)
    with DataDir(folder) as data_dir:
        data_dir.secret()
    return folder


@pytest.fixture
def saved(folder: Path, tmp_path: Path) -> Path:
    """A backup of that folder."""
    file = tmp_path / "monday.backup"
    assert unison("backup", file, "--data-dir", folder).exit_code == 0
    return file


def listed(folder: Path) -> list[str]:
    history = new_history(folder)
    found = ids(history.latest(EVERYTHING, 1000))
    history.close()
    return found


def test_a_backup_is_one_file_that_its_owner_alone_can_read(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "monday.backup"
    done = unison("backup", file, "--data-dir", folder)
    assert (done.exit_code, stat.S_IMODE(file.stat().st_mode)) == (0, 0o600)
    assert f"Wrote {file}: " in done.output
    assert "50 connections, 0 shared ones, and the secret" in done.output
    assert " MB\n" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "monday.backup"]


def test_a_backup_never_writes_over_a_file_unasked(saved: Path, folder: Path) -> None:
    saved.write_bytes(b"dear to somebody")
    refused = unison("backup", saved, "--data-dir", folder)
    assert (refused.exit_code, saved.read_bytes()) == (1, b"dear to somebody")
    assert f"{saved} exists already; name another file, or add --force to overwrite it" in refused.output
    assert unison("backup", saved, "--data-dir", folder, "--force").exit_code == 0
    assert saved.read_bytes() != b"dear to somebody"


def test_what_is_restored_is_what_was_backed_up_with_the_secret(saved: Path, folder: Path, tmp_path: Path) -> None:
    done = unison("restore", saved, "--data-dir", tmp_path / "new")
    assert (done.exit_code, "50 connections, 0 shared ones, and the secret" in done.output) == (0, True)
    assert (tmp_path / "new" / SECRET_NAME).read_bytes() == (folder / SECRET_NAME).read_bytes()
    assert {stat.S_IMODE((tmp_path / "new" / name).stat().st_mode) for name in (FILE_NAME, SECRET_NAME)} == {0o600}
    assert (folder / SECRET_NAME).read_bytes() not in (tmp_path / "new" / FILE_NAME).read_bytes()
    assert listed(tmp_path / "new") == ids(KEPT[::-1])


def test_what_was_there_is_kept_aside(saved: Path, tmp_path: Path) -> None:
    target = existing_data_dir(tmp_path / "other", [connection(-1)])
    with DataDir(target) as data_dir:
        secret = data_dir.secret()
    for times in (1, 2):  # in the same second, too
        done = unison("restore", saved, "--data-dir", target)
        assert done.exit_code == 0
        aside = sorted(file for file in target.iterdir() if "before-restore" in file.name)
        assert len(aside) == 1 + times
        assert done.output.count("The earlier file is now ") == 3 - times
    (kept,) = target.glob(f"{SECRET_NAME}.before-restore-*")
    assert kept.read_bytes() == secret
    older = min(target.glob(f"{FILE_NAME}.before-restore-*"))
    with closing(sqlite3.connect(older)) as db:
        assert db.execute("SELECT id FROM connections").fetchall() == [(connection(-1).id,)]


def test_a_restore_does_not_touch_a_folder_that_a_server_uses(saved: Path, folder: Path) -> None:
    before = (folder / FILE_NAME).read_bytes()
    with DataDir(folder):
        refused = unison("restore", saved, "--data-dir", folder)
    assert (refused.exit_code, (folder / FILE_NAME).read_bytes()) == (1, before)
    assert "is in use by another Unison server" in refused.output


def damaged(file: Path) -> None:
    with file.open("rb+") as out:
        out.seek(8192)
        out.write(os.urandom(16384))


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 8192 * 4096)


def no_backup(file: Path) -> None:
    file.write_text("shopping list")


def empty(file: Path) -> None:
    file.write_bytes(b"")


def newer(file: Path) -> None:
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA user_version = 99")


def gone(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (damaged, "damaged"),
        (cut, "damaged"),
        (no_backup, "is not a Unison backup"),
        (empty, "is not a Unison backup"),
        (newer, f"has version 99, written by a newer Unison; this one reads up to version {len(MIGRATIONS)}"),
        (gone, "there is no file"),
    ],
)
def test_a_backup_that_is_no_good_is_refused_before_anything_is_touched(
    spoil: Callable[[Path], None], sentence: str, saved: Path, folder: Path
) -> None:
    spoil(saved)
    before = (folder / FILE_NAME).read_bytes()
    refused = unison("restore", saved, "--data-dir", folder)
    assert (refused.exit_code, sentence in refused.output, "Traceback" in refused.output) == (1, True, False)
    assert (folder / FILE_NAME).read_bytes() == before
    assert [file.name for file in folder.iterdir() if "restore" in file.name or "part" in file.name] == []


def test_a_folder_without_a_history_cannot_be_backed_up(tmp_path: Path) -> None:
    refused = unison("backup", tmp_path / "file", "--data-dir", tmp_path)
    assert (refused.exit_code, f"there is no history in {tmp_path}" in refused.output) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_without_a_secret_in_the_folder_the_backup_says_which_one_counts(folder: Path, tmp_path: Path) -> None:
    (folder / SECRET_NAME).unlink()
    done = unison("backup", tmp_path / "file", "--data-dir", folder)
    assert (done.exit_code, "UNISON_SECRET" in done.output) == (0, True)
    assert unison("restore", tmp_path / "file", "--data-dir", tmp_path / "new").exit_code == 0
    assert not (tmp_path / "new" / SECRET_NAME).exists()


def test_a_backup_holds_what_is_in_the_log_and_not_in_the_file_yet(tmp_path: Path) -> None:
    history = new_history(tmp_path)
    history.record("s", 1, NOON_MS, KEPT, b"{}", b"[]")
    history.flush()
    assert "50 connections" in unison("backup", tmp_path / "file", "--data-dir", tmp_path).output
    history.close()


def test_what_root_restores_belongs_to_the_owner_of_the_folder(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[str, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda path, uid, _, follow_symlinks: given.append((Path(path).name, uid)))
    assert unison("restore", saved, "--data-dir", tmp_path / "new").exit_code == 0
    owner = (tmp_path / "new").stat().st_uid
    assert given == [(FILE_NAME, owner), (ACCOUNTS_NAME, owner), (SECRET_NAME, owner), ("lock", owner)]
