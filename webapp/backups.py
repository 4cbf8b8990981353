"""`unison backup` and `unison restore`: a copy of the history and the secret as one file, and the way back."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar

import click

from webapp import clioptions
from webapp.config import SettingError, Settings
from webapp.storage.backup import BackupError, copied, restored
from webapp.storage.datadir import DataDirError

T = TypeVar("T")

EVERY_S = 1.0
"""How often progress is written where nobody sees a line that changes."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@clioptions.data_dir
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def backup(file: Path, data_dir: Path | None, force: bool) -> None:
    """Copy the history and the secret to FILE, also while a server uses them.

    FILE is readable by you alone. Keep it as safe as a password: it holds the secret that connection ids are made with.
    """
    with _Progress() as progress:
        made = _done(lambda folder: copied(folder, file, progress.tell, force=force), data_dir)
    click.echo(f"Wrote {file}: {made}")
    if not made.has_secret:
        click.echo(
            "The folder has no secret: keep what UNISON_SECRET is set to, or ids of new connections will differ."
        )


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@clioptions.data_dir
def restore(file: Path, data_dir: Path | None) -> None:
    """Put the backup FILE into the data folder, which no server may use meanwhile.

    FILE is checked first. What the folder held is kept beside, under names that say when.
    """
    click.echo(f"Checking {file}", err=True)
    with _Progress() as progress:
        made, aside = _done(lambda folder: restored(file, folder, progress.tell), data_dir)
    click.echo(f"Restored {file}: {made}")
    for kept in aside:
        click.echo(f"What was there is {kept}")


def _done(work: Callable[[Path], T], data_dir: Path | None) -> T:
    """Do what is asked with the data folder; an error is a sentence, not a traceback."""
    try:
        return work(Settings.from_env(data_dir=data_dir).data_dir)
    except (SettingError, DataDirError, BackupError) as error:
        raise click.ClickException(str(error)) from error


class _Progress:
    """A line that says how far it is: one that changes on a terminal, else one a second."""

    def __init__(self) -> None:
        self._changes, self._told_s = sys.stderr.isatty(), 0.0

    def tell(self, done: int, total: int) -> None:
        """Say how many bytes are done, and of how many."""
        if self._changes or time.monotonic() - self._told_s > EVERY_S or done == total:
            self._told_s = time.monotonic()
            start = "\r" if self._changes else ""
            click.echo(f"{start}{done / 1e6:,.1f} of {total / 1e6:,.1f} MB", nl=not self._changes, err=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._changes and self._told_s:
            click.echo(err=True)
