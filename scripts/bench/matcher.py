#!/usr/bin/env python3
"""Compare the matcher with polars and duckdb: one core, one thread each, in turns, on the same slices of plays.

The matcher does all of its work: echoes, far pairs, repair, pulses, plays together, and its state between slices. The
others do the simplest thing that yields disjoint pairs: neighbours in time within a slice, every second
one, if their cities and listeners differ.
"""

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

os.environ["POLARS_MAX_THREADS"] = "1"  # read at import; numpy uses no threads here

import click
import duckdb
import numpy as np
import polars as pl

from webapp.core.columns import Plays
from webapp.core.gazetteer import Gazetteer
from webapp.core.matcher import Matcher
from webapp.gazetteerdata import load_gazetteer

SLICE_MS = 250
WINDOW_MS = 1000
WARM_SLICES = 2 * WINDOW_MS // SLICE_MS + 2  # until the matcher's state has its full size
NEIGHBOURS = """
    select "row", next_row from (
        select "row", city, listener, "at", row_number() over track as place, lead("row") over track as next_row,
            lead(city) over track as next_city, lead(listener) over track as next_listener,
            lead("at") over track as next_at
        from {plays} window track as (partition by "group" order by "at"))
    where place % 2 = 1 and next_city != city and next_listener != listener and next_at - "at" <= 1000"""


class Run(NamedTuple):
    """The result of one program in one round."""

    wall_s: float
    cpu_s: float
    pairs: int


Contestant = Callable[[Sequence[Plays]], Run]


def traffic(gazetteer: Gazetteer, rate: int, slices: int, tracks: int) -> list[Plays]:
    """Slices of plays, each in random order: cities by population, track shares by rank to the power of -0.51."""
    chance, n = np.random.default_rng(1), rate * slices * SLICE_MS // 1000
    people, popular = np.maximum(gazetteer.population, 1), np.arange(1, tracks + 1) ** -0.51
    plays = Plays(
        chance.choice(tracks, n, p=popular / popular.sum()).astype(np.uint32),
        chance.choice(len(people), n, p=people / people.sum()).astype(np.uint16),
        chance.integers(0, np.iinfo(np.uint64).max, n, np.uint64),
        chance.integers(0, slices * SLICE_MS, n),
        np.arange(n),
    )
    by = np.argsort(plays.at // SLICE_MS, kind="stable")
    cuts = np.searchsorted(plays.at[by] // SLICE_MS, np.arange(1, slices))
    return [plays.take(rows) for rows in np.split(by, cuts)]


def clocked(work: Iterable[int]) -> Run:
    """Run and time the steps of a program; each returns the pairs that it found."""
    wall, cpu = time.perf_counter(), time.process_time()
    pairs = sum(work)
    return Run(time.perf_counter() - wall, time.process_time() - cpu, pairs)


def unison(gazetteer: Gazetteer) -> Contestant:
    """The matcher; it is warmed up first, so that its state is that of steady traffic."""

    def run(slices: Sequence[Plays]) -> Run:
        matcher = Matcher(WINDOW_MS, gazetteer.geoname_id)
        steps = (len(matcher.close((i + 1) * SLICE_MS, plays).connections.later.at) for i, plays in enumerate(slices))
        for _ in range(WARM_SLICES):
            next(steps)
        return clocked(steps)

    return run


def framed(slices: Sequence[Plays]) -> list[pl.DataFrame]:
    """The timed slices as polars frames."""
    return [pl.DataFrame(plays._asdict()) for plays in slices[WARM_SLICES:]]


def _good() -> pl.Expr:
    near = pl.col("next_at") - pl.col("at") <= WINDOW_MS
    return near & (pl.col("city") != pl.col("next_city")) & (pl.col("listener") != pl.col("next_listener"))


def _with_next(plays: pl.DataFrame) -> pl.DataFrame:
    names = ("group", "city", "listener", "at", "row")
    return plays.sort("group", "at").with_columns(pl.col(name).shift(-1).alias(f"next_{name}") for name in names)


def polars_over(slices: Sequence[Plays]) -> Run:
    """Positions within a track by a window function, the obvious way."""

    def pairs(plays: pl.DataFrame) -> int:
        table = _with_next(plays).with_columns(place=pl.int_range(pl.len()).over("group"))
        same = pl.col("group") == pl.col("next_group")
        return table.filter(pl.col("place") % 2 == 0, same, _good()).height

    return clocked(map(pairs, framed(slices)))


def polars_tuned(slices: Sequence[Plays]) -> Run:
    """Positions within a track by a running maximum, twice as fast."""

    def pairs(plays: pl.DataFrame) -> int:
        starts = pl.col("group") != pl.col("group").shift(1)
        table = (
            _with_next(plays)
            .with_row_index("number")
            .with_columns(start=pl.when(starts).then(pl.col("number")).otherwise(0).cum_max())
        )
        same = pl.col("group") == pl.col("next_group")
        return table.filter((pl.col("number") - pl.col("start")) % 2 == 0, same, _good()).height

    return clocked(map(pairs, framed(slices)))


def duckdb_window(slices: Sequence[Plays]) -> Run:
    """The same in SQL, on its own tables."""
    connection, timed = duckdb.connect(config={"threads": 1}), slices[WARM_SLICES:]
    for i, plays in enumerate(timed):
        connection.register("columns", plays._asdict())
        connection.execute(f"create table slice_{i} as from columns")
    queries = (NEIGHBOURS.format(plays=f"slice_{i}") for i in range(len(timed)))
    return clocked(len(connection.execute(query).fetchnumpy()["row"]) for query in queries)


def report(rate: int, slices: Sequence[Plays], runs: dict[str, list[Run]]) -> None:
    """Print a table of medians over the rounds."""
    timed = slices[WARM_SLICES:]
    n = sum(len(plays.at) for plays in timed)
    click.echo(f"\n{rate:,} plays/s: {n:,} plays in {len(timed)} slices of {SLICE_MS} ms")
    click.echo(f"{'':16}{'M plays/s':>10}{'(CPU)':>8}{'ms a slice':>12}{'pairs':>10}{'unison is':>12}{'(CPU)':>8}")
    medians = {
        name: [statistics.median(column) for column in zip(*rounds, strict=True)] for name, rounds in runs.items()
    }
    for name, (wall, cpu, pairs) in medians.items():
        speed = f"{n / wall / 1e6:>10.3f}{n / cpu / 1e6:>8.3f}{1000 * wall / len(timed):>12.3f}{int(pairs):>10,}"
        faster = f"{wall / medians['unison'][0]:>11.2f}x{cpu / medians['unison'][1]:>7.2f}x"
        click.echo(f"{name:16}{speed}{faster if name != 'unison' else ''}")


def machine() -> str:
    """Return the processor and the versions."""
    try:
        with open("/proc/cpuinfo") as lines:  # noqa: PTH123
            cpu = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        cpu = platform.processor()
    versions = f"Python {platform.python_version()}, numpy {np.__version__}, polars {pl.__version__}"
    return f"{cpu}, one of {os.cpu_count()} cores; {versions}, duckdb {duckdb.__version__}"


@click.command(help=__doc__, context_settings={"show_default": True})
@click.option("--rate", "rates", type=int, multiple=True, default=(1_000_000, 152_000, 50), help="Plays a second.")
@click.option("--plays", default=1_000_000, help="Plays to time at each rate.")
@click.option("--slices-max", default=400, help="Slices to time at most, which ends the slow rates early.")
@click.option("--tracks", default=200, help="Tracks that are played.")
@click.option("--rounds", default=7, help="Rounds; each contestant has a turn in each, and medians are shown.")
@click.option("--core", default=0, help="The core to stay on.")
def main(rates: Sequence[int], plays: int, slices_max: int, tracks: int, rounds: int, core: int) -> None:
    """See the module."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, {core})
    gazetteer = load_gazetteer()
    click.echo(f"{machine()}\n{tracks:,} tracks, {len(gazetteer):,} cities, window {WINDOW_MS} ms; {rounds} rounds")
    contestants: dict[str, Contestant] = {
        "unison": unison(gazetteer),
        "polars": polars_over,
        "polars, tuned": polars_tuned,
        "duckdb": duckdb_window,
    }
    for rate in rates:
        timed = min(-(-plays * 1000 // (rate * SLICE_MS)), slices_max)
        slices = traffic(gazetteer, rate, timed + WARM_SLICES, tracks)
        runs: dict[str, list[Run]] = {name: [] for name in contestants}
        for _ in range(rounds):
            for name, contestant in contestants.items():
                runs[name].append(contestant(slices))
        report(rate, slices, runs)


if __name__ == "__main__":
    main()
