"""The globe in a frame on another origin's page: its API, its manners, its sizes, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Frame, FrameLocator, Page, ViewportSize, expect

from tests.browser.axe import bring_axe, complaints
from tests.browser.conftest import FakeVisit, History, Visit
from tests.browser.fingers import swipe
from tests.browser.steps import LAGOS, LISBON, OSAKA, RECIFE, send_pair
from tests.hosting import Host, hosting
from tests.serving import Server

pytestmark = pytest.mark.timeout(300)
SANDBOX = "allow-scripts allow-same-origin"


@pytest.fixture
def host() -> Iterator[Host]:
    with hosting() as site:
        yield site


@pytest.fixture
def guest(visit: Callable[..., Visit]) -> Visit:
    """Somebody on the host's page, who wants no motion: this is not about it."""
    return visit(viewport={"width": 700, "height": 500}, reduced_motion="reduce")


@pytest.fixture
def reader(visit: Callable[..., Visit]) -> Visit:
    """Such a guest whose browser draws no globe."""
    return visit(webgl=False, viewport={"width": 700, "height": 500}, reduced_motion="reduce")


def frame_tag(server: Server, width: int = 480, height: int = 300, more: str = "", **query: str) -> str:
    address = f"{server.url}/embed?{urlencode(query)}".replace("&", "&amp;")
    return f'<iframe src="{address}" width={width} height={height} style="border:0" title=Globe {more}></iframe>'


def script_tag(server: Server) -> str:
    return f'<script src="{server.url}/embed.js"></script>'


def frame_of(page: Page, number: int = 0) -> Frame:
    """The embed's frame once its document is there."""
    locator = page.locator("iframe").nth(number)
    locator.wait_for()
    frame = locator.element_handle().content_frame()
    assert frame is not None
    return frame


def drawn(page: Page, number: int = 0) -> FrameLocator:
    """The embed once its globe is drawn and its stream up."""
    inside = page.frame_locator("iframe").nth(number)
    expect(inside.locator('body[data-globe="ready"]')).to_be_attached()
    expect(inside.locator('#status[data-state="live"]')).to_be_attached()
    return inside


PLAYER = """
  const log = [];
  const globe = Unison.embed('#globe', {t: 1, theme: 'dark', feed: true, lazy: false});
  for (const name of ['connection', 'moment', 'status']) globe.on(name, (detail) => log.push([name, detail]));
  globe.ready.then(() => log.push(['ready']));
"""


def test_the_players_methods_and_events_go_both_ways_over_origins(server: Server, host: Host, guest: Visit) -> None:
    host.page(PLAYER, "/player.js")
    url = host.page(
        f"<div id=globe></div>{script_tag(server)}<script src=/player.js></script>",
        Content_Security_Policy=f"default-src 'none'; script-src 'self' {server.url}; frame-src {server.url}",
        Cross_Origin_Embedder_Policy="require-corp",
        Cross_Origin_Opener_Policy="same-origin",
    )
    page = guest.page
    page.goto(url)
    inside = drawn(page)
    assert page.evaluate("crossOriginIsolated"), "a page that isolates itself frames it as it is"
    guest.wait("log.some(([name]) => name === 'ready')")
    guest.wait("log.some(([name, detail]) => name === 'status' && detail.globe === 'ready')")

    send_pair(server, "Night Bus Home", cities=(LISBON, LAGOS))
    guest.wait("log.some(([name, detail]) => name === 'connection' && detail.track.title === 'Night Bus Home')")
    expect(inside.locator("#feed .title")).to_have_text("Night Bus Home")
    inside.locator("#feed button").click()
    guest.wait("log.some(([name, detail]) => name === 'moment' && detail.to.city)")
    expect(inside.locator("#caption")).to_contain_text("Night Bus Home")

    page.evaluate("globe.pause()")
    expect(inside.locator("#pause")).to_have_attribute("data-paused", "true")
    assert page.evaluate("log.at(-1)[1].paused") is True
    page.evaluate("globe.play()")
    expect(inside.locator("#pause")).to_have_attribute("data-paused", "false")

    page.evaluate("globe.flyTo({lon: 139, lat: 35})")
    assert "expected -90 to 90" in page.evaluate("globe.flyTo({lon: 0, lat: 95}).catch((error) => error.message)")
    page.evaluate("globe.setFilter({country: 'JP'})")
    expect(inside.locator("#feed li")).to_have_count(0)
    assert "QQ" in page.evaluate("globe.setFilter({country: 'QQ'}).catch((error) => error.message)")
    expect(inside.locator('#status[data-state="live"]')).to_be_attached()
    send_pair(server, "Copper Sky", cities=(OSAKA, RECIFE))
    guest.wait("log.some(([name, detail]) => name === 'connection' && detail.track.title === 'Copper Sky')")

    page.evaluate("globe.destroy()")
    expect(page.locator("iframe")).to_have_count(0)
    assert "destroyed" in page.evaluate("globe.play().catch((error) => error.message)")
    assert [error for error in guest.errors if "400 (BAD REQUEST)" not in error] == []  # the filter nobody knows


def test_several_embeds_live_on_one_page_and_strangers_are_not_heard(server: Server, host: Host, reader: Visit) -> None:
    stranger = host.page(
        """<script>
        setInterval(() => {
          for (let i = 0; i < parent.length; i++) {
            if (parent[i] === window) continue;
            parent[i].postMessage({unison: 1, type: 'hello'}, '*');
            parent[i].postMessage({unison: 1, type: 'call', id: 1, method: 'pause', args: []}, '*');
          }
          parent.postMessage({unison: 1, type: 'event', name: 'connection', detail: {id: 'forged'}}, '*');
        }, 50);
        addEventListener('message', ({data}) => parent.postMessage({leaked: data}, '*'));
        </script>""",
        "/stranger",
    )
    url = host.page(
        f"""<div data-unison data-theme=light data-lazy=0 data-width=300 data-height=200 id=one></div>
        <unison-globe country=BR width=300 height=200 lazy=0></unison-globe>
        <iframe src="{stranger}" id=stranger width=9 height=9></iframe>{script_tag(server) * 2}
        <script>
          const log = [];
          addEventListener('message', ({{data}}) => data.leaked && log.push('leaked'));
          const element = document.querySelector('unison-globe');
          element.addEventListener('unison-connection', ({{detail}}) => log.push(detail.track.title));
          document.addEventListener('DOMContentLoaded', () => {{
            const one = Unison.embed('#one');
            one.on('connection', ({{id, track}}) => log.push(track?.title ?? id));
            window.ready = Promise.all([one.ready, element.player.ready]).then(() => 'both');
          }});
        </script>"""
    )
    page = reader.page
    page.goto(url)
    assert page.evaluate("ready") == "both"
    assert frame_of(page, 1).url.startswith(f"{server.url}/embed?country=BR")
    for number in (0, 1):
        expect(page.frame_locator("iframe").nth(number).locator('#status[data-state="live"]')).to_be_attached()
    send_pair(server, "Copper Sky", cities=(OSAKA, LISBON))
    reader.wait("log.includes('Copper Sky')")
    send_pair(server, "Slow Lighthouse", cities=(OSAKA, RECIFE))
    reader.wait("log.filter((title) => title === 'Slow Lighthouse').length === 2")
    assert page.evaluate("new Set(log).size") == 2
    for number in (0, 1):
        frame = page.frame_locator("iframe").nth(number)
        expect(frame.locator("#pause")).to_have_attribute("data-paused", "false")
    page.evaluate("element.setAttribute('country', 'JP')")
    expect(page.locator("unison-globe iframe")).to_have_attribute("src", f"{server.url}/embed?country=JP")
    page.evaluate("element.remove()")
    expect(page.locator("iframe")).to_have_count(2)
    assert reader.errors == []


def test_a_frame_that_went_elsewhere_is_neither_heard_nor_told(idle: Server, host: Host, reader: Visit) -> None:
    elsewhere = host.page(
        """<script>
        const heard = [];
        addEventListener('message', ({data}) => heard.push(data));
        for (const type of ['here', 'ready']) parent.postMessage({unison: 1, type}, '*');
        parent.postMessage({unison: 1, type: 'event', name: 'connection', detail: {id: 'forged'}}, '*');
        parent.postMessage('sent', '*');
        </script>""",
        "/elsewhere",
    )
    page = reader.page
    page.goto(host.page(frame_tag(idle, poster="1") + script_tag(idle)))
    page.evaluate(
        """async (elsewhere) => {
          window.log = [];
          window.globe = Unison.embed(document.querySelector('iframe'));
          globe.on('connection', ({id}) => log.push(id));
          await globe.ready;
          const sent = new Promise((done) => addEventListener('message', ({data}) => data === 'sent' && done()));
          globe.frame.src = elsewhere;
          await sent;
          globe.pause();
        }""",
        elsewhere,
    )
    assert page.evaluate("log") == []
    assert frame_of(page).evaluate("heard") == []


def test_a_frame_far_down_the_page_loads_when_it_comes_near(idle: Server, host: Host, reader: Visit) -> None:
    url = host.page(f'<div style="height:3000px"></div><div data-unison data-poster=1 id=far></div>{script_tag(idle)}')
    page = reader.page
    page.goto(url)
    page.wait_for_function("document.querySelector('#far iframe')")
    assert page.locator("#far iframe").get_attribute("src") is None
    page.locator("#far").scroll_into_view_if_needed()
    expect(page.locator("#far iframe")).to_have_attribute("src", f"{idle.url}/embed?poster=1")


def test_it_works_in_a_sandbox_and_the_page_keeps_its_wheel(idle: Server, host: Host, guest: Visit) -> None:
    tag = frame_tag(idle, more=f'sandbox="{SANDBOX}"', background="transparent", theme="dark")
    page = guest.page
    page.goto(host.page(f'{tag}<div style="height:3000px"></div>{script_tag(idle)}'))
    inside = drawn(page)
    page.evaluate("Unison.embed(document.querySelector('iframe')).pause()")  # the script takes in what is there
    expect(inside.locator("#pause")).to_have_attribute("data-paused", "true")
    expect(inside.locator("#stage")).to_have_attribute("data-gestures", "shared")
    page.mouse.move(200, 150)
    page.mouse.wheel(0, 400)
    guest.wait("scrollY === 400")
    assert guest.errors == []


def test_a_frame_that_has_no_origin_is_live_where_anybody_may_frame_it(idle: Server, host: Host, guest: Visit) -> None:
    """As WordPress frames what it found by itself."""
    tag = frame_tag(idle, more="sandbox=allow-scripts", theme="dark", accent="ff5e8a")
    guest.page.goto(host.page(tag))
    inside = guest.page.frame_locator("iframe")
    expect(inside.locator("html")).to_have_css("background-color", "rgb(4, 6, 15)")
    expect(inside.locator(".placeholder")).to_have_css("position", "absolute")
    expect(inside.locator(".credits")).to_be_in_viewport(ratio=1)
    told = inside.locator("html").evaluate("root => getComputedStyle(root).getPropertyValue('--accent')")
    assert "#ff5e8a" in told
    drawn(guest.page)
    assert guest.errors == []


def test_whoever_listens_late_is_told_the_status_and_a_pictures_is_one(idle: Server, host: Host, guest: Visit) -> None:
    page = guest.page
    page.goto(host.page(frame_tag(idle, poster="1")))
    expect(page.frame_locator("iframe").locator("#load")).to_be_visible()
    page.add_script_tag(url=idle.url + "/embed.js?ver=6.5")
    page.evaluate("window.globe = Unison.embed(document.querySelector('iframe'))")
    first = "new Promise((told) => globe.on('status', told))"
    assert page.evaluate(first) == {"stream": "none", "globe": "poster", "paused": False, "source": ""}
    assert page.evaluate(first)["globe"] == "poster"
    page.evaluate("globe.play()")
    drawn(page)
    assert page.evaluate(first)["globe"] == "ready"


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ("data-width=300 data-height=250", [300, 250]),
        ("data-width='50%' data-height=15rem", [300, 240]),
        ("data-width=wide data-height=high", [600, 338]),
    ],
)
def test_a_frame_has_the_size_that_is_asked_for_and_the_usual_one_where_that_is_none(
    idle: Server, host: Host, reader: Visit, asked: str, size: list[int]
) -> None:
    reader.page.goto(host.page(f"<div style='width:600px' data-unison data-poster=1 {asked}></div>{script_tag(idle)}"))
    frame = reader.page.locator("iframe")
    frame.wait_for()
    assert frame.evaluate("({clientWidth, clientHeight}) => [clientWidth, clientHeight]") == size


@pytest.mark.parametrize("path", ["/embed.js", "/embed.js?ver=6.5"])
def test_a_script_that_is_a_module_frames_the_server_it_came_from(
    idle: Server, host: Host, reader: Visit, path: str
) -> None:
    tag = f"<script type=module src='{idle.url}{path}'></script>"
    reader.page.goto(host.page(f"<div data-unison data-poster=1></div>{tag}"))
    expect(reader.page.locator("iframe")).to_have_attribute("src", f"{idle.url}/embed?poster=1")


def test_a_finger_on_the_globe_scrolls_the_page_on_a_phone(
    idle: Server, host: Host, visit: Callable[..., Visit]
) -> None:
    phone = visit(
        viewport={"width": 390, "height": 700}, has_touch=True, is_mobile=True, device_scale_factor=1,
        reduced_motion="reduce",
    )  # fmt: skip
    phone.page.goto(
        host.page(
            "<meta name=viewport content='width=device-width'>"
            + frame_tag(idle, 350, 400)
            + '<div style="height:3000px"></div>'
        )
    )
    drawn(phone.page)
    swipe(phone.page, ((180, 300), (180, 60)))
    phone.wait("scrollY > 100")


def test_a_picture_takes_less_than_60_kb_and_keeps_nothing_and_a_key_brings_the_globe(
    idle: Server, host: Host, guest: Visit
) -> None:
    page = guest.page
    session = page.context.new_cdp_session(page)
    sizes: list[float] = []
    asked: list[str] = []
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.on("request", lambda request: asked.append(request.url))
    tag = frame_tag(idle, poster="1", lang="ja", accent="ff5e8a", title="Listening together")
    # one origin, so that one session counts all of it
    page.goto(f"{idle.url}/embed?{urlencode({'poster': '1', 'lang': 'ja', 'accent': 'ff5e8a'})}")
    page.wait_for_load_state("networkidle")
    assert not [url for url in asked if "pydeck.js" in url or "/stream" in url]
    assert len(sizes) >= 8
    assert sum(sizes) < 60_000
    page.goto(host.page(tag))
    inside = page.frame_locator("iframe")
    page.keyboard.press("Tab")
    expect(inside.locator("#load")).to_be_focused()
    page.keyboard.press("Enter")
    drawn(page)
    state = page.context.storage_state()
    assert (state["cookies"], state["origins"]) == ([], [])
    assert guest.errors == []


def test_one_moment_is_shown_in_words_and_replayed(history: History, guest: Visit) -> None:
    url, moment = history.url, history.moment
    page = guest.open(f"{url}/embed?moment={moment}")
    expect(page.locator("#caption")).to_contain_text("Copper Sky")
    expect(page.locator("#caption")).to_contain_text("Lisbon, Portugal and Lagos, Nigeria")
    expect(page.locator("#caption a")).to_have_attribute("href", f"{url}/c/{moment}")
    expect(page.locator(".labels .label.song")).to_contain_text("Copper Sky")
    expect(page.locator("#sources")).to_have_text("simulated")


def test_what_cannot_be_used_is_said_in_the_console(idle: Server, reader: Visit) -> None:
    said: list[tuple[str, str]] = []
    reader.page.on("console", lambda message: said.append((message.type, message.text)))
    reader.page.goto(f"{idle.url}/embed?poster=1&theme=blue&accent=zz")
    reader.page.wait_for_load_state("networkidle")
    assert ("info", "Unison: theme='blue' is ignored: expected dark, light or auto") in said
    assert [kind for kind, text in said if "accent='zz'" in text] == ["info"]
    assert reader.errors == []


NEEDED = [".credits", ".wordmark", ".source", "#pause"]
SIZES = [ViewportSize(width=width, height=height) for width, height in ((640, 360), (320, 240), (200, 200))]


def test_nothing_sticks_out_and_nothing_covers_another_at_any_size(fake_visit: Callable[..., FakeVisit]) -> None:
    visitor = fake_visit("/embed?lang=de", webgl=True, still=True, viewport=SIZES[0])
    page = visitor.page
    visitor.stream.connect("Night Bus Home", (LISBON, LAGOS))
    expect(page.locator("#sources")).to_have_text("simuliert")
    for size in SIZES:
        page.set_viewport_size(size)
        boxes = {}
        for selector in NEEDED:
            expect(page.locator(selector)).to_be_visible()
            boxes[selector] = page.locator(selector).bounding_box()
        for selector, box in boxes.items():
            assert box is not None
            assert box["x"] >= 0 <= box["y"], (selector, size)
            assert box["x"] + box["width"] <= size["width"], (selector, size)
            assert box["y"] + box["height"] <= size["height"], (selector, size)
        for one, a in boxes.items():
            for other, b in boxes.items():
                if one < other and a and b:
                    apart_x = a["x"] + a["width"] <= b["x"] or b["x"] + b["width"] <= a["x"]
                    apart_y = a["y"] + a["height"] <= b["y"] or b["y"] + b["height"] <= a["y"]
                    assert apart_x or apart_y, (one, other, size)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), size


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_nothing_in_a_frame_its_list_its_caption_and_its_picture(
    idle: Server, fake_visit: Callable[..., FakeVisit], theme: str
) -> None:
    visitor = fake_visit("", webgl=True, viewport={"width": 700, "height": 500}, reduced_motion="reduce")
    bring_axe(visitor.page)
    address = f"{idle.url}/embed?feed=1&title=Listening+together&theme={theme}&accent=ffe000"
    page = visitor.open(address)
    visitor.stream.connect("Night Bus Home", (LISBON, LAGOS))
    page.locator("#feed button").click()
    expect(page.locator("#caption")).to_be_visible()
    assert complaints(visitor) == []
    page.goto(f"{idle.url}/embed?poster=1&theme={theme}&background=ffffff")
    assert complaints(visitor) == []


def test_two_snippets_and_a_strangers_broken_frame_are_each_one_frame(idle: Server, host: Host, reader: Visit) -> None:
    snippet = f"{script_tag(idle)}<div data-unison data-poster=1 data-lazy=0></div>"
    reader.page.goto(host.page(f'<iframe src="https://"></iframe>{snippet}{snippet}'))
    expect(reader.page.locator("[data-unison] iframe")).to_have_count(2)
    drawn_once = reader.page.evaluate(
        "[...document.querySelectorAll('[data-unison]')].map((one) => one.children.length)"
    )
    assert drawn_once == [1, 1]
