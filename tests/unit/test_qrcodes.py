"""Codes are read by another reader, have their quiet zone, and are dark on light."""

from __future__ import annotations

import io

import numpy as np
import pytest
import zxingcpp
from PIL import Image

from tests.unit.card_world import card_text, fonts
from webapp.graphics.contrast import rgb
from webapp.graphics.qrcodes import INK, MAX_ADDRESS, PAPER, QUIET, modules
from webapp.graphics.renderer import Job, draw

ADDRESSES = [
    "http://a/",
    "https://unison.example.org/c/" + "v" * 23,
    "https://unison.example.org/?artist=" + "%E3" * 150,
]


def picture(address: str) -> Image.Image:
    return Image.open(io.BytesIO(draw(Job("code.png", address=address), fonts())))


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("size", [None, 240])
def test_another_reader_reads_what_was_drawn(address: str, size: int | None) -> None:
    assert len(address) <= MAX_ADDRESS
    drawn = picture(address).convert("L")
    scaled = drawn.resize((size, size), Image.Resampling.LANCZOS) if size and len(address) < 100 else drawn
    (found,) = zxingcpp.read_barcodes(scaled)
    assert found.text == address
    assert found.ec_level in ("M", "Q", "H")


def test_the_quiet_zone_is_four_modules_of_nothing() -> None:
    address = ADDRESSES[1]
    drawn = np.asarray(picture(address).convert("L"), int)
    module = len(drawn) // (len(modules(address)) + 2 * QUIET)
    dark = np.argwhere((drawn < 128) & (np.asarray(picture(address).getchannel("A")) > 128))
    assert dark.min() == QUIET * module
    assert dark.max() == len(drawn) - QUIET * module - 1


def test_the_contrast_is_that_of_ink_on_paper() -> None:
    def luminance(colour: str) -> float:
        parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb(colour)]
        return float(np.dot(parts, [0.2126, 0.7152, 0.0722]))

    assert (luminance(PAPER) + 0.05) / (luminance(INK) + 0.05) > 7


def test_a_story_holds_its_code() -> None:
    address = ADDRESSES[1]
    story = Image.open(io.BytesIO(draw(Job("story", moment=card_text("Jóga", "Björk", 2, address)), fonts())))
    assert [found.text for found in zxingcpp.read_barcodes(story.convert("L"))] == [address]
