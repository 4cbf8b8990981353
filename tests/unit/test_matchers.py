"""Several matchers of one log: whatever dies and whenever, the records are those of one fold."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.fakelogs import FakeCheckpoints, FakeLog, Killed, World, steady
from tests.unit.log_world import RULES, Log, busy_log, new_fold, records_of, totals
from tests.unit.making import SECRET
from webapp.bus import matcher
from webapp.bus.matcher import TURN_S, TURNS, Matcher
from webapp.core.cuts import Cut
from webapp.core.fold import Fold
from webapp.core.marks import Marks
from webapp.core.playlog import LogMessage
from webapp.core.plays import SLICE_MS, arrived_ms, late_in
from webapp.core.recordlog import RecordMessage
from webapp.gazetteerdata import load_gazetteer

Kinds = list[Callable[[], Fold]]


class LateFold(Fold):
    """A fold by another rule: it is slow to find that slices are due, so their cuts are later."""

    BEHIND = 3

    def propose(self) -> RecordMessage | None:
        while self._due and self._proposal is None and self.taken - self._due[0].seq >= self.BEHIND:
            cut = self._due.popleft()
            self._fold(Cut(cut.slice, self.taken, self._ahead.state.marks.log_ms))
        return self._proposal


class OwnCutsFold(Fold):
    """A wrong fold: it ignores the cuts of others."""

    def apply(self, seq: int, message: RecordMessage) -> bytes:
        mine = self.propose()
        assert mine is not None
        return super().apply(seq, mine)


def late_fold() -> Fold:
    return LateFold(load_gazetteer(), SECRET, RULES)


def own_cuts_fold() -> Fold:
    return OwnCutsFold(load_gazetteer(), SECRET, RULES)


class Cluster:
    """Matchers of one log. One that is killed begins again, from the newest checkpoint."""

    def __init__(self, world: World, kinds: Kinds) -> None:
        self.world, self._kinds = world, kinds
        self.plays, self.records = FakeLog(world), FakeLog(world)
        self.checkpoints = FakeCheckpoints(world)
        self.folds: dict[int, Fold] = {}
        self.deaths, self.is_over = 0, False

    async def live(self, place: int) -> None:
        """Match, and begin again each time that it is killed."""
        while not self.is_over:
            try:
                await self._match(place)
            except* Killed:
                self.deaths += 1

    async def _match(self, place: int) -> None:
        fold = self._kinds[place]()
        try:
            newest = await self.checkpoints.newest()
        except Killed as error:
            raise BaseExceptionGroup("killed", [error]) from None
        if newest:
            fold.restore(newest.data)
        self.folds[place] = fold
        await Matcher(f"node {place}", fold, self.plays, self.records, self.checkpoints, steady(self.world)).run()

    async def feed(self, log: Log) -> None:
        for log_ms, data in log.messages:
            self.plays.put(log_ms, data)
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    def has_all(self, last: int) -> bool:
        """Whether all folds have the records up to one, and nothing is left to do."""
        return len(self.records.entries) >= last and all(
            fold.record == len(self.records.entries) and fold.taken == len(self.plays.entries)
            for fold in self.folds.values()
        )


async def _run(cluster: Cluster, log: Log, last: int) -> None:
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        lives = [group.create_task(cluster.live(place)) for place in range(len(cluster._kinds))]
        await cluster.feed(log)
        while not (len(cluster.folds) == len(lives) and cluster.has_all(last)):
            await asyncio.sleep(0)
            for life in lives:
                if life.done():
                    life.result()
        cluster.is_over = True  # a kill at this moment would swallow that it is cancelled
        for life in lives:
            life.cancel()


def run(log: Log, kinds: Kinds, seed: int, kills: frozenset[int], last: int, trouble: float = 0.1) -> Cluster:
    """Have a cluster fold a log until it has so many records."""
    cluster = Cluster(World(seed, kills, trouble), kinds)
    asyncio.run(_run(cluster, log, last))
    return cluster


def stored(cluster: Cluster) -> list[RecordMessage]:
    return [RecordMessage.decode(entry.data) for entry in cluster.records.entries]


def fold_anew(cluster: Cluster) -> list[RecordMessage]:
    """Fold the log once more, by the stored cuts, and return what one fold makes of it."""
    fold, made = new_fold(), list[RecordMessage]()
    for entry in cluster.plays.entries:
        fold.take(*entry)
    for number, each in enumerate(stored(cluster), 1):
        again = fold.make(each.cuts, each.rules)
        assert again is not None
        made.append(again)
        fold.apply(number, again)
    return made


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TURN_S", "RETRY_S"):
        monkeypatch.setattr(matcher, name, 0)


CHAOS = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
kills = st.frozensets(st.integers(1, 900), max_size=12)


@CHAOS
@given(seed=st.integers(0, 1 << 32), matchers=st.integers(2, 4), kills=kills)
def test_the_records_are_those_of_one_fold_whoever_is_killed_at_whatever_point(
    seed: int, matchers: int, kills: frozenset[int]
) -> None:
    log = busy_log(seed, 3)
    expected = records_of(log)
    cluster = run(log, [new_fold] * matchers, seed, kills, len(expected))
    assert stored(cluster) == expected


@CHAOS
@given(seed=st.integers(0, 1 << 32), kills=kills)
def test_matchers_that_cut_at_other_messages_agree_all_the_same(seed: int, kills: frozenset[int]) -> None:
    log = busy_log(seed, 3)
    cluster = run(log, [new_fold, late_fold, late_fold], seed, kills, len(records_of(log)) - 2)
    assert fold_anew(cluster) == stored(cluster)


class SlowAnswers(FakeLog):
    """A log whose appended messages are read before whoever appended them is answered."""

    async def append(self, data: bytes, *, after: int | None = None, id: str = "") -> int:
        seq = await super().append(data, after=after, id=id)
        for _ in range(40):
            await asyncio.sleep(0)
        return seq


def test_a_matcher_saves_checkpoints_although_it_reads_its_records_before_their_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (("KEEP_S", 0), ("SAVE_S", 1)):
        monkeypatch.setattr(matcher, name, value)
    log = busy_log(5)
    cluster = Cluster(World(5, trouble=0), [new_fold])
    cluster.records = SlowAnswers(cluster.world)
    asyncio.run(_run(cluster, log, len(records_of(log))))
    assert cluster.checkpoints.kept


def test_the_log_of_plays_is_trimmed_up_to_a_checkpoint_of_long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KEEP_S", "SAVE_S", "PLAYS_S"):
        monkeypatch.setattr(matcher, name, {"KEEP_S": 0, "SAVE_S": 1, "PLAYS_S": 3}[name])
    log = busy_log(4, 5)
    cluster = run(log, [new_fold] * 2, 4, frozenset(), len(records_of(log)))
    assert cluster.checkpoints.kept
    assert 0 < cluster.plays.purged <= cluster.checkpoints.kept.position < len(log.messages)
    again = new_fold()
    again.restore(cluster.checkpoints.kept.data)
    assert again.taken == cluster.checkpoints.kept.position


def test_whoever_takes_over_from_a_matcher_that_stops_is_not_silent_for_a_second() -> None:
    assert TURNS * TURN_S + SLICE_MS / 1000 < 0.9


def test_who_appended_the_last_record_appends_the_next_one_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matcher, "TURN_S", 0.5)
    monkeypatch.setattr(matcher, "TURNS", 1)
    log = busy_log(0)
    began_s = time.monotonic()
    cluster = run(log, [new_fold], 0, frozenset(), len(records_of(log)), trouble=0)
    assert len(cluster.records.entries) > 10
    assert time.monotonic() - began_s < 3  # it waits for its turn once


def find_failure(attempt: Callable[[int], None]) -> None:
    """Assert that an attempt fails for some seed."""
    for seed in range(30):
        try:
            attempt(seed)
        except BaseException:
            return
    pytest.fail("nothing failed")


def test_without_comparing_and_swapping_this_suite_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeLog, "compares", False)

    def attempt(seed: int) -> None:
        log = busy_log(seed, 3)
        cluster = run(log, [new_fold] * 3, seed, frozenset(range(50, 900, 90)), len(records_of(log)))
        assert stored(cluster) == records_of(log)

    find_failure(attempt)


def test_if_cuts_were_ignored_this_suite_would_fail() -> None:
    def attempt(seed: int) -> None:
        log = busy_log(seed, 3)
        cluster = run(log, [own_cuts_fold, late_fold], seed, frozenset(), len(records_of(log)) - 2)
        assert fold_anew(cluster) == stored(cluster)

    find_failure(attempt)


def late_by_the_fold(log: Log) -> int:
    """Return how many plays the fold calls late that were in time when they arrived."""
    made = records_of(log)
    on_arrival = sum(
        late_in(batch.data, arrived_ms(batch.data), RULES.lateness_ms)
        for _, data in log.messages[: made[-1].last]
        for batch in LogMessage.decode(data).batches
    )
    return totals(made).late - on_arrival


def test_no_play_is_late_that_arrived_in_time_and_that_its_nodes_marks_announced() -> None:
    assert [late_by_the_fold(busy_log(seed, 4)) for seed in range(8)] == [0] * 8


def test_if_the_watermark_were_a_clock_this_suite_would_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Marks.take

    def by_clock(self: Marks, log_ms: int, node: str, mark_ms: int, *, gone: bool = False) -> None:
        honest(self, log_ms, node, mark_ms, gone=gone)
        self.watermark_ms = max(self.watermark_ms, log_ms)

    monkeypatch.setattr(Marks, "take", by_clock)
    assert sum(late_by_the_fold(busy_log(seed, 4)) for seed in range(8)) > 0
