"""/connect (`UNISON_CONNECT=1`): listeners get a token for their own player, see its first play arrive, and delete it.

Nothing here depends on cookies. The page gets a signed text first, which pages of other sites cannot read.
"""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, Response, render_template, request
from flask_babel import gettext
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import BadRequest, Forbidden, NotFound, ServiceUnavailable, TooManyRequests, Unauthorized

from webapp.config import Settings
from webapp.core.frames import place_json
from webapp.core.gazetteer import Gazetteer, PlaceError
from webapp.core.principals import Principal
from webapp.engine.heardsongs import Heard, HeardSongs
from webapp.engine.offload import offload
from webapp.storage.accounts import Accounts, Activity
from webapp.web import clientguides
from webapp.web.clientaddress import client_address
from webapp.web.errors import JSON
from webapp.web.hosts import public_base
from webapp.web.languages import sentence
from webapp.web.origincheck import check_own_page
from webapp.web.ratelimits import Rate, RateLimits
from webapp.web.requestbodies import MemoryBudget, read_body
from webapp.web.responses import page_response
from webapp.web.visitortokens import BadData, VisitorTokens

SIGNED = "X-CSRF-Token"
SIGNED_S = 24 * 3600
WISH_MOST = 1_000
"""Bytes of a wish for a token."""
TOKENS = Rate(burst=10, per_s=1 / 60)
"""Tokens that one address may get: a household, or a class that tries it."""
TOKENS_OF_ALL = Rate(burst=500, per_s=0.5)
"""So few that those of a day, after which an unused one may go, leave room for others."""
QUESTIONS = Rate(burst=120, per_s=20.0)
"""About tokens, of one address; a page asks every two seconds."""
QUESTIONS_OF_ALL = Rate(burst=5_000, per_s=2_500.0)
EXAMPLE = "https://unison.example.org"
"""Stands for the server's address where that is not known."""
TOKEN, USER = sentence("token"), sentence("user name")
"""Stand in the guides until there is a token."""
_SALT = "unison connect"


class Wish(msgspec.Struct, forbid_unknown_fields=True):
    """What the page asks for: a token of the city with that GeoNames id."""

    city: int


def create_blueprint(
    settings: Settings,
    gazetteer: Gazetteer,
    accounts: Accounts,
    songs: HeardSongs,
    bodies: MemoryBudget,
    signed: VisitorTokens,
) -> Blueprint:
    """Serve the page, and what it asks for."""
    blueprint, owners = Blueprint("connect", __name__), _Owners(settings, accounts)
    makings = RateLimits(TOKENS_OF_ALL, TOKENS)

    @blueprint.before_request
    def require_wanted() -> None:
        """Answer 404 where listeners are not to connect their players."""
        if not settings.connect:
            raise NotFound("listeners cannot connect their players to this server; UNISON_CONNECT=1 allows it")

    @blueprint.get("/connect")
    def page() -> Response:
        """Serve the page."""
        base = public_base(request, settings) or ""
        return page_response(
            render_template(
                "connect.html",
                base=base,
                guides=clientguides.GUIDES,
                fixed=clientguides.FIXED,
                needs=clientguides.NEEDS,
                k=settings.listeners_to_name_a_city,
                shown=lambda text: clientguides.filled(text, _placeholders(base)),
            )
        )

    @blueprint.app_context_processor
    def offer() -> dict[str, bool]:
        """Tell all pages whether there is this one."""
        return {"can_connect": settings.connect}

    @blueprint.get("/connect/csrf")
    def sign() -> Response:
        """Return the signed text with which the page may ask for a token."""
        check_own_page(request, settings, "get tokens here")
        return _json({"token": signed.sign("", _SALT)}, 200)

    @blueprint.post("/connect")
    def make() -> Response:
        """Make a token for a city, and return it this once."""
        check_own_page(request, settings, "get tokens here")
        _check_signed(signed)
        city = _city(bodies, gazetteer)
        if wait_s := makings.spend(client_address(request, settings)):
            raise TooManyRequests(f"too many tokens; try again in {wait_s} s", retry_after=wait_s)
        made = offload(lambda: accounts.create("listener", city))
        songs.watch(made.principal.id)
        return _json({"token": made.text, "user": made.principal.id, "city": _place(city, gazetteer)}, 201)

    @blueprint.get("/connect/status")
    def status() -> Response:
        """Return what has come from the token's player."""
        owner = owners.of_request("ask about tokens here")
        activity = accounts.activity(owner.id) or Activity()
        heard = songs.watch(owner.id)
        return _json(_told(owner, activity, heard, gazetteer), 200)

    @blueprint.delete("/connect")
    def delete() -> Response:
        """Delete the token, and all that is kept of it."""
        owner = owners.of_request("delete tokens here")
        songs.forget(owner.id)
        offload(lambda: accounts.revoke(owner.id))
        return _json({"deleted": owner.id}, 200)

    return blueprint


def _placeholders(base: str) -> dict[str, str]:
    """Return what stands in the guides until the page's script knows better."""
    return clientguides.values(base or EXAMPLE, f"‹{gettext(TOKEN)}›", f"‹{gettext(USER)}›")


class _Owners:
    """Finds whose token a request has."""

    def __init__(self, settings: Settings, accounts: Accounts) -> None:
        self._settings, self._accounts = settings, accounts
        self._limits = RateLimits(QUESTIONS_OF_ALL, QUESTIONS)

    def of_request(self, deed: str) -> Principal:
        """Return whose token it is; `deed` is what pages of other sites may not do with it."""
        check_own_page(request, self._settings, deed)
        if wait_s := self._limits.spend(client_address(request, self._settings)):
            raise TooManyRequests(f"too many questions; try again in {wait_s} s", retry_after=wait_s)
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        owner = self._accounts.by_token(text.strip()) if scheme.lower() == "bearer" else None
        if owner is None and self._accounts.problem:
            raise ServiceUnavailable("the tokens cannot be read now; try again later")
        if owner is None:
            raise Unauthorized("this token is not valid", www_authenticate=WWWAuthenticate("bearer"))
        return owner


def _check_signed(signed: VisitorTokens) -> None:
    try:
        signed.read(request.headers.get(SIGNED, ""), SIGNED_S, _SALT)
    except BadData:
        raise Forbidden(f"{SIGNED} is missing, expired or invalid; get one from GET /connect/csrf") from None


def _city(bodies: MemoryBudget, gazetteer: Gazetteer) -> int:
    """Return the GeoNames id of the city that is asked for."""
    with bodies.account() as hold:
        body = read_body(request, hold, WISH_MOST)
    try:
        wish = msgspec.json.decode(body, type=Wish)
        return gazetteer[gazetteer.by_id(wish.city)].geoname_id
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadRequest(f'expected {{"city": <GeoNames id>}}: {error}') from None
    except PlaceError as error:
        raise BadRequest(str(error)) from None


def _told(owner: Principal, activity: Activity, heard: Heard | None, gazetteer: Gazetteer) -> dict[str, Any]:
    """Return what the page is told of a token.

    `state` is "waiting" before anything came, "playing" after a press, "polling" where the player's plays are counted
    and not drawn, "connected" where something else came. `song` is null where the page was not open at the press.
    """
    pressed = activity.pressed_s is not None
    return {
        "user": owner.id,
        "city": _place(owner.city, gazetteer),
        "state": _state(activity),
        "pressed_at": round(activity.pressed_s, 3) if activity.pressed_s is not None else None,
        "pressed_in": _place(activity.pressed_city, gazetteer),
        "song": heard._asdict() if heard and pressed else None,
        "presses": activity.presses,
        "scrobbles": activity.scrobbles,
    }


def _state(activity: Activity) -> str:
    if activity.pressed_s is not None:
        return "playing"
    if activity.used_s is None:
        return "waiting"
    return "polling" if activity.client == "poller" else "connected"


def _place(city: int | None, gazetteer: Gazetteer) -> msgspec.Raw | None:
    """Return a city as on the wire; None for none, and for one that a newer gazetteer does not have."""
    try:
        return None if city is None else place_json(gazetteer[gazetteer.by_id(city)])
    except PlaceError:
        return None


def _json(told: object, status: int) -> Response:
    return Response(msgspec.json.encode(told) + b"\n", status, {"Cache-Control": "no-store"}, content_type=JSON)
