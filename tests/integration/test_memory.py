"""A server stays small: the bench at full length, for in a minute not even the ring for returning viewers is full."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.serving import ROOT, clean_environment


@pytest.mark.long
@pytest.mark.timeout(900)
def test_an_idle_server_is_small_and_everyday_traffic_does_not_make_it_grow() -> None:
    bench = subprocess.run(
        [sys.executable, ROOT / "scripts" / "bench" / "memory.py"],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(bench.stdout)
    assert bench.returncode == 0, bench.stdout
