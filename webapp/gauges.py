"""Figures that are read from the parts of an application: for metrics at each scrape, for /api/stats and /status."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from webapp.core import frames
from webapp.engine.busnode import BusNode
from webapp.engine.disconnect import COUNTED
from webapp.engine.ingest import Ingest
from webapp.engine.intake import Process
from webapp.engine.live import Live
from webapp.engine.procstats import Usage, usage
from webapp.graphics.images import Images
from webapp.metrics import Metrics
from webapp.storage.history import History

_DROPPED_HELP = "Viewers that did not end cleanly: " + "; ".join(
    f"{metric}: {why.meaning}" for metric, why in COUNTED.items()
)

Children = Callable[[], Iterator[Process]]


def observe_live(metrics: Metrics, live: Live) -> None:
    """Have metrics read what is live."""
    gauge, counter = metrics.gauge, metrics.counter
    gauge("viewers", "Open websockets.", lambda: live.hub.viewers)
    gauge("filters", "Different filters being watched.", lambda: live.channels.filters)
    gauge("backlog_bytes", "Bytes queued for viewers.", lambda: live.hub.backlog)
    counter("viewers_dropped", _DROPPED_HELP, lambda: _dropped(live), "reason")
    gauge("plays_waiting", "Plays waiting to be matched.", lambda: live.intake.waiting)
    counter("plays_lost", "Plays accepted and lost before they were matched.", lambda: live.intake.lost, "reason")
    counter("clock_jumps", "How often the system clock was set.", lambda: live.clock.jumps, "direction")
    gauge("lag_seconds", "How far matching is behind the clock.", lambda: live.intake.lag_s)
    gauge("history_missing_records", "Records that the history has yet to read from the bus.", lambda: _missing(live))
    gauge("ring_bytes", "Bytes of the records from which clients can resume.", lambda: live.records.kept_bytes)
    if isinstance(live.intake, BusNode):
        observe_bus(metrics, live.intake)


def observe_bus(metrics: Metrics, node: BusNode) -> None:
    """Have metrics read how a server of several does on the bus."""
    gauge = metrics.gauge
    gauge("bus_record", "Number of the newest record.", lambda: node.record)
    gauge("bus_quiet_seconds", "Time since the newest record came.", lambda: node.quiet_s)
    gauge("bus_clock_off_seconds", "How far the bus's clock is ahead of this machine's.", lambda: node.off_s)
    gauge("bus_silent_nodes", "Servers of the bus that were not heard for 3 s.", lambda: node.silent)
    gauge("bus_copies", "Copies of the log of records that are up to date.", lambda: node.condition.copies)
    gauge("bus_copies_wanted", "Copies that there should be.", lambda: node.condition.copies_wanted)
    gauge(
        "bus_plays_bytes", "Size of the log of plays, as servers that match see it.", lambda: node.condition.plays_bytes
    )
    gauge("bus_plays_max_bytes", "Its largest size; then plays get 503.", lambda: node.condition.plays_max_bytes)
    metrics.counter("bus_retries", "Messages that were sent again.", lambda: node.condition.retries)


def observe_history(metrics: Metrics, history: History) -> None:
    """Have metrics read how the history does."""
    gauge, counter = metrics.gauge, metrics.counter
    gauge("history_problem", "1 while the history has a problem.", lambda: float(history.problem is not None))
    gauge("history_set_aside", "Damaged histories in the data folder.", lambda: len(history.damaged))
    gauge("history_pending_rows", "Rows not written yet.", lambda: history.pending)
    gauge("history_sums_whole", "1 once all sums are complete.", lambda: float(history.sums_are_complete))
    counter("history_dropped_rows", "Rows lost to a full or locked disk.", lambda: history.dropped)


def observe_images(metrics: Metrics, images: Images) -> None:
    """Have metrics read how many images wait."""
    metrics.gauge("pictures_waiting", "Pictures and codes requested and not drawn yet.", lambda: images.waiting)
    metrics.counter("pictures_refused", "Pictures refused because too many waited.", lambda: images.refused)


def observe_processes(metrics: Metrics, live: Live, ingest: Ingest, images: Images) -> None:
    """Have metrics read what this process and its children use."""

    def children() -> Iterator[Process]:
        yield from live.intake.processes
        yield from ingest.workers.children
        yield from images.children

    gauge, counter = metrics.gauge, metrics.counter
    counter("child_restarts", "Child processes restarted after one died.", lambda: _restarts(children), "child")
    gauge("process_resident_bytes", "Resident memory of the processes.", lambda: _memory(children), "process")
    counter("process_cpu_seconds", "Processor time of the running processes.", lambda: _cpu(children), "process")


def _missing(live: Live) -> int:
    return live.recorder.missing if live.recorder else 0


def _dropped(live: Live) -> dict[str, float]:
    return {metric: live.hub.dropped[metric] for metric in COUNTED}


def _restarts(children: Children) -> dict[str, float]:
    found: Counter[str] = Counter()
    for child in children():
        found[child.name] += max(0, child.started - 1)
    return dict(found)


def _usages(children: Children) -> Iterator[tuple[str, Usage]]:
    pids = [("worker", os.getpid())]
    if "gunicorn.arbiter" in sys.modules:
        pids.append(("master", os.getppid()))
    pids += [(child.name, child.pid) for child in children() if child.pid]
    for name, pid in pids:
        if found := usage(pid):
            yield name, found


def _memory(children: Children) -> dict[str, float]:
    found: Counter[str] = Counter()
    for name, used in _usages(children):
        found[name] += used.resident_bytes
    return dict(found)


def _cpu(children: Children) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, used in _usages(children):
        found[name] = found.get(name, 0.0) + used.cpu_s
    return found


def stats(live: Live) -> dict[str, Any]:
    """Return what /api/stats says: the last 10 s, the last minute, and totals since the start."""
    counts, shown = live.channels.tally.last(10_000)
    return {
        "stream": live.records.stream,
        "seq": live.records.last,
        "now": round(live.clock.now(), 3),
        "window_s": live.window_s,
        "viewers": live.hub.viewers,
        "last_10_s": {
            "plays_per_s": counts.plays / 10,
            "together": counts.together,
            "connections": counts.connections,
            "same_city": counts.same_city,
            "shown": shown,
        },
        "plays_by_source": live.channels.tally.minute.plays_by_source,
        "total": frames.totals(live.channels.tally.total),
    }


def recent(live: Live) -> dict[str, float]:
    """Return what /status plots: read several times a second, so it is cheap."""
    counts, _ = live.channels.tally.last(10_000)
    return {
        "viewers": live.hub.viewers,
        "plays_per_s": counts.plays / 10,
        "connections": counts.connections,
        "lag_s": live.intake.lag_s,
    }


def load(live: Live) -> dict[str, Any]:
    """Return how busy the server is, for its operators."""
    return {
        "filters": live.channels.filters,
        "backlog_bytes": live.hub.backlog,
        "plays_waiting": live.intake.waiting,
        "lag_s": round(live.intake.lag_s, 3),
    }
