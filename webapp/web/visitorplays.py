"""Visitors' own plays (`UNISON_VISITOR_PLAYS=1`): a press on a song of the page, from a city that the visitor picked.

A tab gets a token first: no page of another site can read it, and it holds the random name of the tab's listener.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

import msgspec
from flask import Blueprint, Response, request
from msgspec import to_builtins
from werkzeug.exceptions import BadRequest, Forbidden, NotFound, TooManyRequests

from webapp.config import Settings
from webapp.core import matchlookup
from webapp.core.filters import Filter
from webapp.core.frames import apart, connection_json, place_json
from webapp.core.gazetteer import Gazetteer
from webapp.core.matchlookup import KnownBy, Press, Pulse
from webapp.core.nearplays import Closest
from webapp.core.playparser import ParsedPlays
from webapp.core.plays import SOURCES, PlayBatch, Source, late_in
from webapp.core.records import wire_track_id
from webapp.engine.ingest import Ingest
from webapp.engine.live import Live
from webapp.engine.offload import offload
from webapp.engine.pressoutcomes import KEEP_S, PressOutcomes
from webapp.storage.history import History
from webapp.web.clientaddress import client_address
from webapp.web.errors import JSON
from webapp.web.origincheck import check_own_page
from webapp.web.ratelimits import Rate, RateLimits
from webapp.web.requestbodies import MemoryBudget, read_body
from webapp.web.visitortokens import BadData, VisitorTokens

TOKEN = "X-CSRF-Token"
TOKEN_S = 24 * 3600
PRESS_MOST = 1_000
"""Bytes of a press."""
SOON_S = 0.25
_PRESS = "unison press"

PRESSES = Rate(burst=20, per_s=0.5)
"""Visitors' presses, for one address. Many may agree on a second."""
PRESSES_OF_ALL = Rate(burst=5_000, per_s=1_000.0)


class Sent(msgspec.Struct, forbid_unknown_fields=True):
    """What a tab sends: a `track.id` of the feed, a city's GeoNames id, epoch seconds; without these, of arrival."""

    track: str
    city: int
    pressed_at: float | None = None


def create_blueprint(
    settings: Settings,
    gazetteer: Gazetteer,
    history: History,
    live: Live,
    ingest: Ingest,
    bodies: MemoryBudget,
    secret: Callable[[], bytes],
) -> Blueprint:
    """Take visitors' plays, and say what came of them."""
    blueprint, limits = Blueprint("visitorplays", __name__), RateLimits(PRESSES_OF_ALL, PRESSES)
    tokens, clock = VisitorTokens(secret, live.clock.now), live.clock
    outcomes = PressOutcomes(live.records, history, gazetteer, round(settings.window_s * 1000))
    source: Source = "synthetic" if settings.demo else "live"

    @blueprint.before_request
    def require_wanted() -> None:
        """Answer 404 where visitors are not to press play."""
        if not settings.visitor_plays:
            raise NotFound("visitors cannot press play on this server; UNISON_VISITOR_PLAYS=1 allows it")

    @blueprint.get("/play/token")
    def token() -> Response:
        """Return a token for one tab, and the time here, by which it can tell when it pressed."""
        check_own_page(request, settings, "press play here")
        return _json({"token": tokens.sign(secrets.token_hex(16)), "now": round(clock.now(), 3)}, 200)

    @blueprint.post("/play")
    def play() -> Response:
        """Take a visitor's play.

        Returns when it counts as pressed, whether it came too late for when it was, so that it counts from its arrival,
        where it was, and whether it is a simulated play; and the name under which `GET /play/<press>` has what came of
        it, with after how many seconds to ask.
        """
        check_own_page(request, settings, "press play here")
        listener = _listener(tokens)
        if wait_s := limits.spend(client_address(request, settings)):
            raise TooManyRequests(f"too many presses; try again in {wait_s} s", retry_after=wait_s)
        sent, began_s = _sent(bodies), time.perf_counter()
        song = _song(sent.track, history, gazetteer)
        taken = _parsed(ingest, sent, song, listener, source)
        late = late_in(taken.batch, round(clock.now() * 1000), round(settings.lateness_s * 1000)) > 0
        if late:
            taken = _parsed(ingest, msgspec.structs.replace(sent, pressed_at=None), song, listener, source)
        press = _press(taken, live.records.last, source)
        outcomes.expect(press)
        ingest.submit(taken, began_s)
        told = {
            "pressed_at": press.at_ms / 1000,
            "late": late,
            "source": source,
            "place": place_json(gazetteer[int(PlayBatch.decode(taken.batch).city[0])]),
            "press": tokens.sign(to_builtins(press), _PRESS),
            "ask_after_s": _ask_after_s(press, live, settings),
        }
        return _json(told, 202)

    @blueprint.get("/play/<press>")
    def outcome(press: str) -> Response:
        """Return what came of a press: its connection (`met`), or its `pulse` with someone else in its city.

        Or after how many seconds to ask again, which is null once it is known that there was nobody. `alone` says that
        nobody can have pressed within the window; a client whose time is not exact can still meet it. Then `near` is
        the play of its song that came closest, and `searched` how many seconds before and after were searched for it.
        """
        pressed = _pressed(tokens, press)
        found = outcomes.of(pressed)
        is_shown = found.met and not history.rules.hides_connection(found.met, gazetteer)
        met = msgspec.Raw(connection_json(found.met, gazetteer)) if found.met and is_shown else None
        is_named = found.pulse and gazetteer[found.pulse.city].geoname_id not in history.rules.cities
        pulse = _pulse_json(found.pulse, gazetteer) if found.pulse and is_named else None
        is_found = met is not None or pulse is not None
        again_s = None if is_found else _ask_after_s(pressed, live, settings)
        alone = not is_found and live.intake.closed_ms >= _known_by_ms(pressed, settings).pulse
        near, searched = outcomes.closest(pressed) if alone else (None, None)
        told = {
            "met": met,
            "pulse": pulse,
            "near": near and _near_json(near, gazetteer),
            "searched": searched and searched._asdict(),
            "ask_after_s": again_s,
            "alone": alone,
        }
        return _json(told, 200)

    return blueprint


def _listener(tokens: VisitorTokens) -> str:
    """Return the listener of the request's token."""
    try:
        return f"visitor {tokens.read(request.headers.get(TOKEN, ''), TOKEN_S)}"
    except BadData:
        raise Forbidden(f"{TOKEN} is missing, expired or invalid; get one from GET /play/token") from None


def _sent(bodies: MemoryBudget) -> Sent:
    with bodies.account() as hold:
        body = read_body(request, hold, PRESS_MOST)
    try:
        return msgspec.json.decode(body, type=Sent)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadRequest(f'expected {{"track": "<track.id>", "city": <GeoNames id>}}: {error}') from None


def _song(track_id: str, history: History, gazetteer: Gazetteer) -> dict[str, str]:
    """Return a song that the history knows, as a play gives it."""
    known = offload(history.latest, Filter.parse([("track", track_id)], gazetteer, history.aliases), 1)
    if not known:
        raise NotFound(f"there is no song with the id {track_id!r}")
    return {name: value for name, value in msgspec.json.decode(known[0].track).items() if name != "id"}


def _parsed(ingest: Ingest, sent: Sent, song: dict[str, str], listener: str, source: Source) -> ParsedPlays:
    """Read it as a play like any other."""
    play = {"track": song, "place": {"geoname_id": sent.city}, "listener": listener, "pressed_at": sent.pressed_at}
    taken = ingest.parse(msgspec.json.encode(play), source)
    if taken.errors:
        raise BadRequest(f"{taken.errors[0].field}: {taken.errors[0].error}")
    return taken


def _press(taken: ParsedPlays, after: int, source: Source) -> Press:
    """Return the press of the one play that was taken."""
    batch = PlayBatch.decode(taken.batch)
    return Press(str(wire_track_id(batch.tracks[0]), "ascii"), int(batch.listener[0]), int(batch.at[0]), after, source)


def _pressed(tokens: VisitorTokens, name: str) -> Press:
    """Return the press of a name that `play` gave."""
    try:
        return msgspec.convert(tokens.read(name, KEEP_S, _PRESS), Press)
    except BadData:
        raise NotFound(f"{name[:40]!r} is not a press of the last {KEEP_S:g} s") from None


def _known_by_ms(press: Press, settings: Settings) -> KnownBy:
    return matchlookup.known_by_ms(press, round(settings.window_s * 1000))


def _ask_after_s(press: Press, live: Live, settings: Settings) -> float | None:
    """Return the seconds until more is known than now, or None where all is."""
    if press.after + 1 < live.channels.since:  # the clock was set back, and the slices of before are closed
        return None
    wanted = [end_ms for end_ms in _known_by_ms(press, settings) if end_ms > live.intake.closed_ms]
    if not wanted:
        return None
    return round(max(SOON_S, min(wanted) / 1000 + settings.lateness_s - live.clock.now()), 3)


def _pulse_json(pulse: Pulse, gazetteer: Gazetteer) -> dict[str, object]:
    return {**apart(pulse.apart_ms, pulse.within_s), "place": place_json(gazetteer[pulse.city])}


def _near_json(near: Closest, gazetteer: Gazetteer) -> dict[str, object]:
    """Return a near miss. `within_s` is there only if its time is not exact."""
    told = {"city": place_json(gazetteer[near.city]), "seconds": near.seconds, "source": SOURCES[near.source]}
    return {**told, **({"within_s": near.within_s} if near.within_s else {})}


def _json(told: object, status: int) -> Response:
    return Response(msgspec.json.encode(told) + b"\n", status, {"Cache-Control": "no-store"}, content_type=JSON)
