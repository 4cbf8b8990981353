"""/embed and /embed.js over HTTP: what they say to a browser, and that nothing in an address makes them fail."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import brotli  # type: ignore[import-untyped]
import pytest

from tests.plays import RECIFE, connect_pair
from tests.serving import Server, ask
from webapp.web.embedoptions import PARAMETERS


def embed(server: Server, **query: str) -> tuple[str, dict[str, Any]]:
    """The page, and what it tells its script."""
    page = ask(server, "/embed?" + urlencode(query))
    assert page.status == 200
    found = re.search(r'<script type="application/json" id="embed">(.*?)</script>', page.text, re.DOTALL)
    assert found
    return page.text, json.loads(found[1])


def test_anybody_may_frame_the_embed_and_nothing_else(idle: Server) -> None:
    for path in ("/", "/status", "/nothing", "/oembed"):
        assert "frame-ancestors 'none'" in ask(idle, path).headers["Content-Security-Policy"]
    headers = ask(idle, "/embed").headers
    assert "frame-ancestors" not in headers["Content-Security-Policy"]
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in headers
    assert "Set-Cookie" not in headers


def test_the_setting_says_whose_pages_may(serve: Callable[..., Server]) -> None:
    server = serve(UNISON_FRAME_ANCESTORS="https://example.org, https://*.example.com:8443")
    policy = ask(server, "/embed").headers["Content-Security-Policy"]
    assert "frame-ancestors 'self' https://example.org https://*.example.com:8443" in policy
    assert "frame-ancestors 'none'" in ask(server, "/").headers["Content-Security-Policy"]


def test_a_setting_that_names_no_origins_keeps_the_server_from_starting(serve: Callable[..., Server]) -> None:
    for wrong in ("example.org", "https://example.org/path", "https://a; script-src *", "'self'"):
        with pytest.raises(RuntimeError, match="expected origins such as"):
            serve(UNISON_FRAME_ANCESTORS=wrong)


def test_bad_values_never_cost_the_globe(idle: Server) -> None:
    page, told = embed(
        idle,
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
    answer = ask(idle, "/embed?title=%FF%FE&artist=%00&feed=%F0%9F&" + "a=1&" * 200)
    assert (answer.status, 'id="stage"' in answer.text) == (200, True)


def test_what_a_frame_without_an_origin_needs_may_be_loaded(idle: Server) -> None:
    page, _ = embed(idle, accent="f08")
    found = re.findall(r'<link rel="(?:stylesheet|icon|modulepreload)" href="([^"]+)"', page)
    assert len(found) >= 20
    for path in found:
        headers = ask(idle, path).headers
        assert headers["Cross-Origin-Resource-Policy"] == "cross-origin", path
        assert "look.css" in path or headers["Access-Control-Allow-Origin"] == "*", path


def test_a_title_is_text(idle: Server) -> None:
    page, _ = embed(idle, title="<script>alert(1)</script>")
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>" not in page


def test_a_moment_that_is_kept_is_shown_and_another_is_noted(common: Server) -> None:
    moment = connect_pair(common, "Slow <Lighthouse>")["id"]
    page, told = embed(common, moment=moment)
    assert told["moment"]["track"]["title"] == "Slow <Lighthouse>"
    assert f'href="/c/{moment}"' in page
    page, told = embed(common, moment="0" * 23)
    assert told["moment"] is None
    assert re.search(r"moment='0{23}' is ignored: ", told["notes"][0])


def test_chosen_colours_come_as_a_style_sheet_that_can_be_kept(idle: Server) -> None:
    page, _ = embed(idle, accent="#f08", background="101020")
    (path,) = re.findall(r'href="(/embed/look.css[^"]*)"', page)
    look = ask(idle, path.replace("&amp;", "&"))
    assert (look.status, look.kind) == (200, "text/css; charset=utf-8")
    assert "--ground: #101020" in look.text
    assert "--accent: light-dark(#ff0088, #ff0088)" in look.text
    assert "public" in look.headers["Cache-Control"]
    hostile = ask(idle, "/embed/look.css?accent=}body{x:1}&background=%22")
    assert hostile.text.split() == [":root:root", "{", "}"]


@pytest.mark.parametrize("path", ["/", "/embed"])
def test_a_globe_of_one_place_begins_above_it(idle: Server, path: str) -> None:
    def scene(query: str) -> dict[str, Any]:
        found = re.search(r'id="scene">(.*?)</script>', ask(idle, path + query).text, re.DOTALL)
        assert found
        described: dict[str, Any] = json.loads(found[1])
        return described

    begun = scene(f"?city={RECIFE}")["initialViewState"]
    assert (round(begun["longitude"]), round(begun["latitude"])) == (-35, -8)
    assert round(scene("?country=JP")["initialViewState"]["longitude"]) == 140
    assert [scene(query)["camera"]["placed"] for query in ("", "?country=BR", "?country=AQ")] == [False, True, False]


def test_the_page_comes_compressed_and_only_when_it_changed(idle: Server) -> None:
    plain = ask(idle, "/embed?controls=0").body
    for coding, unpack in (("br", brotli.decompress), ("gzip", gzip.decompress)):
        packed = ask(idle, "/embed?controls=0", Accept_Encoding=coding)
        assert (packed.headers["Content-Encoding"], unpack(packed.body)) == (coding, plain)
    again = ask(idle, "/embed?controls=0", Accept_Encoding="br", If_None_Match=packed.headers["ETag"])
    assert again.status == 304


def test_the_script_is_small_and_at_an_address_that_stays(idle: Server) -> None:
    script = ask(idle, "/embed.js", Accept_Encoding="gzip")
    headers = script.headers
    assert (script.status, script.kind) == (200, "text/javascript; charset=utf-8")
    assert len(script.body) < 6_000
    assert b"unison-globe" in gzip.decompress(script.body)
    assert headers["Cache-Control"] == "public, max-age=300"
    assert (headers["Access-Control-Allow-Origin"], headers["Cross-Origin-Resource-Policy"]) == ("*", "cross-origin")
    assert ask(idle, "/embed.js", If_None_Match=headers["ETag"]).status == 304
    types = ask(idle, "/embed.d.ts")
    assert (types.status, "interface Player" in types.text) == (200, True)


def test_a_picture_that_waits_for_a_click_names_nothing_heavy(idle: Server) -> None:
    page, _ = embed(idle, poster="1")
    assert "pydeck.js" not in page
    assert "globe.js" not in page
    assert "globe.js" in embed(idle)[0]


def test_the_builder_asks_for_every_parameter_and_may_frame_its_preview(idle: Server) -> None:
    page = ask(idle, "/embed/builder")
    names = set(re.findall(r'<(?:input|select)\b[^>]* name="(\w+)"', page.text))
    assert page.status == 200
    assert names == {parameter.name for parameter in PARAMETERS}
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


def test_the_builder_speaks_the_language_of_whoever_asks(idle: Server) -> None:
    page = ask(idle, "/embed/builder", Accept_Language="pt-PT,en;q=0.5")
    assert '<html lang="pt-BR" dir="ltr">' in page.text
    assert "Mostra só as músicas deste artista." in page.text
    assert page.headers["Content-Language"] == "pt-BR"
    assert "Accept-Language" in page.headers["Vary"]
    wished = ask(idle, "/embed/builder?lang=ar", Accept_Language="pt-PT").text
    assert '<html lang="ar" dir="rtl">' in wished
    assert 'href="/?lang=ar"' in wished
