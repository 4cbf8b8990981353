"""Matching that goes from process to process: what comes out is what one process alone would have given."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.integration.children import parent, running, until_gone
from tests.waiting import until
from webapp.core.plays import encoded_alone, stamped
from webapp.core.records import SliceRecord
from webapp.core.slices import Slicer
from webapp.engine import matchingprocess
from webapp.engine.matching import InlineMatching
from webapp.engine.matchingprocess import MatchingProcess
from webapp.engine.procstats import Usage, usage
from webapp.engine.watchdog import Watchdog
from webapp.gazetteerdata import load_gazetteer

SECRET, WINDOW_MS, LATENESS_MS = b"k" * 32, 1_000, 500
START_MS = 1_790_000_000_000
STEP_MS = 50
TRACKS = [b'{"id":"%016d","title":"Song %d","artist":"The Harbour Lamps"}' % (n, n) for n in range(4)]


def play(chance: random.Random, now_ms: int) -> bytes:
    """One play as it arrives now, now and then late."""
    at_ms = now_ms - chance.choice([0, 50, 200, 400, 2_000])
    listener = chance.randbytes(8)
    return stamped(encoded_alone(at_ms, 0, chance.randrange(40), listener, chance.choice(TRACKS)), now_ms)


def steps(count: int) -> Iterator[tuple[list[bytes], int, int]]:
    """What matching is asked, step by step."""
    chance = random.Random(3)
    for number in range(count):
        now_ms = START_MS + LATENESS_MS + STEP_MS * number
        yield [play(chance, now_ms) for _ in range(chance.randrange(4))], now_ms - LATENESS_MS, now_ms


def undisturbed(count: int) -> list[bytes]:
    here = InlineMatching(Slicer(load_gazetteer(), SECRET, WINDOW_MS, START_MS), LATENESS_MS)
    return [record for step in steps(count) for record in here.close(*step).records]


@pytest.fixture
def matching() -> Iterator[MatchingProcess]:
    made = MatchingProcess(lambda: SECRET, WINDOW_MS, LATENESS_MS).start(START_MS)
    yield made
    made.stop()


@pytest.fixture
def saving() -> Iterator[MatchingProcess]:
    """One that makes a snapshot after each step."""
    made = MatchingProcess(lambda: SECRET, WINDOW_MS, LATENESS_MS, save_s=0, save_share=1).start(START_MS)
    yield made
    made.stop()


def process() -> int:
    """Return the process of `matching`; servers of other tests may have such a process, too, as a child of theirs."""
    (pid,) = (pid for pid in running(matchingprocess.MODULE) if parent(pid) == os.getpid())
    return pid


def lose(signum: signal.Signals = signal.SIGKILL) -> None:
    pid = process()
    os.kill(pid, signum)
    if signum == signal.SIGKILL:
        until_gone(pid)


def counts(records: list[bytes], name: str) -> int:
    return sum(getattr(SliceRecord.decode(record).counts, name) for record in records)


def test_processes_that_are_killed_change_no_byte_of_the_records(saving: MatchingProcess) -> None:
    records = []
    for number, step in enumerate(steps(200)):
        if number in (3, 30, 31, 77, 140):
            lose()
        records += saving.close(*step).records
    assert records == undisturbed(200)
    assert saving.started == 6
    assert saving.lost.total() == 0


def test_a_process_that_is_stopped_is_noticed_and_changes_no_byte(matching: MatchingProcess) -> None:
    records = []
    for number, step in enumerate(steps(60)):
        if number == 40:
            lose(signal.SIGSTOP)
        records += matching.close(*step).records
    assert records == undisturbed(60)
    assert matching.started == 2


def test_a_batch_over_which_two_processes_are_lost_is_set_aside_and_counted(
    matching: MatchingProcess, caplog: pytest.LogCaptureFixture
) -> None:
    records = []
    for number, (batches, watermark_ms, now_ms) in enumerate(steps(60)):
        bad = [encoded_alone(now_ms, 0, 1, bytes(8), TRACKS[0])[:-1]] if number == 20 else []
        records += matching.close([*batches, *bad], watermark_ms, now_ms).records
    assert counts(records, "lost") == matching.lost["set_aside"] == 1
    assert counts(records, "plays") == counts(undisturbed(60), "plays")
    assert matching.started == 3
    assert "two matching processes died over a batch of 1 plays; setting it aside" in caplog.messages
    assert any("plays of" in message and "expected" in message for message in caplog.messages)


def test_slices_over_which_two_processes_are_lost_are_left_out_and_counted(matching: MatchingProcess) -> None:
    records = []
    for number, (batches, watermark_ms, now_ms) in enumerate(steps(100)):
        nowhere = encoded_alone(now_ms, 0, 65_535, bytes(8), TRACKS[0])
        records += matching.close([*batches, *([nowhere] if number == 20 else [])], watermark_ms, now_ms).records
    assert 1 <= counts(records, "lost") == matching.lost["left_out"]
    assert counts(records, "lost") + counts(records, "plays") == counts(undisturbed(100), "plays") + 1
    assert matching.started == 3


def test_matching_begins_anew_where_no_process_can_go_on_from_the_snapshot(saving: MatchingProcess) -> None:
    for step in steps(60):
        closed = saving.close(*step)
    for file in saving._files:
        os.pwrite(file, bytes(100), 0)
    lose()
    now_ms = START_MS + LATENESS_MS + 60 * STEP_MS
    records = saving.close([], now_ms, now_ms).records
    assert counts(records, "lost") == saving.lost["no_snapshot"] == closed.waiting > 0


WORKS, STANDS = "R", "T"


def looked_at(*looks: tuple[str, float], answer_s: float = 60.0) -> None:
    """Have a watchdog look at a process whose state and processor time, seconds, are those at each look."""
    seen = iter(looks)
    watching = Watchdog(0, answer_s, look=lambda _: Usage(*next(seen), 0))
    for _ in looks:
        watching.check()


def test_a_process_that_works_is_not_stuck_however_long_its_answer_takes() -> None:
    looked_at(*((WORKS, number / 2) for number in range(100)))
    looked_at(*((state, 7.0) for state in "RD" for _ in range(50)))  # it waits for a processor or a disk


def test_a_process_that_stands_still_is_stuck_at_the_third_look() -> None:
    looked_at((STANDS, 7.0), (STANDS, 7.0))
    with pytest.raises(TimeoutError, match=r"it is stuck: idle for 1.5 s"):
        looked_at((WORKS, 6.0), (STANDS, 7.0), (STANDS, 7.0), (STANDS, 7.0))


def test_a_process_that_is_busy_with_one_answer_for_ever_is_stuck_too() -> None:
    looked_at((WORKS, 3.0), (WORKS, 4.0), (WORKS, 4.9), answer_s=2)
    with pytest.raises(TimeoutError, match=r"busy for 2 s with one answer"):
        looked_at((WORKS, 3.0), (WORKS, 4.0), (WORKS, 5.0), answer_s=2)


def test_a_process_is_looked_at_as_the_system_tells_of_it() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        until(lambda: (used := usage(busy.pid)) and used.cpu_s > 0.05)
        busy.send_signal(signal.SIGSTOP)
        until(lambda: (used := usage(busy.pid)) and used.state == STANDS)
        before = usage(busy.pid)
        assert before == usage(busy.pid)
        busy.kill()
    assert usage(busy.pid) is None
