"""The application: its services, and the pages and interfaces that each gets what it needs of them."""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import Flask

from webapp.config import Settings
from webapp.resources import TEMPLATES
from webapp.services import Services
from webapp.web import (
    adminauth,
    api,
    assets,
    atom,
    basepath,
    confirmation,
    connect,
    embed,
    embedbuilder,
    errors,
    frontdoor,
    headerlimits,
    hosts,
    ingest,
    languages,
    linkpreview,
    locating,
    moderation,
    momentimages,
    moments,
    oembed,
    openapi,
    overviewimages,
    pagecache,
    pages,
    playlist,
    privacy,
    probes,
    proxywarning,
    requestbodies,
    requestmetrics,
    roles,
    securityheaders,
    sleeves,
    stats,
    status,
    stream,
    today,
    visitorplays,
)
from webapp.web.dialectreading import DialectReader
from webapp.web.dialectrequests import Bases
from webapp.web.frontdoor import FrontDoor
from webapp.web.imageresponses import ImageResponses
from webapp.web.locating import Locator
from webapp.web.momentlookup import Moments
from webapp.web.servicetokens import PlaySenders
from webapp.web.visitortokens import VisitorTokens

log = logging.getLogger(__name__)


def create_app(settings: Settings | None = None, *, open_on_loopback: bool = False) -> Flask:
    """Build the application. It opens nothing before it serves its first request.

    Args:
        settings: those of the environment if left out.
        open_on_loopback: take plays from this machine without a token; see `IngestAuth`.
    """
    if settings is None:
        settings = Settings.from_env()
        for sentence in Settings.warnings():
            log.warning(sentence, extra={"event": "setting_ignored"})
    services = Services(settings, open_on_loopback=open_on_loopback)
    return make_app(services, services.start)


def make_app(services: Services, start: Callable[[], None]) -> Flask:
    """Build an application of services; each request calls `start` first."""
    app = Flask("webapp", template_folder=str(TEMPLATES), static_folder=None)
    app.url_map.merge_slashes = False  # the redirect that merges them leads to whatever Host the request names
    app.before_request(start)
    languages.init_app(app)
    sleeves.init_app(app)
    linkpreview.init_app(app)
    locating.init_app(app, services.addresses)
    _add_pages(app, services)
    _add_layers(app, services, start)
    return app


def _add_pages(app: Flask, services: Services) -> None:
    """Register all blueprints."""
    settings, gazetteer, history, clock = services.settings, services.gazetteer, services.history, services.clock
    tracks, live, loop, health, images = services.tracks, services.live, services.loop, services.health, services.images
    charts, answers = playlist.chart_cache(history, gazetteer, clock.now), ImageResponses(settings, images)
    found = Moments(settings, history, live.lookup)
    totals = today.TodayTotals(history, gazetteer, lambda: live.records.stream, clock.now)
    for blueprint in (
        pages.create_blueprint(settings, gazetteer, history, tracks, services.assets),
        assets.create_blueprint(services.assets),
        moments.create_blueprint(settings, gazetteer, history, found),
        momentimages.create_blueprint(settings, gazetteer, history, found, answers),
        playlist.create_blueprint(settings, gazetteer, charts),
        overviewimages.create_blueprint(gazetteer, history, tracks, charts, clock, answers),
        stats.create_blueprint(gazetteer, history, clock, totals, charts),
        today.create_blueprint(gazetteer, history, totals, clock.now),
        atom.create_blueprint(settings, gazetteer, history),
        embed.create_blueprint(settings, gazetteer, found, clock, services.assets),
        embedbuilder.create_blueprint(settings),
        confirmation.create_blueprint(settings, services.accounts, services.principals, services.bodies),
        connect.create_blueprint(
            settings,
            gazetteer,
            services.accounts,
            services.songs,
            services.bodies,
            VisitorTokens(services.secret, clock.now),
        ),
        privacy.create_blueprint(settings, services.addresses),
        oembed.create_blueprint(settings, gazetteer, found),
        openapi.create_blueprint(settings),
        api.create_blueprint(gazetteer, history, tracks, live, loop),
        probes.create_blueprint(health),
        visitorplays.create_blueprint(
            settings, gazetteer, history, live, services.ingest, services.bodies, services.secret
        ),
        status.create_blueprint(settings, services.operators, live, loop, health, services.metrics, services.recent),
        moderation.create_blueprint(
            settings, services.operators, services.moderation, gazetteer, history, services.bodies, services.apply_rules
        ),
    ):
        app.register_blueprint(blueprint)


def _front_door(services: Services) -> FrontDoor:
    return FrontDoor(
        services.settings,
        Bases(services.settings),
        services.gazetteer,
        services.accounts,
        services.principals,
        Locator(services.settings, services.gazetteer, services.addresses),
        services.announcements,
        services.rates,
        services.bodies,
        services.metrics,
        services.clock,
        DialectReader(),
    )


def _add_layers(app: Flask, services: Services, start: Callable[[], None]) -> None:
    """Add what is the same for all requests, or answers before Flask would. What a request meets first stands last."""
    settings, metrics = services.settings, services.metrics
    errors.init_app(app)
    pagecache.init_app(app, settings, lambda: services.live.channels.seq, lambda: services.history.rules.version)
    requestbodies.init_app(app)
    roles.init_app(app, settings)
    if settings.shows:
        stream.init_app(app, settings, services.gazetteer, services.history, services.viewers, metrics, start)
    if settings.takes_plays:
        _add_ways_in(app, services, start)
    adminauth.init_app(app, settings)
    hosts.init_app(app, settings)
    proxywarning.init_app(app, settings, services.health)
    basepath.init_app(app, settings.public_url)
    securityheaders.init_app(app)
    headerlimits.init_app(app)
    requestmetrics.init_app(app, settings, metrics)


def _add_ways_in(app: Flask, services: Services, start: Callable[[], None]) -> None:
    """Add the ways in for plays."""
    frontdoor.init_app(app, _front_door(services), start)
    senders = PlaySenders(
        services.senders, services.accounts, services.rates, lambda id: services.history.rules.blocks_token(id)
    )
    ingest.init_app(app, services.ingest, services.gazetteer, senders, services.bodies, start)
