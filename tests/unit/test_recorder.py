"""The history of a server of several: a function of the records, whatever happens to the server that writes it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.historydump import Dump, dump, newest
from tests.unit.history_world import GAZETTEER
from tests.unit.making import T0, busy_records
from webapp.bus.log import GoneError, UnavailableError
from webapp.core import frames
from webapp.core.filters import Filter
from webapp.core.records import SliceRecord
from webapp.core.selection import LATELY_MS, Selection
from webapp.engine import recorder as recorder_module
from webapp.engine.bus import MemoryBus
from webapp.engine.recorder import MissingRecords, Recorder
from webapp.storage.history import FILE_NAME, History

RECORDS = busy_records(5, 60)
ALL = len(RECORDS)


class Log:
    """A log of records that a test may shorten, or take away."""

    def __init__(self) -> None:
        self.oldest, self.is_away, self.reads = 1, False, 0

    def read(self, after: int, upto: int) -> Sequence[tuple[int, bytes]]:
        self.reads += 1
        if self.is_away:
            raise UnavailableError("away")
        if after + 1 < self.oldest:
            raise GoneError("gone", self.oldest)
        return [(seq, RECORDS[seq - 1]) for seq in range(after + 1, min(upto, after + 7) + 1)]


class Server:
    """The part of a server that writes its history; its ring has the records of 10 s."""

    def __init__(self, folder: Path, log: Log, first: int) -> None:
        self.clock_s = 0.0
        self.records = MemoryBus(lambda: self.clock_s, 10, 1 << 26)
        self.history = History(folder / FILE_NAME, GAZETTEER, days=30, max_rows=100_000, from_log=True)
        self.history.open()
        self.recorder = Recorder(self.history, self.records, GAZETTEER, 4, log.read)
        self.records.stream = "s"
        self.records.skip_to(first - 1)

    def publish(self, upto: int) -> None:
        for message in RECORDS[self.records.last : upto]:
            self.clock_s += 0.25
            self.records.publish(message)

    def catch_up(self) -> None:
        while self.recorder.missing:
            self.recorder.step()
            self.history.flush()

    def finish(self) -> None:
        """Write all that is there, as a server does in the end and again and again."""
        self.catch_up()
        self.history.flush()
        self.sum_up()
        self.history.close()

    def sum_up(self) -> None:
        assert self.recorder.now_s is not None
        while self.history.update_sums(self.recorder.now_s // 5 * 5):
            pass


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "STEP_S", 0)
    monkeypatch.setattr(recorder_module, "AWAY_S", 0)


def kept(folder: Path) -> Dump:
    return dump(folder / FILE_NAME)


def steady(folder: Path) -> Dump:
    """Return the history of a server that was there from the first record to the last."""
    folder.mkdir()
    server = Server(folder, Log(), 1)
    server.recorder.begin(1)
    server.publish(ALL)
    server.finish()
    return kept(folder)


def test_it_holds_what_everyone_is_shown_of_each_record(tmp_path: Path) -> None:
    found, selection, expected = steady(tmp_path / "one"), Selection(Filter(), 4, GAZETTEER), list[tuple[object, ...]]()
    for seq, record in enumerate(map(SliceRecord.decode, RECORDS), 1):
        for each in frames.shown(record, selection.choose(record).pairs, GAZETTEER):
            expected.append((each.id, "s", seq, 1))
    assert [row[:4] for row in found["connections"]] == sorted(expected)
    assert [row[1] for row in sorted(found["records"], key=lambda row: int(row[1]))] == list(range(1, ALL + 1))
    assert len(expected) > 100


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_to_a_server_its_history_becomes_the_same(tmp_path: Path, seed: int) -> None:
    """It is killed, starts late, finds its disk or its bus away, and loses its file while it runs."""
    chance, folder, log = random.Random(seed), tmp_path / "two", Log()
    folder.mkdir()
    server, upto = Server(folder, log, 1), chance.randrange(1, ALL // 2)
    server.recorder.begin(1)
    while upto < ALL:
        server.publish(upto)
        what = chance.choice(["kill", "flush", "flush", "step", "away", "delete", "back"])
        if what == "kill":
            server.history._buffer.clear()
            server.history.close()
            server = Server(folder, log, max(1, upto - chance.randrange(200)))
            server.recorder.begin(1)
        elif what == "delete":
            (folder / FILE_NAME).unlink()
            server.history.flush()
        elif what == "flush":
            server.history.flush()
            server.history.update_sums(server.recorder.now_s)
        log.is_away = what == "away" or (log.is_away and what != "back")
        for _ in range(chance.randrange(4)):
            server.recorder.step()
        upto += chance.randrange(1, 40)
    log.is_away = False
    server.publish(ALL)
    server.finish()
    assert kept(folder) == steady(tmp_path / "one")


def test_what_waits_for_a_slow_disk_is_bounded_and_nothing_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "PENDING_MOST", 50)
    folder = tmp_path / "slow"
    folder.mkdir()
    server = Server(folder, Log(), 1)
    server.recorder.begin(1)
    server.publish(ALL)
    for _ in range(50):
        server.recorder.step()
    assert server.history.pending < 50 + 16 * 41
    assert server.recorder.missing > 100
    assert server.recorder.warnings == [f"the history lacks {server.recorder.missing:,} records, which are being read"]
    while server.recorder.missing:
        server.history.flush()
        server.recorder.step()
    assert server.recorder.warnings == []
    server.finish()
    assert kept(folder) == steady(tmp_path / "one")


def test_a_new_server_begins_with_the_oldest_whole_ten_seconds_of_the_log(tmp_path: Path) -> None:
    log = Log()
    log.oldest = 101
    server = Server(tmp_path, log, ALL - 20)
    server.recorder.begin(50)  # the log lost more since
    server.publish(ALL)
    server.finish()
    found, ends = kept(tmp_path), [SliceRecord.end_of(message) for message in RECORDS]
    first = min(int(row[1]) for row in found["records"])
    assert (ends[first - 1] - 1) // LATELY_MS == (ends[100] - 1) // LATELY_MS + 1
    assert (ends[first - 2] - 1) // LATELY_MS == (ends[100] - 1) // LATELY_MS
    expected = steady(tmp_path / "one")
    assert found["connections"] == [row for row in expected["connections"] if int(row[2]) >= first]


def test_a_server_whose_history_ends_before_the_log_begins_says_what_to_do(tmp_path: Path) -> None:
    log = Log()
    server = Server(tmp_path, log, 1)
    server.recorder.begin(1)
    server.publish(100)
    server.finish()
    for oldest in (62, 200):
        server = Server(tmp_path, log, 150)
        with pytest.raises(MissingRecords, match=rf"ends with record 100, .* begin with {oldest}, .*`unison restore`"):
            server.recorder.begin(oldest)
        server.history.close()
    server = Server(tmp_path, log, 150)
    server.recorder.begin(61)
    server.publish(200)
    log.oldest = 150
    while "`unison restore`" not in str(server.recorder.warnings):
        server.recorder.step()
    assert "ends with record 100, and those of the bus begin with 150" in server.recorder.warnings[0]
    server.recorder.step()
    server.history.close()
    assert newest(kept(tmp_path)) == 100


def test_a_history_that_cannot_be_read_yet_is_waited_for(tmp_path: Path) -> None:
    server = Server(tmp_path, Log(), 1)
    server.history.close()
    server.recorder.begin(1)
    server.publish(50)
    server.recorder.step()
    assert server.recorder.missing == 50
    server.history.open()
    server.finish()
    assert newest(kept(tmp_path)) == 50


def test_the_time_by_which_it_sums_up_is_that_of_the_records(tmp_path: Path) -> None:
    server = Server(tmp_path, Log(), 1)
    server.recorder.begin(1)
    assert server.recorder.now_s is None
    server.publish(40)
    assert server.recorder.now_s == SliceRecord.end_of(RECORDS[39]) / 1000 > T0 / 1000
    server.finish()
    again = Server(tmp_path, Log(), 1)
    again.recorder.begin(1)
    again.publish(40)
    again.recorder.step()
    assert again.recorder.now_s == server.recorder.now_s, "nothing was recorded since"
    again.history.close()
