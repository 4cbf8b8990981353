"""The processes of `unison serve`: gunicorn's master, and one gevent worker that serves all viewers.

SIGHUP starts a new worker with the current code and files. It loads first, so broken code does no harm; then the old
worker ends, and the new one takes over the data folder.
"""

from __future__ import annotations

import logging
import math
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from enum import IntEnum
from ipaddress import ip_network
from mmap import mmap
from typing import Any, cast

from gevent import GreenletExit
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer
from gunicorn.glogging import Logger

from webapp import logs
from webapp.clientlimits import FairWorker
from webapp.config import Settings
from webapp.sockets import Urls
from webapp.web.badrequests import refuse

DRAIN_S = 1
"""How long requests in progress may take while a worker stops; whole seconds, because gunicorn checks each second."""
END_S = 20
"""How long a worker may take to stop; it gives viewers 5 s to receive the close message."""
MAX_RETRY_S = 30.0
HANGUP_S = 30.0
"""How long SIGHUP may take to reach a busy master after its terminal was closed."""

log = logging.getLogger(__name__)


class Stage(IntEnum):
    """The state of a worker."""

    STARTING = 0
    LOADED = 1
    SERVING = 2
    ENDING = 3


class Worker(FairWorker):
    """A worker that shares its stage with the master."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._stage = mmap(-1, 1)  # shared memory of master and worker

    @property
    def stage(self) -> Stage:
        """The worker's stage, in the master as in the worker."""
        return Stage(self._stage[0])

    @stage.setter
    def stage(self, stage: Stage) -> None:
        self._stage[0] = stage

    def init_signals(self) -> None:
        """Ignore signals that also reach the master: Ctrl-C, a closed terminal, `pkill -HUP`.

        SIGQUIT acts as SIGTERM: gunicorn's handler raises SystemExit after 0.1 s, which would cut `stop_worker` short.
        """
        super().init_signals()
        signal.signal(signal.SIGQUIT, self.handle_exit)
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)

    def handle_error(self, request: Any, client: Any, _address: Any, exc: BaseException) -> None:
        """Answer a request that gunicorn could not parse, or log that it failed.

        A connection that only waits is closed without a word when the worker ends: what comes unasked is read as the
        answer to the client's next request.
        """
        if request is None and isinstance(exc, GreenletExit):
            return
        if not refuse(client, exc):
            log.error("a request failed", exc_info=exc)


class Master(Arbiter):
    """Gunicorn's master for one worker. Once a worker has served, a failed one no longer ends the master."""

    def __init__(self, app: BaseApplication) -> None:
        super().__init__(app)
        self._reload_requested = self._has_served = self._is_ending = False
        self._failures, self._retry_at_s = 0, 0.0
        self._ends_with_terminal = signal.getsignal(signal.SIGHUP) != signal.SIG_IGN  # nohup ignores SIGHUP
        self._terminal_seen_s = -math.inf

    def handle_hup(self) -> None:
        """Reload, or end if the terminal was closed."""
        had_terminal = time.monotonic() - self._terminal_seen_s < HANGUP_S
        if self._ends_with_terminal and had_terminal and not _has_terminal():
            raise StopIteration
        log.info("reloading: starting a new worker", extra={"event": "reload"})
        self._reload_requested, self._retry_at_s = True, 0.0

    def handle_usr2(self) -> None:
        """Do nothing: another master could not use the data folder."""
        log.warning("SIGUSR2 is ignored; use SIGHUP to reload")

    def handle_ttin(self) -> None:
        """Do nothing: there is one worker."""
        log.warning("SIGTTIN and SIGTTOU are ignored, because one worker serves all viewers")

    handle_ttou = handle_ttin

    @property
    def _workers(self) -> dict[int, Worker]:
        return cast("dict[int, Worker]", self.WORKERS)

    def manage_workers(self) -> None:
        """Start a worker if one is missing or a reload was requested; end the old one once the new one has loaded."""
        if _has_terminal():
            self._terminal_seen_s = time.monotonic()
        self._record_success()
        workers = sorted(self._workers.items(), key=lambda item: item[1].age)
        if len(workers) > 1 and workers[-1][1].stage != Stage.STARTING:
            pid, old = workers[0]
            old.stage = Stage.ENDING
            self.kill_worker(pid, signal.SIGTERM)
        elif self._is_worker_due([worker for _, worker in workers]):
            self._reload_requested = False
            self.spawn_worker()

    def _is_worker_due(self, workers: list[Worker]) -> bool:
        if not workers:
            return time.monotonic() >= self._retry_at_s
        return self._reload_requested and len(workers) == 1 and workers[0].stage != Stage.STARTING

    def reap_workers(self) -> None:
        """Handle workers that have ended; a failed one does not end the master once one has served."""
        before = {pid: (worker, worker.stage) for pid, worker in self._workers.items()}
        self._record_success()
        if self._is_ending:
            self._terminate_workers()
        while True:
            try:
                super().reap_workers()
                break
            except HaltServer:
                if not (self._has_served or self._is_ending):
                    raise
        for pid in before.keys() - self._workers.keys():
            worker, stage = before[pid]
            worker.tmp.close()
            if stage < Stage.SERVING and not self._is_ending:
                self._handle_failed_start()

    def _terminate_workers(self) -> None:
        """Send SIGTERM again: a new worker without handlers yet loses the first one."""
        for pid, worker in list(self._workers.items()):
            if worker.stage != Stage.ENDING:
                self.kill_worker(pid, signal.SIGTERM)

    def _record_success(self) -> None:
        if any(worker.stage >= Stage.SERVING for worker in self._workers.values()):
            self._has_served, self._failures = True, 0

    def _handle_failed_start(self) -> None:
        """Schedule the next try after a worker could not start, and log it."""
        if self.WORKERS:
            log.error("the reload failed: the new worker could not start, so the old one keeps running")
            return
        wait_s = min(2.0**self._failures, MAX_RETRY_S)
        self._failures += 1
        self._retry_at_s = time.monotonic() + wait_s
        log.error("the worker could not start; retrying in %g s, or at once after SIGHUP", wait_s)

    def stop(self, graceful: bool = True) -> None:
        """End all workers."""
        self._is_ending = True
        super().stop(graceful)


def _has_terminal() -> bool:
    """Return whether this process has a controlling terminal."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _networks(settings: Settings) -> list[str]:
    """Return the trusted proxies for gunicorn, which rejects networks with host bits."""
    return [str(ip_network(network, strict=False)) for network in settings.trusted_proxies]


class _Logger(Logger):
    """Sends gunicorn's errors to the root logger, so that they look like all other lines."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers, self.error_log.propagate = [], True


class Server(BaseApplication):
    """The gunicorn application.

    Args:
        settings: the current settings; the worker reads them again.
        given: settings from the command line, by name.
        fds: file descriptors of the listening sockets: the server's, and the operators' if they have one.
        urls: their addresses.
        open_on_loopback: accept plays from this machine without a token.
        place: the server's number among those that share the port, and how many they are; None if it is alone.
    """

    def __init__(
        self,
        settings: Settings,
        given: Mapping[str, Any],
        fds: Sequence[int],
        urls: Urls,
        *,
        open_on_loopback: bool = False,
        place: tuple[int, int] | None = None,
    ) -> None:
        self._settings, self._given, self._fds, self._urls = settings, given, fds, urls
        self._open_on_loopback, self._place = open_on_loopback, place
        self._listening_since_s = time.time()
        self._serving: Any = None
        super().__init__()

    def load_config(self) -> None:
        """Configure gunicorn."""
        options: dict[str, Any] = {
            "bind": [f"fd://{fd}" for fd in self._fds],
            "workers": 1,
            "worker_class": Worker,
            "control_socket_disable": True,
            "graceful_timeout": END_S,
            "keepalive": 15,
            "logger_class": _Logger,
            "loglevel": "error",  # its warnings about malformed requests contain addresses and tokens
            "forwarded_allow_ips": ",".join(_networks(self._settings)),  # trusted for X-Forwarded-Proto
            "forwarder_headers": "",  # else a SCRIPT_NAME from this machine gets a 500
            "post_fork": _drain_soon,
            "post_worker_init": self.start_worker,
            "worker_exit": self.stop_worker,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def run(self) -> None:
        """Serve until a signal ends it."""
        try:
            Master(self).run()
        except RuntimeError as error:
            logs.refuse(str(error))
            sys.exit(1)

    def load(self) -> Any:
        """Load the application in the worker, from the current code."""
        forget_code()
        from webapp.worker import Serving

        self._serving = Serving(
            self._given,
            self._urls,
            listening_since_s=self._listening_since_s,
            open_on_loopback=self._open_on_loopback,
            place=self._place,
        )
        return self._serving.app

    def start_worker(self, worker: Worker) -> None:
        """Start the application in the worker before the first request, so that the globe is live from the start."""
        worker.stage = Stage.LOADED
        self._serving.start(worker)
        worker.stage = Stage.SERVING
        self._serving.tell()  # last: a reader of it may end this worker, which must then count as having served

    def stop_worker(self, _arbiter: Any, worker: Worker) -> None:
        """Stop the application in the worker."""
        if worker.stage == Stage.SERVING:  # a worker that never served has failed
            worker.stage = Stage.ENDING
        if self._serving is not None:
            self._serving.stop()


def _drain_soon(_arbiter: Any, worker: Worker) -> None:
    """Shorten the worker's own wait for requests: it has more to do before the master's timeout."""
    worker.cfg.set("graceful_timeout", DRAIN_S)


def forget_code() -> None:
    """Remove this package's modules, so that the worker imports the current code."""
    for name in [name for name in sys.modules if name.partition(".")[0] == __package__]:
        del sys.modules[name]
