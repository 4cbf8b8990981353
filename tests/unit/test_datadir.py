import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from webapp.storage.datadir import LOCK_NAME, DataDir, DataDirError, DataDirInUse


def test_a_second_server_on_the_same_folder_is_told_in_one_sentence(tmp_path: Path) -> None:
    with DataDir(tmp_path), pytest.raises(DataDirInUse) as error:
        DataDir(tmp_path).open()
    assert str(error.value) == (
        f"the data folder {tmp_path} is in use by another Unison server (process {os.getpid()});"
        " stop that server or set another --data-dir"
    )


def test_the_folder_is_free_again_when_its_server_is_gone_even_if_it_was_killed(tmp_path: Path) -> None:
    code = (
        "import os, sys, pathlib, webapp.storage.datadir as d; d.DataDir(pathlib.Path(sys.argv[1])).open(); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 9
    with DataDir(tmp_path):
        pass
    with DataDir(tmp_path):
        pass


def test_the_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    with DataDir(folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        DataDirError, match=r"the data folder .*/file/x cannot be used \(Not a directory\); set another"
    ):
        DataDir(tmp_path / "file" / "x").open()


def test_the_secret_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    with DataDir(tmp_path) as folder:
        secret = folder.secret()
        assert len(secret) == 32
        assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
        assert folder.secret() == secret
    with DataDir(tmp_path) as folder:
        assert folder.secret() == secret
    with DataDir(tmp_path / "other") as folder:
        assert folder.secret() != secret


def test_a_write_that_was_cut_off_leaves_no_half_secret(tmp_path: Path) -> None:
    (tmp_path / "secret.part").write_bytes(b"half")
    with DataDir(tmp_path) as folder:
        assert len(folder.secret()) == 32


def test_a_secret_from_the_settings_is_used_and_not_written(tmp_path: Path) -> None:
    with DataDir(tmp_path) as folder:
        assert folder.secret("a phrase") == folder.secret("a phrase") != folder.secret("another")
        assert len(folder.secret("x" * 1000)) == 32
        assert not (tmp_path / "secret").exists()


def test_a_damaged_secret_is_an_error_and_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"short")
    with DataDir(tmp_path) as folder, pytest.raises(DataDirError, match="has 5 bytes; expected 32; restore a copy"):
        folder.secret()
    assert (tmp_path / "secret").read_bytes() == b"short"


def test_a_lock_that_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("kept")
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / LOCK_NAME).symlink_to(other)
    with pytest.raises(DataDirError):
        DataDir(folder).open()
    assert other.read_text() == "kept"
