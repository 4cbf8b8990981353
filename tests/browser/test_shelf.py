"""Your meetings: hearts on connections, and the shelf in the browser."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Download, Page, Route, expect

from tests.browser.axe import SIZES, THEMES, bring_axe, complaints
from tests.browser.conftest import FakeVisit
from tests.browser.fakestream import GAZETTEER, NOW_S
from tests.browser.steps import LAGOS, LISBON, OSAKA, RECIFE
from tests.conftest import lasting
from tests.serving import Server
from webapp.core.plays import track_id

STORED = "localStorage.getItem('unison.meetings')"
EVERYTHING = "JSON.stringify(localStorage)"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on which visitors may press play, and which links to a place to listen."""
    links = {"UNISON_LISTEN_LINKS": "Songs Example=https://songs.example/?q={query}"}
    with lasting(tmp_path_factory.mktemp("shelf"), UNISON_VISITOR_PLAYS="1", **links) as server:
        yield server


def give_heart(page: Page, title: str) -> None:
    """Open a connection's details, and press the heart."""
    page.locator("#feed li", has_text=title).locator("h3 button").click()
    page.get_by_role("dialog", name=title).get_by_role("button", name="Keep").click()
    page.get_by_role("dialog", name=title).get_by_role("button", name="Close").click()


def open_shelf(page: Page) -> None:
    page.get_by_role("button", name="Your meetings").click()
    expect(page.get_by_role("dialog", name="Your meetings")).to_be_visible()


def saved(download: Download) -> bytes:
    return Path(download.path()).read_bytes()


def test_the_button_for_newer_entries_does_not_lie_over_the_shelfs(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(viewport={"width": 1440, "height": 900})
    visitor.stream.connect("Read", (LISBON, LAGOS))
    visitor.page.locator("#feed li").hover()
    for _ in range(100):
        visitor.stream.connect("Waiting", (OSAKA, RECIFE))
    expect(visitor.page.locator("#newer")).to_have_text("100 new connections")
    newer, opener = (visitor.page.locator(each).bounding_box() for each in ("#newer", "#meetings-open"))
    assert newer
    assert opener
    assert newer["x"] + newer["width"] <= opener["x"] or newer["y"] >= opener["y"] + opener["height"]


def test_a_heart_puts_a_connection_on_the_shelf_and_nothing_is_stored_before(
    fake_visit: Callable[..., FakeVisit],
) -> None:
    visitor = fake_visit()
    page, stream = visitor.page, visitor.stream
    stream.connect("Copper Sky", (LISBON, LAGOS))
    stream.connect("Night Bus Home", (OSAKA, RECIFE))
    open_shelf(page)
    expect(page.locator("#meetings")).to_contain_text("Your shelf is empty.")
    page.keyboard.press("Escape")
    assert page.evaluate(EVERYTHING) == "{}"
    give_heart(page, "Copper Sky")
    expect(page.get_by_role("button", name="Your meetings: 1")).to_be_visible()
    (kept,) = json.loads(page.evaluate(STORED))["meetings"]
    assert (kept["connection"]["track"]["title"], kept["heart"], kept["you"]) == ("Copper Sky", True, None)
    page.reload()
    visitor.wait("document.getElementById('status').dataset.state === 'live'")
    open_shelf(page)
    (entry,) = page.locator("#meetings li").all()
    for words in ("Copper Sky", "The Harbour Lamps", "Lisbon, Portugal", "Lagos, Nigeria"):
        expect(entry).to_contain_text(words)
    expect(entry.locator(".sleeve rect").first).to_be_attached()
    entry.locator(".open").click()
    card = page.get_by_role("dialog", name="Copper Sky")
    expect(card.get_by_role("button", name="Keep")).to_have_attribute("aria-pressed", "true")
    card.get_by_role("button", name="Keep").click()
    expect(page.locator("#meetings-open b")).to_be_hidden()
    assert page.evaluate(EVERYTHING) == "{}"
    assert visitor.errors == []


def meet(visitor: FakeVisit) -> None:
    """Press play from Osaka, and meet someone in Lagos."""
    page, stream = visitor.page, visitor.stream
    stream.connect("Copper Sky", (LISBON, LAGOS))
    visitor.choose_osaka()

    def place(city: int) -> dict[str, object]:
        found = GAZETTEER[GAZETTEER.by_id(city)]
        names = {"city": found.name, "label": found.label, "country": found.country, "country_code": "XX"}
        return {"geoname_id": city, **names, "region": None, "tz": "UTC", "lon": found.lon, "lat": found.lat}

    song = {"id": track_id("The Harbour Lamps", "Copper Sky"), "title": "Copper Sky", "artist": "The Harbour Lamps"}
    own = {"url": "https://www.harbour.example/copper-sky"}
    met = {"id": "1" * 23, "source": "live", "at": NOW_S, "apart_ms": 0, "km": 12_345, "track": song | own}
    met |= {"from": place(OSAKA), "to": place(LAGOS)}
    counted = {
        "press": "1",
        "pressed_at": NOW_S,
        "late": False,
        "source": "live",
        "place": place(OSAKA),
        "ask_after_s": 1,
    }

    def answer(route: Route) -> None:
        pressed = route.request.method == "POST"
        route.fulfill(json=counted if pressed else {"met": met, "pulse": None, "near": None, "ask_after_s": None})

    page.route("**/play", answer)
    page.route("**/play/1", answer)
    page.get_by_role("button", name="Press play on Copper Sky").click()
    visitor.pass_time_until("document.getElementById('play').dataset.state === 'together'")


def test_a_meeting_of_ones_own_moves_no_entry_under_the_pointer(
    server: Server, fake_visit: Callable[..., FakeVisit]
) -> None:
    visitor = fake_visit("", viewport=SIZES["laptop"])
    page = visitor.open(server.url)
    for number in range(12):
        visitor.stream.connect(f"Song {number}", (LISBON, LAGOS))
    meet(visitor)
    own, pressed = page.locator("#feed li").nth(0), page.locator("#feed li").nth(1)
    expect(own.locator(".you")).to_have_text("You")
    boxes = page.locator("#feed").bounding_box(), pressed.bounding_box()
    assert boxes[0]
    assert boxes[1]
    assert abs(boxes[0]["y"] - boxes[1]["y"]) < 4, "the entry that was on top stays there"


NOTING = """Object.assign(window, {audio: null, notes: []});
  const [Context, Oscillator] = [AudioContext, OscillatorNode];
  window.AudioContext = class extends Context {
    constructor(...options) { super(...options); window.audio = this; }
  };
  window.OscillatorNode = class extends Oscillator {
    constructor(...options) { super(...options); this.hz = options[1].frequency; }
    start(at) { super.start(at); notes.push([this.hz, at]); }
  };"""


def test_a_meeting_of_ones_own_sounds_as_a_chord_of_its_songs_notes_over_a_bass(
    server: Server, fake_visit: Callable[..., FakeVisit]
) -> None:
    visitor = fake_visit("")
    page = visitor.page
    page.add_init_script(NOTING)
    visitor.open(server.url)
    page.get_by_role("button", name="Sound").click()
    visitor.wait("audio?.state === 'running'")
    meet(visitor)
    visitor.wait("notes.length > 4")
    visitor.stream.pass_time(1)
    notes: list[tuple[float, float]] = page.evaluate("notes")
    motif, chord = notes[:4], sorted(notes[4:], key=lambda note: note[1])
    (bass, began), *others = chord
    assert {round(hz, 3) for hz, _ in others} == {round(hz, 3) for hz, _ in motif}
    assert all(hz > bass and at - began < 0.3 for hz, at in others)
    assert max(at for _, at in motif) - min(at for _, at in motif) > 0.3, "a motif's notes come one by one"
    assert visitor.errors == []


def test_a_meeting_of_ones_own_is_on_the_shelf_and_is_stored_when_the_visitor_asks(
    server: Server, fake_visit: Callable[..., FakeVisit]
) -> None:
    visitor = fake_visit("")
    page = visitor.open(server.url)
    meet(visitor)
    open_shelf(page)
    shelf = page.get_by_role("dialog", name="Your meetings")
    expect(shelf.locator("li .cities")).to_have_text("You Osaka, Japan and Lagos, Nigeria")
    expect(shelf).to_contain_text("Your own meetings are not saved yet")
    assert page.evaluate(STORED) is None
    shelf.get_by_role("button", name="Keep my meetings").click()
    expect(shelf.get_by_role("status")).to_have_text("Kept in this browser, and your next ones will be, too.")
    expect(shelf.get_by_role("button", name="Keep my meetings")).to_be_hidden()
    stored = json.loads(page.evaluate(STORED))
    assert (stored["keeps"], [each["you"] for each in stored["meetings"]]) == (True, ["from"])
    assert visitor.errors == []


def test_an_own_press_and_the_details_link_to_where_the_song_can_be_heard(
    server: Server, fake_visit: Callable[..., FakeVisit]
) -> None:
    visitor = fake_visit("")
    page = visitor.open(server.url)
    meet(visitor)
    link = page.locator("#play").get_by_role("link", name="Listen on Songs Example")
    expect(link).to_have_attribute("href", "https://songs.example/?q=The%20Harbour%20Lamps%20Copper%20Sky")
    expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    page.locator("#feed li", has_text="You").locator("h3 button").click()
    card = page.get_by_role("dialog", name="Copper Sky")
    expect(card.locator(".listen a")).to_have_text(["Listen on harbour.example", "Listen on Songs Example"])
    expect(card.locator(".listen a").first).to_have_attribute("href", "https://www.harbour.example/copper-sky")
    assert visitor.errors == []


def test_the_shelf_goes_along_as_one_picture_and_as_json(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(accept_downloads=True)
    page, stream = visitor.page, visitor.stream
    for title, cities in (("Copper Sky", (LISBON, LAGOS)), ("Night Bus Home", (OSAKA, RECIFE)), ("夜", (LAGOS, OSAKA))):
        stream.connect(title, cities)
    expect(page.locator("#feed li")).to_have_count(3)
    for title in ("Copper Sky", "Night Bus Home", "夜"):
        give_heart(page, title)
    open_shelf(page)
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download as picture").click()
    png = saved(taken.value)
    assert taken.value.suggested_filename == "unison-meetings.png"
    assert (png[:8], struct.unpack(">II", png[16:24])) == (b"\x89PNG\r\n\x1a\n", (1080, 1350))
    assert len(png) > 30_000, "nothing is drawn"
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download as JSON").click()
    told = json.loads(saved(taken.value))
    assert told["format"] == "unison-meetings"
    assert {each["title"] for each in told["meetings"]} == {"Copper Sky", "Night Bus Home", "夜"}
    assert all(each["page"].endswith(f"/c/{each['id']}") for each in told["meetings"])
    assert visitor.errors == []


def test_one_button_removes_all_after_a_question_and_by_the_keyboard_alone(
    fake_visit: Callable[..., FakeVisit],
) -> None:
    visitor = fake_visit()
    page, stream = visitor.page, visitor.stream
    stream.connect("Copper Sky", (LISBON, LAGOS))
    give_heart(page, "Copper Sky")
    page.get_by_role("button", name="Your meetings").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Remove all").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="Remove 1 meeting?")).to_be_visible()
    expect(page.get_by_role("button", name="Keep them")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove all")).to_be_focused()
    expect(page.locator("#meetings li")).to_have_count(1)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#meetings").get_by_role("status")).to_have_text("All meetings are removed.")
    expect(page.locator("#meetings li")).to_have_count(0)
    assert page.evaluate(EVERYTHING) == "{}"
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Your meetings")).to_be_focused()
    assert visitor.errors == []


def test_a_heart_taken_back_on_the_shelf_can_be_given_again(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit()
    page, stream = visitor.page, visitor.stream
    stream.connect("Copper Sky", (LISBON, LAGOS))
    give_heart(page, "Copper Sky")
    open_shelf(page)
    heart = page.locator("#meetings").get_by_role("button", name="Keep Copper Sky")
    expect(heart).to_have_attribute("aria-pressed", "true")
    heart.click()
    expect(heart).to_have_attribute("aria-pressed", "false")
    assert page.evaluate(STORED) is None
    heart.click()
    assert len(json.loads(page.evaluate(STORED))["meetings"]) == 1


def test_an_embed_has_neither_hearts_nor_a_shelf(server: Server, fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit("")
    page = visitor.page
    loaded = list[str]()
    page.on("request", lambda request: loaded.append(request.url))
    page.add_init_script("localStorage.setItem('unison.meetings', '{\"keeps\":true,\"meetings\":[]}')")
    page.goto(f"{server.url}/embed?feed=1")
    visitor.stream.connect("Copper Sky", (LISBON, LAGOS))
    expect(page.locator("#feed li")).to_have_count(1)
    assert page.locator("#meetings, #meetings-open, [data-card=heart], .sleeve").count() == 0
    assert not [url for url in loaded if "/visitor/" in url]
    assert json.loads(page.evaluate(STORED)) == {"keeps": True, "meetings": []}


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_on_the_shelf(
    idle: Server, fake_visit: Callable[..., FakeVisit], size: str, theme: str
) -> None:
    visitor = fake_visit("", viewport=SIZES[size], color_scheme=theme, reduced_motion="reduce")
    bring_axe(visitor.page)
    page, stream = visitor.open(idle.url), visitor.stream
    open_shelf(page)
    assert complaints(visitor) == []
    page.keyboard.press("Escape")
    stream.connect("Copper Sky", (LISBON, LAGOS))
    give_heart(page, "Copper Sky")
    open_shelf(page)
    assert complaints(visitor) == []
    page.get_by_role("button", name="Remove all").click()
    assert complaints(visitor) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0


def test_the_shelfs_button_keeps_its_size_beside_the_choice_of_a_city(
    server: Server, fake_visit: Callable[..., FakeVisit]
) -> None:
    visitor = fake_visit("", viewport=SIZES["phone"], has_touch=True)
    page = visitor.open(server.url)
    for number in range(6):
        visitor.stream.connect(f"Song {number}", (LISBON, LAGOS))
    visitor.choose_osaka()
    button, line = page.locator("#meetings-open").bounding_box(), page.locator(".your-city summary").bounding_box()
    assert button
    assert line
    assert button["height"] == 32
    assert abs(button["y"] + button["height"] / 2 - line["y"] - line["height"] / 2) < 2
