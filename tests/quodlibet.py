"""Runs Quod Libet, a music player with a window, on a virtual screen."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.players import STARTS_S, running
from tests.waiting import until
from webapp.storage.accounts import NewToken


@dataclass(frozen=True)
class QuodLibet:
    """A Quod Libet on a virtual screen."""

    env: Mapping[str, str]

    def play(self, file: Path) -> None:
        """Play a file."""
        command = [os.environ.get("QUODLIBET", "quodlibet"), f"--play-file={file}"]
        subprocess.run(command, env={**os.environ, **self.env}, check=True, timeout=STARTS_S)


@contextmanager
def quod_libet(folder: Path, url: str, token: NewToken) -> Iterator[QuodLibet]:
    """Run Quod Libet with its own scrobbler, without sound, and wait until it takes commands."""
    folder.mkdir(parents=True)
    (folder / "config").write_text(
        f"""[player]
gst_pipeline = fakesink sync=true
[plugins]
active_plugins = QLScrobbler
scrobbler_service = Other
scrobbler_url = {url}
scrobbler_username = {token.principal.id}
scrobbler_password = {token.text}
"""
    )
    log = folder / "quodlibet.log"
    with screen(folder) as display, message_bus(folder) as bus:
        env = {
            "DISPLAY": display, "DBUS_SESSION_BUS_ADDRESS": bus, "QUODLIBET_USERDIR": str(folder), "HOME": str(folder),
        }  # fmt: skip
        with running(os.environ.get("QUODLIBET", "quodlibet"), "--debug", log=log, env=env):
            until((folder / "control").exists, STARTS_S, said=log.read_text)
            yield QuodLibet(env)


@contextmanager
def screen(folder: Path) -> Iterator[str]:
    """Run a virtual screen; yield its display."""
    number, log = folder / "display", folder / "xvfb.log"
    with number.open("wb") as told, log.open("wb") as output:
        process = subprocess.Popen(
            [os.environ.get("XVFB", "Xvfb"), "-displayfd", str(told.fileno()), "-nolisten", "tcp"],
            pass_fds=[told.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        until(lambda: number.read_text().endswith("\n"), STARTS_S, said=log.read_text)
        yield f":{number.read_text().strip()}"
    finally:
        process.terminate()
        process.wait()


@contextmanager
def message_bus(folder: Path) -> Iterator[str]:
    """Run a D-Bus for one test; yield its address."""
    address = f"unix:path={folder}/bus"
    with running("dbus-daemon", "--session", "--nofork", f"--address={address}", log=folder / "bus.log"):
        until((folder / "bus").exists, STARTS_S)
        yield address
