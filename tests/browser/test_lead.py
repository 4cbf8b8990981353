"""The lead story: one pair in one large sentence, on arrival, after 20 s without input, and always on a wall."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import bring_axe, complaints
from tests.browser.conftest import FakeVisit
from tests.browser.steps import LAGOS, LISBON, OSAKA, RECIFE, changed
from tests.serving import Server

SENTENCE = "Someone in Osaka and someone in Recife just pressed play on Slow Lighthouse"
STORY = ".story:not(.leaving)"
LEAVE_S = 1.0
IDLE_S = 20
LEAD_S = 10


def story(visitor: FakeVisit) -> str | None:
    """The sentence that is told; None if none is."""
    told = visitor.page.locator(f"{STORY} .sentence").all_inner_texts()
    assert len(told) < 2
    return " ".join(told[0].split()) if told else None


def tell(visitor: FakeVisit, title: str = "Slow Lighthouse", cities: tuple[int, int] = (OSAKA, RECIFE)) -> None:
    """Let the server choose a connection."""
    visitor.stream.lead(visitor.stream.connect(title, cities))
    visitor.stream.pass_time(0.5)


@pytest.fixture
def staged(fake_visit: Callable[..., FakeVisit]) -> FakeVisit:
    """A visitor who just arrived, and is told a story."""
    visitor = fake_visit()
    tell(visitor)
    assert story(visitor) == SENTENCE
    return visitor


def wait_idle(visitor: FakeVisit, seconds: float = IDLE_S) -> None:
    """Pass time without input, with a lead each ten seconds as from a server."""
    while seconds > 0:
        visitor.stream.repeat_lead()
        visitor.stream.pass_time(min(seconds, LEAD_S))
        seconds -= LEAD_S


def test_on_arrival_a_story_is_told_and_each_ten_seconds_another(staged: FakeVisit) -> None:
    expect(staged.page.locator(f"{STORY} cite")).to_have_text("Slow Lighthouse")
    facts = "The Harbour Lamps · Japan and Brazil · 16,897 km · 40 ms apart"
    expect(staged.page.locator(f"{STORY} .facts")).to_have_text(facts)
    staged.stream.pass_time(LEAD_S)
    tell(staged, "Copper Sky", (LISBON, LAGOS))
    assert story(staged) == "Someone in Lisbon and someone in Lagos just pressed play on Copper Sky"
    staged.stream.pass_time(LEAVE_S)
    expect(staged.page.locator(".story")).to_have_count(1)
    assert staged.errors == []


def test_no_lead_ends_the_story(staged: FakeVisit) -> None:
    staged.stream.lead(None)
    staged.stream.pass_time(LEAVE_S)
    expect(staged.page.locator(".story")).to_have_count(0)


INPUTS: dict[str, Callable[[Page], object]] = {
    "a click": lambda page: page.mouse.click(450, 300),
    "a key": lambda page: page.keyboard.press("Shift"),
    "the wheel": lambda page: page.mouse.wheel(0, 40),
    "the focus": lambda page: page.locator("#settings-open").focus(),
    "a touch": lambda page: page.dispatch_event("#feed", "touchstart"),
}


@pytest.mark.parametrize("name", INPUTS)
def test_any_input_ends_the_story_and_20_s_later_there_is_one_again(staged: FakeVisit, name: str) -> None:
    INPUTS[name](staged.page)
    staged.wait("!document.querySelector('.story:not(.leaving)')")  # a wheel's event comes after the call returns
    staged.page.keyboard.press("Escape")
    wait_idle(staged, IDLE_S - 2)
    assert story(staged) is None
    wait_idle(staged, 3)
    assert story(staged) == SENTENCE


def test_a_pointer_that_moves_ends_the_story_but_not_while_the_visitor_arrives(staged: FakeVisit) -> None:
    mouse = staged.page.mouse
    mouse.move(300, 300)
    mouse.move(400, 300)
    staged.run_timers()
    assert story(staged) == SENTENCE
    staged.stream.pass_time(6)
    mouse.move(500, 300)
    staged.run_timers()
    assert story(staged) is None


def test_a_press_on_the_sentence_opens_the_connection(staged: FakeVisit) -> None:
    staged.page.locator(".story cite").click()
    expect(staged.page.get_by_role("dialog", name="Slow Lighthouse")).to_be_visible()
    staged.run_timers()
    assert story(staged) is None
    wait_idle(staged, IDLE_S + 5)
    assert story(staged) is None, "a card is open"


def test_nothing_is_told_while_the_page_is_paused(staged: FakeVisit) -> None:
    staged.page.keyboard.press("Space")
    wait_idle(staged, IDLE_S + 5)
    assert story(staged) is None
    staged.page.keyboard.press("Space")
    wait_idle(staged)
    assert story(staged) == SENTENCE


BLOCKS: dict[str, Callable[[Page], object]] = {
    "a dialog": lambda page: page.locator("#help-open").click(),
    "the settings": lambda page: page.locator("#settings-open").click(),
    "typing": lambda page: page.locator("#q").fill("os"),
    "the past": lambda page: page.locator("#rewind-open").click(),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_nothing_is_told_over_what_a_visitor_looks_at(staged: FakeVisit, name: str) -> None:
    BLOCKS[name](staged.page)
    wait_idle(staged, IDLE_S + 5)
    assert story(staged) is None


def test_under_a_filter_nothing_is_told(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit("/?country=JP")
    tell(visitor)
    wait_idle(visitor, IDLE_S + 5)
    assert story(visitor) is None


def test_the_setting_is_remembered(staged: FakeVisit) -> None:
    page = staged.page
    page.locator("#settings-open").click()
    page.get_by_role("switch", name="Lead story").click()
    page.keyboard.press("Escape")
    wait_idle(staged, IDLE_S + 5)
    assert story(staged) is None
    page.reload()
    staged.wait("document.getElementById('status').dataset.state === 'live'")
    wait_idle(staged)
    assert story(staged) is None


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("de", "Jemand in Osaka und jemand in Recife haben gerade bei Slow Lighthouse auf Play gedrückt"),
        ("es", "Alguien en Osaka y alguien en Recife acaban de pulsar play en Slow Lighthouse"),
        ("pt-BR", "Alguém em Osaka e alguém em Recife acabaram de dar play em Slow Lighthouse"),
        ("ja", "Osakaの誰かとRecifeの誰かが、たったいま「Slow Lighthouse」の再生を押しました"),
        ("ar", "شخص في Osaka وآخر في Recife شغّلا للتو «Slow Lighthouse»"),
    ],
)
def test_the_sentence_is_told_in_the_visitors_language_with_each_name_by_itself(
    fake_visit: Callable[..., FakeVisit], language: str, sentence: str
) -> None:
    visitor = fake_visit(f"/?lang={language}")
    tell(visitor)
    assert story(visitor) == sentence
    names = visitor.page.locator(f"{STORY} .sentence").locator("bdi, cite")
    assert [names.nth(i).get_attribute("dir") for i in range(3)] == ["auto"] * 3


@pytest.mark.parametrize(("title", "style"), [("Slow Lighthouse", "italic"), ("おかえりコロッケ", "normal")])
def test_titles_in_scripts_without_italics_stand_upright(
    fake_visit: Callable[..., FakeVisit], title: str, style: str
) -> None:
    visitor = fake_visit()
    tell(visitor, title)
    expect(visitor.page.locator(f"{STORY} cite")).to_have_css("font-style", style)


def test_a_title_of_300_characters_leaves_the_sentence_on_the_stage(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    tell(visitor, "Lighthouse " * 27)
    box, stage = (visitor.page.locator(each).bounding_box() for each in (STORY, "#stage"))
    assert box
    assert stage
    assert stage["y"] < box["y"]
    assert box["y"] + box["height"] <= stage["y"] + stage["height"]


def test_on_a_phone_the_story_darkens_no_number_below_it(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    tell(visitor)
    counters = visitor.page.locator("#counters")
    below = base64.b64encode(counters.screenshot()).decode()
    visitor.page.locator(STORY).evaluate("story => (story.style.visibility = 'hidden')")
    assert changed(visitor.page, below, base64.b64encode(counters.screenshot()).decode()) == 0


LINES = "facts => facts.map((fact) => new Set([...fact.getClientRects()].map(({top}) => top)).size)"


def test_a_number_of_the_story_stays_beside_its_unit(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit("/?wall=1")
    tell(visitor)
    for width in range(1500, 2000, 50):
        visitor.page.set_viewport_size({"width": width, "height": 1080})
        facts = visitor.page.locator(f"{STORY} .facts > :nth-child(n + 3)")
        assert facts.evaluate_all(LINES) == [1, 1], width


def test_screen_readers_are_not_told_the_sentence_over_and_over(staged: FakeVisit) -> None:
    assert staged.page.locator("#story").evaluate("element => element.closest('[aria-live], [role=status]')") is None
    assert "Someone in" not in (staged.page.locator("#announcer").text_content() or "")


def test_the_globe_flies_there_and_the_sentence_stays_clear_of_the_labels(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(webgl=True)
    tell(visitor)
    visitor.pass_time_until("document.querySelectorAll('.label.shown').length === 3")
    visitor.stream.pass_time(2)
    assert story(visitor) == SENTENCE
    overlapping = visitor.page.evaluate("""() => {
      const story = document.querySelector('.story').getBoundingClientRect();
      return [...document.querySelectorAll('.label.shown .card')].filter((card) => {
        const {left, right, top, bottom} = card.getBoundingClientRect();
        return left < story.right && right > story.left && top < story.bottom && bottom > story.top;
      }).map((card) => card.textContent);
    }""")
    assert overlapping == []
    assert visitor.errors == []


def test_under_reduced_motion_the_story_is_there_at_once(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(reduced_motion="reduce")
    tell(visitor)
    style = visitor.page.locator(STORY).evaluate("element => getComputedStyle(element).animationName")
    assert style == "none"
    assert story(visitor) == SENTENCE


SPOT = ".label.spot.shown"
PLACES_OF_LABELS = f"[...document.querySelectorAll('{SPOT}')].map(({{style}}) => style.transform)"


def test_under_reduced_motion_the_camera_is_there_without_a_flight(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(webgl=True, reduced_motion="reduce")
    told_s = visitor.stream.now_s
    tell(visitor)
    visitor.pass_time_until(f"document.querySelectorAll('{SPOT}').length === 3")
    assert visitor.stream.now_s - told_s < 1, "an arc that grows takes longer"
    standing = visitor.page.evaluate(PLACES_OF_LABELS)
    visitor.stream.pass_time(5)
    assert story(visitor) == SENTENCE
    assert visitor.page.evaluate(PLACES_OF_LABELS) == standing
    assert visitor.errors == []


def test_axe_finds_nothing_while_a_story_is_told(idle: Server, fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit("", reduced_motion="reduce")
    bring_axe(visitor.page)
    visitor.open(idle.url)
    tell(visitor)
    assert story(visitor) == SENTENCE
    assert complaints(visitor) == []


TEXT_OVER = """() => {
  const boxes = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    return [...range.getClientRects()].filter(({width}) => width > 2);
  };
  const isOver = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3;
  const lines = [...document.querySelectorAll('.story:not(.leaving) p')].flatMap(boxes);
  return [...document.querySelectorAll('.tools button, #counters b, #counters span, .tagline')]
    .filter((other) => other.checkVisibility())
    .filter((other) => (other.matches('button') ? [other.getBoundingClientRect()] : boxes(other))
      .some((box) => lines.some((line) => isOver(box, line))))
    .map(({id, textContent}) => id || textContent.trim());
}"""
VIEWS = ((1440, 900), (1280, 720), (1024, 768), (900, 640), (390, 844), (400, 700), (320, 640), (844, 390), (720, 450))


@pytest.mark.parametrize("language", ["en", "de", "ar"])
def test_a_story_lies_over_no_button_and_no_other_text(fake_visit: Callable[..., FakeVisit], language: str) -> None:
    visitor = fake_visit(f"/?lang={language}", reduced_motion="reduce")
    for width, height in VIEWS:
        visitor.page.set_viewport_size({"width": width, "height": height})
        tell(visitor, "The Extraordinarily Long and Winding Title of a Song", (OSAKA, RECIFE))
        assert story(visitor) is not None
        assert visitor.page.evaluate(TEXT_OVER) == [], (width, height)
        visitor.stream.pass_time(LEAD_S)


def test_after_the_choice_of_a_city_the_story_comes_again(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit()
    tell(visitor)
    visitor.choose_osaka()
    assert story(visitor) is None
    for _ in range(3):
        visitor.stream.repeat_lead()
        visitor.stream.pass_time(LEAD_S)
    assert story(visitor) == SENTENCE


def test_an_embed_tells_stories_only_if_it_is_asked_to(idle: Server, fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit("", viewport={"width": 480, "height": 320}, reduced_motion="reduce")
    for query, told in (("", None), ("?lead=1&country=JP", None), ("?lead=1", SENTENCE)):
        visitor.page.goto(f"{idle.url}/embed{query}")
        visitor.wait("document.getElementById('status').dataset.state === 'live'")
        tell(visitor)
        assert story(visitor) == told
    box = visitor.page.locator(STORY).bounding_box()
    footer = visitor.page.locator("footer").bounding_box()
    assert box
    assert footer
    assert box["y"] > 320 / 3
    assert box["y"] + box["height"] <= footer["y"]
    visitor.page.keyboard.press("Space")
    visitor.run_timers()
    assert story(visitor) is None
    assert visitor.errors == []


USABLE = """[...document.querySelectorAll('a, button, input')].filter((element) =>
  element.checkVisibility() && getComputedStyle(element).pointerEvents !== 'none').map(({outerHTML}) => outerHTML)"""
WITH_CURSOR = """[...document.querySelectorAll('body, body *')].filter((element) =>
  element.checkVisibility() && getComputedStyle(element).cursor !== 'none').map(({outerHTML}) => outerHTML)"""
WALL = {"width": 3840, "height": 2160}


@pytest.fixture
def wall(fake_visit: Callable[..., FakeVisit]) -> FakeVisit:
    """A wall of 4K that tells a story."""
    visitor = fake_visit("/?wall=1", viewport=WALL, device_scale_factor=1)
    tell(visitor)
    return visitor


def test_a_wall_tells_stories_whatever_the_input(wall: FakeVisit) -> None:
    wall.page.mouse.click(450, 300)
    wall.page.keyboard.press("Shift")
    wall.stream.pass_time(1)
    assert story(wall) == SENTENCE
    wall.stream.pass_time(LEAD_S)
    tell(wall, "Copper Sky", (LISBON, LAGOS))
    assert story(wall) == "Someone in Lisbon and someone in Lagos just pressed play on Copper Sky"


def test_a_wall_can_be_read_from_five_metres(wall: FakeVisit) -> None:
    """A capital is 0.7 of the size. At 5 m, 20 minutes of arc are 29 mm: 4.2 % of a 55-inch screen's height."""
    sizes = {
        part: float(wall.page.locator(part).first.evaluate("e => parseFloat(getComputedStyle(e).fontSize)"))
        for part in (f"{STORY} .sentence", "#clock", "#scan b", f"{STORY} .facts")
    }
    assert sizes[f"{STORY} .sentence"] * 0.7 / WALL["height"] > 0.042
    assert sizes["#clock"] * 0.7 / WALL["height"] > 0.042
    assert sizes["#scan b"] * 0.7 / WALL["height"] > 0.026
    assert sizes[f"{STORY} .facts"] * 0.7 / WALL["height"] > 0.018
    for part in (STORY, "#clock", "#scan", "footer", "#counters"):
        box = wall.page.locator(part).bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= WALL["width"]
        assert box["y"] + box["height"] <= WALL["height"]
    assert wall.page.evaluate("document.documentElement.scrollHeight") == WALL["height"]


@pytest.mark.parametrize("size", [(1080, 1920), (1200, 1600), (2160, 3840)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_wall_that_stands_upright_has_the_globe_above_the_words(
    idle: Server, fake_visit: Callable[..., FakeVisit], size: tuple[int, int]
) -> None:
    width, height = size
    visitor = fake_visit("", viewport={"width": width, "height": height})
    visitor.stream.count_earlier("Far", (OSAKA, RECIFE), ago_s=60)
    visitor.open(f"{idle.url}/?wall=1")
    tell(visitor)
    expect(visitor.page.locator("#today")).to_contain_text("Osaka")
    heights = {}
    for part in ("#stage", STORY, "#scan b", "#counters", "footer"):
        box = visitor.page.locator(part).bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width, part
        heights[part] = box["height"]
    assert heights["#stage"] > 0.4 * height
    assert heights["#scan b"] < 0.1 * height
    assert visitor.page.evaluate("document.documentElement.scrollHeight") == height


def test_a_wall_has_a_code_a_clock_and_nothing_to_be_used_by_hand(wall: FakeVisit) -> None:
    page = wall.page
    expect(page.locator("#clock time")).to_have_text("14:13")
    wall.stream.pass_time(60)
    expect(page.locator("#clock time")).to_have_text("14:14")
    code = page.locator("#scan img")
    assert code.evaluate("img => img.complete && img.naturalWidth > 0")
    assert (code.get_attribute("src") or "").startswith("/code.svg")
    expect(page.locator("#scan bdi")).to_have_text(re.compile(r"^127\.0\.0\.1:\d+$"))
    assert page.evaluate(USABLE) == []
    assert page.evaluate(WITH_CURSOR) == []
    assert wall.errors == []
