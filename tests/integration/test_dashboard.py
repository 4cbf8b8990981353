"""The Grafana dashboard in the docs asks for metrics that there are."""

from __future__ import annotations

import json
import re

from prometheus_client.parser import text_string_to_metric_families

from tests.serving import ROOT, Server, get_text

NAME = re.compile(r"\b(?:unison|process)_[a-z_]+")


def test_every_metric_of_the_dashboard_is_exposed(server: Server) -> None:
    dashboard = json.loads((ROOT / "docs" / "grafana.json").read_text())
    asked = {name for panel in dashboard["panels"] for each in panel["targets"] for name in NAME.findall(each["expr"])}
    families = list(text_string_to_metric_families(get_text(server, "/metrics")))
    exposed = {sample.name for family in families for sample in family.samples}
    exposed |= {f"{family.name}_total" for family in families if family.type == "counter"}  # nothing was counted yet
    assert len(asked) > 15
    assert asked <= exposed
