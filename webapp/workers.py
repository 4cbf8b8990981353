"""`unison serve --workers N`: N servers behind one port, and the NATS server that they share, all on one machine.

It is the same as several servers on several machines. The kernel shares connections out among those that listen on a
port. Each server has a data folder of its own inside that of all; the secret and the ingest token are those of all.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from gunicorn.systemd import sd_notify

from webapp import logs, sockets
from webapp.bus.log import NEEDS_NATS
from webapp.commandprocesses import READY, Environment, end, start_unison
from webapp.config import ROLES, SettingError, Settings
from webapp.localbus import BUS, LocalBus, WorkersError
from webapp.storage.accountsfile import FILE_NAME as ACCOUNTS
from webapp.storage.datadir import SECRET_NAME, DataDir, DataDirError
from webapp.storage.history import FILE_NAME as HISTORY
from webapp.storage.leftovers import has_something
from webapp.storage.moderationfile import LIST_NAME
from webapp.storage.secretfiles import write_secret

FOLDER = "workers"
MATCHERS = 1
"""So many of the servers match. If one dies, another one takes its place within seconds, and nothing is lost."""
AGAIN_S = 1.0
READY_S = 60.0
NOTIFY = "NOTIFY_SOCKET"
"""Where systemd is told that all is ready: by this process, and not by each server."""
GRACE_S = 25.0
"""How long a server may take to end; its master gives it 20 s."""

Process = asyncio.subprocess.Process

log = logging.getLogger(__name__)


class Kept:
    """A process that another one follows if it ends.

    Args:
        name: for messages.
        begin: starts it.

    Attributes:
        ready: set while the process has said that it is.
        was_ready: whether one ever has.
    """

    def __init__(self, name: str, begin: Callable[[], Awaitable[Process]]) -> None:
        self.name, self._begin = name, begin
        self.ready, self.was_ready = asyncio.Event(), False
        self.process: Process | None = None
        self._is_ending = False

    def note_ready(self) -> None:
        """Note that the process has said that it is ready."""
        self.was_ready = True
        self.ready.set()

    async def run(self, listen: Callable[[Process], Awaitable[None]]) -> None:
        """Keep it running until `end`.

        Args:
            listen: is given each process, and returns when that has closed its output.

        Raises:
            WorkersError: the first process ended before it was ready.
        """
        while not self._is_ending:
            self.process = await self._begin()
            await listen(self.process)
            code = await self.process.wait()
            if self._is_ending:
                return
            if not self.was_ready:
                raise WorkersError(f"{self.name} ended with code {code}")
            log.warning("%s ended with code %d; starting another one", self.name, code, extra={"event": "worker_ended"})
            await asyncio.sleep(AGAIN_S)

    async def end(self, grace_s: float) -> None:
        """End the process."""
        self._is_ending = True
        if self.process and self.process.returncode is None:
            await end(self.process, grace_s)


def serve(settings: Settings, count: int, options: Sequence[str] = ()) -> int:
    """Run so many servers until a signal ends them; return the exit code.

    Args:
        settings: those of all servers.
        count: how many.
        options: more of `unison serve`, for each.
    """
    try:
        _check(settings)
        with DataDir(settings.data_dir) as folder:
            port = sockets.free_port(settings.host, settings.port)
            return asyncio.run(_Workers(settings, folder, port, count, options).run())
    except (DataDirError, OSError, SettingError, WorkersError) as error:
        logs.refuse(str(error))
        return 1


def _check(settings: Settings) -> None:
    if settings.bus:
        raise SettingError("--workers starts a bus of its own, and UNISON_BUS is set; leave one of them out")
    if settings.uds:
        raise SettingError("--workers needs a port, and UNISON_UDS is set; leave one of them out")
    if settings.moderation_file:
        raise SettingError("UNISON_MODERATION_FILE cannot be used with --workers: there, the list is on the bus")
    if not find_spec("nats"):
        raise SettingError(NEEDS_NATS)


class _Workers:
    def __init__(self, settings: Settings, folder: DataDir, port: int, count: int, options: Sequence[str]) -> None:
        self._settings, self._folder, self._port, self._options = settings, folder, port, options
        self._secret = None if settings.secret or settings.secret_file else folder.secret()
        self._token_file = folder.ensure_token_file()
        self._bus = LocalBus(folder.path / BUS)
        self._said: list[str] = []
        self._broker = Kept("the NATS server", self._bus.start)
        self._servers = [Kept(f"server {n}", self._starter(n)) for n in range(1, count + 1)]

    async def run(self) -> int:
        stop, reload = asyncio.Event(), asyncio.Event()
        for number, event in ((signal.SIGINT, stop), (signal.SIGTERM, stop), (signal.SIGHUP, reload)):
            asyncio.get_running_loop().add_signal_handler(number, event.set)
        work = asyncio.create_task(self._work(reload))
        await asyncio.wait({work, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.gather(*(each.end(GRACE_S) for each in self._servers))
        await self._broker.end(GRACE_S)
        self._bus.forget()
        if work.done() and (error := work.exception()):
            raise WorkersError(_first(error)) from error
        work.cancel()
        return 0

    async def _work(self, reload: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._broker.run(_nothing))
            await self._bus.create()
            self._bus.tell()
            await asyncio.to_thread(self._take_over)
            self._broker.note_ready()
            for each in self._servers:
                tasks.create_task(each.run(self._listener(each)))
            for each in self._servers:
                await each.ready.wait()
            print(*self._said, sep="", end="", flush=True)
            logs.announce(f"{len(self._servers)} servers share this address.")
            sd_notify("READY=1", log)  # type: ignore[arg-type]  # any logger will do
            while True:
                await reload.wait()
                reload.clear()
                await self._reload()

    def _take_over(self) -> None:
        """Take the tokens and the moderation list of the server that was alone before to the bus."""
        from webapp.busimport import take_over  # it needs the extra, which is there

        path = self._folder.path
        if any(has_something(path / name) for name in (ACCOUNTS, LIST_NAME)):
            taken = take_over(replace(self._settings, bus=(self._bus.address,)), self._folder, path / LIST_NAME)
            log.info("%s", taken)

    async def _reload(self) -> None:
        """Reload one server after the other."""
        for each in self._servers:
            if each.process and each.process.returncode is None:
                each.ready.clear()
                each.process.send_signal(signal.SIGHUP)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(each.ready.wait(), READY_S)
                each.ready.set()

    def _listener(self, server: Kept) -> Callable[[Process], Awaitable[None]]:
        """Return what reads a server's standard output, to see that it is ready; the first tells for all."""

        async def listen(process: Process) -> None:
            assert process.stdout is not None
            async for line in process.stdout:
                text = line.decode(errors="replace")
                if READY.search(text):
                    server.note_ready()
                if server is self._servers[0] and text not in self._said:
                    self._said.append(text)

        return listen

    def _starter(self, number: int) -> Callable[[], Awaitable[Process]]:
        async def begin() -> Process:
            where = ["--host", self._settings.host, "--port", str(self._port)]
            environment = await asyncio.to_thread(self._environment, number)
            return await start_unison(
                ["serve", *where, "--place", str(number), str(len(self._servers)), *self._options],
                environment,
                stdout=asyncio.subprocess.PIPE,
            )

        return begin

    def _environment(self, number: int) -> Environment:
        settings, folder = self._settings, self._folder.path / FOLDER / str(number)
        if not folder.exists():
            _begin_folder(self._folder.path, folder)
        if self._secret:
            write_secret(folder / SECRET_NAME, self._secret)
        own = {
            "UNISON_BUS": self._bus.address,
            "UNISON_DATA_DIR": str(folder),
            "UNISON_NODE": f"server-{number}",
            "UNISON_ROLES": ",".join(role for role in ROLES if role != "match" or number <= MATCHERS),
        }
        if settings.admin_port:
            own["UNISON_ADMIN_PORT"] = str(settings.admin_port + number - 1)
        if not (settings.tokens or settings.tokens_file or settings.open_ingest):
            own["UNISON_TOKENS_FILE"] = str(self._token_file)
        return {name: value for name, value in os.environ.items() if name != NOTIFY} | own


def _begin_folder(there: Path, here: Path) -> None:
    """Make a server's folder, with the history of the one that was alone before; whole, or not at all."""
    part = here.with_name(f"{here.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700, parents=True)
    files = [*there.glob(f"{HISTORY}*")]
    if files:
        log.info("copying the history to %s", here)
    for each in files:
        shutil.copy2(each, part)
    part.rename(here)


async def _nothing(_process: Process) -> None:
    """Listen to a process that says nothing."""


def _first(error: BaseException) -> str:
    """Return the message of the first of errors."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)
