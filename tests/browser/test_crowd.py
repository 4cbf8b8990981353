"""A song that very many people play at once: its banner, its cities' flares, and its arcs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import ViewportSize, expect

from tests.browser.axe import THEMES, Theme, bring_axe, in_each
from tests.browser.conftest import FakeVisit, Visit
from tests.browser.fakestream import Song
from tests.browser.steps import LAGOS, LISBON, OSAKA, RECIFE, changed, picture, titles
from tests.serving import ROOT, Server, clean_environment

FOLDER = Path(os.environ.get("PICTURES") or ROOT / "build" / "pictures")
HIT = "Night Bus Home"
LONG = "A Title So Long That No Screen Has Ever Been Wide Enough " * 5
BANNER = "Night Bus Home 1,420 people in ten seconds"
ARCS = "document.getElementById('stage').dataset.arcs"
ONLY_GLOBE = "document.querySelectorAll('#counters, #crowd').forEach(({style}) => (style.visibility = 'hidden'))"
REM = "parseFloat(getComputedStyle(document.documentElement).fontSize)"
SIZES = {
    "laptop": ViewportSize(width=1440, height=900),
    "small": ViewportSize(width=900, height=640),
    "phone": ViewportSize(width=390, height=844),
    "narrow": ViewportSize(width=320, height=640),
    "sideways": ViewportSize(width=844, height=390),
    "wide": ViewportSize(width=1920, height=1080),
}
OVERLAPS = """() => {
  const one = document.getElementById('crowd').getBoundingClientRect();
  const names = ['.wordmark', '.tagline', '.finder', '.tools button', '#counters p', '.feed', 'footer'];
  return names.filter((name) => [...document.querySelectorAll(name)].some((element) => {
    const {left, right, top, bottom} = element.getBoundingClientRect();
    return right > left && left < one.right && one.left < right && top < one.bottom && one.top < bottom;
  }));
}"""
"""What the banner lies on."""
INSIDE = """() => {
  const {left, right} = document.getElementById('crowd').getBoundingClientRect();
  return left >= 0 && right <= innerWidth && document.documentElement.scrollWidth === innerWidth;
}"""


def crowd(visitor: FakeVisit, seconds: int = 11, *, plays: int = 142, of: int = 300, title: str = HIT) -> None:
    """Let so many of all plays of each second be of one song."""
    for _ in range(seconds):
        visitor.stream.pass_silence(1)
        visitor.stream.crowd(title, plays, of=of, cities={LISBON: 9, LAGOS: 30, OSAKA: 6})


def test_the_song_that_very_many_play_has_a_banner_which_ends_when_they_are_fewer(
    fake_visit: Callable[..., FakeVisit],
) -> None:
    visitor = fake_visit()
    page, banner = visitor.page, visitor.page.locator("#crowd")
    crowd(visitor, 10)
    expect(banner).to_be_hidden()
    crowd(visitor, 1)
    expect(banner).to_be_visible()
    assert " ".join(banner.inner_text().split()) == BANNER
    expect(page.locator("#announcer")).to_contain_text("Night Bus Home: 1,420 people in ten seconds")
    crowd(visitor, 10, plays=75)
    expect(banner).to_contain_text("750 people in ten seconds")
    crowd(visitor, 20, plays=30)
    expect(banner).to_be_hidden()
    assert visitor.errors == []


def test_a_crowd_is_announced_once(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit()
    visitor.page.evaluate("""window.said = [];
      new MutationObserver(() => said.push(document.getElementById('announcer').textContent))
        .observe(document.getElementById('announcer'), {childList: true, characterData: true, subtree: true})""")
    for _ in range(2):
        crowd(visitor, 20)
        expect(visitor.page.locator("#crowd")).to_be_visible()
        crowd(visitor, 30, plays=30)
        expect(visitor.page.locator("#crowd")).to_be_hidden()
    assert visitor.page.evaluate("said") == ["Night Bus Home: 1,420 people in ten seconds"]


def test_cities_flare_and_only_the_arcs_of_other_songs_are_drawn(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(webgl=True, still=True, reduced_motion="reduce")
    page = visitor.page
    crowd(visitor, 2, plays=30)
    page.evaluate(ONLY_GLOBE)
    before = picture(page)
    crowd(visitor, 12, plays=30)
    assert changed(page, before, picture(page)) < 20, "there is no crowd"
    crowd(visitor, 14)
    expect(page.locator("#crowd")).not_to_have_attribute("hidden", "")
    assert changed(page, before, picture(page)) > 100, "Lisbon and Lagos flare"
    visitor.stream.send([Song(HIT, (LISBON, LAGOS)), Song("Copper Sky", (OSAKA, RECIFE))])
    visitor.pass_time_until(f"{ARCS} === '1'")
    visitor.stream.pass_time(1)
    assert page.evaluate(ARCS) == "1"
    assert set(titles(page)) == {HIT, "Copper Sky"}
    assert visitor.errors == []


def test_a_click_on_the_song_shows_it_alone_and_ends_the_crowd(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit()
    page = visitor.page
    crowd(visitor)
    page.locator("#crowd").get_by_role("button", name=HIT).click()
    expect(page.locator(".chip")).to_contain_text(HIT)
    expect(page.locator("#crowd")).to_be_hidden()
    assert "track=" in page.url
    crowd(visitor, 12)
    expect(page.locator("#crowd")).to_be_hidden()


def test_under_pause_nothing_begins_and_nothing_ends(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(webgl=True, still=True)
    page, banner = visitor.page, visitor.page.locator("#crowd")
    page.keyboard.press(" ")
    crowd(visitor, 12, plays=30)
    before = picture(page)
    crowd(visitor, 12)
    expect(page.locator("[data-count=plays]")).to_have_text("300")
    expect(banner).to_be_hidden()
    assert changed(page, before, picture(page)) < 20
    page.keyboard.press(" ")
    crowd(visitor, 1)
    expect(banner).to_be_visible()
    page.keyboard.press(" ")
    crowd(visitor, 20, plays=30)
    expect(banner).to_be_visible()
    page.keyboard.press(" ")
    crowd(visitor, 1, plays=30)
    expect(banner).to_be_hidden()


def test_a_lost_stream_ends_the_crowd_and_the_past_has_none(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit()
    crowd(visitor)
    expect(visitor.page.locator("#crowd")).to_be_visible()
    visitor.stream.fail()
    expect(visitor.page.locator("#status")).to_have_attribute("data-state", "lost")
    expect(visitor.page.locator("#crowd")).to_be_hidden()
    visitor.stream.recover()
    visitor.pass_time_until("document.getElementById('status').dataset.state === 'live'")
    crowd(visitor, 12)
    expect(visitor.page.locator("#crowd")).to_be_visible()
    visitor.page.locator("#rewind-open").click()
    expect(visitor.page.locator("#crowd")).to_be_hidden()
    crowd(visitor, 12)
    expect(visitor.page.locator("#crowd")).to_be_hidden()


@pytest.mark.parametrize("path", ["/", "/?lang=ar", "/?wall=1"])
def test_the_banner_lies_on_nothing_and_a_long_title_is_cut_off(
    fake_visit: Callable[..., FakeVisit], path: str
) -> None:
    visitor = fake_visit(path, viewport=SIZES["laptop"])
    page = visitor.page
    crowd(visitor, 12, title=LONG)
    expect(page.locator("#crowd")).to_be_visible()
    for name in ("laptop", "wide") if "wall" in path else SIZES:
        page.set_viewport_size(SIZES[name])
        visitor.wait(f"({OVERLAPS})().join() === ''")  # the search has a transition
        assert page.evaluate(INSIDE), name
        box = page.locator("#crowd").bounding_box()
        assert box is not None
        assert box["height"] < 6.5 * page.evaluate(REM), name


def test_axe_finds_nothing_wrong_with_a_crowd(idle: Server, fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit("", viewport=SIZES["laptop"], reduced_motion="reduce")
    bring_axe(visitor.page)
    visitor.open(idle.url)
    crowd(visitor, 12)
    for name in ("laptop", "phone"):
        visitor.page.set_viewport_size(SIZES[name])
        expect(visitor.page.locator("#crowd")).to_be_visible()
        assert in_each(THEMES, visitor, f"a crowd, {name}") == []


@pytest.mark.parametrize(("size", "theme"), [("laptop", "dark"), ("phone", "light")])
def test_the_busiest_of_its_cities_are_named_on_the_globe(
    fake_visit: Callable[..., FakeVisit], size: str, theme: Theme
) -> None:
    visitor = fake_visit(webgl=True, still=True, viewport=SIZES[size], color_scheme=theme, device_scale_factor=1)
    crowd(visitor, 12)
    names = visitor.page.locator(".label.city.shown span:first-child")
    visitor.wait("document.querySelector('.label.city.shown')")
    assert names.all_text_contents() == ["Lagos"], "Lisbon has fewer, and Osaka is on the other side"
    visitor.wait("getComputedStyle(document.getElementById('crowd')).opacity === '1'")
    FOLDER.mkdir(parents=True, exist_ok=True)
    visitor.page.screenshot(path=FOLDER / f"crowd-{size}-{theme}.png")


@pytest.fixture
def release_night(server: Server) -> Iterator[Server]:
    """A server to which the seed script sends a release night."""
    script = str(ROOT / "scripts" / "seed_plays.py")
    where = ["--url", server.url, "--data-dir", str(server.data_dir)]
    command = [sys.executable, script, *where, "--scenario", "release-night"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=clean_environment()) as seeding:
        yield server
        seeding.terminate()


def test_a_release_night_has_its_banner(release_night: Server, visit: Callable[..., Visit]) -> None:
    visitor = visit(webgl=False)
    page = visitor.open(release_night.url)
    expect(page.locator("#crowd")).to_contain_text(HIT)
    expect(page.locator("#crowd")).to_contain_text("people in ten seconds")
