"""Whatever fails on a bus of three NATS servers: no accepted play is lost, and all servers show the same frames."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from tests.integration.chaos import Faults, cluster, read
from tests.serving import get_json
from tests.waiting import until

CHAOS_S = float(os.environ.get("UNISON_TEST_CHAOS_S", "20"))
SEED = int(os.environ.get("UNISON_TEST_CHAOS_SEED", "7"))


@pytest.mark.timeout(CHAOS_S * 3 + 180)
def test_no_accepted_play_is_lost_and_all_servers_show_the_same(tmp_path: Path) -> None:
    with cluster(tmp_path) as made:
        faults, until_s = Faults(made, SEED), time.monotonic() + CHAOS_S
        with made.traffic():
            while time.monotonic() < until_s:
                faults.happen()
                print(faults.done[-1])
                made.wait()
        assert len(made.accepted) > 50
        assert made.problems(asyncio.run(read(made.brokers))) == []
        until(
            lambda: len({str(get_json(server, "/api/connections?limit=200")) for server in made.servers.values()}) == 1
        )
