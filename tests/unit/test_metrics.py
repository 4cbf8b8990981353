import re

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from webapp.core.records import Counts
from webapp.metrics import Metrics

COUNTS = Counts(
    plays=9, together=4, connections=3, same_city=2, late=5, echoes=1, thinned=7, live=6, synthetic=2, replay=1
)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def samples(metrics: Metrics) -> dict[tuple[str, str], float]:
    """Return what a scrape says: values by name and the value of the one label, if there is one."""
    text = metrics.exposition()[0].decode()
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in parse_text(text)
        for sample in family.samples
    }


def test_a_records_counts_add_up(metrics: Metrics) -> None:
    metrics.record(COUNTS)
    metrics.record(COUNTS)
    found = samples(metrics)
    assert found["unison_records_total", ""] == 2
    assert {name: found[f"unison_{name}_total", ""] for name in (
        "plays_late", "plays_echoes", "plays_together", "connections_found", "pulses_found", "connections_thinned",
    )} == {"plays_late": 10, "plays_echoes": 2, "plays_together": 8, "connections_found": 6, "pulses_found": 4,
           "connections_thinned": 14}  # fmt: skip
    assert [found["unison_plays_matched_total", source] for source in ("live", "synthetic", "replay")] == [12, 4, 2]


def test_a_batch_of_plays_is_counted_by_source_with_its_time(metrics: Metrics) -> None:
    metrics.ingested({"live": 3, "replay": 2}, rejected=4, seconds=0.02)
    metrics.ingested({"live": 1}, rejected=0, seconds=0.001)
    found = samples(metrics)
    assert found["unison_plays_accepted_total", "live"] == 4
    assert found["unison_plays_accepted_total", "replay"] == 2
    assert found["unison_plays_rejected_total", ""] == 4
    assert found["unison_ingest_batch_seconds_count", ""] == 2
    assert found["unison_ingest_batch_seconds_sum", ""] == pytest.approx(0.021)


def test_closed_slices_are_counted_with_their_time(metrics: Metrics) -> None:
    metrics.closed(3, 0.03)
    metrics.closed(0, 0.01)
    found = samples(metrics)
    assert found["unison_slices_closed_total", ""] == 3
    assert found["unison_slice_close_seconds_count", ""] == 2
    assert found["unison_slice_close_seconds_sum", ""] == pytest.approx(0.04)


def test_a_reading_is_taken_at_each_scrape(metrics: Metrics) -> None:
    values = {"pending": 1.0}
    metrics.gauge("things_pending", "Things.", lambda: values["pending"])
    metrics.counter("things_lost", "Things.", lambda: {"a": 2, "b": values["pending"]}, "reason")
    assert samples(metrics)["unison_things_pending", ""] == 1
    values["pending"] = 5.0
    found = samples(metrics)
    assert found["unison_things_pending", ""] == 5
    assert found["unison_things_lost_total", "b"] == 5


def test_two_servers_in_one_process_count_apart(metrics: Metrics) -> None:
    other = Metrics()
    metrics.record(COUNTS)
    assert samples(other)["unison_records_total", ""] == 0


def test_process_platform_and_version_are_told(metrics: Metrics) -> None:
    found = samples(metrics)
    assert found["process_resident_memory_bytes", ""] > 0
    assert any(name == "python_info" for name, _ in found)
    assert [value for (name, _), value in found.items() if name == "unison_build_info"] == [1]


def test_the_format_is_the_one_asked_for(metrics: Metrics) -> None:
    body, content_type = metrics.exposition("application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert any(family.name == "unison_records" for family in parse_openmetrics(body.decode()))  # type: ignore[no-untyped-call]
    assert metrics.exposition("text/html")[1].startswith("text/plain")
    assert metrics.exposition("text/plain; version=latest")[1].startswith("text/plain")


def test_names_are_plain_and_have_a_help_text(metrics: Metrics) -> None:
    metrics.gauge("things_bytes", "Things.", lambda: 0)
    families = [family for family in parse_text(metrics.exposition()[0].decode()) if family.name.startswith("unison_")]
    assert len(families) > 10
    for family in families:
        assert re.fullmatch(r"unison_[a-z]+(_[a-z]+)*", family.name)
        assert family.documentation
