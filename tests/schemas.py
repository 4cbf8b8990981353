"""Schemas of the OpenAPI document, for tests."""

from __future__ import annotations

from typing import Any


def closed(schema: Any) -> Any:
    """Return a schema whose objects have no other fields than those that it names."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: closed(each) for name, each in schema.items()}
    is_object = "type" in schema and isinstance(schema.get("properties"), dict)
    return made | ({"additionalProperties": False} if is_object else {})
