"""/oembed, as a consumer that others wrote sees it, and against the specification (https://oembed.com)."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import urlencode

import micawber
import pytest

from tests.integration.test_embed import a_moment, get
from tests.serving import Server

REQUIRED = {"type", "version", "html", "width", "height"}
"""Of a rich one."""
KNOWN = REQUIRED | {"title", "provider_name", "provider_url", "cache_age"}
KNOWN |= {"thumbnail_url", "thumbnail_width", "thumbnail_height"}


def described(server: Server, url: str, **more: str) -> dict[str, Any]:
    status, body, headers = get(server, "/oembed?" + urlencode({"url": url, **more}))
    assert (status, headers["Content-Type"]) == (200, "application/json; charset=utf-8"), body
    found: dict[str, Any] = json.loads(body)
    return found


def source(html: str) -> str:
    """The address of the frame."""
    (found,) = re.findall(r'^<iframe src="([^"]*)"', html)
    return unescape(found)


def consumer(server: Server) -> micawber.ProviderRegistry:
    registry = micawber.ProviderRegistry()
    registry.register(re.escape(server.url) + r"/\S*", micawber.Provider(server.url + "/oembed"))
    return registry


def test_a_consumer_puts_the_globe_in_place_of_a_link(server: Server) -> None:
    registry = consumer(server)
    found = registry.request(server.url + "/?country=BR&utm_source=x", maxwidth=500)
    assert (found["type"], found["width"], found["height"]) == ("rich", 500, 360)
    assert source(found["html"]) == server.url + "/embed?country=BR"
    page = micawber.parse_html(f"<p>{server.url}/embed?feed=1&amp;theme=light</p>", registry)
    assert "<iframe" in page
    with pytest.raises(micawber.ProviderException):
        registry.request(server.url + "/status")


def test_a_consumer_frames_a_moment_for_a_link_to_it(server: Server) -> None:
    moment = a_moment(server)
    found = consumer(server).request(f"{server.url}/c/{moment}")
    assert source(found["html"]) == f"{server.url}/embed?moment={moment}"
    assert found["title"].startswith("Slow <Lighthouse> by The Harbour Lamps: Osaka and Recife, ")
    assert found["thumbnail_url"] == f"{server.url}/c/{moment}/card.png"
    small = described(server, f"{server.url}/c/{moment}", maxwidth="600")
    assert not {name for name in small if name.startswith("thumbnail")}


def test_the_answer_has_the_specifications_fields_of_its_types(server: Server) -> None:
    found = described(server, server.url + "/")
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


def test_xml_says_the_same_and_escapes_what_it_must(server: Server) -> None:
    url = server.url + "/embed?" + urlencode({"title": 'A "title" <b> & \x01', "country": "BR"})
    status, body, headers = get(server, "/oembed?" + urlencode({"url": url, "format": "xml"}))
    assert (status, headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
    assert body.startswith(b'<?xml version="1.0" encoding="utf-8" standalone="yes"?>')
    told = {child.tag: child.text for child in ET.fromstring(body)}
    same = described(server, url)
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


def test_what_is_not_ours_is_404(server: Server) -> None:
    for url in NOT_OURS:
        status, _, headers = get(server, "/oembed?" + urlencode({"url": url.replace("SERVER", server.url)}))
        assert status in (404, 410), url
        assert headers["Access-Control-Allow-Origin"] == "*"


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
    got, body, _ = get(idle, "/oembed?" + urlencode({"url": idle.url + "/", **query}))
    assert got == status
    assert says in json.loads(body)["error"]


@pytest.mark.parametrize(
    ("path", "framed"),
    [("/", "/embed"), ("/?country=BR&lang=de", "/embed?country=BR&lang=de"), ("/embed?feed=1", "/embed?feed=1")],
)
def test_pages_that_can_be_framed_name_where_they_are_described(server: Server, path: str, framed: str) -> None:
    page = get(server, path)[1].decode()
    links = dict(re.findall(r'<link rel="alternate" type="([^"]+)" href="([^"]+)"', page))
    assert set(links) == {"application/json+oembed", "text/xml+oembed"}
    for address in map(unescape, links.values()):
        assert get(server, address.removeprefix(server.url))[0] == 200
    found = json.loads(get(server, unescape(links["application/json+oembed"]).removeprefix(server.url))[1])
    assert (
        source(found["html"]) == server.url + path.replace("/?", "/embed?").replace("/embed", "/embed") or path == "/"
    )


def test_nothing_is_named_where_nobody_knows_the_servers_address(serve: Callable[..., Server]) -> None:
    server = serve()
    page = get(server, "/", Host="unknown.example")[1].decode()
    assert "oembed" not in page
    assert get(server, "/oembed?url=http%3A%2F%2Funknown.example%2F", Host="unknown.example")[0] == 404


def test_with_an_address_of_its_own_links_begin_there(serve: Callable[..., Server]) -> None:
    server = serve(UNISON_PUBLIC_URL="https://music.example.org")
    found = described(server, "https://music.example.org/?country=BR")
    assert source(found["html"]) == "https://music.example.org/embed?country=BR"
    status, *_ = get(server, "/oembed?url=" + "https://music.example.org/elsewhere")
    assert status == 404
