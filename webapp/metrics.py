"""What Prometheus is told: counters that the parts add to, and values that are read when it asks.

All of it belongs to the event loop's thread: what a worker thread measured is handed over by whoever awaited it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from webapp.core.records import Counts

MetricT = TypeVar("MetricT", Counter, Histogram)
Value = float | Mapping[str, float]

_SLICE_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
_REQUEST_BUCKETS = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0)
_INGEST_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)


@dataclass(frozen=True, slots=True)
class Reading:
    """A value read at each scrape: a number, or with a label a number for each of its values."""

    name: str
    help: str
    read: Callable[[], Value]
    label: str = ""
    counter: bool = False

    def collect(self) -> Metric:
        """Read the value now."""
        family = (CounterMetricFamily if self.counter else GaugeMetricFamily)(
            self.name, self.help, labels=[self.label] if self.label else []
        )
        value = self.read()
        for key, number in value.items() if isinstance(value, Mapping) else [("", value)]:
            family.add_metric([key] if self.label else [], number)
        return family


class Metrics:
    """The metrics of one server, in a registry of their own.

    Attributes:
        registry: all of them, with those of the process, the Python and its garbage collector.
        ingest_seconds: observe the time from a batch's body to its answer.
        slice_seconds: observe the time that closing the slices due took.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._readings: list[Reading] = []
        self.registry.register(_Readings(self._readings))
        Info("unison_build", "The running version.", registry=self.registry).info({"version": own_version()})
        self._accepted = self._counter("plays_accepted", "Plays accepted, including late ones.", "source")
        self._rejected = self._counter("plays_rejected", "Plays refused as malformed.")
        self._refused = self._counter(
            "plays_refused", "Plays answered 429 because too many were waiting; an unread body counts as one."
        )
        self._matched = self._counter(
            "plays_matched", "Plays that arrived in time and were given to the matcher.", "source"
        )
        self._counts = {
            "late": self._counter("plays_late", "Plays that arrived after their slice was closed."),
            "echoes": self._counter("plays_echoes", "Plays repeated by the same listener within the window."),
            "together": self._counter(
                "plays_together", "Plays with another listener's play of the same song within the window."
            ),
            "connections": self._counter("connections_found", "Connections found, before thinning."),
            "same_city": self._counter("pulses_found", "Pairs found within one city, before thinning."),
            "unmatched": self._counter(
                "plays_unmatched", "Plays counted and never matched: no place, or no exact time."
            ),
            "thinned": self._counter("connections_thinned", "Connections left out of records that would be too large."),
        }
        self._children: dict[tuple[object, ...], Any] = {}
        self._records = self._counter("records", "Slice records received over the bus.")
        self._slices = self._counter("slices_closed", "Slices closed, including empty ones.")
        self.ingest_seconds = Histogram(
            "unison_ingest_batch_seconds", "Time to accept one batch.", registry=self.registry, buckets=_INGEST_BUCKETS
        )
        self.slice_seconds = Histogram(
            "unison_slice_close_seconds", "Time to close due slices.", registry=self.registry, buckets=_SLICE_BUCKETS
        )

        self._requests = self._counter("http_requests", "HTTP requests, by route and status.", "route", "status")
        self._messages = self._counter(
            "client_messages", "Messages of music clients, by dialect, kind and outcome.", "dialect", "kind", "outcome"
        )
        self._handshakes = self._counter("handshakes_refused", "Viewers refused before the handshake.", "reason")
        self._request_seconds = Histogram(
            "unison_http_request_seconds",
            "Time until an HTTP answer was ready, by route.",
            ["route"],
            registry=self.registry,
            buckets=_REQUEST_BUCKETS,
        )

    def _counter(self, name: str, help: str, *labels: str) -> Counter:
        return Counter(f"unison_{name}", help, labels, registry=self.registry)

    def _labelled(self, metric: MetricT, *labels: object) -> MetricT:
        """Return `metric.labels(...)`, which takes longer than to count."""
        key = (metric, *labels)
        if key not in self._children:
            self._children[key] = metric.labels(*labels)
        child: MetricT = self._children[key]
        return child

    def ingested(self, accepted: Mapping[str, int], rejected: int, seconds: float) -> None:
        """Count a batch that was taken in: plays accepted by source, plays rejected, and how long it took."""
        for source, plays in accepted.items():
            self._labelled(self._accepted, source).inc(plays)
        self._rejected.inc(rejected)
        self.ingest_seconds.observe(seconds)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count an HTTP request: the pattern of its path, the answer's status, and how long that took."""
        self._labelled(self._requests, route, status).inc()
        self._labelled(self._request_seconds, route).observe(seconds)

    def message(self, dialect: str, kind: str, outcome: str, count: int = 1) -> None:
        """Count messages of a music client: its dialect, what kind they are, and what became of them."""
        if count:
            self._labelled(self._messages, dialect, kind, outcome).inc(count)

    def handshake_refused(self, reason: str) -> None:
        """Count a viewer that was refused before its handshake."""
        self._handshakes.labels(reason).inc()

    def refused(self, plays: int) -> None:
        """Count plays that were not taken in, for too many were waiting."""
        self._refused.inc(plays)

    def closed(self, slices: int, seconds: float) -> None:
        """Count slices that were closed in one go, and how long that took."""
        self._slices.inc(slices)
        self.slice_seconds.observe(seconds)

    def record(self, counts: Counts) -> None:
        """Add the counts of a record that came over the bus."""
        self._records.inc()
        for name, counter in self._counts.items():
            counter.inc(getattr(counts, name))
        for source, plays in counts.plays_by_source.items():
            self._matched.labels(source).inc(plays)

    def gauge(self, name: str, help: str, read: Callable[[], Value], label: str = "") -> None:
        """Have a value that goes up and down read at each scrape, as `unison_<name>`; name ends in its unit."""
        self._readings.append(Reading(f"unison_{name}", help, read, label))

    def counter(self, name: str, help: str, read: Callable[[], Value], label: str = "") -> None:
        """Have a value that only grows read at each scrape, as `unison_<name>_total`."""
        self._readings.append(Reading(f"unison_{name}", help, read, label, counter=True))

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """Return all metrics in the format that an Accept header asks for, and its content type."""
        try:
            encode, content_type = choose_encoder(accept)
        except TypeError:  # it compares a version that is no number with one
            encode, content_type = choose_encoder("")
        return encode(self.registry), content_type


class _Readings(Collector):
    def __init__(self, readings: list[Reading]) -> None:
        self._readings = readings

    def describe(self) -> Iterator[Metric]:
        """Yield nothing: the values cannot be read before all parts are there."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        return (reading.collect() for reading in self._readings)


def own_version() -> str:
    """Return the version of the program."""
    try:
        return version("unison-globe")
    except PackageNotFoundError:
        return "unknown"
