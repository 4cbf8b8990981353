"""The commands `unison backup` and `unison restore`: copy the data folder to one file, and restore them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar

import click

from webapp import clioptions
from webapp.config import SettingError, Settings
from webapp.storage.backup import Backup, BackupError, Progress, create_backup, restore_backup
from webapp.storage.datadir import DataDirError
from webapp.storage.history import FILE_NAME as HISTORY
from webapp.workers import FOLDER as WORKERS

T = TypeVar("T")

PROGRESS_S = 1.0
"""How often progress is printed where the output is no terminal."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@clioptions.data_dir
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
def backup(file: Path, data_dir: Path | None, force: bool) -> None:
    """Copy the history, the accounts and the secret to FILE, even while a server uses them.

    Only you can read FILE. Keep it as safe as a password: it holds the secret behind tokens, listener hashes and ids.
    """
    with _Progress() as progress:
        written = _run(lambda folder: _written(folder, file, progress.update, force=force), data_dir)
    click.echo(f"Wrote {file}: {written}")
    if not written.has_secret:
        click.echo("The folder has no secret: keep the value of UNISON_SECRET, or tokens and ids will differ.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@clioptions.data_dir
def restore(file: Path, data_dir: Path | None) -> None:
    """Restore the backup FILE into the data folder. No server may use it meanwhile.

    FILE is checked first. The folder's own files are kept, renamed with the date and time.
    """
    click.echo(f"Checking {file}", err=True)
    with _Progress() as progress:
        restored, renamed = _run(lambda folder: restore_backup(file, folder, progress.update), data_dir)
    click.echo(f"Restored {file}: {restored}")
    for path in renamed:
        click.echo(f"The earlier file is now {path}")


def _written(folder: Path, file: Path, progress: Progress, *, force: bool) -> Backup:
    """Write a backup, but not of what was there before several servers took the folder over."""
    theirs = folder / WORKERS / "1"
    if _written_s(theirs) > _written_s(folder):
        raise BackupError(f"`unison serve --workers` has its history in {theirs}; name that with --data-dir")
    return create_backup(folder, file, progress, force=force)


def _written_s(folder: Path) -> float:
    """Return when a folder's history was written last; 0 if there is none."""
    return max((each.stat().st_mtime for each in folder.glob(f"{HISTORY}*")), default=0.0)


def _run(action: Callable[[Path], T], data_dir: Path | None) -> T:
    """Run an action on the data folder; print an error as a sentence instead of a traceback."""
    try:
        return action(Settings.from_env(data_dir=data_dir).data_dir)
    except (SettingError, DataDirError, BackupError) as error:
        raise click.ClickException(str(error)) from error


class _Progress:
    """A progress line: rewritten in place on a terminal, else a new line each second."""

    def __init__(self) -> None:
        self._is_terminal, self._printed_s = sys.stderr.isatty(), 0.0

    def update(self, done: int, total: int) -> None:
        """Print how many bytes are done, and of how many."""
        if self._is_terminal or time.monotonic() - self._printed_s > PROGRESS_S or done == total:
            self._printed_s = time.monotonic()
            start = "\r" if self._is_terminal else ""
            click.echo(f"{start}{done / 1e6:,.1f} of {total / 1e6:,.1f} MB", nl=not self._is_terminal, err=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_terminal and self._printed_s:
            click.echo(err=True)
