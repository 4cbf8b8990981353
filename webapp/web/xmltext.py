"""XML of elements that hold a text each, as Atom and XSPF are."""

from __future__ import annotations

from xml.etree import ElementTree


def add(parent: ElementTree.Element, **texts: str | None) -> None:
    """Give an element children, each with the name and the text that are given; where that is None there is none."""
    for name, text in texts.items():
        if text is not None:
            ElementTree.SubElement(parent, name).text = text


def document(root: ElementTree.Element) -> bytes:
    """Return what is to be sent, in UTF-8."""
    return bytes(ElementTree.tostring(root, "utf-8", xml_declaration=True))
