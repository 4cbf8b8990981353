from __future__ import annotations

import csv
from collections import Counter
from dataclasses import replace
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.history_world import CITIES, GAZETTEER, NOON_MS, connection, temporary_history
from webapp.core.records import Connection
from webapp.web.stats import Figure, Row, figure_cache

NOON_S = NOON_MS / 1000

shown = st.lists(
    st.builds(
        lambda at_s, tail, track, ends, km: replace(connection(at_s * 1000, tail, track, *ends), km=km),
        st.integers(-5_000, 90_000),
        st.integers(0, 2**64 - 1),
        st.integers(0, 3),
        st.permutations(range(len(CITIES))).map(lambda order: order[:2]),
        st.integers(0, 20_037),
    ),
    unique_by=lambda made: made.id,
    max_size=12,
)


@settings(max_examples=40)
@given(shown)
def test_figures_count_what_everyone_was_shown_since_then(found: list[Connection]) -> None:
    with temporary_history() as history:
        history.record("s", 1, NOON_MS, found, b"{}", b"[]")
        history.record_filtered("s", 1, [connection(1, 7)])
        history.flush()
        history.update_sums(NOON_S + 86_400)
        made = figure_cache(history, GAZETTEER, lambda: NOON_S + 86_400).get("day").sums
    since = [c for c in found if c.at_ms >= NOON_MS]
    assert counted(made["sources"]) == Counter(("synthetic",) for _ in since)
    assert counted(made["pairs"]) == Counter(sum(map(named, sorted(ends(c))), ()) for c in since)
    countries = [
        (code, GAZETTEER.country_name(code)) for c in since for code in {GAZETTEER[i].country_code for i in cities(c)}
    ]
    assert counted(made["countries"]) == Counter(countries)
    assert counted(made["distances"]) == Counter((str(min(c.km // 1000, 20) * 1000),) for c in since)
    assert counted(made["hours"]) == Counter((str(c.at_ms // 3_600_000 % 24),) for c in since)
    assert sum(row.count for row in made["songs"].rows) == len(since)


def cities(found: Connection) -> tuple[int, int]:
    return found.from_city, found.to_city


def ends(found: Connection) -> list[int]:
    return [GAZETTEER[index].geoname_id for index in cities(found)]


def named(geoname_id: int) -> tuple[str, ...]:
    city = GAZETTEER[GAZETTEER.by_id(geoname_id)]
    return city.name, city.country


def counted(figure: Figure) -> Counter[tuple[str, ...]]:
    return Counter({row.cells: row.count for row in figure.rows if row.count})


def test_every_step_of_a_scale_has_a_row() -> None:
    with temporary_history() as history:
        made = figure_cache(history, GAZETTEER, lambda: NOON_S).get("week").sums
    assert [row.cells[0] for row in made["hours"].rows] == [str(hour) for hour in range(24)]
    assert made["distances"].rows[-1].cells == ("20000",)
    assert made["distances"].most == 1


def test_a_table_as_csv_is_read_as_it_was_meant() -> None:
    rows = [Row(('A "quoted", title', "Ærtist"), 3), Row(("line", "two"), 1)]
    text = Figure("songs", ("title", "artist"), rows).csv()
    assert [*csv.reader(StringIO(text, newline=""))] == [
        ["title", "artist", "connections"], ['A "quoted", title', "Ærtist", "3"], ["line", "two", "1"],
    ]  # fmt: skip


def test_every_cell_is_in_quotes() -> None:
    text = Figure("songs", ("title", "artist"), [Row(("a;=1", 'b"c'), 3)]).csv()
    assert text == '"title","artist","connections"\r\n"a;=1","b""c","3"\r\n'


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "@a",
        "+1",
        "-1",
        "＝1＋1",
        "＠a",
        "＋1",
        "－1",
        "﹦1",
        "﹣1",
        "\t=1",
        "\r1",
        " =1",
        "\u200b=1",
        "\ufeff\xa0-1",
    ],
)
def test_no_cell_is_a_formula(cell: str) -> None:
    text = Figure("songs", ("title", "artist"), [Row((cell, cell), 3)]).csv()
    assert [*csv.reader(StringIO(text, newline=""))][1] == [f"'{cell}", f"'{cell}", "3"]


def test_where_the_history_cannot_be_read_the_figures_are_empty() -> None:
    with temporary_history() as history:
        history.close()
        made = figure_cache(history, GAZETTEER, lambda: NOON_S).get("day").sums
    assert {name: sum(row.count for row in figure.rows) for name, figure in made.items()} == dict.fromkeys(made, 0)
    assert len(made) == 6
