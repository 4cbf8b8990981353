"""The services of an application: their dependencies, and the order in which they start and stop."""

from __future__ import annotations

import atexit
import threading
import time
from functools import cached_property

import gevent

from webapp import gauges
from webapp.bus.credentials import access
from webapp.config import Settings
from webapp.core.search import RecentTracks
from webapp.engine.announcements import Announcements
from webapp.engine.clock import Clock
from webapp.engine.eventloop import EventLoop
from webapp.engine.filelimits import file_limit, room_for_viewers
from webapp.engine.handover import Neighbours
from webapp.engine.heardsongs import HeardSongs
from webapp.engine.ingest import EndingError, Ingest
from webapp.engine.live import Live
from webapp.engine.offload import offload
from webapp.engine.parseworkers import ParseWorkers
from webapp.engine.pressing import Pressing
from webapp.engine.sharedstate import SharedState
from webapp.gazetteerdata import load_gazetteer
from webapp.graphics.images import Images
from webapp.health import Health
from webapp.metrics import Metrics
from webapp.recentfigures import RecentFigures
from webapp.storage.citydatabase import CityDatabase
from webapp.storage.datadir import DataDir
from webapp.storage.leftovers import check_nothing_is_left
from webapp.storage.secretfiles import secret_or_file
from webapp.stores import accounts_of, history_of, moderation_of
from webapp.web.adminauth import AdminAuth
from webapp.web.assets import shipped_assets
from webapp.web.ingestauth import IngestAuth
from webapp.web.principalrates import PrincipalRates
from webapp.web.principals import Principals
from webapp.web.requestbodies import MemoryBudget
from webapp.web.viewers import Viewers

FLUSH_S = 0.5
HEALTH_S = 1.0
LOOK_S = 0.5
FILES_S = 0.5


class Services:
    """The parts of an application. They all exist from the start, but nothing is open or runs before `start`.

    The parts that run use one gevent loop: the server's under gunicorn's gevent worker, else that of a separate
    thread.

    Args:
        settings: the server's settings.
        open_on_loopback: accept plays from this machine without a token; see `IngestAuth`.
        listening_since_s: since when clients have not been refused, epoch seconds; since now if left out. A reload
            refuses nobody.
        neighbours: the servers that share the port, if there are any.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        open_on_loopback: bool = False,
        listening_since_s: float | None = None,
        neighbours: Neighbours | None = None,
    ) -> None:
        self.settings, self._neighbours = settings, neighbours
        self.gazetteer = load_gazetteer().ready()
        self.metrics, self.clock, self.loop = Metrics(), Clock(), EventLoop()
        self._data_dir = DataDir(settings.data_dir)
        self.senders = IngestAuth(settings, self._data_dir, open_on_loopback=open_on_loopback)
        self.operators = AdminAuth(settings)
        self._shared = SharedState(self.loop.spawn) if settings.bus else None
        self.history = history_of(settings, self.gazetteer, self.clock, self._shared)
        self.moderation = moderation_of(settings, self.gazetteer, self.history, self.clock, self._shared)
        self.tracks = RecentTracks(self.history.tracks, time.monotonic, lambda: self.history.rules)
        shared = self._shared if settings.takes_plays or settings.shows else None
        self.live = Live(settings, self.gazetteer, self.history, self.secret, self.clock, self.metrics, shared)
        self.viewers = self._viewers()
        workers = ParseWorkers(self.gazetteer, self.secret, lambda: round(self.clock.now() * 1000))
        self.ingest = Ingest(workers, self.live.intake, self.metrics, settings.plays_max)
        self.accounts = accounts_of(settings, self.secret, self.clock, self._shared)
        self.principals = Principals(self.accounts, self.secret, lambda id: self.history.rules.blocks_token(id))
        self.rates = PrincipalRates(self.clock.now)
        self.addresses = CityDatabase(settings.city_database)
        self._listening_since_s = self.clock.now() if listening_since_s is None else listening_since_s
        self._pressing = Pressing(self._was_down)
        self.songs = HeardSongs(time.monotonic)
        self.announcements = Announcements(
            self.ingest, self.accounts, self._pressing, self.metrics, self.clock.now, self.songs
        )
        self.bodies = MemoryBudget()
        self.images, self.assets = Images(), shipped_assets()
        self.health = Health(
            self.live,
            self.history,
            self.moderation,
            self.accounts,
            self.addresses,
            self.clock,
            settings.prune_after_s,
        )
        self.recent = RecentFigures(lambda: gauges.recent(self.live), time.monotonic)
        self._observe()
        self._starting = threading.Lock()
        self._is_started = self._is_ending = False

    def _viewers(self) -> Viewers:
        most = min(self.settings.viewers_max, room_for_viewers(file_limit()))
        return Viewers(
            self.loop, self.live.hub, self.live.channels, most, self.settings.viewers_per_address, self._neighbours
        )

    def _observe(self) -> None:
        gauges.observe_live(self.metrics, self.live)
        gauges.observe_history(self.metrics, self.history)
        gauges.observe_images(self.metrics, self.images)
        gauges.observe_processes(self.metrics, self.live, self.ingest, self.images)

    def _was_down(self) -> bool:
        """Tell whether an earlier server ended before this one listened; call it once the accounts are open."""
        # A worker that takes the place of one that crashed was told when the first one listened. So that is no
        # downtime, and rightly: clients could connect all the time, and waited for seconds at most.
        used_until_s = self.accounts.used_until_s
        return used_until_s is not None and used_until_s < self._listening_since_s

    def secret(self) -> bytes:
        """Return the key for listener hashes, connection ids and visitors' tokens; the data folder must be open."""
        return self._secret

    @cached_property
    def _secret(self) -> bytes:
        setting, file = self.settings.secret, self.settings.secret_file
        return self._data_dir.secret(secret_or_file(setting, file, "UNISON_SECRET_FILE"))

    def check_files(self) -> None:
        """Check the files that settings name before `start`, while another worker may still use the data folder.

        Raises:
            SecretFileError: a file of secrets cannot be used.
            CityDatabaseError: the database of addresses cannot be used.
            CredentialsError: a file for NATS cannot be used.
        """
        access(self.settings).check()
        secret_or_file(self.settings.secret, self.settings.secret_file, "UNISON_SECRET_FILE")
        self.operators.open()
        if self.settings.tokens_file:
            self.senders.open()
        self.addresses.open()

    def start(self) -> None:
        """Open the data folder and start all parts; do nothing if that is done.

        Raises:
            DataDirError: another server uses the data folder, or it or the history in it cannot be used.
            SecretFileError: a file of secrets that a setting names cannot be used.
            EndingError: the application is ending, or has ended.
        """
        if self._is_started:
            return
        with self._starting:
            if self._is_ending:
                raise EndingError
            if not self._is_started:
                self._open()
                self._start_live()
                for step in (
                    *self.live.steps,
                    self._keep_history,
                    self._keep_accounts,
                    self._watch_health,
                    self._look_at_figures,
                    self._watch_files,
                ):
                    self.loop.forever(step)
                atexit.register(self.stop)
                self._is_started = True

    def _start_live(self) -> None:
        """Start the loop and what lives on it. On failure, release the data folder, so that the next start can work."""
        self.loop.start()
        try:
            self.apply_rules()
            self.loop.call(self.live.start)
            if neighbours := self._neighbours:
                self.loop.call(neighbours.start)
                self.loop.forever(lambda: neighbours.accept(self.viewers.take))
            if self._shared:
                self._open_lists()
                self.apply_rules()
        except Exception:
            self.loop.stop()
            self.accounts.close()
            self.history.close()
            self._data_dir.close()
            raise

    def _open(self) -> None:
        self._data_dir.open()
        try:
            self.secret()
            self.senders.open()
            self.operators.open()
            self.addresses.open()
            if self._shared:
                check_nothing_is_left(self.settings.data_dir)
            self.history.open()
            if not self._shared:  # else what the bus has is told later
                self._open_lists()
        except Exception:
            self.history.close()
            self._data_dir.close()
            raise

    def _open_lists(self) -> None:
        self.moderation.open()
        self.accounts.open()
        self._pressing.start(self.clock.now())

    def _keep_accounts(self) -> None:
        gevent.sleep(FLUSH_S)
        offload(self.accounts.flush)
        self.songs.forget_old()

    def _keep_history(self) -> None:
        gevent.sleep(FLUSH_S)
        offload(self.history.flush)
        self.live.channels.dismiss_aliases(self.history.aliases)
        self._prune()
        offload(self.history.update_sums, self.live.recorded_s)

    def _prune(self) -> None:
        """Delete old rows: those that are old by the newest record too, where there are several servers."""
        now_s, recorded_s = self.clock.now_if_held(self.settings.prune_after_s), self.live.recorded_s
        if self.live.recorder and recorded_s is None:  # before the first record
            return
        offload(self.history.prune, None if now_s is None or recorded_s is None else min(now_s, recorded_s))

    def _watch_files(self) -> None:
        gevent.sleep(FILES_S)
        offload(self.senders.reload)
        offload(self.operators.reload)
        offload(self.addresses.reload)
        offload(self.moderation.reload)
        self._use_rules()

    def apply_rules(self) -> None:
        """Have everything hide what the moderation list says now."""
        self.loop.call(self._use_rules)

    def _use_rules(self) -> None:
        self.history.rules = rules = self.moderation.rules
        self.live.channels.use_rules(rules)

    def _watch_health(self) -> None:
        gevent.sleep(HEALTH_S)
        self.health.log_changes()

    def _look_at_figures(self) -> None:
        gevent.sleep(LOOK_S)
        self.recent.look()

    def stop(self) -> None:
        """Close the open slices, write pending rows, dismiss the viewers, and close everything."""
        with self._starting:
            self._is_ending = True
            self.ingest.close()
            if not self._is_started:
                return
            self._is_started = False
        atexit.unregister(self.stop)
        if self._neighbours:
            self.loop.call(self._neighbours.stop)
        self.loop.call(self.live.finish)
        offload(self.history.flush)  # before viewers take their time
        if self._shared:
            offload(self.accounts.close)  # while the loop can still take it to the bus
        self.loop.call(self.live.dismiss_viewers)
        self.loop.stop()
        self.live.stop()
        self.ingest.stop()
        self.images.stop()
        self.accounts.close()
        self.history.close()
        self._data_dir.close()
