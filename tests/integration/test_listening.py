"""Listening histories through `unison seed` to the real server."""

import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.serving import ROOT, Server, clean_environment, get_text
from webapp.seed.cli import main

SCRIPT = ROOT / "scripts" / "seed_plays.py"
EXPORTS = ROOT / "tests" / "data" / "exports"
SPOTIFY = EXPORTS / "Streaming_History_Audio_2025_0.json"


@pytest.fixture(scope="module")
def server(serve_shared: Callable[..., Server]) -> Server:
    return serve_shared()


def arguments(server: Server, file: Path, city: str) -> list[str]:
    where = ["--url", server.url, "--data-dir", str(server.data_dir)]
    return [*where, "--replay", str(file), "--city", city, "--speed", "2000"]


def accepted(server: Server, source: str) -> int:
    found = re.search(rf'^unison_plays_accepted_total{{source="{source}"}} (\S+)', get_text(server, "/metrics"), re.M)
    return int(float(found[1])) if found else 0


@pytest.mark.parametrize("file", sorted(EXPORTS.iterdir()), ids=lambda path: path.name)
def test_the_server_takes_each_play_of_an_export(server: Server, file: Path) -> None:
    before = accepted(server, "replay"), accepted(server, "live")
    done = CliRunner().invoke(main, arguments(server, file, "Osaka"), env={"UNISON_TOKEN": None})
    if "podcast" in file.name:
        assert "no listen that can be replayed" in done.stderr
        return
    assert done.exit_code == 0, done.output
    found = re.match(r"(\d+) sent, (\d+) accepted, 0 late, 0 rejected, 0 missed", done.stdout)
    assert found is not None, done.stdout
    assert int(found[1]) == int(found[2]) >= 2
    assert (accepted(server, "replay"), accepted(server, "live")) == (before[0] + int(found[1]), before[1])


def test_a_zip_of_spotifys_is_replayed_by_the_script_from_the_city_that_was_typed(
    server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "my_spotify_data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(SPOTIFY, "Spotify Extended Streaming History/Streaming_History_Audio_2025_0.json")
    command = [sys.executable, str(SCRIPT), *arguments(server, path, "Portland, Maine")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=clean_environment())
    assert done.returncode == 0
    assert "in Portland, Maine, United States." in done.stderr
    assert "2 sent, 2 accepted, 0 late, 0 rejected, 0 missed" in done.stdout
