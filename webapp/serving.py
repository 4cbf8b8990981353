"""The processes of `unison serve`: gunicorn's master, and under it one gevent worker that has all viewers.

SIGHUP replaces the worker by one that runs the code and reads the files that are there then. The new worker loads
first, so that code that is broken costs nothing; then the old one ends, and the new one takes the data folder over.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from enum import IntEnum
from ipaddress import ip_network
from mmap import mmap
from typing import Any, cast

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
"""How long requests in progress may take once a worker is to end; whole seconds, as gunicorn looks once a second."""
END_S = 20
"""How long a worker may take to end; it gives viewers 5 s to take their goodbye."""
RETRY_MOST_S = 30.0

log = logging.getLogger(__name__)


class Stage(IntEnum):
    """How far a worker has come."""

    STARTING = 0
    LOADED = 1
    SERVING = 2
    ENDING = 3


class Worker(FairWorker):
    """A worker that tells the master how far it has come."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._stage = mmap(-1, 1)  # shared with the process that forks

    @property
    def stage(self) -> Stage:
        """How far it has come, in whichever process one asks."""
        return Stage(self._stage[0])

    @stage.setter
    def stage(self, stage: Stage) -> None:
        self._stage[0] = stage

    def init_signals(self) -> None:
        """Leave to the master what is sent to both: Ctrl-C and the end of a terminal, or `pkill -HUP`."""
        super().init_signals()
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)

    def handle_error(self, _request: Any, client: Any, _address: Any, exc: BaseException) -> None:
        """Answer a request that gunicorn could not parse, or that it failed to serve."""
        if not refuse(client, exc):
            log.error("a request failed", exc_info=exc)


class Master(Arbiter):
    """Gunicorn's master for one worker. Once that has served, no signal and no worker that fails ends the master."""

    def __init__(self, app: BaseApplication) -> None:
        super().__init__(app)
        self._reload_asked = self._has_served = self._is_ending = False
        self._failures, self._not_before_s = 0, 0.0
        self._ends_with_terminal = signal.getsignal(signal.SIGHUP) != signal.SIG_IGN  # nohup has it ignored
        self._has_terminal = _has_terminal()

    def handle_hup(self) -> None:
        """Reload, or end if the signal says that the terminal was closed."""
        if self._ends_with_terminal and self._has_terminal and not _has_terminal():
            raise StopIteration
        log.info("reloading: a new worker starts", extra={"event": "reload"})
        self._reload_asked, self._not_before_s = True, 0.0

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
        """Start a worker where one is missing or wanted; end the old one once the new one has loaded."""
        self._has_terminal = _has_terminal()
        self._note_success()
        workers = sorted(self._workers.items(), key=lambda item: item[1].age)
        if len(workers) > 1 and workers[-1][1].stage != Stage.STARTING:
            pid, old = workers[0]
            old.stage = Stage.ENDING
            self.kill_worker(pid, signal.SIGTERM)
        elif self._is_worker_due([worker for _, worker in workers]):
            self._reload_asked = False
            self.spawn_worker()

    def _is_worker_due(self, workers: list[Worker]) -> bool:
        if not workers:
            return time.monotonic() >= self._not_before_s
        return self._reload_asked and len(workers) == 1 and workers[0].stage != Stage.STARTING

    def reap_workers(self) -> None:
        """Take note of workers that have ended; one that failed is no reason to end, once one has served."""
        before = {pid: (worker, worker.stage) for pid, worker in self._workers.items()}
        self._note_success()
        if self._is_ending:
            self._tell_to_end()
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
                self._failed()

    def _tell_to_end(self) -> None:
        """Ask once more: a signal that comes before a new worker has its handlers is lost."""
        for pid, worker in list(self._workers.items()):
            if worker.stage != Stage.ENDING:
                self.kill_worker(pid, signal.SIGTERM)

    def _note_success(self) -> None:
        if any(worker.stage >= Stage.SERVING for worker in self._workers.values()):
            self._has_served, self._failures = True, 0

    def _failed(self) -> None:
        """Say what happens after a worker could not start."""
        if self.WORKERS:
            log.error("the reload failed: the new worker could not start, so the old one keeps running")
            return
        wait_s = min(2.0**self._failures, RETRY_MOST_S)
        self._failures += 1
        self._not_before_s = time.monotonic() + wait_s
        log.error("the worker could not start; retrying in %g s, or at once after SIGHUP", wait_s)

    def stop(self, graceful: bool = True) -> None:
        """End all workers."""
        self._is_ending = True
        super().stop(graceful)


def _has_terminal() -> bool:
    """Tell whether this process can be ended from a terminal."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _networks(settings: Settings) -> list[str]:
    """Return the trusted proxies as gunicorn takes them: networks without bits of a host."""
    return [str(ip_network(network, strict=False)) for network in settings.trusted_proxies]


class _Logger(Logger):
    """Leaves gunicorn's errors to the root logger, so that they look like all other lines."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers, self.error_log.propagate = [], True


class Server(BaseApplication):
    """What gunicorn runs.

    Args:
        settings: as they are now; the worker reads them again.
        given: those from the command line, by name.
        fds: descriptors of the sockets that listen: the server's, and the operators', if they have one.
        urls: where these are reached.
        open_on_loopback: take plays from this machine without a token.
    """

    def __init__(
        self,
        settings: Settings,
        given: Mapping[str, Any],
        fds: Sequence[int],
        urls: Urls,
        *,
        open_on_loopback: bool = False,
    ) -> None:
        self._settings, self._given, self._fds, self._urls = settings, given, fds, urls
        self._open_on_loopback = open_on_loopback
        self._serving: Any = None
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn up."""
        options: dict[str, Any] = {
            "bind": [f"fd://{fd}" for fd in self._fds],
            "workers": 1,
            "worker_class": Worker,
            "control_socket_disable": True,
            "graceful_timeout": END_S,
            "keepalive": 15,
            "logger_class": _Logger,
            "loglevel": "error",  # its warnings of malformed requests name the sender's address, and a token's header
            "forwarded_allow_ips": ",".join(_networks(self._settings)),  # who may say X-Forwarded-Proto
            "forwarder_headers": "",  # else a SCRIPT_NAME that this machine sends is answered 500
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
        """Load the application: in the worker, from the code that is there now."""
        forget_code()
        from webapp.worker import Serving

        self._serving = Serving(self._given, self._urls, open_on_loopback=self._open_on_loopback)
        return self._serving.app

    def start_worker(self, worker: Worker) -> None:
        """Start in the worker before the first request, so that the globe is alive when it is opened."""
        worker.stage = Stage.LOADED
        self._serving.start(worker)
        worker.stage = Stage.SERVING
        self._serving.tell()  # last, for whoever reads it may end this worker, which must count as one that served

    def stop_worker(self, _arbiter: Any, worker: Worker) -> None:
        """Stop in the worker."""
        if worker.stage == Stage.SERVING:  # one that never served has failed
            worker.stage = Stage.ENDING
        if self._serving is not None:
            self._serving.stop()


def _drain_soon(_arbiter: Any, worker: Worker) -> None:
    """Have the worker itself wait less than the master waits for it: it has more to do before it ends."""
    worker.cfg.set("graceful_timeout", DRAIN_S)


def forget_code() -> None:
    """Have what the master has imported of this package imported anew."""
    for name in [name for name in sys.modules if name.partition(".")[0] == __package__]:
        del sys.modules[name]
