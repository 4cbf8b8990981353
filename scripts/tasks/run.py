"""The task of `scripts/run`: install Unison if needed, then run `unison demo` with a data folder in the checkout.

It uses only the standard library, because it runs on the system's Python.
"""

from __future__ import annotations

import argparse
import errno
import os
import signal
import socket
import sys
from collections.abc import Mapping

import environment
from environment import ROOT, ProblemError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: list[str] | None = None) -> int:
    """Run until Ctrl-C, SIGTERM or the end of the server, and return the exit code."""
    options, others = _parser().parse_known_args(arguments)
    for number in SIGNALS:
        signal.signal(number, _interrupt)
    try:
        _require_free(*_address(options, os.environ))
        python = environment.prepare()
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # until the demo can handle them
        os.execv(python, [str(python), "-P", "-m", "webapp", "demo", *_demo_arguments(options, os.environ), *others])
    except KeyboardInterrupt:
        return 0
    except (ProblemError, OSError) as problem:
        print(f"scripts/run: {problem}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/run",
        description="Install Unison into .venv (once), start it, send simulated plays, and print the address.",
        epilog="Further options are those of `.venv/bin/unison demo --help`. Settings are UNISON_* variables: "
        "`.venv/bin/unison settings` lists them. Ctrl-C ends everything.",
        allow_abbrev=False,
    )
    parser.add_argument("--host", help="address to bind to (127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to bind to (8000); 0 picks a free one")
    parser.add_argument(
        "--data-dir",
        help="folder of the history and the secret (demo in UNISON_DATA_DIR, else .unison in the checkout)",
    )
    parser.add_argument("--no-seed", action="store_true", help="do not send simulated plays")
    return parser


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _address(options: argparse.Namespace, environ: Mapping[str, str]) -> tuple[str, int]:
    port = environ.get("UNISON_PORT", "")
    host: str = options.host or environ.get("UNISON_HOST") or "127.0.0.1"
    return host, options.port if options.port is not None else int(port) if port.isdecimal() else 8000


def _require_free(host: str, port: int) -> None:
    """Check the port before a minute of installing; the server checks it again."""
    if not 0 <= port <= 65535:
        raise ProblemError(f"port {port} is not between 0 and 65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise ProblemError(_bind_problem(error, host, port)) from None


def _bind_problem(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is in use: end what uses it, or choose another with --port"
    if error.errno == errno.EACCES:
        return f"port {port} of {host} is not for this user: choose one above 1023 with --port"
    return f"{host} cannot be bound to ({error.strerror}): choose an address of this machine with --host"


def _demo_arguments(options: argparse.Namespace, environ: Mapping[str, str]) -> list[str]:
    """Return the demo's options.

    Its data folder is --data-dir, else .unison in the checkout. With UNISON_DATA_DIR, which is a server's folder, the
    demo itself chooses a folder inside it, so that simulated plays stay out of the server's history.
    """
    arguments = []
    if options.data_dir or not environ.get("UNISON_DATA_DIR"):
        arguments += ["--data-dir", str(options.data_dir or ROOT / ".unison")]
    for name in ("host", "port"):
        if getattr(options, name) is not None:
            arguments += [f"--{name}", str(getattr(options, name))]
    return arguments + ["--no-seed"] * options.no_seed


if __name__ == "__main__":
    sys.exit(main())
