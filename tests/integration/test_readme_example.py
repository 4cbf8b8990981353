"""The first thing a newcomer pastes is an arc."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable

from tests.serving import OPEN, ROOT, Server, clean_environment, stream


def test_the_readmes_curl_example_makes_one_connection(serve: Callable[..., Server]) -> None:
    server = serve(OPEN)  # as scripts/run does
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
