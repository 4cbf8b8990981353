"""`unison token`: the server's own token, and those that it creates, lists and revokes, also beside a server."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.unit.accounts_world import NOON_S, OSAKA, SECRET, SqliteStore, press
from webapp.cli import main
from webapp.storage.accounts import PER_MINUTE
from webapp.storage.accountsfile import FILE_NAME
from webapp.storage.datadir import SECRET_NAME, DataDir
from webapp.storage.sqliteaccounts import SqliteAccounts

LINE = re.compile(r"([a-z2-7]{10}) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


def unison(*words: str | Path, **env: str) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], env={"UNISON_DATA_DIR": "", **env})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The data folder of a server, which has a secret."""
    (tmp_path / SECRET_NAME).write_bytes(SECRET)
    return tmp_path


@pytest.fixture
def server(folder: Path) -> Iterator[SqliteAccounts]:
    """The accounts of a running server, which has locked the folder."""
    with DataDir(folder), closing(SqliteStore(folder).open()) as accounts:
        yield accounts


def test_a_token_is_created_beside_a_server_and_is_its_listeners(folder: Path, server: SqliteAccounts) -> None:
    made = unison("token", "create", "--data-dir", folder, "--city", "大阪")
    found = LINE.fullmatch(made.stdout.strip())
    assert found
    assert made.stderr == "Osaka, Japan; listener; 60 requests a minute\n"
    server.flush()
    principal = server.by_token(found[2])
    assert principal
    assert (principal.id, principal.city, principal.scope) == (found[1], OSAKA, "listener")
    assert server.token_of(found[1]) == found[2]


def test_many_tokens_are_created_for_services_with_a_rate(folder: Path, server: SqliteAccounts) -> None:
    made = unison("token", "create", "--data-dir", folder, "--service", "--per-minute", "12000", "--count", "5")
    lines = [LINE.fullmatch(line) for line in made.stdout.splitlines()]
    assert made.stderr == "no city; service; 12,000 requests a minute\n"
    server.flush()
    found = [server.by_token(line[2]) for line in lines if line]
    assert [(each.scope, each.per_minute, each.city) for each in found if each] == [("service", 12_000, None)] * 5


def test_the_file_that_a_command_makes_is_its_owners_alone(folder: Path) -> None:
    assert unison("token", "create", "--data-dir", folder).exit_code == 0
    assert stat.S_IMODE((folder / FILE_NAME).stat().st_mode) == 0o600
    assert sorted(path.name for path in folder.iterdir()) == [FILE_NAME, SECRET_NAME]


def test_a_list_shows_what_each_token_was_used_for_and_no_token(folder: Path, server: SqliteAccounts) -> None:
    used, service = server.create(city=OSAKA), server.create("service")
    odd = server.create(city=1)
    server.note_announced(used.principal.id, press(1, NOON_S + 60))
    server.note_scrobbles(used.principal.id, NOON_S + 3_600, "mpdscribble", 2)
    server.flush()
    told = unison("token", "list", "--data-dir", folder)
    assert [line.split("\t") for line in told.stdout.splitlines()] == [
        [used.principal.id, "listener", "60/min", "2026-09-21", "2026-09-21T15:13Z", "1 press", "2 scrobbled",
         "mpdscribble", "Osaka, Japan"],
        [service.principal.id, "service", "6000/min", "2026-09-21", "never used", "0 presses", "0 scrobbled", "-", "-"],
        [odd.principal.id, "listener", "60/min", "2026-09-21", "never used", "0 presses", "0 scrobbled", "-",
         "GeoNames 1"],
    ]  # fmt: skip
    assert told.stderr == "3 tokens\n"
    assert not LINE.search(told.output)
    assert used.text not in told.output


def test_one_token_is_not_called_tokens(folder: Path, server: SqliteAccounts) -> None:
    server.create()
    assert unison("token", "list", "--data-dir", folder).stderr == "1 token\n"


def test_a_token_is_revoked_beside_a_server_and_nothing_of_it_is_left(folder: Path, server: SqliteAccounts) -> None:
    made = server.create()
    server.note_announced(made.principal.id, press(1))
    done = unison("token", "revoke", made.principal.id.upper(), "--data-dir", folder)
    assert (done.exit_code, done.output) == (0, f"Deleted {made.principal.id}\n")
    server.flush()
    assert server.by_token(made.text) is None
    assert made.principal.id.encode() not in SqliteStore(folder).bytes()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["create", "--city", "Nowhereville"], "no city 'Nowhereville'; expected a name such as"),
        (["create", "--city", "France"], "'France' is a country; add a city, such as"),
        (["create", "--per-minute", "0"], "0 is not in the range"),
        (["create", "--count", "0"], "0 is not in the range"),
        (["revoke", "aaaaaaaaaa"], "there is no token 'aaaaaaaaaa'; `unison token list` shows the ids"),
        (["revoke"], "Missing argument 'ID'"),
        (["renew"], "No such command 'renew'"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(words: list[str], sentence: str, folder: Path) -> None:
    assert unison("token", "create", "--data-dir", folder).exit_code == 0
    told = unison("token", "--data-dir", folder, *words)
    assert told.exit_code != 0
    assert (told.stdout, sentence in told.stderr, "Traceback" in told.output) == ("", True, False)


@pytest.mark.parametrize("words", [["list"], ["revoke", "aaaaaaaaaa"]])
def test_without_accounts_a_command_says_so_and_makes_none(words: list[str], folder: Path) -> None:
    told = unison("token", *words, "--data-dir", folder)
    assert (told.exit_code, told.output) == (
        1,
        f"Error: there are no tokens in {folder}; set its folder with --data-dir\n",
    )
    assert not (folder / FILE_NAME).exists()


def test_without_a_secret_no_token_is_made(tmp_path: Path) -> None:
    told = unison("token", "create", "--data-dir", tmp_path)
    assert told.exit_code == 1
    assert f"Error: there is no secret in {tmp_path}; start `unison serve` to make one" in told.output
    assert [*tmp_path.iterdir()] == []


def test_with_another_secret_tokens_are_listed_and_revoked_and_not_made(folder: Path) -> None:
    made = LINE.search(unison("token", "create", "--data-dir", folder).stdout)
    assert made
    sentence = "the server's secret is not the one that the tokens in "
    refused = unison("token", "create", "--data-dir", folder, UNISON_SECRET="another")
    assert (refused.exit_code, refused.stdout, f"Error: {sentence}" in refused.stderr) == (1, "", True)
    told = unison("token", "list", "--data-dir", folder, UNISON_SECRET="another")
    assert (told.exit_code, f"Warning: {sentence}" in told.stderr, made[1] in told.stdout) == (0, True, True)
    assert unison("token", "revoke", made[1], "--data-dir", folder, UNISON_SECRET="another").exit_code == 0


def test_damaged_accounts_are_one_sentence(folder: Path) -> None:
    (folder / FILE_NAME).write_text("shopping list")
    for words in (["create"], ["list"], ["revoke", "aaaaaaaaaa"]):
        told = unison("token", *words, "--data-dir", folder)
        assert told.exit_code == 1
        assert told.output.startswith(f"Error: the accounts {folder / FILE_NAME} are damaged (file is not a database)")
    assert (folder / FILE_NAME).read_text() == "shopping list"


def test_the_servers_own_token_is_printed_and_replaced(folder: Path) -> None:
    first = unison("token", "rotate", "--data-dir", folder)
    assert first.exit_code == 0
    assert unison("token", "--data-dir", folder).stdout == first.stdout
    second = unison("token", "--data-dir", folder, "rotate")
    assert second.stdout != first.stdout
    assert unison("token", UNISON_DATA_DIR=str(folder)).stdout == second.stdout


def test_help_names_each_command_and_what_a_new_token_may_do() -> None:
    told = unison("token", "--help").output
    assert all(f"\n  {name} " in told for name in ("create", "list", "revoke", "rotate"))
    more = unison("token", "create", "--help").output
    assert f"default: {PER_MINUTE['listener']}; with" in " ".join(more.split())


def test_a_list_that_is_cut_off_is_no_error(folder: Path) -> None:
    unison("token", "create", "--data-dir", folder, "--count", "3")
    command = f"{sys.executable} -m webapp token list --data-dir {folder} | head -1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert (len(done.stdout.splitlines()), "Traceback" in done.stderr) == (1, False)


def test_the_doctor_looks_at_the_accounts(folder: Path) -> None:
    assert "OK  accounts" not in unison("doctor", "--data-dir", folder).output
    unison("token", "create", "--data-dir", folder, "--count", "2")
    told = unison("doctor", "--data-dir", folder)
    assert (told.exit_code, f"OK  accounts {folder / FILE_NAME}: 2 tokens" in told.output) == (0, True)
    (folder / FILE_NAME).chmod(0o640)
    told = unison("doctor", "--data-dir", folder)
    assert (told.exit_code, "others have access (040); run chmod 600 on it" in told.output) == (1, True)
    (folder / FILE_NAME).write_text("shopping list")
    told = unison("doctor", "--data-dir", folder)
    assert (told.exit_code, "file is not a database; restore a backup, or move it" in told.output) == (1, True)


def test_the_doctor_looks_at_the_accounts_of_a_running_server(folder: Path, server: SqliteAccounts) -> None:
    server.create()
    assert f"OK  accounts {folder / FILE_NAME}: 1 token\n" in unison("doctor", "--data-dir", folder).output
    server.flush()
    assert server.problem is None
