"""A page that was open before an upgrade loads its parts from the server after it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.serving import Server, ask, get_text
from webapp.web.assets import BUNDLE, MAIN, Assets
from webapp.web.assetstore import FOLDER, keep


def assets_of(folder: Path, text: str) -> Assets:
    """Make a version whose parts say a text."""
    names = (BUNDLE, "globe/layers/arcs.js", MAIN)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"// {name}: {text}")
    return Assets({name: folder / name for name in names})


def test_the_version_before_answers_after_an_upgrade_and_older_ones_are_gone(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    first, second, third = (assets_of(tmp_path / text, text) for text in ("first", "second", "third"))
    assert keep(first, data_dir) is None
    for _ in range(2):  # a restart in between changes nothing
        before = keep(second, data_dir)
        assert before
        assert before.version == first.version
        assert before.body("globe/layers/arcs.js", "identity") == b"// globe/layers/arcs.js: first"
    before = keep(third, data_dir)
    assert before
    assert before.version == second.version
    assert {path.name for path in (data_dir / FOLDER).iterdir()} == {second.version, third.version}


def test_a_folder_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / FOLDER / "photos").mkdir(parents=True)
    for text in ("first", "second", "third"):
        keep(assets_of(tmp_path / text, text), tmp_path)
    assert (tmp_path / FOLDER / "photos").is_dir()


def test_files_that_were_changed_or_are_missing_are_not_served(tmp_path: Path) -> None:
    first, second = (assets_of(tmp_path / text, text) for text in ("first", "second"))
    keep(first, tmp_path)
    (tmp_path / FOLDER / first.version / MAIN).write_text("alert(1)")
    assert keep(second, tmp_path) is None


def test_a_start_goes_on_where_the_assets_cannot_be_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FOLDER).write_text("a file where the folder should be")
    assert keep(assets_of(tmp_path / "first", "first"), tmp_path) is None
    assert "cannot save the page's assets" in caplog.text


def test_a_server_keeps_its_assets_and_serves_those_of_the_version_before(tmp_path: Path) -> None:
    earlier = assets_of(tmp_path / "earlier", "earlier")
    keep(earlier, tmp_path / "data")
    server = Server(tmp_path / "data")
    try:
        (own,) = set(re.findall(r"/assets/(\w+)/", get_text(server, "/")))
        assert ask(server, f"/assets/{own}/{MAIN}").status == 200
        answer = ask(server, f"/assets/{earlier.version}/{MAIN}")
        assert (answer.status, answer.text) == (200, f"// {MAIN}: earlier")
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        for path in ("nothing.js", "../lock", "%2e%2e/secret"):
            assert ask(server, f"/assets/{earlier.version}/{path}").status == 404
        assert (tmp_path / "data" / FOLDER / own / BUNDLE).is_file()
    finally:
        server.kill()
    shutil.rmtree(tmp_path / "data")
