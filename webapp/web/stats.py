"""GET /stats: what was shown, in figures: plots with their tables, and each as CSV."""

from __future__ import annotations

import csv
import sqlite3
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

import msgspec
import numpy as np
from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import BadRequest

from webapp.core.gazetteer import City, Gazetteer
from webapp.core.plays import SOURCES
from webapp.core.records import Connection
from webapp.engine.clock import Clock
from webapp.engine.offload import offload
from webapp.storage import periodtotals
from webapp.storage.history import History
from webapp.storage.periods import PERIODS, PeriodCache
from webapp.storage.periodsums import KM_STEP
from webapp.storage.periodtotals import Rows
from webapp.storage.quartersums import Totals, quarter_of
from webapp.web.connectiontext import in_words, way_text, wire_form
from webapp.web.languages import country_name
from webapp.web.playlist import Chart
from webapp.web.responses import page_response
from webapp.web.today import TodayTotals

ROWS = 20
LINES, FARTHEST = 12, 8
"""Rows of a table on the page, and how many of the farthest connections."""
FARTHEST_KM = 20_000  # half the Earth is a little more

Songs = list[tuple[Connection, int]]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: what is counted, its parts by column, and how many connections it has."""

    cells: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot and its table.

    Attributes:
        name: in addresses.
        columns: the names of the cells, for programs.
        rows: in their order.
    """

    name: str
    columns: tuple[str, ...]
    rows: Sequence[Row]

    @property
    def most(self) -> int:
        """The largest count, at least 1."""
        return max((row.count for row in self.rows), default=0) or 1

    def csv(self) -> str:
        """Write the table as CSV (RFC 4180), every cell in quotes: some programs separate cells by other characters."""
        text = StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL)
        writer.writerow((*self.columns, "connections"))
        writer.writerows((*map(_text, row.cells), row.count) for row in self.rows)
        return text.getvalue()


def _text(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: as OWASP has it, behind an apostrophe.

    Some trim what is invisible first, and full-width characters begin formulas where they are typed.
    """
    if cell.startswith(("\t", "\r", "\n")):
        return f"'{cell}"
    first = next((each for each in cell if unicodedata.category(each) not in _TRIMMED), "")
    return f"'{cell}" if unicodedata.normalize("NFKC", first).startswith(_FORMULA) else cell


_TRIMMED = ("Cc", "Cf", "Zl", "Zp", "Zs")
_FORMULA = tuple("=+-@")


def figure_cache(history: History, gazetteer: Gazetteer, clock: Callable[[], float]) -> PeriodCache[dict[str, Figure]]:
    """Return what reads the figures; `clock` tells the time, epoch seconds."""

    def make(period: str, now_s: float) -> tuple[dict[str, Figure], bool]:
        rules = history.rules

        def read(db: sqlite3.Connection) -> tuple[dict[str, Rows], Songs, bool]:
            songs = periodtotals.songs(db, period, ROWS, gazetteer, rules)["most"]
            return periodtotals.totals(db, period, ROWS, rules), songs, periodtotals.are_complete(db, period, now_s)

        sums, songs, are_complete = offload(history.read, read) or (periodtotals.NO_TOTALS, [], False)
        return _figures(sums, songs, gazetteer), are_complete

    return PeriodCache(make, clock, lambda: history.rules)


def _figures(sums: dict[str, Rows], songs: Songs, gazetteer: Gazetteer) -> dict[str, Figure]:
    made = [
        Figure("sources", ("source",), [Row((SOURCES[int(code)],), int(n)) for code, n in sums["sources"]]),
        Figure("songs", ("title", "artist"), _songs(songs)),
        Figure("pairs", ("city", "country", "other_city", "other_country"), _pairs(sums["pairs"], gazetteer)),
        Figure("countries", ("code", "country"), _countries(sums["countries"], gazetteer)),
        Figure("distances", ("from_km",), _scale(sums["distances"], range(0, FARTHEST_KM + 1, KM_STEP))),
        Figure("hours", ("hour_utc",), _scale(sums["hours"], range(24))),
    ]
    return {figure.name: figure for figure in made}


def _songs(songs: Songs) -> list[Row]:
    tracks = [(msgspec.json.decode(connection.track), times) for connection, times in songs]
    return [Row((track["title"], track["artist"]), times) for track, times in tracks]


def _pairs(rows: Rows, gazetteer: Gazetteer) -> list[Row]:
    """Name both cities of each pair; one with a city that the gazetteer has no more is left out."""
    ends = gazetteer.by_ids(np.array([row[:2] for row in rows], np.int64).reshape(-1, 2)).tolist()
    named = (
        Row((*_named(gazetteer[one]), *_named(gazetteer[other])), int(n))
        for (one, other), (_, _, n) in zip(ends, rows, strict=True)
        if one >= 0 <= other
    )
    return list(named)


def _named(city: City) -> tuple[str, str]:
    return city.label, city.country


def _countries(rows: Rows, gazetteer: Gazetteer) -> list[Row]:
    return [Row((str(code), gazetteer.country_name(str(code))), int(n)) for code, n in rows]


def _scale(rows: Rows, steps: range) -> list[Row]:
    """Give every step of a scale a row."""
    counts = {int(step): int(n) for step, n in rows}
    return [Row((str(step),), counts.get(step, 0)) for step in steps]


class Highlights:
    """What is told of a period in large: how many connections, how far half of them reached, and the busiest hour."""

    def __init__(self, figures: dict[str, Figure]) -> None:
        self.total = sum(row.count for row in figures["sources"].rows)
        self.half_km = _middle(figures["distances"].rows)
        busiest = max(figures["hours"].rows, key=lambda row: row.count, default=None)
        self.busiest_hour = int(busiest.cells[0]) if busiest and busiest.count else None
        self.pairs = [row for row in figures["pairs"].rows if row.count > 1][:LINES]
        """Pairs of cities that met more than once: where all met once, which are first is chance."""


def _middle(rows: Sequence[Row]) -> int:
    """Return the farthest step of a scale that at least half of all reached."""
    total = reached = sum(row.count for row in rows)
    middle = 0
    for row in rows:
        middle = int(row.cells[0]) if 2 * reached >= total else middle
        reached -= row.count
    return middle if total else 0


def create_blueprint(
    gazetteer: Gazetteer, history: History, clock: Clock, totals: TodayTotals, charts: PeriodCache[Chart]
) -> Blueprint:
    """Serve the figures; `charts` has the songs of each order, with their farthest connections."""
    blueprint, figures = Blueprint("stats", __name__), figure_cache(history, gazetteer, clock.now)

    def country(english: str) -> str:
        """Return a country's name in the visitor's language: the figures are the same for everybody, in English."""
        return country_name(gazetteer.country_code(english), english)

    @blueprint.get("/stats")
    def page() -> Response:
        """Serve the figures of a period as a page."""
        period = _period()
        made = figures.get(period)
        farthest = [
            in_words(wire_form(each, gazetteer)) for each, _ in charts.get(period).sums.orders["farthest"][:FARTHEST]
        ]
        shown = {
            "figures": made.sums,
            "are_complete": made.are_complete,
            "highlights": Highlights(made.sums),
            "farthest": farthest,
            "today": _last_day(totals, clock.now(), gazetteer),
        }
        return page_response(render_template("stats.html", period=period, country=country, way=way_text, **shown))

    @blueprint.get("/stats.csv")
    def export() -> Response:
        """Serve one figure as CSV."""
        period = _period()
        made = figures.get(period).sums
        if (name := request.args.get("of", "songs")) not in made:
            raise BadRequest(f"of={name[:40]!r}: expected one of {', '.join(made)}")
        table = made[name].csv().encode("utf-8-sig")  # without the mark Excel reads no script but its own country's
        response = Response(table, content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="unison-{name}-{period}.csv"'
        response.headers["Cache-Control"] = "no-cache"
        return response

    return blueprint


def _last_day(totals: TodayTotals, now_s: float, gazetteer: Gazetteer) -> dict[str, Any]:
    """Return the totals of the last 24 hours: only a visitor's browser knows when their day began."""
    found = totals.since(quarter_of(now_s) - 24 * 3_600) or Totals()
    told = {"meetings": found.meetings, "countries": len(found.countries)}
    return told | {"farthest": found.farthest and in_words(wire_form(found.farthest, gazetteer))}


def _period() -> str:
    period = request.args.get("period", "day")
    if period not in PERIODS:
        raise BadRequest(f"period={period[:40]!r}: expected one of {', '.join(PERIODS)}")
    return period
