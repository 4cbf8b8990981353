"""What `scripts/run` does: install if need be, start the server and the seed traffic, and end both together.

Only the standard library: this runs on the system's Python.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import ipaddress
import os
import secrets
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import environment
from environment import ROOT, ProblemError

READY = "Unison is on "
GRACE_S = 10.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: list[str] | None = None) -> int:
    """Run until Ctrl-C, SIGTERM or the end of the server, and return the exit code."""
    options = _parser().parse_args(arguments)
    for number in SIGNALS:
        signal.signal(number, _interrupt)
    try:
        _require_free(*_address(options, os.environ))
        environment.prepare("seed")
        return asyncio.run(_serve(options))
    except KeyboardInterrupt:
        return 0
    except (ProblemError, OSError) as problem:
        print(f"scripts/run: {problem}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/run",
        description="Install Unison into .venv (once), start it, send invented plays, and say where to look.",
        epilog="Settings are UNISON_* variables: `.venv/bin/unison settings` lists them. Ctrl-C ends everything.",
    )
    parser.add_argument("--host", help="address to bind to (127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to bind to (8000); 0 picks a free one")
    parser.add_argument("--data-dir", type=Path, help="folder of the history and the secret (.unison in the checkout)")
    parser.add_argument("--no-seed", action="store_true", help="send no invented plays")
    return parser


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _address(options: argparse.Namespace, environ: Mapping[str, str]) -> tuple[str, int]:
    port = environ.get("UNISON_PORT", "")
    host: str = options.host or environ.get("UNISON_HOST") or "127.0.0.1"
    return host, options.port if options.port is not None else int(port) if port.isdecimal() else 8000


def _require_free(host: str, port: int) -> None:
    """Find out before a minute of installing that the port cannot be had; the server asks again later."""
    if not 0 <= port <= 65535:
        raise ProblemError(f"port {port} is not between 0 and 65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise ProblemError(_why_not(error, host, port)) from None


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is in use: end what uses it, or choose another with --port"
    if error.errno == errno.EACCES:
        return f"port {port} of {host} is not for this user: choose one above 1023 with --port"
    return f"{host} cannot be bound to ({error.strerror}): choose an address of this machine with --host"


async def _serve(options: argparse.Namespace) -> int:
    asked_to_end = asyncio.Event()
    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, asked_to_end.set)
    ending = asyncio.create_task(asked_to_end.wait())
    async with contextlib.AsyncExitStack() as children:
        server_env, seed_env = _environments(options, os.environ)
        if server_env.get("UNISON_TOKENS") != os.environ.get("UNISON_TOKENS"):
            print("UNISON_TOKENS is not set: a token is made up, which only the invented plays have", flush=True)
        serve: list[Path | str] = [environment.VENV / "bin" / "unison", "serve", *_server_arguments(options)]
        server = await _start(children, serve, server_env, pipe=True)
        ended = asyncio.create_task(server.wait())
        answering: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        relay = asyncio.create_task(_relay(server, answering))
        waiting: set[asyncio.Future[Any]] = {ending, ended, answering}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if answering.done() and not options.no_seed:
            send: list[Path | str] = [
                environment.PYTHON,
                ROOT / "scripts" / "seed_plays.py",
                "--url",
                answering.result(),
            ]
            seed = await _start(children, send, seed_env)
            watch = asyncio.create_task(_watch(seed))
            children.callback(watch.cancel)
        await asyncio.wait(waiting - {answering}, return_when=asyncio.FIRST_COMPLETED)
        if ending.done():
            return 0
        await asyncio.wait({relay}, timeout=1)
        return _code_of_the_dead(ended.result(), started=answering.done())


def _server_arguments(options: argparse.Namespace) -> list[str]:
    data_dir = options.data_dir or os.environ.get("UNISON_DATA_DIR") or ROOT / ".unison"
    arguments = ["--data-dir", str(data_dir)]
    for name in ("host", "port"):
        if getattr(options, name) is not None:
            arguments += [f"--{name}", str(getattr(options, name))]
    return arguments


def _environments(options: argparse.Namespace, environ: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the server's and the seed's: where plays need a token, the seed has one, made up if there is none."""
    server = {name: value for name, value in environ.items() if name != "UNISON_TOKEN"}
    token = environ.get("UNISON_TOKEN") or environ.get("UNISON_TOKENS", "").split(",")[0].strip()
    open_to_others = not _is_loopback(_address(options, environ)[0])
    if open_to_others and not (token or options.no_seed or environ.get("UNISON_OPEN_INGEST")):
        token = server["UNISON_TOKENS"] = secrets.token_urlsafe()
    return server, {**server, "UNISON_TOKEN": token} if token else server


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _start(
    children: contextlib.AsyncExitStack, command: Sequence[Path | str], env: Mapping[str, str], *, pipe: bool = False
) -> asyncio.subprocess.Process:
    """Start a child that Ctrl-C does not reach by itself: this process ends the children, in their order."""
    child = await asyncio.create_subprocess_exec(
        *command,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE if pipe else None,
        start_new_session=True,
    )
    children.push_async_callback(_end, child)
    return child


async def _relay(server: asyncio.subprocess.Process, answering: asyncio.Future[str]) -> None:
    """Pass on what the server prints, and its address once it says that it answers there."""
    assert server.stdout is not None
    async for line in server.stdout:
        text = line.decode(errors="replace")
        print(text, end="", flush=True)
        if text.startswith(READY) and not answering.done():
            print("Ctrl-C ends it", flush=True)
            answering.set_result(text.removeprefix(READY).strip())


async def _watch(seed: asyncio.subprocess.Process) -> None:
    if code := await seed.wait():
        print(f"The invented plays ended with code {code}; the server goes on", file=sys.stderr, flush=True)


def _code_of_the_dead(code: int, *, started: bool) -> int:
    """Say that the server ended by itself, unless it never started and so has said why; return the code to end with."""
    if started or code <= 0:
        print(f"scripts/run: the server ended by itself, with code {code}", file=sys.stderr)
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


if __name__ == "__main__":
    sys.exit(main())
