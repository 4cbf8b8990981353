"""What the worker of `unison serve` does. The master never imports this, so that a reload runs the code of then."""

from __future__ import annotations

import errno
import logging
import os
import sys
import time
from collections.abc import Mapping
from typing import Any, NoReturn

import gevent
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from webapp import logs
from webapp.app import make_app
from webapp.bus.credentials import CredentialsError
from webapp.config import ROLES, SettingError, Settings, wants_json
from webapp.engine.childprocess import collect_seldom
from webapp.engine.handover import Neighbours
from webapp.engine.offload import offload
from webapp.services import Services
from webapp.sockets import Urls
from webapp.storage.citydatabase import CityDatabaseError
from webapp.storage.datadir import DataDirInUse
from webapp.storage.secretfiles import SecretFileError
from webapp.web.assetstore import keep

WARM_AFTER_S = 5.0
"""When all assets are compressed that nobody asked for yet: at once it would slow what a start has to do."""
FOLDER_S = 25.0
"""How long to wait for the worker before to leave the data folder."""
LOOK_S = 0.05


class Serving:
    """The application of one worker, from its loading to its end.

    Args:
        given: settings from the command line, by name; the others are read from the environment.
        urls: where it is reached.
        open_on_loopback: take plays from this machine without a token.
        listening_since_s: since when clients have not been refused; see `Services`.
        place: the server's number among those that share the port, and how many they are; None if it is alone.
    """

    def __init__(
        self,
        given: Mapping[str, Any],
        urls: Urls,
        *,
        listening_since_s: float,
        open_on_loopback: bool = False,
        place: tuple[int, int] | None = None,
    ) -> None:
        self._urls = urls
        logs.set_up(as_json=wants_json(os.environ))
        try:
            self.settings = Settings.from_env(**given)
            self._services = Services(
                self.settings,
                open_on_loopback=open_on_loopback,
                listening_since_s=listening_since_s,
                neighbours=Neighbours(self.settings.data_dir.parent, *place) if place else None,
            )
            self.app = make_app(self._services, self._services.start)
            self._services.check_files()
        except (SettingError, SecretFileError, CityDatabaseError, CredentialsError) as error:
            _give_up(error)

    def start(self, worker: Worker) -> None:
        """Set all going, once the worker before has left the data folder."""
        logs.set_up(as_json=self.settings.log_json, level=self.settings.log_level)
        logs.log_greenlets(gevent.get_hub())
        logging.getLogger("gunicorn.error").addFilter(_is_news)
        try:
            self._start(worker)
        except RuntimeError as error:
            _give_up(error)
        assets = self._services.assets
        assets.before = offload(keep, assets, self.settings.data_dir)
        collect_seldom()
        gevent.spawn_later(WARM_AFTER_S, offload, assets.warm)

    def _start(self, worker: Worker) -> None:
        until_s = time.monotonic() + FOLDER_S
        while True:
            try:
                return self._start_services(worker)
            except DataDirInUse:
                if time.monotonic() > until_s:
                    raise
            _end_if_told(worker)
            time.sleep(LOOK_S)

    def _start_services(self, worker: Worker) -> None:
        """Start the services, which may wait for a bus for long; end if the worker is told to."""
        failures: list[Exception] = []

        def start() -> None:
            try:
                self._services.start()
            except Exception as error:
                failures.append(error)

        starting = gevent.spawn(start)
        while not starting.ready():
            starting.join(LOOK_S)
            try:
                _end_if_told(worker)
            except SystemExit:
                starting.kill()
                raise
        for error in failures:
            raise error

    def tell(self) -> None:
        """Say where the server is, and who may do what."""
        here, operators, elsewhere = self._urls
        logs.announce(f"Unison is on {here}", event="started", url=here)
        for url in elsewhere:
            logs.announce(f"From other machines: {url}", url=url)
        if set(self.settings.roles) != set(ROLES):
            logs.announce(f"Of {', '.join(ROLES)}, this server does {', '.join(self.settings.roles)}")
        if self.settings.takes_plays:
            logs.announce(self._services.senders.summary())
        logs.announce(self._services.operators.summary(operators))
        if self.settings.viewers_per_address and not self.settings.trusted_proxies:
            logs.announce("Viewers are counted by connecting address. Behind a proxy, set UNISON_TRUSTED_PROXIES.")

    def stop(self) -> None:
        """End all."""
        self._services.stop()


def _end_if_told(worker: Worker) -> None:
    """End where the worker was told to; else let the master know that it lives."""
    if not worker.alive:
        sys.exit(0)
    worker.notify()


def _give_up(error: Exception) -> NoReturn:
    logs.refuse(str(error))
    sys.exit(Arbiter.APP_LOAD_ERROR)


def _is_news(record: logging.LogRecord) -> bool:
    """Drop ETIMEDOUT tracebacks from stalled clients; gunicorn itself drops those of clients that left."""
    error = record.exc_info[1] if record.exc_info else None
    return not (isinstance(error, OSError) and error.errno == errno.ETIMEDOUT)
