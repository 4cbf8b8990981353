"""/embed and /embed.js over HTTP: what they say to a browser, and that nothing in an address makes them fail."""

from __future__ import annotations

import gzip
import json
import re
import urllib.request
from collections.abc import Callable
from email.message import Message
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode

import brotli  # type: ignore[import-untyped]
import pytest

from tests.browser.steps import OSAKA, RECIFE, send_pair
from tests.serving import Server, stream
from webapp.embedding import PARAMETERS


def get(server: Server, path: str, **headers: str) -> tuple[int, bytes, Message[str, str]]:
    asked = urllib.request.Request(server.url + path, headers={n.replace("_", "-"): v for n, v in headers.items()})
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return answer.status, answer.read(), answer.headers
    except HTTPError as error:
        with error:
            return error.code, error.read(), error.headers


def embed(server: Server, **query: str) -> tuple[str, dict[str, Any]]:
    """The page, and what it tells its script."""
    status, body, _ = get(server, "/embed?" + urlencode(query))
    assert status == 200
    found = re.search(r'<script type="application/json" id="embed">(.*?)</script>', body.decode(), re.DOTALL)
    assert found
    return body.decode(), json.loads(found[1])


def a_moment(server: Server) -> str:
    with stream(server) as viewer:
        send_pair(server, "Slow <Lighthouse>", cities=(OSAKA, RECIFE))
        return str(viewer.connections(1)[0]["id"])


def test_anybody_may_frame_the_embed_and_nothing_else(server: Server) -> None:
    for path in ("/", "/status", "/nothing", "/embed.js", "/oembed", "/embed/look.css"):
        assert "frame-ancestors 'none'" in get(server, path)[2]["Content-Security-Policy"]
    _, _, headers = get(server, "/embed")
    assert "frame-ancestors" not in headers["Content-Security-Policy"]
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in headers
    assert "Set-Cookie" not in headers


def test_the_setting_says_whose_pages_may(serve: Callable[..., Server]) -> None:
    server = serve(UNISON_FRAME_ANCESTORS="https://example.org, https://*.example.com:8443")
    policy = get(server, "/embed")[2]["Content-Security-Policy"]
    assert "frame-ancestors 'self' https://example.org https://*.example.com:8443" in policy
    assert "frame-ancestors 'none'" in get(server, "/")[2]["Content-Security-Policy"]


def test_a_setting_that_names_no_origins_keeps_the_server_from_starting(serve: Callable[..., Server]) -> None:
    for wrong in ("example.org", "https://example.org/path", "https://a; script-src *", "'self'"):
        with pytest.raises(RuntimeError, match="expected origins such as"):
            serve(UNISON_FRAME_ANCESTORS=wrong)


def test_bad_values_never_cost_the_globe(server: Server) -> None:
    page, told = embed(
        server,
        theme="</html>",
        accent="zz",
        country="QQ",
        city="9" * 30,
        moment="x",
        at="never",
        lang="tlh",
        colour="1",
    )
    assert len(told["notes"]) == 8
    assert told["filters"] == {}
    assert "/embed/look.css" not in page
    status, body, _ = get(server, "/embed?title=%FF%FE&artist=%00&feed=%F0%9F&" + "a=1&" * 200)
    assert (status, b'id="stage"' in body) == (200, True)


def test_a_title_is_text(server: Server) -> None:
    page, _ = embed(server, title="<script>alert(1)</script>")
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>" not in page


def test_a_moment_that_is_kept_is_shown_and_another_is_noted(server: Server) -> None:
    moment = a_moment(server)
    page, told = embed(server, moment=moment)
    assert told["moment"]["track"]["title"] == "Slow <Lighthouse>"
    assert f'href="/c/{moment}"' in page
    page, told = embed(server, moment="0" * 23)
    assert told["moment"] is None
    assert re.search(r"moment='0{23}' is left out: ", told["notes"][0])


def test_chosen_colours_come_as_a_style_sheet_that_can_be_kept(server: Server) -> None:
    page, _ = embed(server, accent="#f08", background="101020")
    (path,) = re.findall(r'href="(/embed/look.css[^"]*)"', page)
    status, body, headers = get(server, path.replace("&amp;", "&"))
    assert (status, headers["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert "--ground: #101020" in body.decode()
    assert "--accent: light-dark(#ff0088, #ff0088)" in body.decode()
    assert "public" in headers["Cache-Control"]
    _, body, _ = get(server, "/embed/look.css?accent=}body{x:1}&background=%22")
    assert body.decode().split() == [":root:root", "{", "}"]


def test_the_page_comes_compressed_and_only_when_it_changed(server: Server) -> None:
    plain = get(server, "/embed?t=1")[1]
    for coding, unpack in (("br", brotli.decompress), ("gzip", gzip.decompress)):
        _, body, headers = get(server, "/embed?t=1", Accept_Encoding=coding)
        assert (headers["Content-Encoding"], unpack(body)) == (coding, plain)
    assert get(server, "/embed?t=1", Accept_Encoding="br", If_None_Match=headers["ETag"])[0] == 304


def test_the_script_is_small_and_at_an_address_that_stays(server: Server) -> None:
    status, body, headers = get(server, "/embed.js", Accept_Encoding="gzip")
    assert status == 200
    assert len(body) < 6_000
    assert b"unison-globe" in gzip.decompress(body)
    assert headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert headers["Cache-Control"] == "public, max-age=300"
    assert (headers["Access-Control-Allow-Origin"], headers["Cross-Origin-Resource-Policy"]) == ("*", "cross-origin")
    assert get(server, "/embed.js", If_None_Match=headers["ETag"])[0] == 304
    status, body, _ = get(server, "/embed.d.ts")
    assert (status, b"interface Player" in body) == (200, True)


def test_a_picture_that_waits_for_a_click_names_nothing_heavy(server: Server) -> None:
    page, _ = embed(server, poster="1")
    assert "pydeck.js" not in page
    assert "globe.js" not in page
    assert "globe.js" in embed(server)[0]


def test_the_builder_asks_for_every_parameter_and_may_frame_its_preview(server: Server) -> None:
    status, body, headers = get(server, "/embed/builder")
    names = set(re.findall(r'name="(\w+)"', body.decode())) - {"viewport", "robots"}
    assert status == 200
    assert names - {"color"} == {parameter.name for parameter in PARAMETERS} - {"at"}
    assert "frame-src 'self'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
