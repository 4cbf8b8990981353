"""Figures that are read from the parts of an application: for metrics at each scrape, for /api/stats and /status."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from webapp.core import frames
from webapp.engine.childprocess import Child
from webapp.engine.disconnect import COUNTED
from webapp.engine.procstats import Usage, usage

if TYPE_CHECKING:
    from webapp.app import Unison

_DROPPED_HELP = "Viewers that did not end cleanly: " + "; ".join(
    f"{metric}: {why.meaning}" for metric, why in COUNTED.items()
)


def observe(app: Unison) -> None:
    """Have the values of an application's parts known to its metrics."""
    gauge, counter = app.metrics.gauge, app.metrics.counter
    gauge("viewers", "Open websockets.", lambda: app.hub.viewers)
    gauge("filters", "Distinct filters being watched.", lambda: app.channels.filters)
    gauge("backlog_bytes", "Bytes queued for viewers.", lambda: app.hub.backlog)
    counter("viewers_dropped", _DROPPED_HELP, lambda: _dropped(app), "reason")
    gauge("plays_waiting", "Plays whose slice is not closed yet.", lambda: app.pipeline.waiting)
    counter("plays_lost", "Plays taken in and lost before they were matched.", lambda: app.matching.lost, "reason")
    counter("clock_jumps", "How often the clock was set.", lambda: app.clock.jumps, "direction")
    gauge("lag_seconds", "How far matching is behind the clock.", lambda: app.pipeline.lag_s)
    gauge("ring_bytes", "Bytes of the records that can be resumed.", lambda: app.records.kept_bytes)
    gauge("history_problem", "1 while the history has trouble.", lambda: float(app.history.problem is not None))
    gauge("history_set_aside", "Damaged histories in the data folder.", lambda: len(app.history.damaged))
    gauge("history_pending_rows", "Rows that are not written yet.", lambda: app.history.pending)
    gauge("history_sums_whole", "1 once all sums are made.", lambda: float(app.history.sums_are_complete))
    counter("history_dropped_rows", "Rows lost to a full or locked disk.", lambda: app.history.dropped)
    gauge("pictures_waiting", "Pictures and codes asked for and not drawn yet.", lambda: _pictures_waiting(app))
    counter("pictures_refused", "Pictures refused because too many waited.", lambda: _pictures_refused(app))
    counter("child_restarts", "Child processes started again after one was lost.", lambda: _restarts(app), "child")
    gauge("process_resident_bytes", "Memory of the processes.", lambda: _memory(app), "process")
    counter("process_cpu_seconds", "Processor time of the processes that run.", lambda: _cpu(app), "process")


def _dropped(app: Unison) -> dict[str, float]:
    return {metric: app.hub.dropped[metric] for metric in COUNTED}


def _pictures_waiting(app: Unison) -> int:
    return app.album.waiting + app.codes.waiting


def _pictures_refused(app: Unison) -> int:
    return app.album.refused + app.codes.refused


def _children(app: Unison) -> Iterator[Child[Any]]:
    yield app.matching.child
    yield from app.readers.children
    yield from app.drawing.children


def _restarts(app: Unison) -> dict[str, float]:
    found: Counter[str] = Counter()
    for child in _children(app):
        found[child.name] += max(0, child.started - 1)
    return dict(found)


def _usages(app: Unison) -> Iterator[tuple[str, Usage]]:
    pids = [("worker", os.getpid())]
    if "gunicorn.arbiter" in sys.modules:
        pids.append(("master", os.getppid()))
    pids += [(child.name, child.pid) for child in _children(app) if child.pid]
    for name, pid in pids:
        if found := usage(pid):
            yield name, found


def _memory(app: Unison) -> dict[str, float]:
    found: Counter[str] = Counter()
    for name, used in _usages(app):
        found[name] += used.resident_bytes
    return dict(found)


def _cpu(app: Unison) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, used in _usages(app):
        found[name] = found.get(name, 0.0) + used.cpu_s
    return found


def stats(app: Unison) -> dict[str, Any]:
    """Return what /api/stats says: the last 10 s, the last minute, and totals since the start."""
    counts, shown = app.channels.tally.last(10_000)
    return {
        "stream": app.records.stream,
        "seq": app.records.last,
        "now": round(app.now(), 3),
        "window_s": app.settings.window_s,
        "viewers": app.hub.viewers,
        "last_10_s": {
            "plays_per_s": counts.plays / 10,
            "together": counts.together,
            "connections": counts.connections,
            "same_city": counts.same_city,
            "shown": shown,
        },
        "plays_by_source": app.channels.tally.minute.plays_by_source,
        "total": frames.totals(app.channels.tally.total),
    }


def load(app: Unison) -> dict[str, Any]:
    """Return how busy the server is, for its operators."""
    return {
        "filters": app.channels.filters,
        "backlog_bytes": app.hub.backlog,
        "plays_waiting": app.pipeline.waiting,
        "lag_s": round(app.pipeline.lag_s, 3),
    }
