"""Matching that goes from process to process: what comes out is what one process alone would have given."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.integration.children import parent, running, until_gone
from webapp.core.plays import encoded_alone, stamped
from webapp.core.records import SliceRecord
from webapp.core.slices import Slicer
from webapp.engine import matchingprocess, watchdog
from webapp.engine.matching import InlineMatching
from webapp.engine.matchingprocess import MatchingProcess
from webapp.engine.procstats import usage
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


def test_processes_that_are_killed_change_no_byte_of_the_records(
    matching: MatchingProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matchingprocess, "SAVE_S", 0.0)
    monkeypatch.setattr(matchingprocess, "SAVE_SHARE", 1.0)
    records = []
    for number, step in enumerate(steps(200)):
        if number in (3, 30, 31, 77, 140):
            lose()
        records += matching.close(*step).records
    assert records == undisturbed(200)
    assert matching.started == 6
    assert matching.lost.total() == 0


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


def test_matching_begins_anew_where_no_process_can_go_on_from_the_snapshot(
    matching: MatchingProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matchingprocess, "SAVE_S", 0.0)
    for step in steps(60):
        closed = matching.close(*step)
    for file in matching._files:
        os.pwrite(file, bytes(100), 0)
    lose()
    now_ms = START_MS + LATENESS_MS + 60 * STEP_MS
    records = matching.close([], now_ms, now_ms).records
    assert counts(records, "lost") == matching.lost["no_snapshot"] == closed.waiting > 0


def looks(pid: int, times: int, apart_s: float = 0.0, answer_s: float = 60.0) -> None:
    watching = Watchdog(pid, answer_s)
    for _ in range(times):
        watching.check()
        time.sleep(apart_s)


@pytest.fixture
def busy() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        yield process
        process.kill()


def test_a_process_is_stuck_where_it_does_nothing_for_three_seconds_not_where_it_is_busy(
    busy: subprocess.Popen[bytes],
) -> None:
    assert watchdog.STUCK_S < 3
    looks(busy.pid, 30, apart_s=0.05)
    busy.send_signal(signal.SIGSTOP)
    while (look := usage(busy.pid)) and look.state != "T":
        time.sleep(0.01)
    with pytest.raises(TimeoutError, match=r"it is stuck: idle for 1.5 s"):
        looks(busy.pid, 6)


def test_a_process_that_is_busy_with_one_answer_for_ever_is_stuck_too(
    busy: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "LOOKS", 30)
    with pytest.raises(TimeoutError, match=r"busy for 0.5 s with one answer"):
        looks(busy.pid, 1_000, apart_s=0.05, answer_s=0.5)
