"""/api/admin/moderation: what an operator hides, to read, to change, and to try a change before it is made."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from flask import Blueprint, Response, request
from werkzeug.exceptions import BadRequest, NotFound, ServiceUnavailable

from webapp.config import Settings
from webapp.core.filters import Filter
from webapp.core.frames import connection_json
from webapp.core.gazetteer import Gazetteer
from webapp.core.moderation import NO_RULES, Rules
from webapp.core.moderationlist import Line
from webapp.core.records import Connection
from webapp.engine.moderation import Moderation
from webapp.engine.offload import offload
from webapp.storage.history import History
from webapp.storage.moderationfile import ListFileError
from webapp.web.adminauth import AdminAuth
from webapp.web.errors import JSON, QueryError
from webapp.web.origincheck import check_own_page
from webapp.web.requestbodies import MemoryBudget, read_body

PATH = "/api/admin/moderation"
RULE_MOST = 10_000
"""Bytes of a request for a change."""
NEWEST, NEWEST_MOST = 1_000, 10_000
"""Connections that a dry run searches, unless asked for others, and at most."""
EXAMPLES = 20

T = TypeVar("T")


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """What a change is about."""

    rule: str


def create_blueprint(
    settings: Settings,
    operators: AdminAuth,
    moderation: Moderation,
    gazetteer: Gazetteer,
    history: History,
    bodies: MemoryBudget,
    apply: Callable[[], None],
) -> Blueprint:
    """Serve the list; `apply` has everything hide what it says now."""
    blueprint = Blueprint("moderation", __name__)

    @blueprint.before_request
    def require_operator() -> None:
        """Refuse everybody else, and pages of other sites, for which a browser may send an operator's password."""
        operators.check(request)
        check_own_page(request, settings, "change what is hidden here")

    @blueprint.get(PATH)
    def read() -> Response:
        """Return the rules, and the lines that cannot be used."""
        listing = moderation.listing
        problems = [{"line": each.number, "error": each.error} for each in listing.problems]
        rules = [{"line": line.number, **_told(line)} for line in listing.lines]
        told = {"version": listing.rules.version, "rules": rules, "problems": problems, "problem": moderation.problem}
        return _json(told)

    @blueprint.post(PATH)
    def add() -> Response:
        """Add a rule, or with `?dry_run=1` say what it would hide."""
        text, most = _wanted(bodies), _newest()
        line = offload(moderation.read_rule, text)
        if _is_dry_run():
            return try_out(line, most, Rules(moderation.rules.rules | {line.rule}))
        is_new = _changed(lambda: moderation.add(text, operators.who))
        apply()
        return _json({"version": moderation.rules.version, "added": is_new, **_told(line)}, 201 if is_new else 200)

    @blueprint.delete(PATH)
    def remove() -> Response:
        """Remove the rule `?rule=`, or with `&dry_run=1` say what would be shown again."""
        text, most = request.args.get("rule", ""), _newest()
        line = offload(moderation.read_rule, text)
        if _is_dry_run():
            return try_out(line, most, Rules(moderation.rules.rules - {line.rule}))
        if not _changed(lambda: moderation.remove(text, operators.who)):
            raise NotFound(f"the list has no rule {text[:80]!r}")
        apply()
        return _json({"version": moderation.rules.version, "removed": True, **_told(line)})

    def try_out(line: Line, most: int, after: Rules) -> Response:
        """Say which of the newest connections, so many at most, a change would hide or show."""
        searched = offload(history.latest, Filter(), most, rules=NO_RULES)
        found = offload(_differing, searched, moderation.rules, after, gazetteer)
        told = {
            "dry_run": True,
            "version": after.version,
            **_told(line),
            "searched": len(searched),
            "found": len(found),
            "connections": [msgspec.Raw(connection_json(each, gazetteer)) for each in found[:EXAMPLES]],
        }
        return _json(told)

    return blueprint


def _differing(searched: list[Connection], before: Rules, after: Rules, gazetteer: Gazetteer) -> list[Connection]:
    """Return the connections that one list hides and the other does not."""
    return [c for c in searched if before.hides_connection(c, gazetteer) != after.hides_connection(c, gazetteer)]


def _told(line: Line) -> dict[str, Any]:
    return {"rule": line.text, "kind": line.rule.kind, "value": line.rule.value, "means": line.means}


def _wanted(bodies: MemoryBudget) -> str:
    with bodies.account() as hold:
        body = read_body(request, hold, RULE_MOST)
    try:
        return msgspec.json.decode(body, type=Wanted).rule
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadRequest(f'expected {{"rule": "word: spam"}}: {error}') from None


def _is_dry_run() -> bool:
    text = request.args.get("dry_run", "0")
    if text not in ("0", "1"):
        raise QueryError(f"dry_run={text[:40]!r}: expected 0 or 1")
    return text == "1"


def _newest() -> int:
    text = request.args.get("newest", str(NEWEST))
    if not re.fullmatch("[0-9]{1,9}", text) or not 1 <= int(text) <= NEWEST_MOST:
        raise QueryError(f"newest={text[:40]!r}: expected a whole number from 1 to {NEWEST_MOST}")
    return int(text)


def _changed(change: Callable[[], T]) -> T:
    try:
        return offload(change)
    except ListFileError as error:
        raise ServiceUnavailable(str(error)) from error


def _json(told: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(told) + b"\n", status, {"Cache-Control": "no-store"}, content_type=JSON)
