"""`unison bus`: sets up what several servers share in NATS."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from webapp import clioptions
from webapp.bus.credentials import ADMIN, Access, CredentialsError, access, new_seed
from webapp.bus.log import NEEDS_NATS, GoneError, UnavailableError
from webapp.config import SettingError, Settings
from webapp.core.counted import counted
from webapp.core.versioned import MessageError
from webapp.storage.datadir import DataDirError, read_secret
from webapp.storage.moderationfile import LIST_NAME, ListFileError
from webapp.storage.secretfiles import SecretFileError, secret_or_file, write_secret

if TYPE_CHECKING:
    from nats.aio.client import Client

    from webapp.bus.shared import Agreement

NAME = "unison bus"

T = TypeVar("T")


@click.group()
def bus() -> None:
    """Set up and look after what several servers share: the streams in NATS, and who may use them."""


@bus.command()
@click.argument("keys", type=click.Path(path_type=Path, file_okay=False))
def accounts(keys: Path) -> None:
    """Print accounts for the configuration of NATS, and write their keys to files in the folder KEYS.

    There is one account for these commands, and one for the servers of each role. Keys that are there stay.
    """
    _check_extra()
    from webapp.bus.accounts import NAMES, configuration

    try:
        keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        public = {account: _key(keys / f"{account}.nk") for account in NAMES}
    except (CredentialsError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"# Unison's accounts, by `unison bus accounts {keys}`. The keys here are public.")
    click.echo(configuration(public), nl=False)


def _key(file: Path) -> str:
    """Return the public key of a file, which is written if it is missing."""
    if not file.exists():
        write_secret(file, f"{new_seed()}\n".encode())
    return Access([], credentials=str(file)).identity().public


@bus.command()
@click.option(
    "--replicas", type=click.IntRange(1, 5), help="Copies of each message.  [new: 3, or 1 on a single server]"
)
@click.option("--plays-gb", type=click.FloatRange(min=0.1), help="Log of plays.  [new: 20]")
@click.option("--records-gb", type=click.FloatRange(min=0.1), help="Log of records.  [new: 20]")
@click.option("--records-days", type=click.IntRange(min=1), help="Days of records.  [new: 30]")
@click.option("--moments", type=click.IntRange(min=1), help="Shared moments.  [new: UNISON_SHARED_MAX]")
def init(
    replicas: int | None,
    plays_gb: float | None,
    records_gb: float | None,
    records_days: int | None,
    moments: int | None,
) -> None:
    """Create the streams on the servers of UNISON_BUS, or give those that are there these sizes.

    Streams that are there keep the sizes that are left out. A smaller log of records loses its oldest ones at once.
    """
    _check_extra()
    from webapp.bus.natsstreams import GIGABYTE, Sizes, create  # without the extra, `unison --help` works all the same

    plays, records = [None if each is None else round(each * GIGABYTE) for each in (plays_gb, records_gb)]
    asked, most = Sizes(replicas, plays, records, records_days, moments), max(1, _settings().shared_max)
    made = _on_bus(lambda client: create(client, asked, most))
    click.echo(
        f"The streams are ready, with {counted(made.replicas or 1, 'copy', 'copies')} of each message.\n"
        f"Kept are {(made.plays_bytes or 0) / GIGABYTE:g} GB of plays, {(made.records_bytes or 0) / GIGABYTE:g} GB of "
        f"records for {counted(round(made.records_days or 0), 'day')}, "
        f"and {counted(made.moments or 0, 'shared moment')}."
    )


@bus.command()
def upgrade() -> None:
    """Have all servers match by the rules of this version, once all of them have it.

    Until then, servers of a newer version match by the older rules.
    """
    _check_extra()
    from webapp.bus import shared

    before, now = _on_bus(shared.upgrade)
    if before == now:
        click.echo(f"The bus matches by the rules {now}, which are the newest of this version.")
    else:
        click.echo(f"The bus matches by the rules {now} from now on; before, it was {before}.")


@bus.command(name="import")
@clioptions.data_dir
@click.option(
    "--list", "list_file", type=click.Path(path_type=Path), help="The moderation list.  [moderation.txt there]"
)
def take_over(data_dir: Path | None, list_file: Path | None) -> None:
    """Take the tokens, shared moments and moderation list of a data folder to the bus, for all servers.

    For a server that worked alone so far; stop it first. What the bus has already stays. The folder's files of tokens
    and of the list then end in .imported, and are not used any more.
    """
    _check_extra()
    from webapp.busimport import import_folder

    chosen = _settings(data_dir)
    try:
        taken = import_folder(chosen, list_file or chosen.data_dir / LIST_NAME)
    except (DataDirError, SecretFileError, ListFileError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(str(taken))


@bus.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--settings", "new_settings", is_flag=True, help="Also take another secret, or settings of matching.")
def reset(yes: bool, new_settings: bool) -> None:
    """Have matching begin anew, without what it remembers.

    For when servers say that they cannot match: no checkpoint fits, or the log of plays lacks what they need. Plays
    that are in the log and in no record yet are never matched. What was shown stays as it is.

    With --settings, all servers need the secret and the settings of this command's environment from then on. Stop them
    first.
    """
    _check_extra()
    from webapp.bus import beginning

    mine = _agreement() if new_settings else None
    found = _on_bus(beginning.look)
    click.echo(
        f"Matching begins anew with record {found.record + 1}, after message {found.position} of the log of plays.\n"
        f"{counted(found.lost, 'play')} of {counted(found.messages, 'message')} before it will never be matched."
    )
    if found.unreadable:
        click.echo(f"{counted(found.unreadable, 'message')} of these cannot be read; what they hold is not known.")
    if found.gone:
        click.echo(f"{counted(found.gone, 'message')} before these are gone; how many plays they held is not known.")
    if not yes:
        click.confirm("Begin anew?", abort=True)
    _on_bus(lambda client: beginning.begin(client, found, mine))
    click.echo("Servers that match begin anew within some seconds.")


def _agreement() -> Agreement:
    """Return what a server with these settings needs others to have."""
    from webapp.bus.shared import agreement
    from webapp.engine.live import fold_rules  # this loads gevent

    chosen = _settings()
    try:
        secret = read_secret(chosen.data_dir, secret_or_file(chosen.secret, chosen.secret_file, "UNISON_SECRET_FILE"))
    except SecretFileError as error:
        raise click.ClickException(str(error)) from error
    return agreement(fold_rules(chosen), chosen.shown_per_s, secret)


def _check_extra() -> None:
    if not find_spec("nats"):
        raise click.ClickException(NEEDS_NATS)


def _settings(data_dir: Path | None = None) -> Settings:
    try:
        chosen = Settings.from_env(data_dir=data_dir)
    except SettingError as error:
        raise click.ClickException(str(error)) from error
    if not chosen.bus:
        raise click.ClickException("UNISON_BUS is not set; set it to the NATS servers, such as nats://10.0.0.5:4222")
    return chosen


def _on_bus(act: Callable[[Client], Awaitable[T]]) -> T:
    """Return what an action on a connection to the bus returns; tell what is wrong in one sentence."""
    from webapp.bus.shared import OtherRulesError

    try:
        return asyncio.run(_connected(access(_settings(), ADMIN), act))
    except (CredentialsError, GoneError, MessageError, OtherRulesError, UnavailableError) as error:
        raise click.ClickException(str(error)) from error


async def _connected(bus: Access, act: Callable[[Client], Awaitable[T]]) -> T:
    from webapp.bus.natsclient import closed, connected

    client = await connected(bus, NAME)
    try:
        return await act(client)
    finally:
        await closed(client)
