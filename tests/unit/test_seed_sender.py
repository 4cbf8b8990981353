import json
from collections.abc import Callable, Iterable
from itertools import chain, pairwise
from typing import Any

import pytest

from webapp.seed import sender as sending
from webapp.seed.blocks import Block
from webapp.seed.client import Answer, BatchRejected, PlayError, Unavailable
from webapp.seed.feed import Feed
from webapp.seed.sender import BATCH_PLAYS, TOO_OLD_MS, Pace, Sender

NOW_S = 1_790_000_000.0
GONE = Unavailable("no connection", may_have_arrived=False)
LOST = Unavailable("connection lost", may_have_arrived=True)
REPLAY = Pace(lead_ms=500, waits=True)


class Time:
    """A clock that only waiting moves, and the event that ends the sending."""

    def __init__(self) -> None:
        self.passed_s = 0.0
        self.waits: list[float] = []
        self.stopped = False

    def now(self) -> float:
        return NOW_S + self.passed_s

    def is_set(self) -> bool:
        return self.stopped

    def wait(self, timeout: float) -> bool:
        self.waits.append(timeout)
        self.passed_s += max(timeout, 0.001)
        return self.stopped


class Wire:
    """A server that answers as it is told: with outcomes in turn, then by taking everything."""

    def __init__(self, time: Time, outcomes: Iterable[Any] = (), takes_s: float = 0.0) -> None:
        self._time, self._outcomes, self._takes_s = time, iter(outcomes), takes_s
        self.away: tuple[float, float, Unavailable] | None = None
        self.bodies: list[bytes] = []
        self.at: list[float] = []

    def post(self, body: bytes) -> Answer | Unavailable | BatchRejected:
        self.bodies.append(body)
        self.at.append(self._time.passed_s)
        self._time.passed_s += self._takes_s
        if self.away and self.away[0] <= self.at[-1] < self.away[1]:
            return self.away[2]
        outcome = next(self._outcomes, None)
        if callable(outcome):
            outcome = outcome(body)
        return outcome or Answer(body.count(b"\n"))

    @property
    def pressed(self) -> list[list[int]]:
        """When each batch's plays were pressed, in milliseconds after the start."""
        return [
            [round((json.loads(line)["pressed_at"] - NOW_S) * 1000) for line in b.splitlines()] for b in self.bodies
        ]


class Said(list[str]):
    def __call__(self, text: str) -> None:
        self.append(text)


def block(at_ms: Iterable[int], filler: str = "") -> Block:
    return Block.of((at, b'{"n":%d,"x":"%b","pressed_at":' % (at, filler.encode()), n) for n, at in enumerate(at_ms, 1))


def send(
    *outcomes: Any, at_ms: Iterable[int], takes_s: float = 0.0, away: Any = None, **more: Any
) -> tuple[Wire, Sender, Said, Time]:
    time, said = Time(), Said()
    wire = Wire(time, outcomes, takes_s)
    wire.away = away
    sender = Sender(wire, Feed(iter([block(at_ms)])), say=said, stop=time, now=time.now, **more)
    sender.run()
    return wire, sender, said, time


def flat(batches: Iterable[list[int]]) -> list[int]:
    return list(chain.from_iterable(batches))


def test_plays_are_sent_within_a_tick_of_their_press_and_say_when_it_was() -> None:
    wire, sender, said, _ = send(at_ms=range(0, 1000, 20))
    assert flat(wire.pressed) == list(range(0, 1000, 20))
    for at_s, pressed in zip(wire.at, wire.pressed, strict=True):
        assert all(-1 <= at_s * 1000 - ms <= 60 for ms in pressed)
    assert (sender.totals.sent, sender.totals.accepted, sender.totals.missed) == (50, 50, 0)
    assert not said


def test_a_replay_is_sent_half_a_second_ahead_and_never_further_than_the_server_takes() -> None:
    wire, *_ = send(at_ms=range(0, 20_000, 100), pace=REPLAY, speed=2.0)
    assert flat(wire.pressed) == [500 + ms for ms in range(0, 10_000, 50)]
    for at_s, pressed in zip(wire.at, wire.pressed, strict=True):
        assert all(440 <= ms - at_s * 1000 <= 501 for ms in pressed)


def test_a_batch_whose_answer_was_lost_is_sent_again_unchanged() -> None:
    wire, sender, said, _ = send(LOST, LOST, at_ms=[0, 10])
    assert wire.bodies[0] == wire.bodies[1] == wire.bodies[2]
    assert sender.totals.sent == 2
    assert len(said) == 2
    assert said[0].startswith("The server is unavailable (connection lost)")
    assert said[1].startswith("The server is back after")


@pytest.mark.parametrize("kind", [GONE, LOST])
def test_people_press_on_while_the_server_is_away_and_what_grew_too_old_is_missed(kind: Unavailable) -> None:
    wire, sender, said, time = send(away=(5.0, 25.0, kind), at_ms=range(0, 30_000, 100))
    totals = sender.totals
    assert totals.sent + totals.missed == 300
    assert 200 - 48 <= totals.missed <= 200 - 26  # it is asked again within 2 s of its return
    back = next(index for index, at_s in enumerate(wire.at) if at_s >= 25.0)
    assert min(wire.pressed[back]) >= wire.at[back] * 1000 - TOO_OLD_MS
    assert [" ".join(text.split()[:4]) for text in said] == ["The server is unavailable", "The server is back"]
    assert time.passed_s == pytest.approx(30, abs=0.2)


def test_a_wait_grows_to_two_seconds_and_is_jittered() -> None:
    *_, time = send(*[GONE] * 40, at_ms=[0], pace=REPLAY)
    waits = [wait for wait in time.waits if wait > 0.05]
    assert max(waits) <= 2.0
    assert waits[0] <= 0.1
    assert len({round(wait, 6) for wait in waits[8:]}) > 3


def test_a_busy_server_is_left_alone_for_as_long_as_it_asks() -> None:
    wire, _, said, _ = send(Unavailable("it answers 429", False, busy=True, retry_s=3.0), at_ms=[0])
    assert wire.at == [0.0, 3.0]
    assert said[0].startswith("The server is busy (it answers 429)")


def test_a_replays_clock_pauses_during_an_outage_and_nothing_is_missed() -> None:
    wire, sender, *_ = send(away=(3.0, 33.0, GONE), at_ms=range(0, 10_000, 100), pace=REPLAY)
    assert (sender.totals.sent, sender.totals.missed) == (100, 0)
    taken = [(at_s, row) for at_s, row in zip(wire.at, wire.pressed, strict=True) if not 3.0 <= at_s < 33.0]
    gaps = [later - earlier for earlier, later in pairwise(flat(row for _, row in taken))]
    assert [gap for gap in gaps if gap != 100] == [pytest.approx(31_000, abs=1100)]
    for at_s, row in taken:
        assert all(200 <= ms - at_s * 1000 <= 501 for ms in row)


def test_a_replayed_batch_that_may_have_arrived_keeps_its_times() -> None:
    wire, sender, *_ = send(LOST, GONE, GONE, at_ms=[0], pace=REPLAY)
    assert len(set(wire.bodies)) == 1
    assert sender.totals.sent == 1


def test_a_clock_that_waits_slows_down_with_a_slow_server_and_misses_nothing() -> None:
    wire, sender, _, time = send(at_ms=range(0, 4000, 1), takes_s=2.0, pace=Pace(waits=True))
    assert (sender.totals.sent, sender.totals.missed) == (4000, 0)
    assert time.passed_s > 8
    for at_s, pressed in zip(wire.at, wire.pressed, strict=True):
        assert min(pressed) >= at_s * 1000 - 300


def test_many_due_plays_go_in_batches_that_the_server_takes() -> None:
    wire, sender, *_ = send(at_ms=[0] * 25_000)
    assert [body.count(b"\n") for body in wire.bodies] == [BATCH_PLAYS, BATCH_PLAYS, 5000]
    assert sender.totals.sent == 25_000


def test_long_plays_go_in_batches_of_fewer() -> None:
    time, long = Time(), sending.BATCH_BYTES // 5
    wire = Wire(time)
    Sender(wire, Feed(iter([block([0] * 30, "y" * long)])), say=Said(), stop=time, now=time.now).run()
    assert sum(body.count(b"\n") for body in wire.bodies) == 30
    assert max(len(body) for body in wire.bodies) < sending.BATCH_BYTES + long


def test_what_is_late_or_rejected_is_counted_and_the_first_errors_are_told() -> None:
    errors = tuple(PlayError(index, "no city 'Atlantis'", "place") for index in range(20))
    _, sender, said, _ = send(Answer(70, 7, 30, errors), Answer(70, 0, 30, errors), at_ms=[0] * 100 + [1000] * 100)
    totals = sender.totals
    assert (totals.sent, totals.accepted, totals.late, totals.rejected) == (200, 140, 7, 60)
    assert said[0] == "play 1 rejected: place: no city 'Atlantis'"
    assert len(said) == 20


def test_one_play_that_spoils_a_batch_costs_none_of_the_others() -> None:
    def spoil(body: bytes) -> BatchRejected | None:
        return BatchRejected("the server answers 400: bad") if b'"n":6,' in body else None

    spoils: list[Callable[[bytes], Any]] = [spoil] * 20
    _, sender, said, _ = send(*spoils, at_ms=range(10), named="line {}".format)
    assert (sender.totals.accepted, sender.totals.rejected) == (9, 1)
    assert said == ["line 7 rejected: the server answers 400: bad"]


def test_who_stops_it_gets_the_totals_of_what_was_sent() -> None:
    time = Time()
    wire = Wire(time)
    sender = Sender(wire, Feed(iter([block(range(0, 10_000, 100))])), say=Said(), stop=time, now=time.now)

    def each() -> None:
        time.stopped = time.passed_s > 2

    sender.run(on_tick=each)
    assert 19 <= sender.totals.sent <= 22


def test_who_stops_it_during_an_outage_does_not_wait_for_the_server() -> None:
    time = Time()

    def stop(_: bytes) -> Unavailable:
        time.stopped = True
        return GONE

    wire = Wire(time, [GONE, GONE, stop])
    sender = Sender(wire, Feed(iter([block([0, 0, 9000])])), say=Said(), stop=time, now=time.now)
    sender.run()
    assert (sender.totals.sent, sender.totals.missed, len(wire.bodies)) == (0, 2, 3)


def test_it_knows_when_the_next_play_is() -> None:
    time, told = Time(), list[tuple[float, float | None]]()
    feed = Feed(iter([block([0, 60_000])]))
    sender = Sender(Wire(time), feed, speed=2, pace=REPLAY, say=Said(), stop=time, now=time.now)
    sender.run(on_tick=lambda: told.append((round(time.passed_s), sender.next_s)))
    at_10_s = next(next_s for passed_s, next_s in told if passed_s == 10)
    assert at_10_s == pytest.approx(20, abs=0.6)
    assert told[-1][1] is None
