"""What Schemathesis does not know by itself, and what would take it too long."""

from __future__ import annotations

import json
from typing import Any

import schemathesis
from schemathesis.generation.meta import TestPhase

LINES = "application/x-ndjson"
FEW = 20
"""Plays of a body, instead of 10,000: test_ingest.py sends as many, and one more."""


@schemathesis.serializer(LINES)
def lines(_context: Any, value: Any) -> bytes:
    """Write each element of a list on a line of its own; what is no list is one line."""
    return "".join(f"{json.dumps(each)}\n" for each in (value if isinstance(value, list) else [value])).encode()


@schemathesis.hook
def before_load_schema(_context: Any, document: dict[str, Any]) -> None:
    """Let a body have few plays."""
    content = document["paths"]["/api/plays"]["post"]["requestBody"]["content"]
    content["application/json"]["schema"]["oneOf"][1]["maxItems"] = content[LINES]["schema"]["maxItems"] = FEW


@schemathesis.hook
def filter_case(_context: Any, case: Any) -> bool:
    """Leave the borders of a play's fields to bodies of JSON: a line has the same."""
    is_coverage = case.meta is not None and case.meta.phase.name == TestPhase.COVERAGE
    return not (is_coverage and case.media_type == LINES)
