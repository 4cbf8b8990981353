"""/api/auth: where a listener lets an app send their plays, as Last.fm's apps expect it.

The app gets a request token and opens this page with it. The listener types their Unison token, and the app then gets a
session. Nothing here depends on cookies, so no other site can act for a visitor.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import ServiceUnavailable, TooManyRequests

from webapp.config import Settings
from webapp.ingest.submissions import TokenGiven
from webapp.storage.accounts import Accounts
from webapp.web.clientaddress import client_address
from webapp.web.origincheck import check_own_page
from webapp.web.principals import Principals
from webapp.web.ratelimits import Rate, RateLimits
from webapp.web.requestbodies import MemoryBudget, read_body
from webapp.web.responses import localised
from webapp.web.securityheaders import CONTENT_SECURITY_POLICY, policy

TRIES = Rate(burst=10, per_s=0.2)
"""Tokens that one address may type."""
TRIES_OF_ALL = Rate(burst=1_000, per_s=50.0)
FORM_MOST = 4_000
"""Bytes of a form."""
_POLICY = policy(CONTENT_SECURITY_POLICY | {"form-action": "'self'"})


def create_blueprint(settings: Settings, accounts: Accounts, principals: Principals, bodies: MemoryBudget) -> Blueprint:
    """Serve the page, at both addresses that apps use."""
    blueprint, limits = Blueprint("confirmation", __name__), RateLimits(TRIES_OF_ALL, TRIES)
    asked = principals.request_tokens

    @blueprint.get("/api/auth")
    @blueprint.get("/api/auth/")
    def page() -> Response:
        """Ask for the listener's token, unless the request token waits for none."""
        given = request.args.get("token", "")
        return _page(given, 200) if asked.is_open(given) else _page("", 410)

    @blueprint.post("/api/auth")
    @blueprint.post("/api/auth/")
    def confirm() -> Response:
        """Have the request token stand for the listener whose token was typed."""
        check_own_page(request, settings, "connect an app")
        if wait_s := limits.spend(client_address(request, settings)):
            raise TooManyRequests(f"too many tries; try again in {wait_s} s", retry_after=wait_s)
        form = _form(bodies)
        given = form.get("token", "")
        if not asked.is_open(given):
            return _page("", 410)
        found = principals.find(TokenGiven(form.get("unison_token", "")), "").principal
        if found is None and accounts.problem:
            raise ServiceUnavailable("the tokens cannot be read now; try again later")
        if found is None or found.scope != "listener":
            return _page(given, 403)
        return _page("", 200) if asked.confirm(given, found.id) else _page("", 410)

    return blueprint


def _form(bodies: MemoryBudget) -> dict[str, str]:
    with bodies.account() as hold:
        body = read_body(request, hold, FORM_MOST)
    return dict(parse_qsl(body.decode("utf-8", "replace")))


def _page(token: str, status: int) -> Response:
    """Return the page: with a form for a request token, else with what became of it."""
    response = localised(render_template("confirmation.html", token=token, status=status))
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = _POLICY
    return response
