"""A thousand visitors who ask for the same do not cost a thousand queries."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.unit.history_world import GAZETTEER, NOON_MS, connection, temporary_history
from webapp.core.moderation import Rule, Rules
from webapp.storage.history import History
from webapp.storage.quartersums import QUARTER_S, quarter_of
from webapp.web import today
from webapp.web.today import CACHE_S, TodayTotals

NOON_S = NOON_MS / 1_000
SINCE = quarter_of(NOON_S) - 4 * QUARTER_S


class Counting:
    """A history that counts how often it is read."""

    def __init__(self, history: History) -> None:
        self._history, self.reads = history, 0

    @property
    def rules(self) -> Rules:
        return self._history.rules

    def read(self, query: Callable[..., Any]) -> Any:
        self.reads += 1
        return self._history.read(query)


def test_what_many_ask_for_is_read_once_in_a_while() -> None:
    now_s = [NOON_S]
    with temporary_history() as history:
        history.record("s", 1, NOON_MS, [connection()], b"{}", b"[]")
        history.flush()
        counting = Counting(history)
        totals = TodayTotals(counting, GAZETTEER, lambda: "s", lambda: now_s[0])  # type: ignore[arg-type]
        with ThreadPoolExecutor(8) as pool:
            found = [*pool.map(lambda _: totals.since(SINCE), range(1_000))]
        assert [each.meetings for each in found if each] == [1] * 1_000
        assert counting.reads == 1
        now_s[0] += CACHE_S
        totals.since(SINCE)
        totals.since(SINCE, 1853909)
        assert counting.reads == 3
        history.rules = Rules(frozenset({Rule("city", "1853909")}))
        hidden = totals.since(SINCE)
        assert hidden is not None
        assert (hidden.farthest, counting.reads) == (None, 4), "what is hidden is not told a moment longer"


def test_only_so_many_answers_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(today, "CACHE_MOST", 2)
    with temporary_history() as history:
        counting = Counting(history)
        totals = TodayTotals(counting, GAZETTEER, lambda: "s", lambda: NOON_S)  # type: ignore[arg-type]
        for number in (0, 1, 2, 2, 1, 0):
            totals.since(SINCE - number * QUARTER_S)
        assert counting.reads == 4


def test_where_the_history_cannot_be_read_there_are_no_totals() -> None:
    with temporary_history() as history:
        history.close()
        assert TodayTotals(history, GAZETTEER, lambda: "s", lambda: NOON_S).since(SINCE) is None
