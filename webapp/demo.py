"""`unison demo`: a server and simulated plays for it, in one command."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from webapp import clioptions
from webapp.config import SettingError, Settings, default_data_dir
from webapp.seed import options
from webapp.seed.scenarios import SCENARIOS
from webapp.storage.datadir import token_file
from webapp.storage.secretfiles import read_secrets
from webapp.web.hosts import is_loopback

FOLDER = "unison-demo"
READY = re.compile(r"\bUnison is on (http[^\s\"]+)")
"""What the server prints once it answers, as text or in a line of JSON."""
GRACE_S = 10.0
RELAY_S = 1.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PR_SET_PDEATHSIG = 1  # linux/prctl.h

Environment = dict[str, str]


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

    The demo has a data folder of its own, so simulated plays never mix with those of `unison serve`. Every other
    setting is read from the environment; `unison settings` lists them.
    """
    try:
        settings = Settings.from_env(host=host, port=port, data_dir=data_dir or own_data_dir())
    except SettingError as error:
        raise click.ClickException(str(error)) from error
    seed = None if no_seed else ["--scenario", scenario, *(["--rate", str(rate)] if rate else [])]
    sys.exit(asyncio.run(_run(settings, seed)))


def own_data_dir() -> Path:
    """Return the demo's own folder, even where UNISON_DATA_DIR names that of a server."""
    servers = os.environ.get("UNISON_DATA_DIR")
    return Path(servers).expanduser() / "demo" if servers else default_data_dir(FOLDER)


async def _run(settings: Settings, seed: list[str] | None) -> int:
    """Run both until a signal or the end of the server, and return the exit code."""
    ending = asyncio.Event()
    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)  # `scripts/run` blocks them until they can be handled
    async with contextlib.AsyncExitStack() as children:
        server_env = {name: value for name, value in os.environ.items() if name != "UNISON_TOKEN"}
        server = await _start(children, _serve_arguments(settings), server_env, stdout=asyncio.subprocess.PIPE)
        answering: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        relay = asyncio.create_task(_relay(server, answering))
        ended, asked = asyncio.create_task(server.wait()), asyncio.create_task(ending.wait())
        waiting: set[asyncio.Future[Any]] = {ended, asked}
        await asyncio.wait({*waiting, answering}, return_when=asyncio.FIRST_COMPLETED)
        if answering.done() and seed is not None:
            url = answering.result()
            command = ["seed", "--data-dir", str(settings.data_dir), "--url", url, *seed]
            sender = await _start(children, command, seed_environment(settings, url, os.environ))
            children.callback(asyncio.create_task(_watch(sender)).cancel)
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if asked.done():
            return 0
        await asyncio.wait({relay}, timeout=RELAY_S)
        return _code_of_the_dead(ended.result(), started=answering.done())


def _serve_arguments(settings: Settings) -> list[str]:
    where = ["--host", settings.host, "--port", str(settings.port), "--data-dir", str(settings.data_dir)]
    return ["serve", *where, "--open-on-loopback"]


def seed_environment(settings: Settings, url: str, environ: Mapping[str, str]) -> Environment:
    """Return the sender's environment, with a token where it does not find the one in the data folder by itself."""
    token = environ.get("UNISON_TOKEN") or next(iter(settings.tokens), "")
    if not token and (settings.tokens_file or not is_loopback(urlsplit(url).hostname or "")):
        token = read_secrets(settings.tokens_file or token_file(settings.data_dir))[0]
    return {**environ, "UNISON_TOKEN": token}


async def _start(
    children: contextlib.AsyncExitStack, arguments: list[str], env: Environment, *, stdout: int | None = None
) -> asyncio.subprocess.Process:
    """Start a command of ours that Ctrl-C does not reach by itself: this process ends its children, in their order."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "webapp", *arguments),  # -P: a folder here named webapp is none of ours
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=stdout,
        start_new_session=True,
        preexec_fn=_end_with_parent(),
    )
    children.push_async_callback(_end, child)
    return child


def _end_with_parent() -> Callable[[], None] | None:
    """Return what asks the kernel to end a child once this process is killed; None where only Ctrl-C ends both."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl  # found before the fork, after which little may be called
    return lambda: prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))


async def _relay(server: asyncio.subprocess.Process, answering: asyncio.Future[str]) -> None:
    """Pass on what the server prints, and its address once it says that it answers there."""
    assert server.stdout is not None
    async for line in server.stdout:
        text = line.decode(errors="replace")
        print(text, end="", flush=True)
        if (found := READY.search(text)) and not answering.done():
            print("Press Ctrl-C to stop", flush=True)
            answering.set_result(found[1])


async def _watch(sender: asyncio.subprocess.Process) -> None:
    if code := await sender.wait():
        print(f"The simulated plays stopped with code {code}; the server keeps running", file=sys.stderr, flush=True)


def _code_of_the_dead(code: int, *, started: bool) -> int:
    """Say that the server ended by itself, unless it never started and so has said why; return the code to end with."""
    if started or code <= 0:
        print(f"Error: the server stopped unexpectedly, with code {code}", file=sys.stderr)
    return code if code > 0 else 128 - code if code else 1


async def _end(child: asyncio.subprocess.Process) -> None:
    """Ask a child to end, wait, and leave none of the processes that it started."""
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(child.wait(), GRACE_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    await child.wait()
