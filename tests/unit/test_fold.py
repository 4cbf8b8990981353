"""The fold of the log of plays: whoever folds it, by the stored cuts, comes to the same records."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.unit.log_world import RULES, Log, busy_log, message, new_fold, records_of, totals
from tests.unit.making import OSAKA, RECIFE, T0, track
from webapp.core import fold as fold_module
from webapp.core.cuts import Cut
from webapp.core.fold import DivergedError, Fold, FoldRules
from webapp.core.gazetteer import Gazetteer
from webapp.core.marks import SILENT_MS
from webapp.core.playlog import LogBatch, LogMessage
from webapp.core.recordlog import RecordMessage, beginning
from webapp.core.records import Counts, SliceRecord
from webapp.core.slices import Slicer
from webapp.core.versioned import MessageError
from webapp.gazetteerdata import load_gazetteer

SONG = track()


def ticking(log: Log, until_ms: int, *nodes: str, since_ms: int = 0) -> Log:
    """Add ticks of nodes, one each quarter of a second."""
    for now_ms in range(since_ms, until_ms, 250):
        for node in nodes or ("a",):
            log.add(now_ms, message(node, now_ms))
    return log


def test_two_strangers_meet_across_nodes() -> None:
    log = ticking(Log(), 1_000, "a", "b")
    log.add(1_000, message("a", 1_000, ("ana", OSAKA, 950, SONG)))
    log.add(1_050, message("b", 1_050, ("ben", RECIFE, 990, SONG)))
    made = records_of(ticking(log, 4_000, "a", "b", since_ms=1_250))
    (record,) = [record for each in made if len((record := SliceRecord.decode(each.record)).pairs)]
    assert record.end_ms == T0 + 1_000
    assert (record.pairs["at"][0], record.pairs["apart_ms"][0]) == (T0 + 990, 40)
    assert record.now_ms == T0 + 1_500  # the time stamp of the message by which the slice was due
    assert totals(made).plays == totals(made).together == 2


def test_a_play_that_its_node_could_not_write_for_long_is_not_late() -> None:
    log = ticking(Log(), 1_000, "a", "b")
    ticking(log, 3_000, "b", since_ms=1_000)
    for now_ms in range(1_000, 3_000, 250):  # a's other plays get through, and tell that one is missing
        log.add(now_ms, message("a", 990))
    log.add(3_000, message("a", 3_000, ("ana", OSAKA, 950, SONG), arrived_ms=990))
    made = records_of(ticking(log, 5_000, "a", "b", since_ms=3_250))
    assert (totals(made).plays, totals(made).late) == (1, 0)


def test_nothing_is_late_by_an_outage_of_the_log() -> None:
    log = ticking(Log(), 1_000, "a", "b")
    log.add(10_000, message("a", 1_100, ("ana", OSAKA, 950, SONG), arrived_ms=1_000))  # written again and again
    log.add(10_010, message("b", 10_010))
    log.add(10_020, message("b", 10_020, ("ben", RECIFE, 990, SONG), arrived_ms=1_010))
    made = records_of(ticking(log, 12_000, "a", "b", since_ms=10_250))
    assert (totals(made).plays, totals(made).connections, totals(made).late) == (2, 1, 0)


def test_a_node_that_dies_holds_the_others_up_for_three_seconds_and_is_named() -> None:
    log = ticking(Log(), 2_000, "a", "b")
    made = records_of(ticking(log, 8_000, "a", since_ms=2_000))
    ends = {each.cuts[-1].slice * 250 + 250 - T0: each.cuts[-1].now_ms - T0 for each in made}
    assert ends[1_000] == 1_500
    assert ends[3_000] == 1_750 + SILENT_MS + 250
    assert [each.silent for each in made if ends][-1] == ("b",)
    assert made[0].silent == ()


def test_a_node_that_stops_holds_nobody_up() -> None:
    log = ticking(Log(), 2_000, "a", "b")
    log.add(2_000, LogMessage("b", T0 + 2_000, gone=True))
    made = records_of(ticking(log, 5_000, "a", since_ms=2_000))
    assert {each.cuts[-1].now_ms - T0 - (each.cuts[-1].slice * 250 + 250 - T0) for each in made} == {500}
    assert all(each.silent == () for each in made)


def test_a_clock_that_is_wrong_moves_nothing_on() -> None:
    log = ticking(Log(), 4_000, "a")
    log.add(4_000, message("b", 60_000, ("ana", OSAKA, 60_000, SONG)))
    log.add(4_001, message("b", -60_000))
    made = records_of(ticking(log, 6_000, "a", since_ms=4_250))
    assert max(each.cuts[-1].slice for each in made) * 250 + 250 - T0 == 5_000


def test_a_node_whose_clock_was_set_holds_the_others_up_for_three_seconds_at_most() -> None:
    log = ticking(Log(), 2_000, "a", "b")
    for now_ms in range(2_000, 9_000, 250):
        log.add(now_ms, message("a", now_ms))
        log.add(now_ms, message("b", now_ms - 60_000))
    made = records_of(log)
    assert max(each.cuts[-1].slice for each in made) * 250 + 250 - T0 >= 8_000
    assert made[-1].silent == ("b",)


def test_a_long_stretch_without_messages_is_passed_over_in_one_record_that_says_so() -> None:
    log = ticking(Log(), 2_000, "a")
    log.add(2_000, message("a", 2_000, ("ana", OSAKA, 2_000, SONG)))
    away = 3_600_000
    log.add(away, message("a", away, ("ana", OSAKA, away - 100, SONG), ("ben", RECIFE, away, SONG)))
    made = records_of(ticking(log, away + 3_000, "a", since_ms=away + 250))
    (passing,) = [each for each in made if each.passed_over]
    assert (passing.cuts[0].slice * 250 - T0) in range(3_000, 6_000)
    assert (passing.cuts[-1].slice * 250 - T0) in range(away - 31_000, away - 29_000)
    assert len(made) < 45
    assert (totals(made).plays, totals(made).connections, totals(made).late, totals(made).lost) == (3, 1, 0, 0)


def test_a_play_that_was_late_when_it_arrived_is_late_though_its_slice_is_open() -> None:
    log = ticking(Log(), 1_000, "a", "b")
    log.add(1_900, message("a", 1_900, ("ana", OSAKA, 950, SONG)))  # b is slow, so nothing is closed yet
    made = records_of(ticking(log, 5_000, "a", "b", since_ms=2_000))
    assert (totals(made).plays, totals(made).late) == (0, 1)


def test_a_play_in_a_city_that_this_gazetteer_lacks_is_counted_as_lost() -> None:
    log, known = ticking(Log(), 1_000, "a"), message("a", 1_000, ("ana", OSAKA, 950, SONG), ("ben", RECIFE, 960, SONG))
    ids = (OSAKA).to_bytes(4, "little") + (4_000_000_000).to_bytes(4, "little")
    log.add(1_000, LogMessage(known.node, known.mark_ms, batches=(LogBatch(known.batches[0].data, ids),)))
    made = records_of(ticking(log, 3_000, "a", since_ms=1_250))
    assert (totals(made).plays, totals(made).lost) == (1, 1)


def test_a_message_of_a_later_version_is_refused_by_name() -> None:
    fold = new_fold()
    with pytest.raises(MessageError, match="message of version 09 in the log; this program reads version 1"):
        fold.take(1, T0, b"\x09" + message("a", 0).encode()[1:])


def test_records_by_other_settings_are_refused() -> None:
    log = busy_log(1)
    made = records_of(log)
    wider = new_fold(FoldRules(window_ms=2_000, lateness_ms=500))
    log.tell(wider)
    with pytest.raises(DivergedError, match=r"its cuts give another one here; different are .*state"):
        apply_all(wider, made)


@settings(max_examples=15)
@given(seed=st.integers(0, 1 << 32))
def test_every_fold_makes_the_records_of_the_stored_cuts_and_no_play_is_late_by_the_marks(seed: int) -> None:
    """One fold proposes by the rule; a second one by cuts of its own; others follow, go back, and take over."""
    chance = random.Random(seed)
    log = busy_log(seed)
    writer = new_fold()
    stored = list[RecordMessage]()
    followers = [new_fold() for _ in range(3)]
    for number in range(1, len(log.messages) + 1):
        log.tell(writer, number)
        while (proposal := writer.propose()) is not None:
            stored.append(proposal)
            writer.apply(len(stored), proposal)
            if chance.random() < 0.2:
                writer.keep()
        for place, fold in enumerate(followers):
            if chance.random() < 0.3:
                follow(chance, fold, log, stored)
            if chance.random() < 0.03:
                followers[place] = another(fold, log)
    for fold in followers:
        follow(chance, fold, log, stored)
        assert fold.record == len(stored)
    assert records_of(log) == stored
    assert len(stored) > 4


def apply_all(fold: Fold, stored: list[RecordMessage]) -> None:
    for number, each in enumerate(stored, 1):
        fold.apply(number, each)


def follow(chance: random.Random, fold: Fold, log: Log, stored: list[RecordMessage]) -> None:
    """Have a fold take some messages, propose, and take the records that are there already."""
    log.tell(fold, chance.randrange(fold.taken, len(log.messages) + 1))
    if chance.random() < 0.5:
        fold.propose()
    for each in stored[fold.record :]:
        log.tell(fold, max(each.cuts[-1].seq, fold.taken))
        assert fold.apply(fold.record + 1, each) == each.record
        if chance.random() < 0.3:
            fold.propose()
        if chance.random() < 0.1:
            fold.keep()


def another(fold: Fold, log: Log) -> Fold:
    """Return a fold in another process that continues from a snapshot."""
    data, next_one = fold.keep(), new_fold()
    next_one.restore(data)
    assert (next_one.record, next_one.taken) == (fold.record, fold.position)
    return next_one


@settings(max_examples=15)
@given(seed=st.integers(0, 1 << 32))
def test_cuts_by_another_rule_give_the_same_records_to_all(seed: int) -> None:
    chance = random.Random(seed)
    log, writer, follower = busy_log(seed), new_fold(), new_fold()
    log.tell(writer)
    while (proposal := writer.propose()) is not None:
        late = [cut._replace(seq=min(len(log.messages), cut.seq + chance.randrange(9))) for cut in proposal.cuts]
        cuts = tuple(
            Cut(cut.slice, max(each.seq for each in late[: place + 1]), cut.now_ms) for place, cut in enumerate(late)
        )
        if cuts[0].seq < writer.position:
            break
        assert (forced := writer.make(cuts, proposal.rules)) is not None
        log.tell(follower, chance.randrange(follower.taken, len(log.messages) + 1))
        follower.propose()
        log.tell(follower, max(follower.taken, cuts[-1].seq))
        number = writer.record + 1
        assert writer.apply(number, forced) == follower.apply(number, forced)


class NarrowSlicer(Slicer):
    """What matches by later rules: within half the time."""

    def __init__(self, gazetteer: Gazetteer, secret: bytes, window_ms: int, start_ms: int, privacy_k: int = 0) -> None:
        super().__init__(gazetteer, secret, window_ms // 2, start_ms, privacy_k)


@pytest.fixture
def _later_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold_module, "MATCHING", {"1": Slicer, "2": NarrowSlicer})


@pytest.mark.usefixtures("_later_rules")
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1 << 32))
def test_all_go_on_by_later_rules_with_the_first_record_that_is_made_by_them(seed: int) -> None:
    chance = random.Random(seed)
    log, early, stored = busy_log(seed), records_of(busy_log(seed)), list[RecordMessage]()
    writer, eager, follower = new_fold(), new_fold(), new_fold()
    eager.want("2")
    switch = chance.randrange(1, len(early))
    log.tell(writer)
    while (proposal := writer.propose()) is not None:
        stored.append(proposal)
        writer.apply(len(stored), proposal)
        if chance.random() < 0.2:
            writer.keep()
        if len(stored) == switch:
            writer.want("2")
    for fold in (eager, follower):
        follow(chance, fold, log, stored)
    assert [each.rules for each in stored] == ["1"] * switch + ["2"] * (len(stored) - switch)
    assert stored[:switch] == early[:switch]
    assert another(follower, log).propose() == eager.propose()  # it goes on by them as well


def test_rules_that_this_program_does_not_know_are_told_in_a_sentence() -> None:
    log = busy_log(1)
    (first, *_), fold = records_of(log), new_fold()
    log.tell(fold)
    with pytest.raises(DivergedError, match="record 1 is by the rules 2; this version of Unison knows 1"):
        fold.apply(1, replace(first, rules="2"))
    with pytest.raises(ValueError, match="the rules 2: expected one of 1"):
        fold.want("2")


@pytest.mark.usefixtures("_later_rules")
def test_a_snapshot_of_rules_that_this_program_does_not_know_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = new_fold(FoldRules(window_ms=1_000, lateness_ms=500, version="2")).keep()
    monkeypatch.undo()
    with pytest.raises(ValueError, match="snapshot of version 1 by the rules 2; this is 1 by the rules 1"):
        new_fold().restore(data)


def test_who_begins_anew_remembers_nothing_and_counts_what_comes_after() -> None:
    log = busy_log(5, 6)
    early = records_of(log)[5]
    cut = Cut(early.cuts[-1].slice + 2, early.last + 20, early.cuts[-1].now_ms)
    message = RecordMessage.decode(beginning("1", cut, 7).encode())
    at_it, new = new_fold(), new_fold()
    log.tell(at_it, early.last + 30)
    at_it.propose()
    made = list[list[RecordMessage]]()
    for fold in (at_it, new):
        fold.begin(9, message)
        assert (fold.record, fold.position, fold.taken) == (9, cut.seq, cut.seq)
        made.append(records_of(log, fold))
    assert made[0] == made[1]
    assert SliceRecord.decode(message.slice_record(load_gazetteer())).counts == Counts(lost=7)
    assert made[0][0].cuts[0].slice == cut.slice + 1
    assert totals(made[0]).plays > 0


def test_nothing_is_left_out_or_taken_twice() -> None:
    fold, log = new_fold(), busy_log(3)
    log.tell(fold, 3)
    with pytest.raises(ValueError, match="message 5 of the log of plays after 3"):
        fold.take(5, *log.messages[4])
    made = records_of(log)
    with pytest.raises(ValueError, match="record 2 after record 0"):
        fold.apply(2, made[1])
    with pytest.raises(ValueError, match="needs message"):
        fold.apply(1, made[0])
    assert RULES.version == made[0].rules
