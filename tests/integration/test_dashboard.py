"""The Grafana dashboard and the alert rules in the docs ask for metrics that there are, and the rules fire when due."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.brokers import brokers
from tests.serving import ROOT, Server, clean_environment, console_script, get_text
from tests.waiting import until

NAME = re.compile(r"\b(?:unison|process)_[a-z_]+")
DOCS = ROOT / "docs"


def exposed(server: Server) -> set[str]:
    """Return the names of a server's metrics, counters that nothing was counted in among them."""
    families = list(text_string_to_metric_families(get_text(server, "/metrics")))
    names = {sample.name for family in families for sample in family.samples}
    return names | {f"{family.name}_total" for family in families if family.type == "counter"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of several."""
    folder = tmp_path_factory.mktemp("shared")
    with brokers(folder) as running:
        env = {"UNISON_BUS": running.urls, "UNISON_SECRET": "a secret of several servers"}
        subprocess.run([console_script(), "bus", "init"], env=clean_environment(**env), check=True, timeout=30)
        server = Server(folder / "data", env)
        yield server
        server.kill()


def test_every_metric_of_the_dashboard_is_exposed(common: Server, shared: Server) -> None:
    dashboard = json.loads((DOCS / "grafana.json").read_text())
    asked = {name for panel in dashboard["panels"] for each in panel["targets"] for name in NAME.findall(each["expr"])}
    assert len(asked) > 15
    assert asked <= exposed(common) | exposed(shared)


def test_every_metric_of_the_alert_rules_is_exposed(common: Server, shared: Server) -> None:
    rules = (DOCS / "alerts.yml").read_text()
    asked = {name for line in rules.splitlines() if "expr:" in line for name in NAME.findall(line)}
    assert len(asked) > 10
    assert asked <= exposed(common) | exposed(shared)


def test_each_alert_rule_fires_when_it_is_due_and_not_before() -> None:
    promtool = Path(os.environ["PROMTOOL"])
    ran = subprocess.run(
        [promtool, "test", "rules", DOCS / "alerts_test.yml"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    alerts = re.findall(r"alert: (\w+)", (DOCS / "alerts.yml").read_text())
    tested = re.findall(r'alertname="(\w+)"', (DOCS / "alerts_test.yml").read_text())
    assert alerts == tested


def test_each_process_tells_its_memory_and_its_processor_time_from_the_start(common: Server) -> None:
    until(lambda: 'process="matching"' in get_text(common, "/metrics"))  # it begins with the first slice
    text = get_text(common, "/metrics")
    for process in ("master", "worker", "matching"):
        assert float(re.findall(rf'unison_process_resident_bytes{{process="{process}"}} (\S+)', text)[0]) > 1e6
        assert float(re.findall(rf'unison_process_cpu_seconds_total{{process="{process}"}} (\S+)', text)[0]) >= 0
    for reason in ("slow", "stalled", "silent", "protocol", "flood", "lost", "failed"):
        assert f'unison_viewers_dropped_total{{reason="{reason}"}}' in text
    for child in ("matching", "readers", "drawing"):
        assert f'unison_child_restarts_total{{child="{child}"}} 0.0' in text
