"""Each part of the page fails alone: whatever is broken on purpose, the list goes on live and the page says what is."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from posixpath import dirname, join, normpath

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import FakeVisit, History, Visit
from tests.browser.steps import LAGOS, LISBON
from tests.serving import Server, ask
from webapp.web.assets import MAIN

pytestmark = pytest.mark.timeout(300)

LIVE = "document.body && document.getElementById('status')?.dataset.state === 'live'"

BROKEN_APIS = {
    "no Intl.Locale for C": "Object.defineProperty(navigator, 'languages', {get: () => ['C']})",
    "no languages": "Object.defineProperty(navigator, 'languages', {get: () => undefined})",
    "no Intl": "Object.defineProperty(window, 'Intl', {value: undefined})",
    "Intl throws": """for (const name of Object.getOwnPropertyNames(Intl))
        Intl[name] = class { constructor() { throw new RangeError(name); } }""",
    "storage throws": """for (const name of ['localStorage', 'sessionStorage'])
        Object.defineProperty(window, name, {get() { throw new DOMException('no', 'SecurityError'); }})""",
    "full storage": "Storage.prototype.setItem = Storage.prototype.getItem = () => { throw new Error('no'); }",
    "odd preferences": """localStorage.setItem('unison', JSON.stringify(
        {theme: 7, language: {a: 1}, motion: 'yes', sound: null, mastodon: []}));
        localStorage.setItem('unison.city', '{"id": "x", "label": 3}')""",
    "preferences of no object": "localStorage.setItem('unison', '[[1'); localStorage.setItem('unison.city', '5')",
    "no media queries": "window.matchMedia = () => { throw new Error('no'); }",
    "no observers": """window.ResizeObserver = window.IntersectionObserver = class {
        constructor() { throw new Error('no'); } }""",
    "no AbortSignal.timeout": "AbortSignal.timeout = undefined",
    "no clipboard, wake lock, share": """for (const name of ['clipboard', 'wakeLock', 'share', 'permissions'])
        Object.defineProperty(navigator, name, {get() { throw new Error('no'); }})""",
    "no history": "history.replaceState = () => { throw new DOMException('no', 'SecurityError'); }",
    "an odd history": "history.replaceState({shown: 'x'}, '')",
    "WebGL throws": "HTMLCanvasElement.prototype.getContext = () => { throw new Error('no'); }",
}

THROWS_IN_THE_GLOBE = """{
  const now = performance.now.bind(performance);
  performance.now = () => {
    const error = new Error("a frame that throws");
    if (error.stack.includes("/globe/")) throw error;
    return now();
  };
}"""


def hear(visitor: FakeVisit, title: str) -> None:
    """Have a connection come once the stream is up, and see it in the list."""
    visitor.wait(LIVE)
    visitor.stream.connect(title, (LISBON, LAGOS))
    expect(visitor.page.locator("#feed")).to_contain_text(title)


def modules(server: Server) -> list[str]:
    """Every module that the page loads."""
    html = ask(server, "/").text
    return sorted(re.findall(r'rel="modulepreload" href="/assets/\w+/([^"]+)"', html))


def core(server: Server) -> set[str]:
    """The modules that the page's entry point imports itself, without which only fallback.js is left."""
    folder = ask(server, "/").text.split(f'{MAIN}"')[0].rsplit('src="', 1)[1]
    wanted, found = [MAIN], {MAIN}
    while wanted:
        name = wanted.pop()
        text = ask(server, folder + name).text
        news = {
            normpath(join(dirname(name), line.split('"')[1]))
            for line in text.splitlines()
            if line.startswith(("import ", "} from"))
        }
        wanted += news - found
        found |= news
    return found


def break_by(how: str) -> Callable[[Route], None]:
    """Return what answers for a module: not found, no JavaScript, or a script that throws."""

    def answer(route: Route) -> None:
        if how == "404":
            route.fulfill(status=404, body="")
        else:
            body = "export const = 1" if how == "syntax" else "throw new Error('broken on purpose')"
            route.fulfill(content_type="text/javascript", body=body)

    return answer


def open_broken(page: Page, server: Server, name: str, how: str) -> None:
    page.unroute_all()
    page.route(f"**/assets/*/{name}", break_by(how))
    page.goto(server.url, wait_until="commit")


HOW = itertools.cycle(["404", "syntax", "throws"])


@pytest.mark.long
@pytest.mark.parametrize("chosen", ["some", "all"])
def test_whichever_module_is_broken_the_list_goes_on_live_and_the_page_says_what_does_not_work(
    idle: Server, fake_visit: Callable[..., FakeVisit], chosen: str
) -> None:
    visitor = fake_visit("")
    page, essential = visitor.page, core(idle)
    some = ["pages/boot.js", MAIN, "common/format.js", "pages/indexparts.js", "globe/view.js", "ui/sound.js"]
    some += ["visitor/homecity.js", "moment/details.js"]
    for name in modules(idle) if chosen == "all" else some:
        how = next(HOW)
        open_broken(page, idle, name, how)
        hear(visitor, f"Without {name}")
        if name in essential:
            expect(page.locator("#failed-parts"), name).to_have_text(
                "Only the list works. Reload the page to try again."
            )
            expect(page.locator("#sources")).to_have_text("simulated")
        elif page.locator("#failed-parts").is_hidden():
            assert page.evaluate("document.body.dataset.globe") == "none", f"{name} ({how}): nothing says so"
        assert visitor.page.locator(".notice").is_visible()


@pytest.mark.parametrize("name", BROKEN_APIS)
def test_whatever_the_browser_gives_or_lacks_the_list_goes_on_live(
    idle: Server, fake_visit: Callable[..., FakeVisit], name: str
) -> None:
    visitor = fake_visit("")
    page = visitor.page
    page.add_init_script(BROKEN_APIS[name])
    page.goto(idle.url)
    hear(visitor, "Copper Sky")
    assert visitor.errors == []
    assert page.locator("#failed-parts").is_hidden(), page.locator("#failed-parts").inner_text()


def test_a_part_that_throws_later_is_named_once_and_the_others_go_on(
    idle: Server, fake_visit: Callable[..., FakeVisit]
) -> None:
    visitor = fake_visit("", webgl=True)
    page = visitor.page
    page.add_init_script("window.AudioContext = class { constructor() { throw new Error('no sound'); } }")
    page.add_init_script("localStorage.setItem('unison', JSON.stringify({sound: true}))")
    visitor.open(idle.url)
    page.mouse.click(5, 5)
    expect(page.locator("#failed-parts")).to_have_text("Not working: Sound")
    page.locator("#settings-open").click()
    expect(page.get_by_role("switch", name="Motion")).to_be_visible()
    expect(page.get_by_role("switch", name="Sound")).to_be_hidden()
    page.keyboard.press("Escape")
    page.evaluate(THROWS_IN_THE_GLOBE)
    visitor.stream.pass_time(1)
    expect(page.locator(".notice")).to_be_visible()
    hear(visitor, "Copper Sky")
    visitor.stream.pass_time(1)
    expect(page.locator(".placeholder .live path").first).to_be_attached()
    expect(page.locator("#failed-parts")).to_have_text("Not working: Sound")


def test_a_broken_part_of_an_embed_leaves_its_list_live(idle: Server, fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit("")
    page = visitor.page
    for name, says in {
        "embed/caption.js": "Not working: Details",
        "embed/hostmessages.js": "",
        "feed/streamstatus.js": "Only the list works. Reload the page to try again.",
    }.items():
        page.unroute_all()
        page.route(f"**/assets/*/{name}", break_by(next(HOW)))
        page.goto(f"{idle.url}/embed?feed=1")
        hear(visitor, f"Without {name}")
        expect(page.locator("#failed-parts")).to_have_text(says)


@pytest.mark.parametrize(
    ("path", "name", "says"),
    [
        ("/c/{moment}", "moment/sharedialog.js", "Not working: Share"),
        ("/c/{moment}", "pages/moment.js", "Parts of this page do not work. Reload the page to try again."),
        ("/embed/builder", "embed/preview.js", "Not working: Preview"),
        ("/embed/builder", "common/format.js", "Parts of this page do not work. Reload the page to try again."),
    ],
)
def test_a_broken_part_of_another_page_is_named(
    history: History, visit: Callable[..., Visit], path: str, name: str, says: str
) -> None:
    page = visit(webgl=False).page
    page.route(f"**/assets/*/{name}", break_by(next(HOW)))
    page.goto(history.url + path.format(moment=history.moment))
    expect(page.locator("#failed-parts")).to_have_text(says)
    if name == "embed/preview.js":
        expect(page.locator("#as-iframe")).to_contain_text("<iframe")
