"""The command line: `unison serve`, `demo`, `seed`, `token`, `bus`, `backup`, `restore`, `settings`, `doctor`."""

from __future__ import annotations

import logging
import os
import socket
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import click

from webapp import clioptions, logs, sockets
from webapp.config import SettingError, Settings, wants_json
from webapp.storage.datadir import DataDir, DataDirError
from webapp.storage.secretfiles import SecretFileError

log = logging.getLogger(__name__)

# Else numpy starts a thread for each core in every process; nothing here multiplies matrices that large.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


class _Commands(click.Group):
    """A group of commands; it imports some of them only when they run.

    They import TLS and threads, which gevent must patch first in the worker of `unison serve`.
    """

    lazy_commands: ClassVar = {
        "backup": "webapp.backups:backup",
        "bus": "webapp.buscommands:bus",
        "demo": "webapp.demo:main",
        "restore": "webapp.backups:restore",
        "seed": "webapp.seed.cli:main",
        "token": "webapp.tokens:token",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *self.lazy_commands])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.lazy_commands:
            return super().get_command(ctx, cmd_name)
        module, _, name = self.lazy_commands[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="unison-globe", prog_name="unison")
def main() -> None:
    """Unison: strangers who press play on the same song in the same second, on a globe."""


@main.command()
def settings() -> None:
    """List every setting: environment variable, type, default and description."""
    for name, kind, default, sentence in Settings.table():
        click.echo(f"{name}  ({kind}, default: {default or 'none'})\n    {sentence}")


@main.command()
@click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Folder for the history and the secret.  [UNISON_DATA_DIR]"
)
def doctor(data_dir: Path | None) -> None:
    """Check the data folder, the fonts, whether pictures can be drawn, and the bus if there is one."""
    from webapp.doctor import check_bus, check_installation

    try:
        chosen = Settings.from_env(data_dir=data_dir)
        results = [*check_installation(chosen.data_dir), *check_bus(chosen)]
    except (SettingError, SecretFileError) as error:
        raise click.ClickException(str(error)) from error
    for is_ok, sentence in results:
        click.echo(f"{'OK' if is_ok else 'NOT OK'}  {sentence}")
    if not all(is_ok for is_ok, _ in results):
        sys.exit(1)


@main.command()
@clioptions.host
@clioptions.port
@clioptions.data_dir
@click.option(
    "--open-on-loopback",
    is_flag=True,
    hidden=True,
    help="Accept plays from this machine without a token, as the demo does.",
)
@click.option("--uds", help="Unix socket to listen on, instead of a host and a port.  [UNISON_UDS]")
@click.option("--uds-mode", help="Permissions of the Unix socket.  [UNISON_UDS_MODE, default 660]")
@click.option("--place", type=(int, int), hidden=True, help="Which of how many servers on this port; of --workers.")
@click.option("--workers", type=click.IntRange(2, 64), help="Run so many servers on this port, to use more cores.")
@click.option("--roles", help="What it does of several: ingest, match, web.  [UNISON_ROLES, default all]")
def serve(
    host: str | None,
    port: int | None,
    data_dir: Path | None,
    open_on_loopback: bool,
    uds: str | None,
    uds_mode: str | None,
    place: tuple[int, int] | None,
    workers: int | None,
    roles: str | None,
) -> None:
    """Serve the globe, the stream and the API until Ctrl-C.

    Every other setting is read from the environment; `unison settings` lists them.
    """
    from webapp.serving import Server  # this loads gevent

    logs.set_up(as_json=wants_json(os.environ))
    on_port = host is not None or port is not None
    if uds and on_port:
        raise click.UsageError("--uds cannot be combined with --host or --port")
    given: dict[str, Any] = {"host": host, "port": port, "data_dir": data_dir}
    given |= {"uds": "" if on_port else uds, "uds_mode": uds_mode, "roles": roles}
    try:
        chosen = Settings.from_env(**given)
        if workers:
            sys.exit(_serve_with_workers(chosen, workers, open_on_loopback=open_on_loopback))
        listener = _listen(chosen, shared=place is not None)
        listeners = [listener, *_listen_for_operators(chosen, listener)]
    except (SettingError, DataDirError, OSError) as error:
        logs.refuse(str(error))
        sys.exit(1)
    logs.set_up(as_json=chosen.log_json, level=chosen.log_level)
    for sentence in Settings.warnings():
        log.warning(sentence, extra={"event": "setting_ignored"})
    urls = sockets.Urls(*map(sockets.url, listeners))._replace(elsewhere=sockets.urls_elsewhere(listener))
    if urls.operators:
        given["admin_port"] = listeners[1].getsockname()[1]
    fds = [each.detach() for each in listeners]
    Server(chosen, given, fds, urls, open_on_loopback=open_on_loopback, place=place).run()


def _serve_with_workers(settings: Settings, count: int, *, open_on_loopback: bool) -> int:
    from webapp import workers

    logs.set_up(as_json=settings.log_json, level=settings.log_level)
    return workers.serve(settings, count, ["--open-on-loopback"] if open_on_loopback else [])


def _listen(settings: Settings, *, shared: bool) -> socket.socket:
    """Bind before the server starts, to report a port in use in one sentence and to know which port 0 became.

    Raises:
        DataDirError: another server uses the data folder; the worker would find out only later.
        OSError: the address cannot be used.
    """
    if settings.uds:
        listener = sockets.listen_at(Path(settings.uds), int(settings.uds_mode, 8))
    else:
        listener = sockets.listen_on(settings.host, settings.port, shared=shared)
    try:
        with DataDir(settings.data_dir):
            return listener
    except DataDirError:
        sockets.close_and_remove(listener)
        raise


def _listen_for_operators(settings: Settings, main: socket.socket) -> list[socket.socket]:
    """Bind the operators' port, if one is set.

    Raises:
        OSError: the address cannot be used.
    """
    if settings.admin_port is None:
        return []
    try:
        operators = sockets.listen_on(settings.admin_host, settings.admin_port, "UNISON_ADMIN_PORT")
        if main.family != socket.AF_UNIX and operators.getsockname()[1] == main.getsockname()[1]:
            raise OSError("UNISON_ADMIN_PORT is the same as the server's own port; set another one")
        return [operators]
    except OSError:
        sockets.close_and_remove(main)
        raise
