"""Whatever fails on a bus of three NATS servers: no accepted play is lost, and all servers show the same frames.

UNISON_TEST_CHAOS_S says for how many seconds faults happen, and UNISON_TEST_CHAOS_SEED draws others.
"""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.chaos import cluster
from tests.integration.chaosfaults import Faults
from tests.integration.chaoslogs import read
from tests.network import Links

CHAOS_S = float(os.environ.get("UNISON_TEST_CHAOS_S", "15"))
SEED = int(os.environ.get("UNISON_TEST_CHAOS_SEED", "7"))
LONG_S, NO_MATCHERS_S = 3.0, 4.0
SILENT_S, AGAIN_S = 14.0, 4.0
"""What is allowed where tests run beside others; the bench holds the goals."""


@pytest.mark.timeout(CHAOS_S * 3 + 240)
def test_no_accepted_play_is_lost_and_all_servers_show_the_same(tmp_path: Path) -> None:
    with closing(Links()) as network, cluster(tmp_path, network) as made:
        faults, since_s = Faults(made, SEED, LONG_S), time.monotonic()
        with made.traffic():
            while time.monotonic() - since_s < CHAOS_S:
                faults.happen()
                print(faults.done[-1])
            chaos_s = time.monotonic()
            faults.no_matchers(NO_MATCHERS_S)
            restart_s = faults.restart([made.named(role)[0] for role in ("match", "ingest", "web")])
        assert len(made.accepted) > 50
        assert made.problems(asyncio.run(read(made.brokers))) == []
        assert made.differences() == []
        assert made.silence_s(since_s, chaos_s) < SILENT_S
        assert made.silence_s(*restart_s) < AGAIN_S
        assert made.late_return_s(restart_s[0]) < AGAIN_S
