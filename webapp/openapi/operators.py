"""What operators and their machines ask: health, figures, metrics, and what is hidden."""

from __future__ import annotations

from webapp.core.moderation import RULE_KINDS
from webapp.openapi.operations import (
    JSON,
    TEXT,
    WRITES,
    Json,
    Operation,
    Sample,
    answer,
    body,
    errors,
    media,
    of_json,
    query,
    ref,
)
from webapp.openapi.schemas import COUNT, items, of_struct, or_null, thing
from webapp.openapi.schemas import TEXT as WORDS
from webapp.web import moderation

TAG = "Operators"
RULE = "word: some slur"
_SENDS = {"Authorization": "Bearer $ADMIN_TOKEN"}
_REFUSED = ("401", "403", "404")
_DRY_RUN = query(
    "dry_run", "1 changes nothing, and says what a change would do.", {"type": "string", "enum": ["0", "1"]}
)
_NEWEST = query(
    "newest",
    "With `dry_run=1`: how many of the newest connections to search.",
    {"type": "integer", "minimum": 1, "maximum": moderation.NEWEST_MOST, "default": moderation.NEWEST},
)


def schemas() -> dict[str, Json]:
    """Return the schemas of answers, by name."""
    sentences = items(WORDS)
    rule: dict[str, Json] = {
        "rule": {**WORDS, "description": "As it is written."},
        "kind": {"type": "string", "enum": list(RULE_KINDS)},
        "value": {**WORDS, "description": "What it is compared by."},
        "means": {**WORDS, "description": "A city's name and country; else empty."},
    }
    version: Json = {**WORDS, "description": "A digest of all rules."}
    load = {"filters": COUNT, "backlog_bytes": COUNT, "plays_waiting": COUNT, "lag_s": {"type": "number"}}
    numbers = items({"type": "number"})
    recent: Json = thing(
        "The last 15 minutes: the highest value of each five seconds, the oldest first.",
        {
            "ago_s": {**numbers, "description": "How many seconds ago each was."},
            **dict.fromkeys(("viewers", "plays_per_s", "connections", "lag_s"), numbers),
        },
    )
    return {
        "Alive": thing("The process lives.", {"status": {"const": "ok"}}),
        "Ready": thing(
            "How the server does.",
            {
                "status": {"type": "string", "enum": ["ok", "degraded", "not ready"]},
                "problems": {**sentences, "description": "What keeps it from being ready."},
                "warnings": {**sentences, "description": "What does not work while the stream does."},
            },
            examples=[{"status": "ok", "problems": [], "warnings": []}],
        ),
        "Status": {
            "description": "The figures of `/status`.",
            "allOf": [ref("Stats"), thing("For operators.", {**load, "recent": recent, "problems": sentences})],
        },
        "RuleToAdd": of_struct(moderation.Wanted, "A rule.", examples=[{"rule": RULE}]),
        "ModerationList": thing(
            "What is hidden.",
            {
                "version": version,
                "rules": items(thing("A rule.", {"line": COUNT, **rule})),
                "problems": items(thing("A line that cannot be used.", {"line": COUNT, "error": WORDS})),
                "problem": {**or_null(WORDS), "description": "Why the file cannot be read; null if it can."},
            },
        ),
        "RuleAdded": thing("The rule.", {"version": version, "added": {"type": "boolean"}, **rule}),
        "RuleRemoved": thing("The rule.", {"version": version, "removed": {"const": True}, **rule}),
        "DryRun": thing(
            "What a change would hide, or show again.",
            {
                "dry_run": {"const": True},
                "version": {**WORDS, "description": "That the list would have."},
                **rule,
                "searched": COUNT,
                "found": COUNT,
                "connections": items(ref("Connection"), maxItems=moderation.EXAMPLES),
            },
        ),
    }


def operations(security: list[str | None]) -> list[Operation]:
    """Return what operators ask; `security` is what they need."""
    return [*_probes(), _figures(security), _metrics(security), *_rules(security)]


def _probes() -> list[Operation]:
    alive = {"200": of_json("It lives.", "Alive")}
    ready = {
        "200": of_json("The stream works. `degraded`: something else does not.", "Ready"),
        "503": of_json("Matching is behind.", "Ready"),
    }
    return [
        Operation(id="isAlive", method="get", path="/healthz", tag=TAG, summary="Ask whether it lives", answers=alive),
        Operation(id="isReady", method="get", path="/readyz", tag=TAG, summary="Ask whether it works", answers=ready),
    ]


def _figures(security: list[str | None]) -> Operation:
    return Operation(
        id="getStatus",
        method="get",
        path="/status.json",
        tag=TAG,
        summary="Read the figures of /status",
        answers={"200": of_json("The figures.", "Status"), **errors(*_REFUSED)},
        security=security,
        sample=Sample(headers=_SENDS),
    )


def _metrics(security: list[str | None]) -> Operation:
    kinds = {TEXT: media(WORDS), "application/openmetrics-text": media(WORDS)}
    return Operation(
        id="getMetrics",
        method="get",
        path="/metrics",
        tag=TAG,
        summary="Read the metrics, for Prometheus",
        answers={"200": answer("The metrics.", kinds), **errors(*_REFUSED)},
        security=security,
        docs="https://prometheus.io/docs/instrumenting/exposition_formats/",
        sample=Sample(headers=_SENDS),
    )


def _rules(security: list[str | None]) -> list[Operation]:
    path, tried = moderation.PATH, {"oneOf": [ref("DryRun"), ref("RuleAdded")]}
    untried = {"oneOf": [ref("DryRun"), ref("RuleRemoved")]}
    wish = f'{{"rule": "{RULE}"}}'
    return [
        Operation(
            id="listRules",
            method="get",
            path=path,
            tag=TAG,
            summary="Read what is hidden",
            answers={"200": of_json("The list.", "ModerationList"), **errors(*_REFUSED)},
            security=security,
            sample=Sample(headers=_SENDS),
        ),
        Operation(
            id="addRule",
            method="post",
            path=path,
            tag=TAG,
            summary="Hide something",
            parameters=[_DRY_RUN, _NEWEST],
            body=body("The rule.", {JSON: media(ref("RuleToAdd"), {"rule": RULE})}),
            answers={
                "200": answer("The list has it already; or what it would hide.", {JSON: media(tried)}),
                "201": of_json("It was added.", "RuleAdded"),
                **errors(*_REFUSED, "503", *WRITES),
            },
            security=security,
            sample=Sample(headers={**_SENDS, "Content-Type": JSON}, body=wish),
        ),
        Operation(
            id="removeRule",
            method="delete",
            path=path,
            tag=TAG,
            summary="Show something again",
            parameters=[
                query("rule", "The rule, however it is written in the file.", WORDS, required=True, example=RULE),
                _DRY_RUN,
                _NEWEST,
            ],
            answers={
                "200": answer("It was removed; or what would be shown again.", {JSON: media(untried)}),
                **errors("400", "401", "403", "503", _404="The list does not have it."),
            },
            security=security,
            sample=Sample(query={"rule": RULE}, headers=_SENDS),
        ),
    ]
