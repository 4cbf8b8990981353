"""The first thing a newcomer pastes is an arc."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import ROOT, Server, clean_environment, stream


class Demo(Server):
    """`unison demo --no-seed`, which is what `scripts/run --no-seed` runs."""

    def command(self, port: int) -> list[str]:
        """Return what is run to serve on a port; 0 is any."""
        return [self._program, "demo", "--no-seed", "--port", str(port), "--data-dir", str(self.data_dir)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Demo]:
    server = Demo(tmp_path / "data")
    yield server
    server.stop()
    print(server.log)


def test_the_readmes_curl_example_makes_one_connection(server: Demo) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    (example,) = [block for block in blocks if block.startswith("curl ") and "/api/plays" in block]
    assert "http://127.0.0.1:8000/" in example
    command = example.replace("http://127.0.0.1:8000", server.url)
    with stream(server) as viewer:
        pasted = subprocess.run(["sh", "-c", command], env=clean_environment(), capture_output=True, check=False)
        assert pasted.returncode == 0, pasted.stderr.decode()
        assert json.loads(pasted.stdout)["accepted"] == 2
        (connection,) = viewer.connections(1)
    assert {connection["from"]["city"], connection["to"]["city"]} == {"Osaka", "Recife"}
