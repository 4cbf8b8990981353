"""`unison demo`: a server and simulated plays for it, in one command."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from webapp import clioptions
from webapp.commandprocesses import READY, Environment, end, start_unison
from webapp.config import SettingError, Settings, default_data_dir
from webapp.seed import options
from webapp.seed.scenarios import SCENARIOS
from webapp.storage.datadir import token_file
from webapp.storage.secretfiles import read_secrets
from webapp.web.hosts import is_loopback

FOLDER = "unison-demo"
RELAY_S = 1.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

SERVER = {"UNISON_DEMO": "1", "UNISON_VISITOR_PLAYS": "1"}
"""Settings of the demo's server, unless the environment has others."""


@click.command()
@clioptions.host
@clioptions.port
@click.option(
    "--data-dir",
    type=clioptions.FOLDER,
    help=f"Folder for the history and the secret.  [default ~/.local/share/{FOLDER}, or demo in UNISON_DATA_DIR]",
)
@click.option(
    "--scenario",
    type=click.Choice(list(SCENARIOS)),
    default="everyday",
    show_default=True,
    help="Kind of simulated plays; `unison seed --help` describes each.",
)
@click.option(
    "--rate",
    type=float,
    callback=options.positive,
    metavar="PLAYS",
    help="Simulated plays per second.  [default: that of the scenario, 50 for everyday]",
)
@click.option("--no-seed", is_flag=True, help="Do not send simulated plays.")
def main(
    host: str | None, port: int | None, data_dir: Path | None, scenario: str, rate: float | None, no_seed: bool
) -> None:
    """Start a server and send it simulated plays. Ctrl-C stops both.

    The demo has a data folder of its own, so simulated plays never mix with those of `unison serve`. Visitors can press
    play, and their presses are simulated plays, too. Every other setting is read from the environment; `unison
    settings` lists them.
    """
    try:
        settings = Settings.from_env(host=host, port=port, data_dir=data_dir or demo_data_dir())
    except SettingError as error:
        raise click.ClickException(str(error)) from error
    seed = None if no_seed else ["--scenario", scenario, *(["--rate", str(rate)] if rate else [])]
    sys.exit(asyncio.run(_run(settings, seed)))


def demo_data_dir() -> Path:
    """Return the demo's own data folder; it is inside UNISON_DATA_DIR if that is set."""
    server_dir = os.environ.get("UNISON_DATA_DIR")
    return Path(server_dir).expanduser() / "demo" if server_dir else default_data_dir(FOLDER)


async def _run(settings: Settings, seed: list[str] | None) -> int:
    """Run server and sender until a signal or the end of the server, and return the exit code."""
    stop = asyncio.Event()
    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)  # `scripts/run` blocks them until there is a handler
    async with contextlib.AsyncExitStack() as children:
        server_env = server_environment(os.environ)
        server = await start_unison(_serve_arguments(settings), server_env, stdout=asyncio.subprocess.PIPE)
        children.push_async_callback(end, server)
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        relay = asyncio.create_task(_relay(server, ready))
        ended, stopped = asyncio.create_task(server.wait()), asyncio.create_task(stop.wait())
        waiting: set[asyncio.Future[Any]] = {ended, stopped}
        await asyncio.wait({*waiting, ready}, return_when=asyncio.FIRST_COMPLETED)
        if ready.done() and seed is not None:
            url = ready.result()
            command = ["seed", "--data-dir", str(settings.data_dir), "--url", url, *seed]
            sender = await start_unison(command, seed_environment(settings, url, os.environ))
            children.push_async_callback(end, sender)
            children.callback(asyncio.create_task(_watch(sender)).cancel)
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if stopped.done():
            return 0
        await asyncio.wait({relay}, timeout=RELAY_S)
        return _exit_code(ended.result(), started=ready.done())


def _serve_arguments(settings: Settings) -> list[str]:
    where = ["--host", settings.host, "--port", str(settings.port), "--data-dir", str(settings.data_dir)]
    return ["serve", *where, "--open-on-loopback"]


def server_environment(environ: Mapping[str, str]) -> Environment:
    """Return the server's environment: without the sender's token, and with SERVER where that is not set."""
    given = {name: value for name, value in environ.items() if name != "UNISON_TOKEN"}
    return given | {name: value for name, value in SERVER.items() if not environ.get(name)}


def seed_environment(settings: Settings, url: str, environ: Mapping[str, str]) -> Environment:
    """Return the sender's environment, with a token if it cannot find the one in the data folder by itself."""
    token = environ.get("UNISON_TOKEN") or next(iter(settings.tokens), "")
    if not token and (settings.tokens_file or not is_loopback(urlsplit(url).hostname or "")):
        token = read_secrets(settings.tokens_file or token_file(settings.data_dir))[0]
    return {**environ, "UNISON_TOKEN": token}


async def _relay(server: asyncio.subprocess.Process, ready: asyncio.Future[str]) -> None:
    """Print what the server prints, and resolve `ready` with its address."""
    assert server.stdout is not None
    async for line in server.stdout:
        text = line.decode(errors="replace")
        print(text, end="", flush=True)
        if (found := READY.search(text)) and not ready.done():
            print("Press Ctrl-C to stop", flush=True)
            ready.set_result(found[1])


async def _watch(sender: asyncio.subprocess.Process) -> None:
    if code := await sender.wait():
        print(f"The simulated plays stopped with code {code}; the server keeps running", file=sys.stderr, flush=True)


def _exit_code(code: int, *, started: bool) -> int:
    """Return the demo's exit code for the server's; report the server's end if it did not report an error itself."""
    if started or code <= 0:
        print(f"Error: the server stopped unexpectedly, with code {code}", file=sys.stderr)
    return code if code > 0 else 128 - code if code else 1
