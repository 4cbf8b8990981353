from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.browser.conftest import MARKUP, FakeVisit, Visit
from tests.browser.fakestream import Song
from tests.browser.steps import (
    LAGOS,
    LISBON,
    OSAKA,
    RECIFE,
    changed,
    picture,
    send_pair,
    settled_picture,
    titles,
)
from tests.serving import ROOT, Server, clean_environment

"""The sun and the camera stand still, so that what changes is the arcs."""


@pytest.fixture
def seeded(server: Server) -> Iterator[Server]:
    """A server to which the seed script sends everyday traffic."""
    script = str(ROOT / "scripts" / "seed_plays.py")
    command = [sys.executable, script, "--url", server.url, "--data-dir", str(server.data_dir), "--rate", "80"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=clean_environment()) as seeding:
        yield server
        seeding.terminate()


def test_with_traffic_arcs_and_labels_appear_and_the_feed_grows(seeded: Server, visit: Callable[..., Visit]) -> None:
    visitor, hosts = visit(), set[str]()
    visitor.page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    visitor.page.on("websocket", lambda socket: hosts.add(urlsplit(socket.url).netloc))
    page = visitor.open(seeded.url)
    visitor.wait("Number(document.getElementById('stage').dataset.arcs) >= 8")
    visitor.wait("document.querySelectorAll('.label.song.shown').length >= 1")
    visitor.wait("document.querySelectorAll('.label.city.shown').length >= 2")
    visitor.wait("document.querySelectorAll('#feed li').length >= 8")
    visitor.wait("Number(document.querySelector('[data-count=plays]').textContent) > 10")
    expect(page.locator("#sources")).to_have_text("simulated")
    assert visitor.errors == []
    assert hosts - {""} == {urlsplit(seeded.url).netloc}, "data: and blob: have none"


def test_a_connection_is_told_in_words(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit()
    page = visitor.page
    expect(page.locator(".waiting")).to_be_visible()
    visitor.stream.connect("Night Bus Home", (OSAKA, RECIFE))
    entry = page.locator("#feed li")
    expect(entry).to_have_count(1)
    song, cities, facts = (entry.locator(f".{kind}").inner_text() for kind in ("song", "cities", "facts"))
    assert song == "Night Bus Home by The Harbour Lamps"
    assert cities == "Osaka, Japan and Recife, Brazil"
    assert facts.startswith("40 ms apart · 16,897 km · ")
    expect(page.locator(".waiting")).to_be_hidden()


def test_an_arc_is_drawn_and_is_gone_when_it_is_over(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(webgl=True, still=True)
    page = visitor.page
    empty = settled_picture(page, visitor.stream.pass_time)
    visitor.stream.connect("Copper Sky", (LISBON, LAGOS))
    visitor.pass_time_until("document.querySelectorAll('.label.city.shown').length === 2")
    assert changed(page, empty, picture(page)) > 100
    visitor.pass_time_until("document.querySelectorAll('.label').length === 0")
    visitor.stream.pass_time(11)  # the arc's end goes out a little after its label, and the numbers after ten seconds
    assert changed(page, empty, picture(page)) < 20
    assert visitor.errors == []


def test_markup_in_a_title_is_shown_as_text(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(webgl=True, still=True)
    page = visitor.page
    visitor.stream.connect(MARKUP, (LISBON, LAGOS), "<script>alert(2)</script>")
    visitor.pass_time_until("document.querySelectorAll('.label.song.shown').length === 1")
    assert titles(page) == [MARKUP]
    expect(page.locator(".label.song span").first).to_have_text(MARKUP)
    assert page.locator("#feed img, .labels img, #feed script, .labels script").count() == 0
    assert visitor.errors == []


def test_the_page_recovers_when_the_server_was_killed(server: Server, visit: Callable[..., Visit]) -> None:
    visitor = visit(webgl=False)
    page = visitor.open(server.url)
    send_pair(server, "Before", cities=(OSAKA, RECIFE))
    expect(page.locator("#feed li")).to_have_count(1)
    server.stop()
    visitor.wait("document.getElementById('status').dataset.state === 'lost'")
    expect(page.locator("#status")).to_contain_text("Disconnected for")
    server.start(server.port)
    visitor.wait("document.getElementById('status').dataset.state === 'live'")
    send_pair(server, "After", cities=(LISBON, LAGOS))
    expect(page.locator("#feed li")).to_have_count(2)
    assert titles(page) == ["After", "Before"]


def test_a_page_that_was_cut_off_resumes_without_repeating_or_losing(
    server: Server, visit: Callable[..., Visit]
) -> None:
    visitor = visit(webgl=False)
    sockets: list[WebSocketRoute] = []

    def relay(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    visitor.page.route_web_socket("**/stream*", relay)
    page = visitor.open(server.url)
    send_pair(server, "One", cities=(OSAKA, RECIFE))
    expect(page.locator("#feed li")).to_have_count(1)
    sockets[0].close(code=4000)
    send_pair(server, "Two", cities=(LISBON, LAGOS))
    expect(page.locator("#status")).to_contain_text("Nothing missed")
    send_pair(server, "Three", cities=(OSAKA, LAGOS))
    expect(page.locator("#feed li")).to_have_count(3)
    assert "since=" in sockets[1].url
    assert titles(page) == ["Three", "Two", "One"]


def test_a_filter_nobody_knows_is_told_kindly_and_leads_to_everything(
    idle: Server, visit: Callable[..., Visit]
) -> None:
    page = visit(webgl=False).page
    page.goto(f"{idle.url}/?country=XX")
    expect(page.locator("#status")).to_have_attribute("data-state", "refused")
    expect(page.locator("#status")).to_have_text("Nothing to show")
    expect(page.locator("main")).not_to_contain_text("ISO 3166")  # that is for developers
    expect(page.locator(".not-known")).to_contain_text("This link asks for a song or a place that this globe does not")
    page.get_by_role("link", name="Show all connections").click()
    expect(page.locator("#status")).to_have_text("Connected")
    expect(page.locator(".not-known")).to_be_hidden()
    expect(page.locator(".chip")).to_have_count(0)


def test_an_empty_globe_says_what_it_is_and_leaves_the_api_to_operators(
    idle: Server, visit: Callable[..., Visit]
) -> None:
    page = visit(webgl=False).page
    page.goto(idle.url)
    waiting = page.locator(".waiting")
    expect(waiting).to_contain_text("When two people press play on the same song in the same second")
    expect(waiting).to_contain_text("see who is next")
    expect(waiting).not_to_contain_text("POST")
    expect(waiting.get_by_role("link", name="For operators: how to send plays")).to_have_attribute("href", "/docs/api")


def test_a_phone_shows_the_whole_globe_and_the_list_beneath(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(viewport={"width": 390, "height": 844}, has_touch=True)
    page = visitor.page
    title = "A Title So Long That No Telephone Has Ever Been Wide Enough" * 3
    visitor.stream.connect(title, (LISBON, LAGOS))
    expect(page.locator("#feed li")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    stage, feed = page.locator("#stage").bounding_box(), page.locator(".feed").bounding_box()
    assert stage is not None
    assert feed is not None
    assert stage["y"] + stage["height"] <= feed["y"]
    assert stage["height"] > 300


def test_a_lost_graphics_context_is_made_anew(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(webgl=True, still=True)
    page = visitor.page
    page.evaluate("""document.querySelector('.canvas canvas').id = 'first';
      document.getElementById('first').getContext('webgl2').getExtension('WEBGL_lose_context').loseContext()""")
    visitor.pass_time_until("document.querySelector('.canvas canvas') && !document.getElementById('first')")
    visitor.stream.pass_time(1)
    empty = picture(page)
    visitor.stream.connect("Again", (LISBON, LAGOS))
    visitor.pass_time_until("document.querySelectorAll('.label.city').length === 2")
    assert changed(page, empty, picture(page)) > 100


def test_a_hundred_at_once_leave_nothing_behind(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(webgl=True)
    page = visitor.page
    for ten in range(10):
        visitor.stream.send(Song(f"Song {ten} {n}", (LISBON, LAGOS) if n % 2 else (OSAKA, RECIFE)) for n in range(10))
    visitor.pass_time_until("Number(document.getElementById('stage').dataset.arcs) === 100")
    assert page.locator("#feed li").count() == 60
    visitor.pass_time_until("document.querySelectorAll('.label').length === 0")
    assert visitor.errors == []


@pytest.mark.parametrize(("wish", "stands_still"), [("reduce", True), ("no-preference", False)])
def test_the_globe_turns_unless_the_visitor_wants_less_motion(
    fake_visit: Callable[..., FakeVisit], wish: str, stands_still: bool
) -> None:
    visitor = fake_visit(webgl=True, reduced_motion=wish)
    page = visitor.page
    visitor.stream.connect("Copper Sky", (LISBON, LAGOS))
    visitor.pass_time_until("document.querySelectorAll('.label.city.shown').length === 2")
    where = "document.querySelector('.label.city').style.transform"
    before = page.evaluate(where)
    visitor.stream.pass_time(2)
    assert (page.evaluate(where) == before) is stands_still


def test_a_first_visit_takes_no_more_than_was_promised(idle: Server, visit: Callable[..., Visit]) -> None:
    page = visit().open(idle.url)
    entries = "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
    sizes: list[int] = page.evaluate(f"{entries}.map(({{transferSize}}) => transferSize)")
    assert len(sizes) > 50
    assert sum(sizes) < 1_200_000
