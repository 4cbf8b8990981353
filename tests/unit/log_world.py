"""A log of plays that some nodes write to, as a test wants it: with delays, crashes and wrong clocks."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.unit.making import CAIRO, LYON, OSAKA, PARIS, RECIFE, SECRET, T0, Play, batch, track
from webapp.core.fold import Fold, FoldRules
from webapp.core.playlog import LogBatch, LogMessage
from webapp.core.plays import stamped
from webapp.core.recordlog import RecordMessage
from webapp.core.records import Counts, SliceRecord
from webapp.gazetteerdata import load_gazetteer

RULES = FoldRules(window_ms=1_000, lateness_ms=500)
SONGS = [track(title) for title in ("Slow Lighthouse", "SLOW LIGHTHOUSE", "Paper Lanterns", "Tin Roof Rain")]
SONGS += [track(title, recording="isrc:1") for title in ("Faro Lento", "SLOW LIGHTHOUSE")]
CITIES = [OSAKA, RECIFE, PARIS, LYON, CAIRO]


def new_fold(rules: FoldRules = RULES) -> Fold:
    return Fold(load_gazetteer(), SECRET, rules)


def message(node: str, mark_ms: int, *plays: Play, arrived_ms: int | None = None) -> LogMessage:
    """Return a message; all times are milliseconds after T0."""
    if not plays:
        return LogMessage(node, T0 + mark_ms)
    arrived = T0 + (mark_ms if arrived_ms is None else arrived_ms)
    encoded = stamped(batch(load_gazetteer(), plays).encode(), arrived)
    return LogMessage(node, T0 + mark_ms, batches=(LogBatch.of(encoded, load_gazetteer()),))


@dataclass
class Log:
    """A log: its messages with their time stamps; numbers begin with 1."""

    messages: list[tuple[int, bytes]] = field(default_factory=list)

    def add(self, log_ms: int, added: LogMessage) -> int:
        self.messages.append((T0 + log_ms, added.encode()))
        return len(self.messages)

    def tell(self, fold: Fold, upto: int | None = None) -> None:
        """Give a fold the messages that it did not take yet, up to a number."""
        for number in range(fold.taken + 1, (len(self.messages) if upto is None else upto) + 1):
            fold.take(number, *self.messages[number - 1])


def records_of(log: Log, fold: Fold | None = None) -> list[RecordMessage]:
    """Return the records of a log as one fold makes them."""
    fold, made = fold or new_fold(), []
    log.tell(fold)
    while (proposal := fold.propose()) is not None:
        made.append(proposal)
        fold.apply(fold.record + 1, proposal)
    return made


def totals(made: list[RecordMessage]) -> Counts:
    return sum((SliceRecord.decode(each.record).counts for each in made), Counts())


def busy_log(seed: int, seconds: int = 5) -> Log:
    """Return what two or three nodes write: batches that are delayed, ticks, and a node that stops or dies."""
    chance = random.Random(seed)
    log = Log()
    nodes = [f"node {n}" for n in range(chance.choice([2, 2, 3]))]
    dead = {nodes[-1]: (chance.randrange(1_000, seconds * 1_000), chance.choice([True, False]))}
    pending: dict[str, list[tuple[int, Play]]] = {node: [] for node in nodes}
    for now_ms in range(0, seconds * 1_000, 50):
        for node in nodes:
            died_ms, says_so = dead.get(node, (1 << 40, False))
            if now_ms >= died_ms:
                if says_so and now_ms - died_ms < 50:
                    log.add(now_ms, LogMessage(node, T0 + now_ms, gone=True))
                continue
            for _ in range(chance.randrange(4)):
                pending[node].append((now_ms, a_play(chance, now_ms)))
            while chance.random() < (0.8 if pending[node] else 0.2):
                write(chance, log, node, now_ms, pending)
    return log


def write(chance: random.Random, log: Log, node: str, now_ms: int, pending: dict[str, list[tuple[int, Play]]]) -> None:
    """Write those of a node's plays that arrived at one time, not always the oldest, or a tick."""
    mine = pending[node]
    arrived = chance.choice([mine[0][0], mine[0][0], chance.choice(mine)[0]]) if mine else None
    sent = [play for at, play in mine if at == arrived]
    pending[node] = [each for each in mine if each[0] != arrived]
    mark_ms = min([at for at, _ in pending[node]] or [now_ms])
    newest_ms = log.messages[-1][0] - T0 if log.messages else 0
    log.add(max(newest_ms, now_ms + chance.randrange(30)), message(node, mark_ms, *sent, arrived_ms=arrived))


def a_play(chance: random.Random, now_ms: int) -> Play:
    """A play that arrives now and collides with others."""
    return (
        f"listener {chance.randrange(30)}",
        chance.choice(CITIES),
        now_ms - chance.choice([0, 0, 100, 400, 700]),
        chance.choice(SONGS),
        chance.choice(["live", "live", "replay"]),
    )
