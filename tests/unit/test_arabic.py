import pytest

from tests.unit.card_world import fonts
from webapp.graphics.arabic import joined
from webapp.graphics.fonts import REGULAR


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("بيت", "\ufe91\ufef4\ufe96"),  # initial, medial, final
        ("دار", "\ufea9\ufe8d\ufead"),  # none of the three joins the next
        ("سلام", "\ufeb3\ufefc\ufee1"),  # lam and alef are one
        ("بَيْت", "\ufe91\ufef4\ufe96\u064e\u0652"),  # marks separate nothing
        ("گچ", "\ufb94\ufb7b"),  # Persian
        ("ب", "\ufe8f"),
        ("", ""),
        ("Riyadh 1", "Riyadh 1"),
    ],
)
def test_letters_take_the_form_that_their_neighbours_give_them(text: str, forms: str) -> None:
    assert joined(text) == forms


@pytest.mark.parametrize(
    ("text", "drawn"),
    [("المملكة العربية السعودية", 9.614), ("الولايات المتحدة", 6.418), ("ألمانيا", 2.297), ("باكستان", 3.171)],
)
def test_a_text_in_arabic_is_as_wide_as_harfbuzz_draws_it(text: str, drawn: float) -> None:
    assert drawn - 0.001 < fonts().width(text, REGULAR) < 1.03 * drawn
