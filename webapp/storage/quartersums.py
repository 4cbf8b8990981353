"""Sums by quarter hour of the connections that everyone was shown: of all, and of each city.

`write` adds new connections to the quarter hour of their `at_ms`. Nothing is subtracted: the sums say what was shown,
also after pruning has deleted its rows. Quarter hours older than KEPT_S are deleted.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from webapp.core.moderation import NO_RULES, Rules
from webapp.core.records import id_floor
from webapp.storage import queries

if TYPE_CHECKING:
    from webapp.core.gazetteer import Gazetteer
    from webapp.core.records import Connection

QUARTER_S = 900
KEPT_S = 26 * 3_600
"""How long a quarter hour is kept: the longest day has 25 hours."""
ALL = 0
"""Stands for all cities: GeoNames ids begin at 1."""
MAX_CANDIDATES = 200
"""How many of the farthest connections are looked at where the farthest ones are hidden or deleted."""
STEP_ROWS = 10_000
_KM_DIGITS = 5

VERSION_6 = """
CREATE TABLE quarter_sums (
    quarter INTEGER NOT NULL, city INTEGER NOT NULL, country TEXT NOT NULL, times INTEGER NOT NULL,
    farthest TEXT NOT NULL, PRIMARY KEY (quarter, city, country)) WITHOUT ROWID;
"""
"""The script that upgrades a file to version 6, up to its sums: see `build`.

`quarter` is where it begins, epoch seconds. The rows of a city count its connections by the other end's country. Those
of ALL count all connections under '', and under each country those that touch it. `farthest` has five digits of km,
then the id, so that the greatest text is the farthest connection, and of equals the newest.
"""

_ADD = f"""WITH shown AS (
    SELECT c.at_ms / {1_000 * QUARTER_S} * {QUARTER_S} AS quarter, printf('%0{_KM_DIGITS}d', c.km) || c.id AS farthest,
        c.from_city, c.to_city, c.from_country, c.to_country FROM {{rows}} AND c.everyone = 1)
INSERT INTO quarter_sums SELECT quarter, city, country, count(*), max(farthest) FROM (
    SELECT quarter, {ALL} AS city, '' AS country, farthest FROM shown
    UNION ALL SELECT quarter, {ALL}, from_country, farthest FROM shown
    UNION ALL SELECT quarter, {ALL}, to_country, farthest FROM shown WHERE to_country <> from_country
    UNION ALL SELECT quarter, from_city, to_country, farthest FROM shown
    UNION ALL SELECT quarter, to_city, from_country, farthest FROM shown WHERE to_city <> from_city)
WHERE true GROUP BY 1, 2, 3
ON CONFLICT (quarter, city, country) DO UPDATE SET times = times + excluded.times,
    farthest = max(farthest, excluded.farthest)"""
_ADD_LISTED = _ADD.format(rows="json_each(?) AS listed CROSS JOIN connections c ON c.id = listed.value WHERE true")
_ADD_SPAN = _ADD.format(rows="connections c WHERE c.id >= ? AND c.id < ?")
_FORGET = """DELETE FROM quarter_sums WHERE (quarter, city, country) IN (
    SELECT quarter, city, country FROM quarter_sums WHERE quarter < ? LIMIT ?)"""

# Looks each quarter hour up by itself: the rows of a city are few, and far from each other.
_ROWS = """FROM json_each(:quarters) AS listed
    CROSS JOIN quarter_sums s ON s.quarter = listed.value AND s.city = :city"""
_MEETINGS = f"SELECT coalesce(sum(times), 0) {_ROWS} WHERE s.city <> {ALL} OR s.country = ''"
_COUNTRIES = f"SELECT DISTINCT country {_ROWS} WHERE country <> '' ORDER BY 1"
_FARTHEST = f"SELECT DISTINCT farthest {_ROWS} ORDER BY 1 DESC LIMIT {MAX_CANDIDATES}"
_SEQ = "SELECT max(seq) FROM records WHERE stream = (SELECT stream FROM streams WHERE name = ?)"


@dataclass(frozen=True, slots=True)
class Totals:
    """What everyone was shown in some quarter hours, of all cities or of one.

    Attributes:
        meetings: how many connections.
        countries: ISO 3166-1 codes, sorted: of either end; for a city, of the other end.
        farthest: the farthest connection that is kept and not hidden, and of equals the newest.
        seq: number of the stream's newest frame that is counted; 0 if none is.
    """

    meetings: int = 0
    countries: list[str] = field(default_factory=list)
    farthest: "Connection | None" = None
    seq: int = 0


def quarter_of(at_s: float) -> int:
    """Return where the quarter hour of a time begins, epoch seconds."""
    return int(at_s // QUARTER_S) * QUARTER_S


def count(db: sqlite3.Connection, ids: Sequence[str]) -> None:
    """Add connections that everyone was shown and that are not counted yet, in the transaction that writes them."""
    if ids:
        db.execute(_ADD_LISTED, (json.dumps(ids),))


def build(db: sqlite3.Connection, _: Callable[[int, int], None]) -> None:
    """Count the rows of the newest KEPT_S, a quarter hour at a time, in the transaction that upgrades the file."""
    newest = db.execute("SELECT at_ms FROM connections ORDER BY id DESC LIMIT 1").fetchone()
    if newest is None:
        return
    last = quarter_of(newest[0] / 1_000)
    for quarter in range(last - KEPT_S, last + 1, QUARTER_S):
        db.execute(_ADD_SPAN, (id_floor(quarter), id_floor(quarter + QUARTER_S)))


def forget(db: sqlite3.Connection, now_s: float | None, max_rows: int = STEP_ROWS) -> None:
    """Delete quarter hours that are too old, a bounded part of them; none while the time is not known."""
    if now_s is not None:
        db.execute(_FORGET, (quarter_of(now_s - KEPT_S), max_rows))


def totals(
    db: sqlite3.Connection,
    quarters: range,
    city: int | None,
    stream: str,
    gazetteer: "Gazetteer",
    rules: Rules = NO_RULES,
) -> Totals:
    """Return what everyone was shown, with the number of the newest frame that is counted, as of one instant.

    What is hidden is counted, but never the farthest: the next one takes its place. A hidden city has nothing.

    Args:
        db: the file.
        quarters: the quarter hours, as `range(first, last + 1, QUARTER_S)` of epoch seconds.
        city: a GeoNames id; None for all.
        stream: the numbering of frames.
        gazetteer: the cities.
        rules: what is hidden.
    """
    wanted = {"quarters": json.dumps([*quarters]), "city": ALL if city is None else city}
    with _snapshot(db):
        seq = int(db.execute(_SEQ, (stream,)).fetchone()[0] or 0)
        if city in rules.cities:
            return Totals(seq=seq)
        meetings = int(db.execute(_MEETINGS, wanted).fetchone()[0])
        countries = [str(code) for (code,) in db.execute(_COUNTRIES, wanted)]
        found = (queries.get(db, text[_KM_DIGITS:], gazetteer) for (text,) in db.execute(_FARTHEST, wanted).fetchall())
        shown = (each for each in found if each and not rules.hides_connection(each, gazetteer))
        return Totals(meetings, countries, next(shown, None), seq)


@contextmanager
def _snapshot(db: sqlite3.Connection) -> Iterator[None]:
    """Have all reads of the block see the file as of one instant."""
    db.execute("BEGIN")
    try:
        yield
    finally:
        with suppress(sqlite3.Error):  # an error may have ended the transaction already
            db.execute("ROLLBACK")
