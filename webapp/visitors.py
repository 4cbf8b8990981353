"""Visitors' own plays (`UNISON_VISITOR_PLAYS=1`): a press on a song of the page, from a city that the visitor picked.

A tab gets a token first: no page of another site can read it, and it holds the random name of the tab's listener.
"""

from __future__ import annotations

import hashlib
import secrets
import time

import msgspec
from flask import Blueprint, Response, request
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.exceptions import BadRequest, Forbidden, NotFound, RequestEntityTooLarge, TooManyRequests

from webapp.admission import check_own_page, client_address
from webapp.bodies import read_body
from webapp.errors import JSON
from webapp.frames import place_json
from webapp.ingest import overload_told
from webapp.plays import SLICE_MS, PlayBatch, late_in
from webapp.reading import Taken
from webapp.runtime import offload, unison
from webapp.selection import Filter, FilterError

TOKEN = "X-CSRF-Token"
TOKEN_S = 24 * 3600
PRESS_MOST = 1_000
"""Bytes of a press."""

blueprint = Blueprint("visitors", __name__)


class Press(msgspec.Struct, forbid_unknown_fields=True):
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

    Returns when it counts as pressed, whether that is too late to count, after how many seconds it will be known whom
    it met, and where it was.
    """
    app = unison()
    check_own_page(request, app.settings, "press play here")
    listener = _listener(request.headers.get(TOKEN, ""))
    if wait_s := app.presses.take(client_address(request, app.settings)):
        raise TooManyRequests(f"not so fast; again in {wait_s} s", retry_after=wait_s)
    press, began = _press(), time.perf_counter()
    taken = _taken(press, listener)
    with overload_told():
        app.take_plays(taken.batch, taken.accepted)
    app.metrics.ingested(taken.by_source, taken.rejected, time.perf_counter() - began)
    batch, now = PlayBatch.decode(taken.batch), app.now()
    at_ms, lateness_ms = int(batch.at[0]), round(app.settings.lateness_s * 1000)
    known_ms = at_ms + round(app.settings.window_s * 1000) + SLICE_MS + lateness_ms
    return _json(
        {
            "pressed_at": at_ms / 1000,
            "late": late_in(taken.batch, round(now * 1000), lateness_ms) > 0,
            "known_after_s": round(max(0.0, known_ms / 1000 - now), 3),
            "place": place_json(app.gazetteer[int(batch.city[0])]),
        },
        202,
    )


def _listener(token: str) -> str:
    """Return the listener that a token is of."""
    try:
        return f"visitor {unison().tabs.loads(token, max_age=TOKEN_S)}"
    except BadData:
        raise Forbidden(f"{TOKEN} is missing, too old or not one of ours; GET /play/token gives one") from None


def _press() -> Press:
    with unison().bodies.account() as hold:
        body = read_body(request, hold)
    if len(body) > PRESS_MOST:
        raise RequestEntityTooLarge(f"{len(body)} bytes are more than the {PRESS_MOST} of a press")
    try:
        return msgspec.json.decode(body, type=Press)
    except msgspec.DecodeError as error:
        raise BadRequest(f'expected {{"track": "<track.id>", "city": <GeoNames id>}}: {error}') from None


def _taken(press: Press, listener: str) -> Taken:
    """Read it as a live play like any other, of a song that the history knows."""
    app = unison()
    try:
        song = Filter.parse([("track", press.track)], app.gazetteer)
    except FilterError as error:
        raise BadRequest(str(error)) from None
    known = offload(app.history.latest, song, 1)
    if not known:
        raise NotFound(f"no song with the id {press.track!r} was lately connected here")
    track = {name: value for name, value in msgspec.json.decode(known[0].track).items() if name != "id"}
    sent = {"track": track, "place": {"geoname_id": press.city}, "listener": listener, "pressed_at": press.pressed_at}
    taken = app.readers.take(msgspec.json.encode(sent), "live", lines=False)
    if taken.errors:
        raise BadRequest(f"{taken.errors[0].field}: {taken.errors[0].error}")
    return taken


def _json(told: object, status: int) -> Response:
    return Response(msgspec.json.encode(told) + b"\n", status, {"Cache-Control": "no-store"}, content_type=JSON)
