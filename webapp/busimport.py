"""`unison bus import`: takes what a server that worked alone has to the bus, where all servers have it.

Import this only where NATS's client is installed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from webapp.bus.credentials import ADMIN, access
from webapp.busstore import CommandStore
from webapp.config import Settings
from webapp.core.counted import counted
from webapp.storage.accountsfile import FILE_NAME, AccountsFile
from webapp.storage.datadir import DataDir
from webapp.storage.history import FILE_NAME as HISTORY_NAME
from webapp.storage.leftovers import IMPORTED, has_something
from webapp.storage.moderationfile import TRIES, ListFile, ListFileError
from webapp.storage.momentexchange import MomentExchange
from webapp.storage.schema import connect, migrate
from webapp.storage.secretfiles import secret_or_file
from webapp.storage.sharedaccounts import SharedAccounts
from webapp.storage.sharedlist import SharedList
from webapp.storage.sharedstore import SharedStoreError, UnreachableError
from webapp.storage.tokentexts import TokenTexts

WHO = "import"


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken to the bus: tokens that it did not have, shared moments, and lines of the moderation list."""

    tokens: int
    moments: int
    lines: int

    def __str__(self) -> str:
        moments, lines = counted(self.moments, "shared moment"), counted(self.lines, "line")
        return f"Took {counted(self.tokens, 'token')}, {moments} and {lines} of the moderation list to the bus."


def import_folder(settings: Settings, list_file: Path) -> Taken:
    """Take what a data folder has to the bus, and rename the files that are then not used any more.

    Raises:
        DataDirError: a server uses the folder, the bus does not answer, or the tokens were made with another secret.
        SecretFileError: the file of the secret cannot be used.
        ListFileError: the moderation list cannot be read or written.
    """
    with DataDir(settings.data_dir) as folder:
        return take_over(settings, folder, list_file)


def take_over(settings: Settings, folder: DataDir, list_file: Path) -> Taken:
    """Do the same with a folder that this process uses."""
    secret = folder.secret(secret_or_file(settings.secret, settings.secret_file, "UNISON_SECRET_FILE"))
    store = CommandStore(access(settings, ADMIN), "unison bus import", secret)
    accounts, listed = SharedAccounts(store, lambda: secret, is_server=False), SharedList(store, settings.node_name)
    tokens_file = folder.path / FILE_NAME
    used = [file for file in (tokens_file, list_file) if has_something(file)]
    try:
        with store:
            tokens = _import_tokens(tokens_file, accounts, secret)
            moments = _import_moments(folder.path / HISTORY_NAME, store)
            lines = _import_list(list_file, listed)
    except (sqlite3.Error, UnreachableError) as error:
        raise SharedStoreError(f"not all was taken to the bus ({error}); run this again") from error
    for file in used:
        file.rename(file.with_name(f"{file.name}{IMPORTED}"))
    return Taken(tokens, moments, lines)


def _import_tokens(path: Path, accounts: SharedAccounts, secret: bytes) -> int:
    if not path.exists():
        return 0
    accounts.open()
    with closing(AccountsFile(path)) as file:
        rows = [*file.rows()]
        if not rows:
            return 0
        _check_secret(path, file, secret)
        return accounts.take_over(rows)


def _check_secret(path: Path, file: AccountsFile, secret: bytes) -> None:
    if file.server().secret_check not in (b"", TokenTexts(secret).check):
        raise SharedStoreError(
            f"the tokens in {path} were made with another secret than that of the bus, so clients that log in with a "
            "user name would be refused; give all servers the secret of that server, before the first one starts"
        )


def _import_moments(path: Path, store: CommandStore) -> int:
    if not path.exists():
        return 0
    with closing(connect(path)) as db:
        migrate(db, path)
        return MomentExchange(store).pass_on_all(db)


def _import_list(path: Path, listed: SharedList) -> int:
    """Add the lines of a list to the one on the bus that are not there yet; return how many."""
    own = ListFile(path, is_required=False).read()
    for _ in range(TRIES):
        there = listed.read()
        missing = _missing(own.splitlines(), there.splitlines())
        if not missing:
            return 0
        ended = there if not there or there.endswith(b"\n") else there + b"\n"
        if listed.write(ended + b"".join(line + b"\n" for line in missing), WHO):
            return len(missing)
    raise ListFileError(f"{listed.name} cannot be written (others change it meanwhile); run this again")


def _missing(own: Iterable[bytes], there: Iterable[bytes]) -> list[bytes]:
    known = {line.strip() for line in there} | {b""}
    return [line for line in own if line.strip() not in known]
