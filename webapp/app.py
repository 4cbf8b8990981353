"""The composition: what the application is made of, and how its moving parts start in the process that serves."""

from __future__ import annotations

import atexit
import logging
import random
import threading
import time

import gevent
from flask import Flask
from werkzeug.exceptions import ServiceUnavailable

from webapp.config import Settings
from webapp.core import frames
from webapp.core.gazetteer import load_gazetteer
from webapp.core.plays import Overloaded
from webapp.core.records import SliceRecord
from webapp.core.search import RecentTracks
from webapp.engine.bus import MemoryBus
from webapp.engine.channels import Channels
from webapp.engine.clock import Clock
from webapp.engine.eventloop import EventLoop
from webapp.engine.filelimits import file_limit, room_for_viewers
from webapp.engine.hub import Hub
from webapp.engine.matchingprocess import MatchingProcess
from webapp.engine.parseworkers import ParseWorkers
from webapp.engine.pipeline import Pipeline
from webapp.engine.resume import RESUME_BYTES, RESUME_S
from webapp.gauges import observe
from webapp.graphics.imagecache import ImageCache
from webapp.graphics.renderer import Renderer
from webapp.health import Health
from webapp.metrics import Metrics
from webapp.resources import TEMPLATES
from webapp.storage.datadir import DataDir
from webapp.storage.history import FILE_NAME, History
from webapp.storage.secretfiles import secret_or_file
from webapp.web import (
    adminauth,
    api,
    assets,
    atom,
    basepath,
    embed,
    embedbuilder,
    errors,
    headerlimits,
    hosts,
    ingest,
    momentimages,
    moments,
    oembed,
    overviewimages,
    pagecache,
    pages,
    playlist,
    proxywarning,
    requestbodies,
    requestmetrics,
    securityheaders,
    stats,
    status,
    stream,
    visitorplays,
)
from webapp.web.ingestauth import senders
from webapp.web.pagecache import PAGES, PAGES_OF_ALL, AddressTurns, PageCache
from webapp.web.ratelimits import RateLimits
from webapp.web.requestbodies import MemoryBudget
from webapp.web.runtime import offload
from webapp.web.viewers import Viewers

FLUSH_S = 0.5
HEALTH_S = 1.0
SECRETS_S = 1.0
CODES_BYTES = 4 << 20
"""Codes have a queue of their own: there may be one of any address, and none is to keep a moment from its picture."""
GOODBYE_S = 5.0
FINISH_S = 8.0
"""How long the slices that are open at the end may take to close."""

log = logging.getLogger(__name__)


def create_app(settings: Settings | None = None, *, open_on_loopback: bool = False) -> Flask:
    """Build the application. Nothing is opened before it serves its first request, or `Unison.start` is called.

    Args:
        settings: those of the environment if left out.
        open_on_loopback: take plays from this machine without a token; see `IngestAuth`.
    """
    app = Flask("webapp", template_folder=str(TEMPLATES), static_folder=None)
    app.url_map.merge_slashes = False  # the redirect that merges them leads to whatever Host the request names
    if settings is None:
        settings = Settings.from_env()
        for sentence in Settings.remarks():
            log.warning(sentence, extra={"event": "setting_ignored"})
    unison = app.extensions["unison"] = Unison(settings, open_on_loopback=open_on_loopback)
    app.before_request(unison.start)
    for part in (
        api, assets, atom, embed, embedbuilder, momentimages, moments, oembed, overviewimages, pages, playlist, stats,
        status, visitorplays,
    ):  # fmt: skip
        app.register_blueprint(part.blueprint)
    # What a request meets first stands last.
    for layer in (
        errors, pagecache, requestbodies, stream, ingest, adminauth, hosts, proxywarning, basepath,
        securityheaders, headerlimits, requestmetrics,
    ):  # fmt: skip
        layer.init_app(app)
    return app


class Unison:
    """The parts of one application.

    `settings`, `gazetteer` and `metrics` are there from the beginning, the others from `start` on. The moving parts
    live on one gevent loop: the server's own under gunicorn's gevent worker, else that of a thread of ours.
    """

    def __init__(self, settings: Settings, *, open_on_loopback: bool = False) -> None:
        self.settings = settings
        self._open_on_loopback = open_on_loopback
        self.gazetteer = load_gazetteer()
        self.metrics = Metrics()
        self.clock = Clock()
        self.health = Health(self)
        self.shares = RateLimits(moments.SHARES_OF_ALL, moments.SHARES)
        self.presses = RateLimits(visitorplays.PRESSES_OF_ALL, visitorplays.PRESSES)
        self.pictures = RateLimits(momentimages.IMAGES_OF_ALL, momentimages.IMAGES)
        self.answers, self.turns = PageCache(), AddressTurns()
        self.pages = RateLimits(PAGES_OF_ALL, PAGES)
        self.sharing = threading.Lock()
        self.bodies = MemoryBudget()
        self._data_dir = DataDir(settings.data_dir)
        self.loop = EventLoop()
        self._starting = threading.Lock()
        self._started = self._is_ending = False

    def now(self) -> float:
        """Return the time, epoch seconds: the one clock of the application."""
        return self.clock.now()

    def start(self) -> None:
        """Open the data folder and set all parts going; do nothing if they are.

        Raises:
            DataDirError: another server uses the data folder, or it cannot be used.
            SecretFileError: a file of secrets that a setting names cannot be used.
            HistoryError: the history in it cannot be used.
            ServiceUnavailable: the application is ending, or has ended.
        """
        if self._started:
            return
        self._check_not_ending()
        with self._starting:
            if not self._started:
                self._open()
                self.loop.start()
                self.loop.call(self._assemble)
                self.loop.forever(self.pipeline.step)
                self.loop.forever(self._keep_history)
                self.loop.forever(self._look_at_health)
                self.loop.forever(self._look_at_secrets)
                atexit.register(self.stop)
                self._started = True

    def check_files(self) -> None:
        """Read the files that settings name, as `start` does, while a worker before may go on if one cannot be used.

        Raises:
            SecretFileError: a file of secrets cannot be used.
        """
        secret_or_file(self.settings.secret, self.settings.secret_file, "UNISON_SECRET_FILE")
        adminauth.operators(self.settings)
        if self.settings.tokens_file:
            senders(self.settings, self._data_dir)

    def _check_not_ending(self) -> None:
        if self._is_ending:
            raise ServiceUnavailable("the server is restarting or stopping; try again in 2 s", retry_after=2)

    def _open(self) -> None:
        settings = self.settings
        self.history = History(
            settings.data_dir / FILE_NAME,
            self.gazetteer,
            days=settings.history_days,
            max_rows=settings.history_max_rows,
            shared_max=settings.shared_max,
            clock=self.now,
            prune_clock=lambda: self.clock.now_if_held(settings.prune_after_s),
        )
        self.heard = RecentTracks(self.history.tracks, time.monotonic)
        self.charts = playlist.charts(self.history, self.gazetteer, self.now)
        self.figures = stats.figures(self.history, self.gazetteer, self.now)
        self._data_dir.open()
        try:
            key = secret_or_file(settings.secret, settings.secret_file, "UNISON_SECRET_FILE")
            self.secret = self._data_dir.secret(key)
            self.senders = senders(settings, self._data_dir, open_on_loopback=self._open_on_loopback)
            self.operators = adminauth.operators(settings)
            self.tabs = visitorplays.tabs(self.secret)
            self.history.open()
        except Exception:
            self._data_dir.close()
            raise
        self.drawing, self.album, self.codes = Renderer(), ImageCache(), ImageCache(CODES_BYTES)
        self.readers = ParseWorkers(self.gazetteer, self.secret, lambda: round(self.now() * 1000))

    def _assemble(self) -> None:
        """Make the moving parts, on the loop that they live on."""
        settings = self.settings
        self.plays = MemoryBus(time.monotonic)
        self.records = MemoryBus(time.monotonic, RESUME_S, RESUME_BYTES)
        start_ms = round((self.now() - settings.lateness_s) * 1000)
        lateness_ms = round(settings.lateness_s * 1000)
        self.matching = MatchingProcess(self.secret, round(settings.window_s * 1000), start_ms, lateness_ms)
        self.pipeline = Pipeline(
            self.plays, self.records, self.matching, self.clock, settings.lateness_s, self.metrics.closed
        )
        self.hub = Hub(bye=lambda: frames.bye(random.randint(2_000, 10_000)))
        self.channels = Channels(
            self.records,
            self.hub,
            self.history,
            self.gazetteer,
            clock=self.now,
            shown_per_s=settings.shown_per_s,
            filters_max=settings.filters_max,
            window_s=settings.window_s,
            offload=offload,
        )
        most = min(settings.viewers_max, room_for_viewers(file_limit()))
        self.viewers = Viewers(self.loop, self.hub, self.channels, most, settings.viewers_per_address)
        self.records.subscribe(lambda _, message: self.metrics.record(SliceRecord.decode(message).counts))
        observe(self)

    def _keep_history(self) -> None:
        gevent.sleep(FLUSH_S)
        offload(self.history.flush)
        offload(self.history.prune)
        offload(self.history.update_sums)

    def _look_at_secrets(self) -> None:
        gevent.sleep(SECRETS_S)
        offload(self.senders.reload)
        offload(self.operators.reload)

    def _look_at_health(self) -> None:
        gevent.sleep(HEALTH_S)
        self.health.log_changes()

    # What the blueprints ask for.

    def submit_plays(self, batch: bytes, n: int) -> int:
        """Hand n encoded plays to the matcher; return how many of them come too late.

        Raises:
            Overloaded: too many plays are waiting; none was taken.
            ServiceUnavailable: the application is ending; none was taken.
        """
        self.check_room(n)
        return self.pipeline.submit(batch)

    def check_room(self, n: int = 1) -> None:
        """See whether n more plays can be taken in, or one at least.

        Raises:
            Overloaded: too many plays are waiting.
            ServiceUnavailable: the application is ending.
        """
        self._check_not_ending()
        if self.pipeline.waiting + n > self.settings.plays_max:
            self.metrics.refused(n)
            raise Overloaded(retry_after_s=1.0)

    def stop(self) -> None:
        """Close the open slices, write what is pending, say goodbye to the viewers, close all."""
        with self._starting:
            self._is_ending = True
            if not self._started:
                return
            self._started = False
        atexit.unregister(self.stop)
        self.loop.call(self.pipeline.finish, FINISH_S)
        offload(self.history.flush)  # before viewers take their time
        self.loop.call(self._say_goodbye)
        self.loop.stop()
        self.matching.stop()
        self.readers.stop()
        self.drawing.stop()
        self.history.close()
        self._data_dir.close()

    def _say_goodbye(self) -> None:
        spread_ms = 1_000 + self.hub.viewers  # a thousand may come back each second
        self.hub.close(lambda: frames.bye(random.randint(500, 500 + spread_ms)), wait_s=GOODBYE_S)
