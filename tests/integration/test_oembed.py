"""/oembed, as a consumer that others wrote sees it, and against the specification (https://oembed.com)."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import urlencode

import micawber
import pytest

from tests.plays import connect_pair
from tests.serving import Answer, Server, ask

REQUIRED = {"type", "version", "html", "width", "height"}
"""Of a rich one."""
KNOWN = REQUIRED | {"title", "provider_name", "provider_url", "cache_age"}
KNOWN |= {"thumbnail_url", "thumbnail_width", "thumbnail_height"}


def asked(server: Server, url: str, **more: str) -> Answer:
    return ask(server, "/oembed?" + urlencode({"url": url, **more}))


def described(server: Server, url: str, **more: str) -> dict[str, Any]:
    answer = asked(server, url, **more)
    assert (answer.status, answer.kind) == (200, "application/json; charset=utf-8"), answer.text
    found: dict[str, Any] = answer.json
    return found


def source(html: str) -> str:
    """The address of the frame."""
    (found,) = re.findall(r'^<iframe src="([^"]*)"', html)
    return unescape(found)


def consumer(server: Server) -> micawber.ProviderRegistry:
    registry = micawber.ProviderRegistry()
    registry.register(re.escape(server.url) + r"/\S*", micawber.Provider(server.url + "/oembed"))
    return registry


def test_a_consumer_puts_the_globe_in_place_of_a_link(idle: Server) -> None:
    registry = consumer(idle)
    found = registry.request(idle.url + "/?country=BR&utm_source=x", maxwidth=500)
    assert (found["type"], found["width"], found["height"]) == ("rich", 500, 360)
    assert source(found["html"]) == idle.url + "/embed?country=BR"
    page = micawber.parse_html(f"<p>{idle.url}/embed?feed=1&amp;theme=light</p>", registry)
    assert "<iframe" in page
    with pytest.raises(micawber.ProviderException):
        registry.request(idle.url + "/status")


def test_a_consumer_frames_a_moment_for_a_link_to_it(common: Server) -> None:
    moment = connect_pair(common, "Slow <Lighthouse>")["id"]
    found = consumer(common).request(f"{common.url}/c/{moment}")
    assert source(found["html"]) == f"{common.url}/embed?moment={moment}"
    assert found["title"].startswith("Slow <Lighthouse> by The Harbour Lamps: Osaka and Recife, ")
    assert found["thumbnail_url"] == f"{common.url}/c/{moment}/card.png"
    small = described(common, f"{common.url}/c/{moment}", maxwidth="600")
    assert not {name for name in small if name.startswith("thumbnail")}


def test_the_answer_has_the_specifications_fields_of_its_types(idle: Server) -> None:
    found = described(idle, idle.url + "/")
    assert set(found) >= REQUIRED
    assert set(found) <= KNOWN
    assert (found["version"], found["type"]) == ("1.0", "rich")
    assert isinstance(found["width"], int)
    assert isinstance(found["height"], int)


@pytest.mark.parametrize(("most", "size"), [("200", (200, 200)), ("1", (1, 1)), ("99999", (640, 360))])
def test_no_frame_is_larger_than_there_is_room_for(idle: Server, most: str, size: tuple[int, int]) -> None:
    found = described(idle, idle.url + "/embed", maxwidth=most, maxheight=most)
    assert (found["width"], found["height"]) == size
    assert f'width="{size[0]}" height="{size[1]}"' in found["html"]


def test_xml_says_the_same_and_escapes_what_it_must(idle: Server) -> None:
    url = idle.url + "/embed?" + urlencode({"title": 'A "title" <b> & \x01', "country": "BR"})
    answer = asked(idle, url, format="xml")
    assert (answer.status, answer.kind) == (200, "text/xml; charset=utf-8")
    assert answer.body.startswith(b'<?xml version="1.0" encoding="utf-8" standalone="yes"?>')
    told = {child.tag: child.text for child in ET.fromstring(answer.body)}
    same = described(idle, url)
    assert told == {name: str(value).replace("\x01", "\ufffd") for name, value in same.items()}


NOT_OURS = [
    "https://example.org/",
    "http://127.0.0.1:1/",
    "javascript:alert(1)",
    "//127.0.0.1/",
    "http://[",
    "SERVER/status",
    "SERVER/api/stats",
    "SERVER/c/",
    "SERVER/c/nonsense",
    "SERVER/c/00000000000000000000000",
    "SERVER@example.org/",
    "SERVER.example.org/",
    "x" * 3000,
]


def test_what_is_not_ours_is_404(idle: Server) -> None:
    for url in NOT_OURS:
        answer = asked(idle, url.replace("SERVER", idle.url))
        assert answer.status in (404, 410), url
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ({"format": "yaml"}, 501, "json or xml"),
        ({"maxwidth": "wide"}, 400, "maxwidth='wide'"),
        ({"maxheight": "0"}, 400, "maxheight='0'"),
        ({"maxheight": "-5"}, 400, "maxheight='-5'"),
        ({"url": ""}, 400, "url is missing"),
    ],
)
def test_what_cannot_be_answered_says_why(idle: Server, query: dict[str, str], status: int, says: str) -> None:
    answer = asked(idle, **{"url": idle.url + "/", **query})
    assert answer.status == status
    assert says in answer.error


@pytest.mark.parametrize(
    ("path", "framed"),
    [("/", "/embed"), ("/?country=BR&lang=de", "/embed?country=BR&lang=de"), ("/embed?feed=1", "/embed?feed=1")],
)
def test_pages_that_can_be_framed_name_where_they_are_described(idle: Server, path: str, framed: str) -> None:
    page = ask(idle, path).text
    links = dict(re.findall(r'<link rel="alternate" type="([^"]+)" href="([^"]+)"', page))
    assert set(links) == {"application/json+oembed", "text/xml+oembed"}
    for address in map(unescape, links.values()):
        assert ask(idle, address.removeprefix(idle.url)).status == 200
    found = ask(idle, unescape(links["application/json+oembed"]).removeprefix(idle.url)).json
    assert source(found["html"]) == idle.url + framed


@pytest.mark.parametrize(("background", "scheme"), [("transparent", True), ("ffffff", False)])
def test_a_transparent_globe_comes_with_the_scheme_that_keeps_it_so(
    idle: Server, background: str, scheme: bool
) -> None:
    """As the builder's snippet does (docs/embed.md, Transparent)."""
    found = described(idle, f"{idle.url}/embed?background={background}")
    assert ("color-scheme: light" in found["html"]) is scheme


def test_nothing_is_named_where_nobody_knows_the_servers_address(idle: Server) -> None:
    assert "oembed" not in ask(idle, "/", Host="192.0.2.9").text
    assert ask(idle, "/oembed?url=http%3A%2F%2F192.0.2.9%2F", Host="192.0.2.9").status == 404


def test_with_an_address_of_its_own_links_begin_there(serve: Callable[..., Server]) -> None:
    server = serve(UNISON_PUBLIC_URL="https://music.example.org")
    found = described(server, "https://music.example.org/?country=BR")
    assert source(found["html"]) == "https://music.example.org/embed?country=BR"
    assert asked(server, "https://music.example.org/elsewhere").status == 404
