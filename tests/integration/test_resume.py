"""What a viewer gets who comes in late or again: the real channels, hub and history on this process's own loop."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import gevent
import pytest

from tests.unit.making import CAIRO, LYON, OSAKA, PARIS, RECIFE, SECRET, T0, Play, batch, track
from tests.waiting import loop_until
from webapp.core.filters import Filter
from webapp.core.gazetteer import Gazetteer
from webapp.core.moderation import NO_RULES, Rule, Rules
from webapp.core.slices import Slicer
from webapp.core.trackids import TrackAliases
from webapp.engine import resume
from webapp.engine.bus import MemoryBus
from webapp.engine.channels import Channels
from webapp.engine.hub import Hub
from webapp.engine.resume import FellBehind
from webapp.gazetteerdata import load_gazetteer
from webapp.storage.history import History

TEXT = 1
SECONDS = 100
RING_S = 70


class World:
    """A hundred seconds of traffic, told record by record; its clock is the event time of the newest record."""

    def __init__(self, folder: Path) -> None:
        self.now_s = T0 / 1000
        self.gazetteer: Gazetteer = load_gazetteer()
        self.bus = MemoryBus(lambda: self.now_s, RING_S, 1 << 26)
        self.hub = Hub().start()
        self.history = History(folder / "history.sqlite3", self.gazetteer, days=30, max_rows=1000)
        self.history.open()
        self.channels = Channels(
            self.bus,
            self.hub,
            self.history,
            self.gazetteer,
            clock=lambda: self.now_s,
            shown_per_s=4,
            filters_max=10,
            window_s=1.0,
            offload=lambda function, *args, **kwargs: function(*args, **kwargs),
        )
        self._slicer = Slicer(self.gazetteer, SECRET, 1_000, T0)
        self._rng = random.Random(7)

    def set_back(self, seconds: int) -> None:
        """Set the clock back, as the pipeline has it matched."""
        self.now_s -= seconds
        for record in self._slicer.begin_at(round(self.now_s * 1000), round(self.now_s * 1000)):
            self.bus.publish(record.encode())

    def run_until(self, second: int) -> None:
        """Play on until that second, and let the hub send what there is."""
        self.play_until(second)
        gevent.idle()

    def play_until(self, second: int) -> None:
        """Play on until that second."""
        while self.now_s < T0 / 1000 + second:
            self._slicer.add(batch(self.gazetteer, self._plays()))
            self.now_s += 0.25
            for record in self._slicer.close(round(self.now_s * 1000), round(self.now_s * 1000)):
                self.bus.publish(record.encode())

    def _plays(self) -> list[Play]:
        start = round(self.now_s * 1000) - T0
        cities, songs = [OSAKA, RECIFE, PARIS, LYON, CAIRO], [track(f"Song {k}") for k in range(3)]
        choose = self._rng.choice
        return [
            (f"{self._rng.random()}", choose(cities), start + self._rng.randrange(250), choose(songs)) for _ in range(6)
        ]


class Viewer:
    """A viewer's end of a socket, read as websocket text frames."""

    def __init__(self, world: World, wanted: Filter, since: str | None = None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self._ours = socket.create_connection(listener.getsockname())
            theirs = listener.accept()[0]
        theirs.setblocking(False)
        self._ours.setblocking(False)
        self._bytes, self._hub = b"", world.hub
        gevent.spawn(world.channels.join, theirs, wanted, since, None, lambda: None)
        self.hello: dict[str, Any] = json.loads(self.payloads(1)[0])

    def payloads(self, count: int) -> list[bytes]:
        """Return the next `count` messages."""
        found: list[bytes] = []

        def all_there() -> bool:
            found.extend(self._take(count - len(found)))
            return len(found) == count

        loop_until(all_there)
        return found

    def _take(self, most: int) -> Iterator[bytes]:
        with suppress(BlockingIOError):
            self._bytes += self._ours.recv(1 << 20)
        while most and len(self._bytes) > 2:
            short = self._bytes[1]
            start, size = (4, int.from_bytes(self._bytes[2:4], "big")) if short == 126 else (2, short)
            start, size = (10, int.from_bytes(self._bytes[2:10], "big")) if short == 127 else (start, size)
            if len(self._bytes) < start + size:
                return
            opcode, payload = self._bytes[0] & 15, self._bytes[start : start + size]
            self._bytes = self._bytes[start + size :]
            # A slow machine also gets pings. Lead stories have no number.
            if opcode == TEXT and not payload.startswith(b'{"type":"lead"'):
                yield payload
                most -= 1

    def say_goodbye(self) -> None:
        """Send a close frame, leave the connection as it is, and wait until the hub has heard it."""
        before = self._hub.viewers
        self._ours.send(bytes((0x88, 0x80, 0, 0, 0, 0)))
        loop_until(lambda: self._hub.viewers < before)

    def close(self) -> None:
        """Close the connection, and wait until the hub has closed its end."""
        before = self._hub._sockets
        self._ours.close()
        loop_until(lambda: self._hub._sockets < before)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.hub.close(wait_s=1)
    world.history.close()


BRAZIL = Filter(country="BR")
NO_SONG_1 = Rules(frozenset([Rule("word", "song 1")]))
HIDDEN = b'"Song 1"'


@pytest.mark.parametrize("wanted", [Filter(), BRAZIL], ids=["everyone", "filtered"])
def test_any_frame_of_the_last_minute_can_be_had_again_byte_for_byte(world: World, wanted: Filter) -> None:
    watcher = Viewer(world, wanted)
    world.run_until(SECONDS)
    live = watcher.payloads(world.bus.last)
    for ago_s in (0, 1, 9, 10, 11, 25, 55):
        since = world.bus.last - 4 * ago_s
        again = Viewer(world, wanted, f"{world.bus.stream}:{since}")
        assert (again.hello["seq"], again.hello["gap"], again.hello["recent"]) == (since, 0, [])
        assert again.payloads(world.bus.last - since) == live[since:]
        again.close()
    watcher.close()


def test_viewers_with_an_earlier_id_are_sent_away_once_its_alias_is_known(world: World) -> None:
    old, other = Viewer(world, Filter(track="0" * 16)), Viewer(world, Filter(track="1" * 16))
    world.channels.dismiss_aliases(TrackAliases())
    gevent.idle()
    assert world.hub.viewers == 2
    world.channels.dismiss_aliases(TrackAliases([("0" * 16, "2" * 16)]))
    loop_until(lambda: world.hub.viewers == 1)
    assert world.channels.filters == 1
    old.close()
    other.close()


def test_a_filter_that_nobody_watched_resumes_to_what_would_have_been_shown(world: World) -> None:
    watcher = Viewer(world, BRAZIL)
    world.run_until(SECONDS)
    live = watcher.payloads(world.bus.last)
    watcher.close()
    assert world.channels.filters == 0
    since = world.bus.last - 150
    again = Viewer(world, BRAZIL, f"{world.bus.stream}:{since}")
    assert again.payloads(150) == live[since:]
    again.close()


def test_beyond_the_ring_the_gap_is_told_exactly(world: World) -> None:
    world.run_until(SECONDS)
    late = Viewer(world, Filter(), f"{world.bus.stream}:5")
    assert (late.hello["seq"], late.hello["gap"]) == (world.bus.last, world.bus.last - 5)
    assert len(late.hello["recent"]) == 20
    late.close()


def test_resuming_begins_with_the_first_ten_seconds_wholly_kept(world: World) -> None:
    world.run_until(SECONDS)
    gaps, asked = [], range(world.bus.first - 2, world.bus.first + 45)
    for since in asked:
        viewer = Viewer(world, Filter(), f"{world.bus.stream}:{since}")
        gaps.append(viewer.hello["gap"])
        viewer.close()
    resumed = gaps.index(0)
    assert set(gaps[resumed:]) == {0}
    assert gaps[:resumed] == [
        world.bus.last - since for since in range(world.bus.first - 2, world.bus.first - 2 + resumed)
    ]
    assert 1 <= resumed <= 42


def test_who_is_outrun_by_the_ring_is_sent_away_instead_of_missing_frames_unknowingly(world: World) -> None:
    watcher = Viewer(world, BRAZIL)
    world.run_until(SECONDS)

    def outrun() -> None:
        for passed in range(5, 80, 5):
            world.play_until(SECONDS + passed)
            gevent.sleep(0)

    since = f"{world.bus.stream}:{world.bus.last - 240}"
    gevent.spawn(outrun)
    with closing(socket.socket()) as late, pytest.raises(FellBehind):
        world.channels.join(late, BRAZIL, since, None, lambda: None)
    watcher.close()


def test_who_comes_in_while_traffic_flows_gets_every_seq_once(world: World) -> None:
    world.run_until(7)
    viewers = []
    for second in range(8, 30):
        viewers.append(Viewer(world, BRAZIL if second % 2 else Filter()))
        world.run_until(second)
    for viewer in viewers:
        first = viewer.hello["seq"] + 1
        seqs = [json.loads(payload)["seq"] for payload in viewer.payloads(world.bus.last - first + 1)]
        assert seqs == list(range(first, world.bus.last + 1))
        viewer.close()


def test_who_saw_more_at_another_server_waits_for_it(world: World) -> None:
    world.run_until(20)
    asked = world.bus.last + 4
    coming = gevent.spawn(Viewer, world, Filter(), f"{world.bus.stream}:{asked}")
    gevent.idle()
    assert not coming.ready()
    world.run_until(23)
    viewer = coming.get(timeout=5)
    assert (viewer.hello["seq"], viewer.hello["gap"], viewer.hello["recent"]) == (asked, 0, [])
    assert json.loads(viewer.payloads(1)[0])["seq"] == asked + 1
    viewer.close()


@pytest.mark.parametrize("ahead", [4, resume.RECORDS_A_PERIOD + 1])
def test_nobody_waits_for_long_or_for_what_is_far_ahead(
    world: World, ahead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resume, "WAIT_S", 0.2 if ahead == 4 else 60)
    world.run_until(20)
    viewer = Viewer(world, Filter(), f"{world.bus.stream}:{world.bus.last + ahead}")
    assert (viewer.hello["seq"], viewer.hello["gap"]) == (world.bus.last, -1)
    viewer.close()


def test_who_is_slow_to_leave_takes_the_frames_from_nobody_who_came_since(world: World) -> None:
    slow, quick = Viewer(world, BRAZIL), Viewer(world, BRAZIL)
    slow.say_goodbye()
    quick.close()
    newcomer = Viewer(world, BRAZIL)
    slow.close()
    world.run_until(3)
    assert world.channels.filters == 1
    newcomer.payloads(world.bus.last - newcomer.hello["seq"])
    newcomer.close()
    assert world.channels.filters == 0


def test_what_only_a_filter_showed_is_kept_as_well(world: World) -> None:
    watcher = Viewer(world, BRAZIL)
    world.run_until(20)
    shown = [c["id"] for payload in watcher.payloads(world.bus.last) for c in json.loads(payload)["connections"]]
    kept = {connection.id for connection in world.history.latest(Filter(), 10_000)}
    assert shown
    assert set(shown) <= kept
    watcher.close()


@pytest.mark.parametrize("back_s", [2, 33], ids=["within its 10 s", "far"])
@pytest.mark.parametrize("wanted", [Filter(), BRAZIL], ids=["everyone", "filtered"])
def test_after_the_clock_was_set_back_a_gap_of_0_is_true(world: World, wanted: Filter, back_s: int) -> None:
    watcher = Viewer(world, wanted)
    world.run_until(58)
    before = world.bus.last
    world.set_back(back_s)
    turned = world.bus.last
    world.run_until(75)
    live = watcher.payloads(world.bus.last)
    assert [json.loads(payload)["seq"] for payload in live] == list(range(1, world.bus.last + 1))
    for since in (turned, turned + 1, world.bus.last - 9, world.bus.last):
        again = Viewer(world, wanted, f"{world.bus.stream}:{since}")
        assert (again.hello["seq"], again.hello["gap"]) == (since, 0)
        assert again.payloads(world.bus.last - since) == live[since:]
        again.close()
    for since in (before - 20, before - 1):
        late = Viewer(world, wanted, f"{world.bus.stream}:{since}")
        assert (late.hello["seq"], late.hello["gap"]) == (world.bus.last, world.bus.last - since)
        late.close()
    newcomer = Viewer(world, Filter(country="JP"))
    assert newcomer.hello["seq"] == world.bus.last
    newcomer.close()
    watcher.close()


@pytest.mark.parametrize("wanted", [Filter(), BRAZIL], ids=["everyone", "filtered"])
def test_from_the_moment_it_is_hidden_nothing_is_shown_and_resumed_frames_are_made_anew(
    world: World, wanted: Filter
) -> None:
    watcher = Viewer(world, wanted)
    world.run_until(53)
    hidden_from = world.bus.last
    world.channels.use_rules(NO_SONG_1)
    world.run_until(SECONDS)
    live = watcher.payloads(world.bus.last)
    assert [json.loads(payload)["seq"] for payload in live] == list(range(1, world.bus.last + 1))
    assert [HIDDEN in b"".join(part) for part in (live[:hidden_from], live[hidden_from:])] == [True, False]
    since = world.bus.last - 240
    again = Viewer(world, wanted, f"{world.bus.stream}:{since}")
    resumed = again.payloads(240)
    assert HIDDEN not in b"".join(resumed)
    assert resumed[hidden_from - since :] == live[hidden_from:], "frames of one version are the same bytes"
    assert all(world.history.get(c["id"]) for payload in resumed for c in json.loads(payload)["connections"])
    again.close()
    watcher.close()


def test_who_comes_back_while_what_is_hidden_changes_gets_frames_of_the_new_list_alone(world: World) -> None:
    world.run_until(SECONDS)
    since = world.bus.last - 200
    changes = iter([lambda: world.channels.use_rules(NO_SONG_1)])
    rebuild = world.channels._ring._rebuild

    def rebuilt(wanted: Filter, seq: int) -> Any:
        made = rebuild(wanted, seq)
        next(changes, lambda: None)()
        return made

    world.channels._ring._rebuild = rebuilt  # type: ignore[method-assign]
    again = Viewer(world, BRAZIL, f"{world.bus.stream}:{since}")
    assert again.hello["seq"] == since
    assert HIDDEN not in b"".join(again.payloads(200))
    again.close()


def test_a_list_that_changes_twice_at_once_leaves_no_frame_out_and_says_none_twice(world: World) -> None:
    watcher = Viewer(world, BRAZIL)
    world.run_until(17)
    for rules in (NO_SONG_1, Rules(frozenset([Rule("word", "song 2")])), NO_RULES):
        world.channels.use_rules(rules)
        world.play_until(18)
        gevent.sleep(0)
    world.run_until(29)
    live = watcher.payloads(world.bus.last)
    assert [json.loads(payload)["seq"] for payload in live] == list(range(1, world.bus.last + 1))
    again = Viewer(world, BRAZIL, f"{world.bus.stream}:0")
    assert again.payloads(world.bus.last) == live, "what is hidden no more is shown as if it never had been"
    again.close()
    watcher.close()


def test_hello_has_nothing_that_is_hidden(world: World) -> None:
    world.run_until(20)
    first = Viewer(world, Filter())
    assert "Song 1" in {c["track"]["title"] for c in first.hello["recent"]}
    world.history.rules = NO_SONG_1
    world.channels.use_rules(NO_SONG_1)
    newcomer = Viewer(world, Filter())
    assert {c["track"]["title"] for c in newcomer.hello["recent"]} == {"Song 0", "Song 2"}
    newcomer.close()
    first.close()


def test_who_is_owed_frames_when_the_clock_is_set_back_is_sent_away(world: World) -> None:
    watcher = Viewer(world, BRAZIL)
    world.run_until(20)
    world.channels.use_rules(NO_SONG_1)
    world.play_until(21)
    world.set_back(5)
    world.play_until(17)
    loop_until(lambda: world.hub.viewers == 0)
    watcher.close()
