from __future__ import annotations

import gzip
import re
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest
from flask.testing import FlaskClient

from webapp.resources import TEMPLATES, pydeck_bundle
from webapp.services import Services
from webapp.web import assets
from webapp.web.assets import Assets


@pytest.fixture
def served(services: Services) -> Assets:
    return services.assets


def address(served: Assets, name: str) -> str:
    return f"/assets/{served.version}/{name}"


def test_every_asset_is_served_with_its_type_and_kept_for_ever(served: Assets, client: FlaskClient) -> None:
    for name in served.files:
        answer = client.get(address(served, name))
        assert answer.status_code == 200
        assert answer.content_type == assets.SERVED["." + name.rsplit(".", 1)[1]]
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("br, gzip", "br"), ("gzip, deflate", "gzip"), ("br;q=0, gzip", "gzip"), ("", None), ("identity", None)],
)
def test_assets_come_in_the_coding_the_browser_takes(
    served: Assets, client: FlaskClient, accepted: str, coding: str | None
) -> None:
    answer = client.get(address(served, assets.MAIN), headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding") == coding
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[coding]
    assert unpack(answer.data) == served.body(assets.MAIN, "identity")


def test_pydecks_own_bundle_is_served_in_at_most_1_1_megabytes(served: Assets, client: FlaskClient) -> None:
    answer = client.get(address(served, "pydeck.js"), headers={"Accept-Encoding": "gzip, br"})
    assert len(answer.data) < 1_100_000
    assert brotli.decompress(answer.data) == pydeck_bundle().read_bytes()


@pytest.mark.parametrize(
    "name", ["nothing.js", "package.json", "tsconfig.json", "types.d.ts", "embed/embed.d.ts", "../webapp/app.py", ""]
)
def test_what_is_not_an_asset_is_not_found(served: Assets, client: FlaskClient, name: str) -> None:
    assert client.get(address(served, name)).status_code == 404


def test_an_asset_of_another_version_is_not_found(client: FlaskClient) -> None:
    assert client.get(f"/assets/0123456789abcdef/{assets.MAIN}").status_code == 404


def test_the_page_is_sent_again_only_when_it_changed(client: FlaskClient) -> None:
    first = client.get("/")
    assert first.content_type.startswith("text/html")
    again = client.get("/", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_the_page_needs_no_other_host_and_no_inline_code(served: Assets, client: FlaskClient) -> None:
    page = client.get("/").text
    loaded = re.findall(r'<(?:script|link(?! rel="alternate")|img)[^>]*?(?:src|href)="([^"]*)"', page)
    assert len(loaded) > 10
    assert all(client.get(path).status_code == 200 for path in loaded)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)
    assert re.findall(r"<script(?! src=| type=\"module\" src| type=\"application/json\")", page) == []


def test_the_page_credits_geonames_and_natural_earth(client: FlaskClient) -> None:
    page = client.get("/").text
    assert "https://creativecommons.org/licenses/by/4.0/" in page
    assert "GeoNames" in page
    assert "Natural Earth" in page


@pytest.mark.parametrize("path", ["/playlist", "/stats", "/embed/builder"])
def test_the_globes_page_leads_to_the_others(client: FlaskClient, path: str) -> None:
    assert f'<a href="{path}">' in client.get("/").text
    assert f'<a href="{path}' in client.get("/?lang=de").text


def test_every_module_that_is_imported_is_served(served: Assets) -> None:
    files = served.files
    for name, path in files.items():
        if not name.endswith(".js") or name == assets.BUNDLE:
            continue
        for imported in re.findall(
            r"""(?:from|import\(|^import) ?["'](\.[^"']+)["']""", path.read_text(), re.MULTILINE
        ):
            assert (path.parent / imported).resolve() in {other.resolve() for other in files.values()}


@pytest.mark.parametrize("page", sorted(TEMPLATES.rglob("*.html")), ids=lambda page: page.name)
def test_a_page_with_the_list_has_its_styles_and_no_figure_is_announced(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert ('id="feed"' in text) == ("feed/feed.css" in text or '"feed/feed"' in text)
    assert re.findall(r"<output(?![^>]*aria-live=\"off\")", text) == []


def test_the_version_changes_with_any_asset(served: Assets) -> None:
    files = dict(served.files)
    assert assets.Assets(files).version == served.version
    files[assets.MAIN] = files["globe/globe.js"]
    assert assets.Assets(files).version != served.version


def test_what_cannot_be_opened_is_left_out_of_the_warming_and_asked_for_later(tmp_path: Path) -> None:
    files = {"a.js": tmp_path / "a.js", "b.js": tmp_path / "b.js"}
    for file in files.values():
        file.write_text("export {};")
    made = assets.Assets(files)
    files["a.js"].unlink()
    made.warm()
    files["b.js"].unlink()
    assert made.body("b.js", "br")
    files["a.js"].write_text("export {};")
    assert made.body("a.js", "br")


@pytest.mark.parametrize("path", ["/favicon.ico", "/robots.txt"])
def test_what_browsers_and_crawlers_ask_for_unasked_is_there(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 200


def test_served_scripts_lack_only_the_lines_of_their_comments(served: Assets) -> None:
    shorter = 0
    for name, path in served.files.items():
        if name == "pydeck.js" or not name.endswith((".js", ".css")):
            assert served.body(name, "identity") == path.read_bytes()
            continue
        lines, sent = path.read_text("utf-8").split("\n"), served.body(name, "identity").decode().split("\n")
        assert len(lines) == len(sent), name
        gone = [line.strip() for line, left in zip(lines, sent, strict=True) if line != left]
        shorter += len(gone)
        text = "\n".join(gone)
        assert all(part.strip().startswith("/*") for part in text.split("*/") if part.strip()), name
        assert all(left == "" for line, left in zip(lines, sent, strict=True) if line != left), name
    assert shorter > 1000
