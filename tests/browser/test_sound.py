"""Sound on stage: a button beside Pause, and an audio context that is there only while it is wanted."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import FakeVisit
from tests.browser.steps import LAGOS, LISBON
from tests.serving import Server

COUNTING = """window.audio = {contexts: [], notes: 0};
  const [Context, Oscillator] = [AudioContext, OscillatorNode];
  window.AudioContext = class extends Context {
    constructor(...options) { super(...options); audio.contexts.push(this); }
  };
  window.OscillatorNode = class extends Oscillator {
    constructor(...options) { super(...options); audio.notes += 1; }
  };"""
STATES = "audio.contexts.map(({state}) => state).join()"


def beside(page: Page) -> bool:
    """Whether the button is right above Pause."""
    one, other = page.locator("#sound").bounding_box(), page.locator("#pause").bounding_box()
    assert one is not None
    assert other is not None
    return one["x"] == other["x"] and 0 < other["y"] - one["y"] < 60


def test_a_button_beside_pause_starts_and_stops_the_sound_and_is_remembered(
    idle: Server, fake_visit: Callable[..., FakeVisit]
) -> None:
    visitor, warnings = fake_visit(""), list[str]()
    page = visitor.page
    page.on("console", lambda message: warnings.append(message.text) if message.type == "warning" else None)
    page.add_init_script(COUNTING)
    visitor.open(idle.url)
    button = page.get_by_role("button", name="Sound")
    assert beside(page)
    expect(button).to_have_attribute("aria-pressed", "false")
    page.mouse.click(5, 5)
    assert page.evaluate(STATES) == ""
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    visitor.wait(f"{STATES} === 'running'")
    visitor.stream.connect("Copper Sky", (LISBON, LAGOS))
    visitor.stream.pass_time(1)
    visitor.wait("audio.notes === 4")
    page.keyboard.press("Escape")
    page.locator("#pause").click()
    visitor.stream.pass_time(1)
    visitor.wait(f"{STATES} === 'suspended'")
    page.locator("#pause").click()
    visitor.wait(f"{STATES} === 'running'")

    page.reload()
    visitor.wait("document.getElementById('status').dataset.state === 'live'")
    expect(button).to_have_attribute("aria-pressed", "true")
    assert page.evaluate(STATES) == "", "not before the visitor did something"
    page.mouse.click(5, 5)
    visitor.wait(f"{STATES} === 'running'")
    page.keyboard.press("m")
    visitor.wait(f"{STATES} === 'closed'")
    expect(button).to_have_attribute("aria-pressed", "false")
    page.locator("#settings-open").click()
    expect(page.get_by_role("switch", name="Sound")).not_to_be_checked()
    assert [text for text in warnings if "Audio" in text] == []
    assert visitor.errors == []
