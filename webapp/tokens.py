"""The commands `unison token`: the server's own token, and tokens of listeners and services."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import click

from webapp import clioptions, localbus
from webapp.bus.credentials import ADMIN, access
from webapp.bus.log import NEEDS_NATS
from webapp.config import SettingError, Settings
from webapp.core.counted import counted
from webapp.core.places import City, PlaceError
from webapp.core.principals import Scope
from webapp.gazetteerdata import load_gazetteer
from webapp.storage.accounts import PER_MINUTE, Account, Accounts
from webapp.storage.accountsfile import FILE_NAME
from webapp.storage.datadir import DataDirError, read_secret, token_file, write_token
from webapp.storage.secretfiles import SecretFileError, read_secrets, secret_or_file
from webapp.storage.sharedaccounts import SharedAccounts
from webapp.storage.sqliteaccounts import SqliteAccounts

_SCOPES: tuple[Scope, Scope] = ("listener", "service")
COUNT_MOST = 10_000
"""Most tokens that one command makes."""


@click.group(invoke_without_command=True)
@clioptions.data_dir
@click.pass_context
def token(ctx: click.Context, data_dir: Path | None) -> None:
    """Print the server's own token; create, list and revoke tokens of others.

    Without a command: print the token that senders of other people's plays need, and on standard error the file that
    holds it. `unison serve` creates it in its data folder.

    The commands create, list and revoke are for tokens of listeners and services, which players and plugins send plays
    with. They work beside a running server, which sees a change within 1 s. With UNISON_BUS, they are for the tokens of
    all servers.
    """
    ctx.obj = data_dir
    if ctx.invoked_subcommand is None:
        with _in_one_sentence():
            _show_token(Settings.from_env(data_dir=data_dir))


@token.command()
@clioptions.data_dir
@click.pass_obj
def rotate(folder: Path | None, data_dir: Path | None) -> None:
    """Replace the server's own token.

    Within 2 s, a running server accepts only the new one.
    """
    with _in_one_sentence():
        chosen = Settings.from_env(data_dir=data_dir or folder)
        try:
            write_token(chosen.data_dir)
        except OSError as error:
            problem = f"cannot write a token to {chosen.data_dir} ({error.strerror}); set another --data-dir"
            raise click.ClickException(problem) from error
        _show_token(chosen)


@token.command()
@clioptions.data_dir
@click.option("--city", metavar="TEXT", help="The listener's city, such as 'Osaka' or 'Portland, Maine'.")
@click.option("--service", is_flag=True, help="For a program that sends plays of many listeners, each with its place.")
@click.option(
    "--per-minute",
    type=click.IntRange(1, 1_000_000),
    help=f"Most requests a minute.  [default: {PER_MINUTE['listener']:,}; with --service {PER_MINUTE['service']:,}]",
)
@click.option("--count", type=click.IntRange(1, COUNT_MOST), default=1, help="How many tokens.  [default: 1]")
@click.pass_obj
def create(
    folder: Path | None, data_dir: Path | None, city: str | None, service: bool, per_minute: int | None, count: int
) -> None:
    """Create tokens for listeners or services.

    Prints a line for each: its id, and the token. This is the only time that the token is shown. A client that asks for
    a user name and a password gets the id and the token. Without --city, a play's own place counts, or where its sender
    seems to be.
    """
    with _in_one_sentence():
        place, scope = _city_of(city), _SCOPES[service]
        rate = per_minute or PER_MINUTE[scope]
        with _accounts(Settings.from_env(data_dir=data_dir or folder)) as accounts:
            for _ in range(count):
                made = accounts.create(scope, place.geoname_id if place else None, rate)
                click.echo(f"{made.principal.id} {made.text}")
    click.echo(f"{_named(place) if place else 'no city'}; {scope}; {rate:,} requests a minute", err=True)


@token.command(name="list")
@clioptions.data_dir
@click.pass_obj
def list_tokens(folder: Path | None, data_dir: Path | None) -> None:
    """List tokens, the oldest first; the tokens themselves are not shown.

    Columns: id, listener or service, requests a minute, day of creation, last use (UTC), presses, songs scrobbled,
    class of client, city.
    """
    with _in_one_sentence(), _accounts(Settings.from_env(data_dir=data_dir or folder), is_needed=False) as accounts:
        found = accounts.all()
    for each in found:
        click.echo(_line(each))
    click.echo(counted(len(found), "token"), err=True)


@token.command()
@click.argument("id")
@clioptions.data_dir
@click.pass_obj
def revoke(folder: Path | None, id: str, data_dir: Path | None) -> None:
    """Delete a token, and all that is kept of it.

    `unison token list` shows the IDs. Within 1 s, a running server refuses the token. Backups keep what they have.
    """
    id = id.strip().lower()
    with _in_one_sentence(), _accounts(Settings.from_env(data_dir=data_dir or folder), is_needed=False) as accounts:
        if not accounts.revoke(id):
            raise click.ClickException(f"there is no token {id!r}; `unison token list` shows the ids")
    click.echo(f"Deleted {id}")


@contextmanager
def _in_one_sentence() -> Iterator[None]:
    """Show errors as sentences instead of tracebacks."""
    try:
        yield
    except (SettingError, DataDirError, SecretFileError, PlaceError) as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def _accounts(chosen: Settings, *, is_needed: bool = True) -> Iterator[Accounts]:
    """Open the accounts on the bus, or those of a data folder, also beside servers.

    Args:
        chosen: the settings.
        is_needed: whether to make the file of accounts if there is none.
    """
    path, bus = chosen.data_dir / FILE_NAME, chosen.bus or _bus_of_workers(chosen.data_dir)
    if not bus and not is_needed and not path.exists():
        raise click.ClickException(f"there are no tokens in {chosen.data_dir}; set its folder with --data-dir")
    secret = read_secret(chosen.data_dir, secret_or_file(chosen.secret, chosen.secret_file, "UNISON_SECRET_FILE"))
    with ExitStack() as stack:
        accounts = (
            _on_bus(replace(chosen, bus=bus), secret, stack)
            if bus
            else SqliteAccounts(path, lambda: secret, is_server=False)
        )
        accounts.open()
        stack.callback(accounts.close)
        _tell_problem(accounts, is_needed=is_needed)
        yield accounts


def _bus_of_workers(data_dir: Path) -> tuple[str, ...]:
    """Return the NATS server of a server that runs with --workers, if there is one."""
    try:
        return tuple(localbus.address_in(data_dir).split())
    except OSError as error:
        raise click.ClickException(f"{error.filename} cannot be read ({error.strerror})") from error


def _on_bus(chosen: Settings, secret: bytes, stack: ExitStack) -> SharedAccounts:
    if not find_spec("nats"):
        raise click.ClickException(NEEDS_NATS)
    from webapp.busstore import CommandStore  # without the extra, `unison --help` works all the same

    store = CommandStore(access(chosen, ADMIN), "unison token", secret)
    accounts = SharedAccounts(store, lambda: secret, is_server=False)
    stack.enter_context(store)
    return accounts


def _tell_problem(accounts: Accounts, *, is_needed: bool) -> None:
    """Show what is wrong with the accounts; tokens can be listed and revoked also where none can be made."""
    if accounts.problem and (is_needed or not accounts.all()):
        raise click.ClickException(accounts.problem)
    if accounts.problem:
        click.echo(f"Warning: {accounts.problem}", err=True)


def _show_token(chosen: Settings) -> None:
    file = token_file(chosen.data_dir)
    try:
        tokens = read_secrets(file)
    except OSError as error:
        problem = f"no token in {file} ({error.strerror}); start `unison serve` to create it, or set another --data-dir"
        raise click.ClickException(problem) from error
    click.echo(" ".join(tokens[:1]))
    click.echo(f"stored in {file}", err=True)
    if chosen.tokens or chosen.tokens_file:
        click.echo("UNISON_TOKENS or UNISON_TOKENS_FILE is set, so the server does not accept this token.", err=True)


def _line(account: Account) -> str:
    """Return a token's line in the list."""
    principal, activity = account.principal, account.activity
    used = "never used" if activity.used_s is None else _utc(activity.used_s, "%Y-%m-%dT%H:%MZ")
    created, rate = _utc(principal.created_s, "%Y-%m-%d"), f"{principal.per_minute}/min"
    counts = counted(activity.presses, "press", "presses"), f"{activity.scrobbles} scrobbled", activity.client or "-"
    return "\t".join((principal.id, principal.scope, rate, created, used, *counts, _city_name(principal.city)))


def _utc(at_s: float, format: str) -> str:
    return time.strftime(format, time.gmtime(at_s))


def _city_of(text: str | None) -> City | None:
    """Return the city that a text means, as people type cities."""
    if text is None:
        return None
    gazetteer = load_gazetteer()
    return gazetteer[gazetteer.typed(text)]


def _city_name(geoname_id: int | None) -> str:
    if geoname_id is None:
        return "-"
    gazetteer = load_gazetteer()
    try:
        return _named(gazetteer[gazetteer.by_id(geoname_id)])
    except PlaceError:  # a city of another version
        return f"GeoNames {geoname_id}"


def _named(city: City) -> str:
    return f"{city.label}, {city.country}"
