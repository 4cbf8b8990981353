"""Each part of the page fails alone: whatever is broken on purpose, the list goes on live and the page says what is."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable, Iterator
from posixpath import dirname, join, normpath

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visit
from tests.browser.steps import LAGOS, LISBON
from tests.conftest import lasting
from tests.serving import Server, ask, get_json, post_plays, stream
from webapp.web.assets import MAIN

pytestmark = pytest.mark.timeout(300)

WITHOUT_GLOBE = "HTMLCanvasElement.prototype.getContext = () => null"
NEWS = """(() => {
  const newest = document.querySelector('#feed li')?.dataset.id;
  window.seen ??= newest;
  return document.getElementById('status').dataset.state === 'live' && newest && newest !== window.seen;
})()"""
"""Whether a connection came in since this was asked first."""

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
    "no WebGL": WITHOUT_GLOBE,
    "WebGL throws": "HTMLCanvasElement.prototype.getContext = () => { throw new Error('no'); }",
}
PLAIN = {"no Intl", "Intl throws"}
"""Where numbers and times are written plainly."""


@pytest.fixture(scope="module")
def lively(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a connection, to which a pair of plays comes twice a second."""
    with lasting(tmp_path_factory.mktemp("lively"), UNISON_SHOWN_PER_S="0") as server:
        over = threading.Event()

        def send() -> None:
            for number in itertools.count():
                if over.wait(0.4):
                    break
                post_plays(server, pair(f"Song {number}"), X_Unison_Source="synthetic")

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        with stream(server) as viewer:
            viewer.connections(1)
        yield server
        over.set()
        sender.join()


def pair(title: str) -> list[dict[str, object]]:
    """Two plays of a song that count when they arrive, so that none is late however busy the machine is."""
    track = {"title": title, "artist": "The Harbour Lamps"}
    return [{"track": track, "listener": f"in {city}", "place": {"geoname_id": city}} for city in (LISBON, LAGOS)]


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


@pytest.mark.parametrize("chosen", ["some", pytest.param("all", marks=pytest.mark.long)])
def test_whichever_module_is_broken_the_list_goes_on_live_and_the_page_says_what_does_not_work(
    lively: Server, visit: Callable[..., Visit], chosen: str
) -> None:
    visitor = visit()
    page = visitor.page
    page.add_init_script(WITHOUT_GLOBE)
    essential = core(lively)
    some = ["pages/boot.js", MAIN, "common/format.js", "pages/indexparts.js", "globe/view.js", "ui/sound.js"]
    some += ["visitor/homecity.js", "moment/details.js"]
    for name in modules(lively) if chosen == "all" else some:
        how = next(HOW)
        open_broken(page, lively, name, how)
        visitor.wait(f"document.body && document.getElementById('status') && {NEWS}")
        if name in essential:
            expect(page.locator("#trouble"), name).to_have_text("Only the list works. Reload the page to try again.")
            expect(page.locator("#sources")).to_have_text("synthetic")
        elif page.locator("#trouble").is_hidden():
            assert page.evaluate("document.body.dataset.globe") == "none", f"{name} ({how}): nothing says so"
        assert visitor.page.locator(".notice").is_visible()


def test_whatever_the_browser_gives_or_lacks_the_list_goes_on_live(lively: Server, visit: Callable[..., Visit]) -> None:
    for name, script in BROKEN_APIS.items():
        visitor = visit()
        visitor.page.add_init_script(WITHOUT_GLOBE)
        visitor.page.add_init_script(script)
        visitor.page.goto(lively.url, wait_until="commit")
        visitor.wait(f"document.body && document.getElementById('status') && {NEWS}")
        assert visitor.errors == [], name
        assert visitor.page.locator("#trouble").is_hidden(), f"{name}: {visitor.page.locator('#trouble').inner_text()}"
        visitor.page.context.close()


def test_a_part_that_throws_later_is_named_once_and_the_others_go_on(
    lively: Server, visit: Callable[..., Visit]
) -> None:
    visitor = visit()
    page = visitor.page
    page.add_init_script("window.AudioContext = class { constructor() { throw new Error('no sound'); } }")
    page.add_init_script("localStorage.setItem('unison', JSON.stringify({sound: true}))")
    page.goto(lively.url)
    visitor.wait("document.body.dataset.globe === 'ready'")
    page.mouse.click(5, 5)
    expect(page.locator("#trouble")).to_have_text("Not working here: Sound")
    page.locator("#settings-open").click()
    expect(page.get_by_role("switch", name="Motion")).to_be_visible()
    expect(page.get_by_role("switch", name="Sound")).to_be_hidden()
    page.keyboard.press("Escape")
    page.evaluate("""void (performance.now = () => { throw new Error("a frame that throws"); })""")
    expect(page.locator(".notice")).to_be_visible()
    visitor.wait(NEWS)
    expect(page.locator(".placeholder .live path").first).to_be_attached()
    expect(page.locator("#trouble")).to_have_text("Not working here: Sound")


def test_a_broken_part_of_an_embed_leaves_its_list_live(lively: Server, visit: Callable[..., Visit]) -> None:
    visitor = visit()
    page = visitor.page
    page.add_init_script(WITHOUT_GLOBE)
    for name, says in {
        "embed/caption.js": "Not working here: Details",
        "embed/hostmessages.js": "",
        "feed/streamstatus.js": "Only the list works. Reload the page to try again.",
    }.items():
        page.unroute_all()
        page.route(f"**/assets/*/{name}", break_by(next(HOW)))
        page.goto(f"{lively.url}/embed?feed=1", wait_until="commit")
        visitor.wait(f"document.body && document.getElementById('status') && {NEWS}")
        expect(page.locator("#trouble")).to_have_text(says)


@pytest.mark.parametrize(
    ("page", "name", "says"),
    [
        ("moment", "moment/sharedialog.js", "Not working here: Share"),
        ("moment", "pages/moment.js", "Parts of this page do not work. Reload the page to try again."),
        ("builder", "embed/preview.js", "Not working here: Preview"),
        ("builder", "common/format.js", "Parts of this page do not work. Reload the page to try again."),
    ],
)
def test_a_broken_part_of_another_page_is_named(
    lively: Server, visit: Callable[..., Visit], page: str, name: str, says: str
) -> None:
    visitor = visit()
    visitor.page.add_init_script(WITHOUT_GLOBE)
    visitor.page.route(f"**/assets/*/{name}", break_by(next(HOW)))
    newest = get_json(lively, "/api/connections?limit=1")["connections"][0]["id"]
    visitor.page.goto(lively.url + {"moment": f"/c/{newest}", "builder": "/embed/builder"}[page], wait_until="commit")
    expect(visitor.page.locator("#trouble")).to_have_text(says)
    if name == "embed/preview.js":
        expect(visitor.page.locator("#as-iframe")).to_contain_text("<iframe")
