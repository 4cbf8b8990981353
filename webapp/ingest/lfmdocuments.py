"""Last.fm's answers: a tree of elements, written as XML or in the JSON that Last.fm makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Literal

import msgspec

Format = Literal["xml", "json"]
Value = str | int
"""In JSON, a number stays one. Last.fm's are texts in most places."""
TYPES: Mapping[Format, str] = {"xml": "text/xml; charset=utf-8", "json": "application/json; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Element:
    """An element with a text or with others in it.

    Attributes:
        name: its name.
        text: what stands in it.
        attributes: by name.
        children: the elements in it.
        lists: names of children that are a list in JSON even where there is one of them, or none.
    """

    name: str
    text: Value = ""
    attributes: Mapping[str, Value] = field(default_factory=dict)
    children: Sequence[Element] = ()
    lists: Sequence[str] = ()


def answer(element: Element, format: Format) -> bytes:
    """Return the answer to a request that succeeded."""
    if format == "json":
        return msgspec.json.encode({element.name: _value(element)})
    return _xml("ok", element)


def error(code: int, sentence: str, format: Format) -> bytes:
    """Return the answer to a request that failed."""
    if format == "json":
        return msgspec.json.encode({"message": sentence, "error": code})
    return _xml("failed", Element("error", sentence, {"code": code}))


def _xml(status: str, element: Element) -> bytes:
    lines = ['<?xml version="1.0" encoding="utf-8"?>', f'<lfm status="{status}">', *_written(element, "  "), "</lfm>"]
    return "".join(f"{line}\n" for line in lines).encode()


def _written(element: Element, indent: str) -> list[str]:
    attributes = "".join([f' {name}="{escape(str(value))}"' for name, value in element.attributes.items()])
    opening, closing = f"{indent}<{element.name}{attributes}>", f"</{element.name}>"
    if not element.children:
        return [f"{opening}{escape(str(element.text), quote=False)}{closing}"]
    inner = [line for child in element.children for line in _written(child, indent + "  ")]
    return [opening, *inner, f"{indent}{closing}"]


def _value(element: Element) -> Any:
    """Return an element in JSON: a text, or an object whose attributes stand beside the text or in "@attr"."""
    if element.children or element.lists:
        children = {name: _joined(element, name) for name in dict.fromkeys([*_names(element), *element.lists])}
        return children | ({"@attr": element.attributes} if element.attributes else {})
    return {**element.attributes, "#text": element.text} if element.attributes else element.text


def _names(element: Element) -> list[str]:
    return [child.name for child in element.children]


def _joined(element: Element, name: str) -> Any:
    """Return the children of one name: one as it is, several as a list."""
    values = [_value(child) for child in element.children if child.name == name]
    return values[0] if len(values) == 1 and name not in element.lists else values
