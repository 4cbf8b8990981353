from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import FakeVisit, Visit
from tests.browser.fakestream import Song
from tests.browser.steps import LAGOS, LISBON, OSAKA, RECIFE, TOKYO, send_pair, titles
from tests.serving import Server


def visible_counters(page: Page) -> list[str]:
    found: list[str] = page.locator("#counters [data-count]:visible").evaluate_all(
        "all => all.map((e) => e.dataset.count)"
    )
    return found


def test_a_search_shows_one_artist_alone_and_one_click_leaves_it(server: Server, visit: Callable[..., Visit]) -> None:
    visitor = visit(webgl=False)
    page = visitor.open(server.url)
    send_pair(server, "Night Bus Home", artist="Marisol Vey", cities=(OSAKA, RECIFE))
    send_pair(server, "Copper Sky", cities=(LISBON, LAGOS))
    expect(page.locator("#feed li")).to_have_count(2)
    page.get_by_role("combobox", name="Search").fill("marisol")
    page.get_by_role("option", name="Marisol Vey artist").click()
    expect(page.locator(".chip")).to_have_text("Filter: Marisol Vey×")
    expect(page.locator("#feed li")).to_have_count(1)
    assert page.url == server.url + "/?artist=Marisol+Vey"
    assert visible_counters(page) == ["shown", "found"]
    send_pair(server, "Something Else", cities=(LISBON, LAGOS))
    send_pair(server, "Night Train", artist="marisol  vey", cities=(LISBON, OSAKA))
    expect(page.locator("#feed li")).to_have_count(2)
    assert titles(page) == ["Night Train", "Night Bus Home"]
    page.get_by_role("link", name="Remove filter: Marisol Vey").click()
    expect(page.locator("#feed .title", has_text="Copper Sky")).to_have_count(1)
    expect(page.locator(".chip")).to_have_count(0)
    assert page.url == server.url + "/"
    assert visible_counters(page) == ["plays", "together", "shown", "found"]
    assert visitor.errors == []


def test_who_picks_a_place_is_flown_there(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit(webgl=True, reduced_motion="reduce")  # the globe goes nowhere by itself
    page = visitor.page
    page.get_by_role("combobox").fill("osaka")
    visitor.stream.pass_time(0.2)
    page.get_by_role("option", name="Osaka Japan city").click()
    expect(page.locator(".chip")).to_have_text("Filter: Osaka, Japan×")
    expect(page.locator("#status")).to_have_attribute("data-state", "live")
    visitor.stream.connect("Night Bus Home", (OSAKA, TOKYO))
    visitor.pass_time_until("document.querySelector('.label.shown')")


def test_back_and_forward_and_a_reload_show_what_the_address_says(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit()
    page, stream = visitor.page, visitor.stream
    stream.send([Song("Night Bus Home", (OSAKA, RECIFE)), Song("Copper Sky", (LISBON, LAGOS))])
    expect(page.locator("#feed li")).to_have_count(2)
    page.get_by_role("combobox").fill("osaka")
    stream.pass_time(0.2)
    page.get_by_role("option", name="Osaka Japan city").click()
    expect(page.locator("#feed li")).to_have_count(1)
    page.go_back()
    expect(page.locator("#feed li")).to_have_count(2)
    expect(page.locator(".chip")).to_have_count(0)
    page.go_forward()
    expect(page.locator("#feed li")).to_have_count(1)
    page.reload()
    expect(page.locator(".chip")).to_have_text("Filter: Osaka, Japan×")
    expect(page.locator("#feed li")).to_have_count(1)


def test_the_search_is_used_with_the_keyboard_alone(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit()
    page, stream = visitor.page, visitor.stream
    field, options = page.get_by_role("combobox"), page.get_by_role("option")
    field.focus()
    page.keyboard.type("sao p")
    stream.pass_time(0.2)
    expect(options.first).to_contain_text("São Paulo")
    expect(field).to_have_attribute("aria-expanded", "true")
    expect(page.locator(".found-note:not([data-city])")).to_contain_text("result")
    page.keyboard.press("ArrowUp")
    last = options.last
    expect(last).to_have_attribute("aria-selected", "true")
    assert field.get_attribute("aria-activedescendant") == last.get_attribute("id")
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(field).to_have_attribute("aria-expanded", "false")
    expect(field).to_have_value("sao p")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_text("Filter: São Paulo, Brazil×")
    expect(field).to_have_value("")
    expect(field).to_be_focused()
    page.keyboard.type("zzqqzz")
    stream.pass_time(0.2)
    expect(page.locator(".found-note:not([data-city])")).to_have_text("No results")
    page.keyboard.press("Escape")
    expect(field).to_have_value("")
    leave = page.get_by_role("link", name="Remove filter: São Paulo, Brazil")
    leave.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_count(0)
    expect(field).to_be_focused()


def test_a_filter_that_is_refused_can_be_left(idle: Server, visit: Callable[..., Visit]) -> None:
    page = visit(webgl=False).page
    page.goto(f"{idle.url}/?country=XX&artist=%3Cb%3EBold")
    expect(page.locator("#status")).to_have_attribute("data-state", "refused")
    expect(page.locator(".chip")).to_have_text(["Filter: <b>Bold×", "Filter: XX×"])
    expect(page.locator(".waiting")).to_be_hidden()
    page.get_by_role("link", name="Remove filter: XX").click()
    expect(page.locator("#status")).to_have_attribute("data-state", "live")
    expect(page.locator(".chip")).to_have_text("Filter: <b>Bold×")
    expect(page.locator(".waiting p").first).to_be_visible()
    expect(page.locator(".waiting .hint").first).to_be_hidden()  # what the globe is is no answer to a filter
    page.get_by_role("link", name="Remove filter: <b>Bold").click()
    expect(page.locator(".waiting .hint").first).to_be_visible()
