"""Visitors' own plays (`UNISON_VISITOR_PLAYS=1`): a press on a song of the page, from a city that the visitor picked.

A tab gets a token first: no page of another site can read it, and it holds the random name of the tab's listener.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterator

import msgspec
from flask import Blueprint, Response, request
from itsdangerous import BadData, URLSafeTimedSerializer
from msgspec import to_builtins
from werkzeug.exceptions import BadRequest, Forbidden, NotFound, TooManyRequests

from webapp.core import matchlookup
from webapp.core.filters import Filter, FilterError
from webapp.core.frames import connection_json, place_json
from webapp.core.matchlookup import Press
from webapp.core.playparser import ParsedPlays
from webapp.core.plays import SLICE_MS, PlayBatch, late_in
from webapp.core.records import SliceRecord, wire_track_id
from webapp.web.clientaddress import client_address
from webapp.web.errors import JSON
from webapp.web.ingest import overload_told
from webapp.web.origincheck import check_own_page
from webapp.web.ratelimits import Rate
from webapp.web.requestbodies import read_body
from webapp.web.runtime import offload, unison

TOKEN = "X-CSRF-Token"
TOKEN_S = 24 * 3600
PRESS_MOST = 1_000
"""Bytes of a press."""
ASKED_S = 60
"""So long after it one can ask what came of a press; the records' ring goes further back."""
SOON_S = 0.25
_PRESS = "unison press"

blueprint = Blueprint("visitorplays", __name__)

PRESSES = Rate(burst=20, per_s=0.5)
"""Visitors' presses, for one address. Many may agree on a second."""
PRESSES_OF_ALL = Rate(burst=5_000, per_s=1_000.0)


class Sent(msgspec.Struct, forbid_unknown_fields=True):
    """What a tab sends: a `track.id` of the feed, a city's GeoNames id, epoch seconds; without these, of arrival."""

    track: str
    city: int
    pressed_at: float | None = None


def tabs(secret: bytes) -> URLSafeTimedSerializer:
    """Return what signs tabs' tokens, and reads them."""
    signing = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeTimedSerializer(secret, "unison visitor", signer_kwargs=signing)


@blueprint.before_request
def require_wanted() -> None:
    """Answer 404 where visitors are not to press play."""
    if not unison().settings.visitor_plays:
        raise NotFound("visitors do not press play here; UNISON_VISITOR_PLAYS=1 lets them")


@blueprint.get("/play/token")
def token() -> Response:
    """Return a token for one tab, and the time here, by which it can tell when it pressed."""
    app = unison()
    check_own_page(request, app.settings, "press play here")
    return _json({"token": app.tabs.dumps(secrets.token_hex(16)), "now": round(app.now(), 3)}, 200)


@blueprint.post("/play")
def play() -> Response:
    """Take a visitor's play.

    Returns when it counts as pressed, whether it came too late for when it was, so that it counts from its arrival, and
    where it was; and the name under which `GET /play/<press>` has what came of it, with after how many seconds to ask.
    """
    app = unison()
    check_own_page(request, app.settings, "press play here")
    listener = _listener(request.headers.get(TOKEN, ""))
    if wait_s := app.presses.spend(client_address(request, app.settings)):
        raise TooManyRequests(f"not so fast; again in {wait_s} s", retry_after=wait_s)
    sent, began = _sent(), time.perf_counter()
    song = _song(sent.track)
    taken = _taken(sent, song, listener)
    late = late_in(taken.batch, round(app.now() * 1000), round(app.settings.lateness_s * 1000)) > 0
    if late:
        taken = _taken(msgspec.structs.replace(sent, pressed_at=None), song, listener)
    after = app.records.last
    with overload_told():
        app.submit_plays(taken.batch, 1)
    app.metrics.ingested(taken.by_source, 0, time.perf_counter() - began)
    batch = PlayBatch.decode(taken.batch)
    press = Press(str(wire_track_id(batch.tracks[0]), "ascii"), int(batch.city[0]), int(batch.at[0]), after)
    told = {
        "pressed_at": press.at_ms / 1000,
        "late": late,
        "place": place_json(app.gazetteer[press.city]),
        "press": app.tabs.dumps(to_builtins(press), salt=_PRESS),
        "ask_after_s": _ask_after_s(press),
    }
    return _json(told, 202)


@blueprint.get("/play/<press>")
def outcome(press: str) -> Response:
    """Return what came of a press: `met`, its connection, or `near_ms`, how far from it another in its city pressed.

    Or after how many seconds to ask again, which is null once it is known that there was nobody.
    """
    app = unison()
    pressed = _pressed(press)
    met = near_ms = None
    for number, record in _records(pressed):
        if found := matchlookup.find_connection(record, pressed, app.gazetteer):
            if offload(app.history.get, found.id) is None:  # what is shown has its page, and is kept once
                app.history.record_filtered(app.records.stream, number, [found])
            met = msgspec.Raw(connection_json(found, app.gazetteer))
            break
        near_ms = matchlookup.find_pulse_ms(record, pressed) if near_ms is None else near_ms
    again_s = None if met or near_ms is not None else _ask_after_s(pressed)
    return _json({"met": met, "near_ms": near_ms, "ask_after_s": again_s}, 200)


def _listener(token: str) -> str:
    """Return the listener that a token is of."""
    try:
        return f"visitor {_read(token, TOKEN_S)}"
    except BadData:
        raise Forbidden(f"{TOKEN} is missing, too old or not one of ours; GET /play/token gives one") from None


def _read(text: str, most_s: float, salt: str | None = None) -> object:
    """Return what `tabs` signed, at most so long ago; a clock that was set back makes it no older.

    Raises:
        BadData: it did not sign this, or longer ago.
    """
    value, signed = unison().tabs.loads(text, salt=salt, return_timestamp=True)
    if unison().now() - signed.timestamp() > most_s:
        raise BadData("too old")
    return value


def _sent() -> Sent:
    with unison().bodies.account() as hold:
        body = read_body(request, hold, PRESS_MOST)
    try:
        return msgspec.json.decode(body, type=Sent)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadRequest(f'expected {{"track": "<track.id>", "city": <GeoNames id>}}: {error}') from None


def _song(track_id: str) -> dict[str, str]:
    """Return a song that the history knows, as a play gives it."""
    app = unison()
    try:
        wanted = Filter.parse([("track", track_id)], app.gazetteer)
    except FilterError as error:
        raise BadRequest(str(error)) from None
    known = offload(app.history.latest, wanted, 1)
    if not known:
        raise NotFound(f"no song with the id {track_id!r} is kept here")
    return {name: value for name, value in msgspec.json.decode(known[0].track).items() if name != "id"}


def _taken(sent: Sent, song: dict[str, str], listener: str) -> ParsedPlays:
    """Read it as a live play like any other."""
    play = {"track": song, "place": {"geoname_id": sent.city}, "listener": listener, "pressed_at": sent.pressed_at}
    taken = unison().readers.parse(msgspec.json.encode(play), "live", lines=False)
    if taken.errors:
        raise BadRequest(f"{taken.errors[0].field}: {taken.errors[0].error}")
    return taken


def _pressed(name: str) -> Press:
    """Return the press of a name that `play` gave."""
    try:
        return msgspec.convert(_read(name, ASKED_S, _PRESS), Press)
    except BadData:
        raise NotFound(f"{name[:40]!r} names no press of the last {ASKED_S} s") from None


def _records(press: Press) -> Iterator[tuple[int, SliceRecord]]:
    """Yield the records that may hold it."""
    records = unison().records
    known = press.after <= records.last  # else it was pressed before a restart
    latest_ms = matchlookup.known_by_ms(press, round(unison().settings.window_s * 1000))[1] + SLICE_MS
    for number, message in records.read(max(press.after if known else 0, records.first - 1)):
        if press.at_ms < SliceRecord.end_of(message) <= latest_ms:  # to decode all of a minute takes long
            yield number, SliceRecord.decode(message)


def _ask_after_s(press: Press) -> float | None:
    """Return the seconds until more is known than now, or None where all is."""
    app = unison()
    if press.after + 1 < app.channels.since:  # the clock was set back, and the slices of before are closed
        return None
    wanted = [
        end
        for end in matchlookup.known_by_ms(press, round(app.settings.window_s * 1000))
        if end > app.pipeline.closed_ms
    ]
    if not wanted:
        return None
    return round(max(SOON_S, wanted[0] / 1000 + app.settings.lateness_s - app.now()), 3)


def _json(told: object, status: int) -> Response:
    return Response(msgspec.json.encode(told) + b"\n", status, {"Cache-Control": "no-store"}, content_type=JSON)
